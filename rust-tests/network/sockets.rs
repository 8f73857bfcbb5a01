//! Sockets from PHP: streams, curl, select, TLS.

use crate::hosts;
use crate::server::Server;
use crate::support::php::{Php, patient};
use wp_codebox::engine::net::{Rules, Via};

fn connected(server: &Server) -> Php {
    let mut php = Php::boot();
    php.guest.network_mut().set_rules(hosts(&[&server.address.to_string()]));
    php
}

#[test]
fn nothing_is_reached_by_default() {
    let server = Server::echo();
    let mut php = Php::boot();
    let code = format!(
        "var_dump(@fsockopen('127.0.0.1', {0}), @stream_socket_client('tcp://127.0.0.1:{0}'), \
         @file_get_contents('http://127.0.0.1:{0}/'), gethostbyname('localhost') === '127.0.0.1', \
         @fopen('ftp://127.0.0.1:{0}/x', 'r'), @copy('http://127.0.0.1:{0}/', '/tmp/x'), \
         @stream_socket_client('udp://127.0.0.1:{0}'), @simplexml_load_file('http://127.0.0.1:{0}/'), \
         @get_headers('http://127.0.0.1:{0}/'), @getimagesize('http://127.0.0.1:{0}/'));",
        server.port()
    );
    let response = php.try_run(&code, &patient()).unwrap();
    assert_eq!(String::from_utf8_lossy(&response.stdout), "bool(false)\n".repeat(10));
    assert_eq!(server.connections(), 0);
    assert!(response.network.iter().all(|record| !record.allowed), "{:?}", response.network);
    assert!(response.network.iter().any(|record| record.via == Via::Lookup && record.host == "localhost"));
    assert!(response.network.iter().any(|record| record.port == Some(server.port())));
}

#[test]
fn a_listed_address_is_reached_and_recorded() {
    let server = Server::echo();
    let mut php = connected(&server);
    let code = format!(
        "$s = fsockopen('127.0.0.1', {}, $n, $e, 5); fwrite($s, \"ping\\n\"); echo fgets($s); \
         echo stream_socket_get_name($s, true); fclose($s);",
        server.port()
    );
    let response = php.try_run(&code, &patient()).unwrap();
    assert_eq!(String::from_utf8_lossy(&response.stdout), format!("ping\n{}", server.address));
    let [record] = &response.network[..] else { panic!("{:?}", response.network) };
    assert!(record.allowed);
    assert_eq!((record.bytes_sent, record.bytes_received), (5, 5));
    assert_eq!((record.address, record.port), (Some(server.address.ip()), Some(server.port())));
}

#[test]
fn http_streams_and_curl_work_through_sockets() {
    let server = Server::http();
    let mut php = connected(&server);
    let url = format!("http://{}", server.address);
    assert_eq!(php.run(&format!("echo file_get_contents('{url}/hello');")), "hello");
    assert_eq!(
        php.run(&format!(
            "$c = curl_init('{url}/hello'); curl_setopt($c, CURLOPT_RETURNTRANSFER, true); \
             var_dump(curl_exec($c), curl_getinfo($c, CURLINFO_RESPONSE_CODE));"
        )),
        "string(5) \"hello\"\nint(200)\n"
    );
    assert_eq!(php.run(&format!("echo strlen(file_get_contents('{url}/big?3000000'));")), "3000000");
}

/// A closed stream leaves nothing open, on either side.
#[test]
fn closed_sockets_free_their_descriptors() {
    let server = Server::echo();
    let mut php = connected(&server);
    let code = format!(
        "for ($i = 0; $i < 200; $i++) {{ $s = fsockopen('127.0.0.1', {}); fwrite($s, 'x'); fread($s, 1); fclose($s); }} \
         echo $i;",
        server.port()
    );
    let before = php.guest.vfs().usage().open_files;
    assert_eq!(php.run(&code), "200");
    // PHP itself keeps a few open.
    assert!(php.guest.vfs().usage().open_files < before + 10);
}

/// This build's select() says how many are ready; it does not say which.
#[test]
fn select_waits_for_what_is_ready() {
    let server = Server::echo();
    let mut php = connected(&server);
    let code = format!(
        "$s = fsockopen('127.0.0.1', {}); $w = null; $e = null; $r = [$s]; echo stream_select($r, $w, $e, 0, 1000); \
         fwrite($s, 'x'); $r = [$s]; echo stream_select($r, $w, $e, 5), fread($s, 1); \
         $r = null; $w = [$s]; echo stream_select($r, $w, $e, 5);",
        server.port()
    );
    assert_eq!(php.run(&code), "01x1");
}

#[test]
fn a_refused_connection_is_an_error_and_not_a_denial() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut php = Php::boot();
    php.guest.network_mut().set_rules(hosts(&[&free.to_string()]));
    let response = php
        .try_run(
            &format!("var_dump(@fsockopen('127.0.0.1', {}, $n, $e, 2)); echo $e;", free.port()),
            &patient(),
        )
        .unwrap();
    let out = String::from_utf8_lossy(&response.stdout).into_owned();
    assert!(out.starts_with("bool(false)\nConnection refused"), "{out}");
    assert!(response.network.iter().all(|record| record.allowed));
}

#[test]
fn tls_inside_the_sandbox_works_and_verifies() {
    let (server, certificate) = Server::https(&["localhost", "127.0.0.1"]);
    let mut php = connected(&server);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &certificate)
    );
    php.guest.vfs_mut().host_write("/tmp/ca.pem", pem, 0o644).unwrap();
    let get = |options: &str| {
        format!(
            "$c = stream_context_create(['ssl' => [{options}]]); \
             var_dump(@file_get_contents('https://127.0.0.1:{}/hello', false, $c));",
            server.port()
        )
    };
    assert_eq!(php.run(&get("'cafile' => '/tmp/ca.pem'")), "string(5) \"hello\"\n");
    assert_eq!(php.run(&get("'verify_peer' => true")), "bool(false)\n");
}

#[test]
fn datagrams_are_judged_as_connections_are() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 100];
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..count], from);
        }
    });
    let mut php = Php::boot();
    php.guest.network_mut().set_rules(hosts(&[&address.to_string()]));
    let response = php
        .try_run(
            &format!(
                "$s = stream_socket_client('udp://{address}'); fwrite($s, 'ping'); echo fread($s, 10); \
                 var_dump(@stream_socket_client('udp://127.0.0.1:53'), @stream_socket_client('udp://8.8.8.8:53'));"
            ),
            &patient(),
        )
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&response.stdout), "pingbool(false)\nbool(false)\n");
    let denied: Vec<_> =
        response.network.iter().filter(|record| !record.allowed).map(|record| record.port).collect();
    assert_eq!(denied, [Some(53), Some(53)]);
}

/// Nothing inside can be connected to, and only the sandbox's own local socket is there.
#[test]
fn sandboxes_do_not_listen_and_see_no_local_sockets() {
    let mut php = Php::boot();
    php.guest.network_mut().set_rules(Rules::Allow);
    let response = php
        .try_run(
            "var_dump(@stream_socket_server('tcp://127.0.0.1:0'), @stream_socket_server('unix:///tmp/s'), \
             @stream_socket_client('unix:///run/dbus/system_bus_socket'), \
             @stream_socket_client('unix:///var/run/docker.sock'), @stream_socket_client('udg:///dev/log'));",
            &patient(),
        )
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&response.stdout), "bool(false)\n".repeat(5));
    assert!(response.network.iter().any(|record| record.host == "/var/run/docker.sock" && !record.allowed));
}

/// A fork begins without connections and without rights.
#[test]
fn a_fork_inherits_neither_sockets_nor_rules() {
    let server = Server::echo();
    let mut php = connected(&server);
    php.run(&format!("$GLOBALS['s'] = pfsockopen('127.0.0.1', {}); echo 1;", server.port()));
    let image = php.guest.freeze(&[]).unwrap();
    let runtime = wp_codebox::engine::Runtime::of(&crate::support::php::pack()).unwrap();
    let limits = wp_codebox::engine::Limits::default();
    let guest = {
        let fork = wp_codebox::engine::Fork { vfs: image.vfs().clone(), instead: &[], limits };
        wp_codebox::engine::Guest::fork(&runtime, &image, fork, &patient()).unwrap()
    };
    let mut fork = Php { guest };
    let code = format!(
        "$s = @pfsockopen('127.0.0.1', {}); var_dump($s && @fwrite($s, 'x') && @fread($s, 1) === 'x');",
        server.port()
    );
    assert_eq!(fork.run(&code), "bool(false)\n");
}
