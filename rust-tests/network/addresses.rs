//! Addresses: which are special, which are reached, and by what spellings.

use crate::hosts;
use crate::server::{Names, Server};
use crate::support::php::{Php, patient};
use std::net::IpAddr;
use wp_codebox::engine::net::{HostRule, Rules, special};

#[test]
fn special_addresses_are_known() {
    for address in [
        "0.0.0.0",
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "100::1",
    ] {
        assert!(special(address.parse().unwrap()).is_some(), "{address}");
    }
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.169.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:4860:4860::8888",
    ] {
        assert_eq!(special(address.parse().unwrap()), None, "{address}");
    }
}

/// `allow` opens the public network and nothing else.
#[test]
fn allow_reaches_no_special_address_under_any_name() {
    let server = Server::http();
    for address in [
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "224.0.0.1",
        "fd00:ec2::254",
        "0.0.0.0",
        "100.100.100.200",
    ] {
        let mut php = Php::boot();
        let network = php.guest.network_mut();
        network.set_rules(Rules::Allow);
        network.set_resolver(Names::new(&[("innocent.test", &[address])]));
        let shown = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let code = format!(
            "var_dump(@file_get_contents('http://innocent.test:{0}/hello'), @file_get_contents('http://{shown}:{0}/hello'));",
            server.port()
        );
        let response = php.try_run(&code, &patient()).unwrap();
        assert_eq!(String::from_utf8_lossy(&response.stdout), "bool(false)\nbool(false)\n", "{address}");
        let parsed: IpAddr = address.parse().unwrap();
        assert!(
            response.network.iter().any(|record| record.address == Some(parsed) && !record.allowed),
            "{address}: {:?}",
            response.network
        );
    }
    assert_eq!(server.connections(), 0);
}

/// One address has many spellings; resolvers and C libraries know more of them than parsers do.
#[test]
fn other_spellings_of_loopback_are_refused() {
    let server = Server::http();
    let mut php = Php::boot();
    php.guest.network_mut().set_rules(Rules::Allow);
    for host in [
        "localhost",
        "localhost.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "[::]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
    ] {
        let code = format!("var_dump(@file_get_contents('http://{host}:{}/hello'));", server.port());
        assert_eq!(php.run(&code), "bool(false)\n", "{host}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_special_address_is_reached_if_it_is_listed_itself() {
    let server = Server::http();
    let url = format!("http://named.test:{}/hello", server.port());
    let reach = |rules: &[&str]| {
        let mut php = Php::boot();
        let network = php.guest.network_mut();
        network.set_rules(hosts(rules));
        network.set_resolver(Names::new(&[("named.test", &["127.0.0.1"])]));
        php.run(&format!("var_dump(@file_get_contents('{url}'));"))
    };
    assert_eq!(reach(&["named.test", "127.0.0.1"]), "string(5) \"hello\"\n");
    assert_eq!(reach(&["named.test"]), "bool(false)\n");
    assert_eq!(reach(&["*", "127.0.0.1:1"]), "bool(false)\n");
    assert_eq!(reach(&["other.test", "127.0.0.1"]), "bool(false)\n");
}

/// A program that knows an address does not need its name; it needs the rules.
#[test]
fn only_addresses_of_allowed_names_are_connected_to() {
    let mut php = Php::boot();
    let network = php.guest.network_mut();
    network.set_rules(hosts(&["allowed.test:443"]));
    network.set_resolver(Names::new(&[("allowed.test", &["93.184.215.14"])]));
    let response = php
        .try_run(
            "gethostbyname('allowed.test'); var_dump(@fsockopen('93.184.215.15', 443), @fsockopen('93.184.215.14', 25));",
            &patient(),
        )
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&response.stdout), "bool(false)\nbool(false)\n");
    let denied: Vec<_> = response.network.iter().filter(|record| !record.allowed).collect();
    assert_eq!(denied.len(), 2, "{denied:?}");
}

#[test]
fn rules_have_one_spelling() {
    for (text, shown) in [
        ("Example.ORG", "example.org"),
        ("example.org.", "example.org"),
        ("*.example.org:443", "*.example.org:443"),
        ("*", "*"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("[::1]:80", "[::1]:80"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ] {
        assert_eq!(text.parse::<HostRule>().unwrap().to_string(), shown);
    }
    for text in [
        "",
        " ",
        "http://example.org",
        "example.org/path",
        "exa mple.org",
        "example.org:",
        "example.org:0",
        "example.org:99999",
        "example.org:+80",
        "a@b",
        "*.",
        "**.org",
        "ex*mple.org",
        "127.1",
        "1.2.3.4.5",
        "[::1",
        "::1:80x",
        "bücher.example",
        ".org",
        "a..b",
    ] {
        assert!(text.parse::<HostRule>().is_err(), "{text}");
    }
}

#[test]
fn an_operators_cap_bounds_what_others_may_list() {
    let cap: Vec<HostRule> =
        ["*.example.org", "api.test:443"].iter().map(|host| host.parse().unwrap()).collect();
    for fine in [&["a.example.org"][..], &["*.b.example.org:80"], &["api.test:443"], &[]] {
        assert_eq!(hosts(fine).within(&cap), Ok(()), "{fine:?}");
    }
    for over in ["example.org", "api.test", "api.test:80", "evilexample.org", "127.0.0.1", "*", "*.org"] {
        assert_eq!(hosts(&[over]).within(&cap), Err(over.to_owned()));
    }
    assert!(Rules::Allow.within(&cap).is_err());
    let any: Vec<HostRule> = vec!["*".parse().unwrap()];
    assert_eq!(Rules::Allow.within(&any), Ok(()));
    assert!(hosts(&["169.254.169.254"]).within(&any).is_err());
}
