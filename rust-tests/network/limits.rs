//! How much of the network a guest may use, and rules that change while it lives.

use crate::hosts;
use crate::server::{Server, Stuck};
use crate::support::php::{Php, impatient, patient};
use std::sync::Arc;
use wp_codebox::engine::Stop;
use wp_codebox::engine::net::{NetworkLimits, Rules};

fn limited(server: &Server, limits: NetworkLimits) -> Php {
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&[&server.address.to_string()]));
    network.set_limits(limits);
    php
}

#[test]
fn open_sockets_are_bounded() {
    let server = Server::echo();
    let mut php = limited(&server, NetworkLimits { open: 5, ..NetworkLimits::default() });
    let code = format!(
        "$all = []; while (($s = @fsockopen('127.0.0.1', {})) && count($all) < 100) $all[] = $s; echo count($all);",
        server.port()
    );
    assert_eq!(php.run(&code), "5");
}

#[test]
fn connections_are_bounded() {
    let server = Server::echo();
    let mut php = limited(&server, NetworkLimits { connections: 7, ..NetworkLimits::default() });
    let code = format!(
        "$n = 0; while (($s = @fsockopen('127.0.0.1', {})) && $n < 100) {{ $n++; fclose($s); }} echo $n;",
        server.port()
    );
    assert_eq!(php.run(&code), "7");
    assert_eq!(php.run(&code), "0");
}

#[test]
fn bytes_are_bounded() {
    let server = Server::http();
    let mut php = limited(&server, NetworkLimits { bytes: 100_000, ..NetworkLimits::default() });
    let code = format!("echo strlen((string) @file_get_contents('http://{}/big?10000000'));", server.address);
    let received: usize = php.run(&code).parse().unwrap();
    assert!(received < 200_000, "{received}");
}

/// An endless number of denials leaves a short record.
#[test]
fn records_of_denials_do_not_grow_without_end() {
    let mut php = Php::boot();
    let response = php
        .try_run("for ($i = 0; $i < 20000; $i++) @fsockopen('10.0.0.1', 1 + $i % 5000);", &patient())
        .unwrap();
    assert_eq!(response.network.len(), 1000);
    assert!(response.network_dropped >= 1000, "{}", response.network_dropped);
}

#[test]
fn a_server_that_never_answers_is_left_at_the_deadline() {
    let server = Server::silent();
    for code in [
        format!("$s = fsockopen('127.0.0.1', {}); fread($s, 1);", server.port()),
        format!("file_get_contents('http://{}/');", server.address),
        format!("$c = curl_init('http://{}/'); curl_exec($c);", server.address),
        format!(
            "$s = fsockopen('127.0.0.1', {}); while (true) fwrite($s, str_repeat('x', 65536));",
            server.port()
        ),
    ] {
        let mut php = limited(&server, NetworkLimits { bytes: u64::MAX, ..NetworkLimits::default() });
        assert_eq!(php.try_run(&code, &impatient()).unwrap_err(), Stop::Deadline, "{code}");
    }
}

#[test]
fn a_stream_s_own_timeout_holds() {
    let server = Server::silent();
    let mut php = limited(&server, NetworkLimits::default());
    let code = format!(
        "$s = fsockopen('127.0.0.1', {}); stream_set_timeout($s, 0, 50000); fread($s, 1); \
         var_dump(stream_get_meta_data($s)['timed_out']);",
        server.port()
    );
    assert_eq!(php.run(&code), "bool(true)\n");
}

/// What was open under the old rules ends with them.
#[test]
fn rules_change_while_the_guest_lives() {
    let server = Server::echo();
    let mut php = limited(&server, NetworkLimits::default());
    let code = format!(
        "$s = @pfsockopen('127.0.0.1', {}); var_dump($s && @fwrite($s, 'x') && @fread($s, 1) === 'x');",
        server.port()
    );
    assert_eq!(php.run(&code), "bool(true)\n");
    php.guest.network_mut().set_rules(Rules::Deny);
    assert_eq!(php.run(&code), "bool(false)\n");
    php.guest.network_mut().set_rules(hosts(&["127.0.0.1"]));
    assert_eq!(php.run(&code), "bool(true)\n");
}

/// A request that its guest has walked away from may still wait for the system's resolver. One guest
/// cannot leave so many behind that there is no thread for the others.
#[test]
fn requests_left_behind_are_bounded() {
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&["stuck.test"]));
    network.set_resolver(Arc::new(Stuck));
    let ask = "$ask = json_encode(['method' => 'GET', 'url' => 'http://stuck.test/', 'headers' => [], 'body' => 0, \
         'timeout' => 60, 'connect_timeout' => 60, 'verify' => true]) . \"\n\"; \
         $open = fn () => stream_socket_client('unix:///internal/codebox/http.sock');";
    let code = format!(
        "{ask} for ($i = 0; $i < 16; $i++) {{ $s = $open(); fwrite($s, $ask); fclose($s); }} \
         $s = $open(); fwrite($s, $ask); $l = unpack('N', fread($s, 4))[1]; echo json_decode(fread($s, $l))->error->type;"
    );
    assert_eq!(php.run(&code), "busy");
}
