//! Names: who may look what up, and answers that change.

use crate::hosts;
use crate::server::{Names, Server, Stuck};
use crate::support::php::{Php, impatient, patient};
use std::sync::Arc;
use wp_codebox::engine::Stop;
use wp_codebox::engine::net::Via;

/// The first answer is harmless, every later one is this machine.
#[test]
fn dns_rebinding() {
    let server = Server::http();
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&["rebind.test"]));
    network.set_resolver(Names::new(&[("rebind.test", &["93.184.215.14", "127.0.0.1"])]));
    let code = format!(
        "echo gethostbyname('rebind.test'), ' '; \
         var_dump(@file_get_contents('http://rebind.test:{0}/hello'), @fsockopen('127.0.0.1', {0}));",
        server.port()
    );
    let response = php.try_run(&code, &patient()).unwrap();
    assert_eq!(String::from_utf8_lossy(&response.stdout), "93.184.215.14 bool(false)\nbool(false)\n");
    assert_eq!(server.connections(), 0);
    let reasons: Vec<_> = response.network.iter().filter_map(|record| record.reason.clone()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("127.0.0.1 is a loopback address")), "{reasons:?}");
}

/// Of several answers only the harmless ones reach the guest.
#[test]
fn mixed_answers_are_sorted_out() {
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&["mixed.test"]));
    network.set_resolver(Names::new(&[("mixed.test", &["127.0.0.1 93.184.215.14 169.254.169.254"])]));
    assert_eq!(php.run("echo gethostbyname('mixed.test');"), "93.184.215.14");
}

#[test]
fn names_that_are_not_listed_are_not_looked_up() {
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&["listed.test", "*.beneath.test"]));
    // Whoever asks this resolver waits for ever.
    network.set_resolver(Arc::new(Stuck));
    for name in [
        "other.test",
        "listed.test.evil.test",
        "evillisted.test",
        "beneath.test",
        "xbeneath.test",
        "secret.data.evil.test",
    ] {
        let response = php.try_run(&format!("var_dump(@fsockopen('{name}', 80));"), &patient()).unwrap();
        assert_eq!(String::from_utf8_lossy(&response.stdout), "bool(false)\n");
        assert!(
            response
                .network
                .iter()
                .any(|record| record.via == Via::Lookup && record.host == name && !record.allowed)
        );
    }
}

#[test]
fn listed_names_and_those_beneath_are_looked_up() {
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&["listed.test", "*.beneath.test"]));
    network.set_resolver(Names::new(&[
        ("listed.test", &["93.184.215.14"]),
        ("a.b.beneath.test", &["93.184.215.15"]),
    ]));
    assert_eq!(
        php.run("echo gethostbyname('LISTED.test.'), ' ', gethostbyname('a.b.beneath.test');"),
        "93.184.215.14 93.184.215.15"
    );
}

#[test]
fn a_resolver_that_never_answers_is_left_at_the_deadline() {
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&["stuck.test"]));
    network.set_resolver(Arc::new(Stuck));
    assert_eq!(php.try_run("gethostbyname('stuck.test');", &impatient()).unwrap_err(), Stop::Deadline);
}
