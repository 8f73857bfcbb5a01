//! The HTTP client: one request on a thread of its own, to addresses that the rules allow.

use super::{Ask, Problem, shown_target};
use crate::engine::net::background::Crew;
use crate::engine::net::{Denied, Resolve, Rules, rules};
use std::fmt;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use ureq::http::{HeaderMap, Method, Uri, uri::Scheme};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, NextTimeout, RustlsConnector, TcpConnector};
use ureq::{Agent, Body, Timeout};

/// Bytes of a response that are handed on at once.
const PIECE: usize = 64 << 10;

/// Connecting cannot be interrupted: a thread that nobody waits for any more ends by then.
const CONNECT_MAX: Duration = Duration::from_secs(30);

/// Headers that are the client's own: what the connection is, where it goes, how long the body is.
/// `Host` would let a request to an allowed host reach another one behind the same address.
const OWN_HEADERS: [HeaderName; 5] = [CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING];

/// Which certificates are believed.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// Those of the system; if it has none, Mozilla's.
    #[default]
    System,
    /// These roots, in DER, and no others.
    Only(Vec<Vec<u8>>),
}

impl Trust {
    fn roots(&self) -> RootCerts {
        static SYSTEM: OnceLock<Arc<Vec<Certificate<'static>>>> = OnceLock::new();
        let own = |der: &[u8]| Certificate::from_der(der).to_owned();
        match self {
            Trust::Only(roots) => RootCerts::Specific(Arc::new(roots.iter().map(|der| own(der)).collect())),
            Trust::System => RootCerts::Specific(Arc::clone(SYSTEM.get_or_init(|| {
                let found = rustls_native_certs::load_native_certs().certs;
                let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
                let roots = if found.is_empty() { bundled } else { found.as_slice() };
                Arc::new(roots.iter().map(|der| own(der)).collect())
            }))),
        }
    }
}

/// What the client has to say.
pub(super) enum Event {
    Connecting(SocketAddr),
    Denied { target: String, denied: Denied },
    Head { status: u16, headers: Vec<(String, String)> },
    Chunk(Vec<u8>),
    End,
    Failed(Problem),
}

/// Ends the request when it goes.
#[derive(Default)]
pub(super) struct Cancel(Arc<Cancelling>);

#[derive(Default)]
struct Cancelling {
    wanted: AtomicBool,
    agent: Mutex<Option<Agent>>,
}

impl Cancel {
    /// The client's half.
    fn watch(&self) -> Watched {
        Watched(Arc::clone(&self.0))
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.wanted.store(true, Ordering::Release);
        // Interrupts a read or write that is under way. Looking up and connecting end by themselves.
        if let Some(agent) = self.0.agent.lock().unwrap_or_else(PoisonError::into_inner).take() {
            agent.shutdown();
        }
    }
}

struct Watched(Arc<Cancelling>);

impl Watched {
    fn wanted(&self) -> bool {
        self.0.wanted.load(Ordering::Acquire)
    }

    fn works_with(&self, agent: &Agent) {
        *self.0.agent.lock().unwrap_or_else(PoisonError::into_inner) = Some(agent.clone());
    }
}

/// A request that was read and is well-formed.
pub(super) struct Job {
    method: Method,
    uri: Uri,
    /// Canonical name, or the address.
    host: String,
    address: Option<IpAddr>,
    port: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    room: u64,
    timeout: Duration,
    connect_timeout: Duration,
    verify: bool,
}

impl Job {
    /// The request and its host.
    pub(super) fn new(ask: &Ask, body: Vec<u8>, room: u64) -> Result<(Job, String), Problem> {
        let invalid = |what: &str| Problem { kind: "invalid", message: what.to_owned() };
        let given: Uri = ask.url.parse().map_err(|_| invalid("The URL is not valid."))?;
        let secure = match given.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(invalid("Only http and https URLs can be requested.")),
        };
        let authority = given.authority().ok_or_else(|| invalid("The URL has no host."))?;
        let bare = authority.host().trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = bare.parse().ok();
        let host = match address {
            Some(address) => address.to_string(),
            None => {
                rules::canonical_name(bare).ok_or_else(|| invalid("The URL's host is not a host name."))?
            }
        };
        let port = match (authority.port(), secure) {
            (Some(_), _) => authority
                .port_u16()
                .filter(|port| *port != 0)
                .ok_or_else(|| invalid("The URL's port is not valid."))?,
            (None, true) => 443,
            (None, false) => 80,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &ask.headers {
            let name: HeaderName = name.parse().map_err(|_| invalid("A header's name is not valid."))?;
            let value = HeaderValue::from_str(value)
                .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
                .map_err(|_| invalid("A header's value is not valid."))?;
            if !OWN_HEADERS.contains(&name) {
                headers.append(name, value);
            }
        }
        // What is judged is what is requested: built from the parts that were looked at, without
        // the user's name and password, which the guest sends as a header.
        let shown = match address {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host.clone(),
        };
        let path = given.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let uri = Uri::builder()
            .scheme(if secure { Scheme::HTTPS } else { Scheme::HTTP })
            .authority(match (port, secure) {
                (443, true) | (80, false) => shown,
                _ => format!("{shown}:{port}"),
            })
            .path_and_query(path)
            .build()
            .map_err(|_| invalid("The URL is not valid."))?;
        let job = Job {
            method: ask.method.parse().map_err(|_| invalid("The method is not valid."))?,
            uri,
            host: host.clone(),
            address,
            port,
            headers,
            body,
            room,
            timeout: Ask::within(ask.timeout),
            connect_timeout: Ask::within(ask.connect_timeout).min(CONNECT_MAX),
            verify: ask.verify,
        };
        Ok((job, host))
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn body_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    /// The URL without its query.
    pub(super) fn shown_url(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}{}", self.uri.path())
    }

    /// What can be said before anything is looked up.
    pub(super) fn judge(&self, rules: &Rules) -> Result<(), Denied> {
        match self.address {
            Some(address) => rules.judge_address(SocketAddr::new(address, self.port), std::iter::empty()),
            None => rules.judge_name(&self.host, Some(self.port)),
        }
    }

    pub(super) fn start(
        self,
        crew: &Crew,
        rules: Rules,
        resolver: Arc<dyn Resolve>,
        trust: Trust,
        cancel: &Cancel,
        events: SyncSender<Event>,
    ) -> io::Result<()> {
        let watched = cancel.watch();
        crew.spawn("wp-codebox-http", move || {
            if let Err(last) = self.carry_out(&rules, &*resolver, &trust, &watched, &events) {
                // The guest may be gone.
                let _ = events.send(last);
            }
        })
    }

    fn carry_out(
        self,
        rules: &Rules,
        resolver: &dyn Resolve,
        trust: &Trust,
        cancel: &Watched,
        events: &SyncSender<Event>,
    ) -> Result<(), Event> {
        let addresses = self.addresses(rules, resolver)?;
        let gone = |_| failed("cancelled", "The request was cancelled.".to_owned());
        if let Some(first) = addresses.first() {
            events.send(Event::Connecting(*first)).map_err(gone)?;
        }
        let agent = self.agent(addresses, trust);
        cancel.works_with(&agent);
        if cancel.wanted() {
            return Err(failed("cancelled", "The request was cancelled.".to_owned()));
        }
        let target = shown_target(&self.host, self.port);
        let room = self.room;
        let explain = |error: ureq::Error| explain(&target, error);
        let (head, body) = self.send(&agent).map_err(explain)?.into_parts();
        let headers = head
            .headers
            .iter()
            // The body comes without it.
            .filter(|(name, _)| *name != TRANSFER_ENCODING)
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        events.send(Event::Head { status: head.status.as_u16(), headers }).map_err(gone)?;
        let mut body = body.into_with_config().limit(u64::MAX).reader();
        let mut total = 0u64;
        loop {
            let mut piece = vec![0; PIECE];
            let count = match body.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(explain(ureq::Error::from(error))),
            };
            total += count as u64;
            if total > room {
                let message = format!(
                    "The response of {target} has more than the {room} bytes that the sandbox may still receive."
                );
                return Err(failed("size", message));
            }
            piece.truncate(count);
            events.send(Event::Chunk(piece)).map_err(gone)?;
        }
        events.send(Event::End).map_err(gone)
    }

    /// Where to connect to: each address is judged, and nothing is looked up again after that.
    fn addresses(&self, rules: &Rules, resolver: &dyn Resolve) -> Result<Vec<SocketAddr>, Event> {
        if let Some(address) = self.address {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let target = shown_target(&self.host, self.port);
        let found = resolver
            .resolve(&self.host)
            .map_err(|error| failed("name", format!("Could not resolve host: {} ({error}).", self.host)))?;
        let mut denied = None;
        let mut allowed = Vec::new();
        for address in found {
            let to = SocketAddr::new(address, self.port);
            match rules.judge_address(to, std::iter::once(self.host.as_str())) {
                Ok(()) => allowed.push(to),
                Err(why) => denied = Some(why),
            }
        }
        match denied {
            Some(denied) if allowed.is_empty() => Err(Event::Denied { target, denied }),
            None if allowed.is_empty() => {
                Err(failed("name", format!("Could not resolve host: {}.", self.host)))
            }
            _ => Ok(allowed),
        }
    }

    fn agent(&self, addresses: Vec<SocketAddr>, trust: &Trust) -> Agent {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(trust.roots())
            .disable_verification(!self.verify)
            .build();
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .allow_non_standard_methods(true)
            .max_idle_connections(0)
            .timeout_global(Some(self.timeout))
            .timeout_connect(Some(self.connect_timeout))
            .tls_config(tls)
            .build();
        let connector = TcpConnector::default().chain(RustlsConnector::default());
        Agent::with_parts(config, connector, Judged(addresses))
    }

    fn send(self, agent: &Agent) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let bare = matches!(
            self.method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::DELETE
        );
        if bare && !self.body.is_empty() {
            let builder = match self.method {
                Method::HEAD => agent.head(self.uri),
                Method::OPTIONS => agent.options(self.uri),
                Method::TRACE => agent.trace(self.uri),
                Method::DELETE => agent.delete(self.uri),
                _ => agent.get(self.uri),
            };
            let mut builder = builder.force_send_body();
            if let Some(headers) = builder.headers_mut() {
                *headers = self.headers;
            }
            return builder.send(self.body.as_slice());
        }
        let mut request = ureq::http::Request::new(());
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        if bare { agent.run(request) } else { agent.run(request.map(|()| self.body)) }
    }
}

/// Addresses that were judged, instead of a resolver.
#[derive(Debug)]
struct Judged(Vec<SocketAddr>);

impl Resolver for Judged {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut all = self.empty();
        self.0.iter().take(16).for_each(|address| all.push(*address));
        Ok(all)
    }
}

fn failed(kind: &'static str, message: String) -> Event {
    Event::Failed(Problem { kind, message })
}

fn explain(target: &str, error: ureq::Error) -> Event {
    let kind = match &error {
        ureq::Error::Timeout(Timeout::Connect) => "connect",
        ureq::Error::Timeout(_) => "timeout",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "ssl",
        ureq::Error::Io(error) if is_tls(error) => "ssl",
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed => "connect",
        _ => "http",
    };
    failed(kind, format!("The request to {target} failed: {error}."))
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.shown_url())
    }
}
