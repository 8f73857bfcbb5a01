//! Real servers on this machine, and a resolver that says what a test wants.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wp_codebox::engine::net::Resolve;

/// A server that lives as long as the test program.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { address: listener.local_addr().unwrap(), connections: Arc::default() };
        let connections = Arc::clone(&server.connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::SeqCst);
                let serve = serve.clone();
                // A client that went away is part of the tests.
                std::thread::spawn(move || drop(serve(stream)));
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connections that came in so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Sends back what it receives.
    pub fn echo() -> Server {
        Server::start(|mut stream| {
            let mut from = stream.try_clone()?;
            io::copy(&mut from, &mut stream).map(drop)
        })
    }

    /// Takes connections and says nothing.
    pub fn silent() -> Server {
        Server::start(|mut stream| stream.read_to_end(&mut Vec::new()).map(drop))
    }

    pub fn http() -> Server {
        Server::start(|stream| answer(&mut BufReader::new(stream)))
    }

    /// HTTP over TLS with a certificate for these names. Also gives the certificate, in DER.
    pub fn https(names: &[&str]) -> (Server, Vec<u8>) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let der = cert.der().to_vec();
        let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let server = Server::start(move |stream| {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            answer(&mut BufReader::new(rustls::StreamOwned::new(connection, stream)))
        });
        (server, der)
    }
}

/// Answers one request by its path.
fn answer<S: Read + Write>(stream: &mut BufReader<S>) -> io::Result<()> {
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let mut head = first.clone();
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let target = first.split(' ').nth(1).unwrap_or("/").to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let out = stream.get_mut();
    let say = |out: &mut S, status: &str, more: &str, body: &[u8]| {
        write!(
            out,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n",
            body.len()
        )?;
        out.write_all(body)?;
        out.flush()
    };
    match path {
        "/hello" => say(out, "200 OK", "X-Test: yes\r\n", b"hello"),
        "/echo" => say(out, "200 OK", "", &[head.as_bytes(), b"\n", &body].concat()),
        "/redirect" => say(out, "302 Found", &format!("Location: {query}\r\n"), b""),
        "/missing" => say(out, "404 Not Found", "", b"nothing here"),
        "/chunked" => {
            out.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n7\r\n second\r\n0\r\n\r\n")?;
            out.flush()
        }
        "/big" => say(out, "200 OK", "", &vec![b'x'; query.parse().unwrap_or(0)]),
        "/cut" => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")?;
            out.flush()
        }
        "/never" => {
            std::thread::sleep(Duration::from_secs(120));
            Ok(())
        }
        _ => say(out, "200 OK", "", b"ok"),
    }
}

/// A resolver with answers of its own. A name with several answers gives them in turn, the last one
/// for ever.
#[derive(Default)]
pub struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    pub fn new(names: &[(&str, &[&str])]) -> Arc<Names> {
        let own = Names::default();
        for (name, turns) in names {
            let turns =
                turns.iter().map(|turn| turn.split(' ').map(|ip| ip.parse().unwrap()).collect()).collect();
            own.0.lock().unwrap().insert((*name).to_owned(), turns);
        }
        Arc::new(own)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().unwrap();
        let turns = names.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(if turns.len() > 1 { turns.remove(0) } else { turns[0].clone() })
    }
}

/// A resolver that never answers.
pub struct Stuck;

impl Resolve for Stuck {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        std::thread::sleep(Duration::from_secs(600));
        Err(io::ErrorKind::TimedOut.into())
    }
}
