//! Requests of WordPress's HTTP API, which the host's own client carries out.

use crate::hosts;
use crate::server::{Names, Server};
use crate::support::php::{Php, impatient, patient};
use crate::support::site::{run, spec, value};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wp_codebox::contract::Code;
use wp_codebox::engine::net::{NetworkLimits, Rules, Trust, Via};
use wp_codebox::engine::{Stop, Watch};
use wp_codebox::sandbox::{Command, Policy, Sandbox};

fn site(network: Rules) -> Sandbox {
    let policy = Policy { network, ..Policy::allowing(wp_codebox::sandbox::command_ids()) };
    Sandbox::create(spec(policy), &patient()).unwrap()
}

/// A request in PHP and what became of it: `[status, body]`, or the error's code and message.
fn get(url: &str, arguments: &str) -> String {
    format!(
        "$r = wp_remote_get('{url}', [{arguments}]); return is_wp_error($r) \
         ? [$r->get_error_code(), $r->get_error_message()] \
         : [wp_remote_retrieve_response_code($r), wp_remote_retrieve_body($r)];"
    )
}

fn message(answer: &Value) -> &str {
    assert_eq!(answer[0], "http_request_failed", "{answer}");
    answer[1].as_str().unwrap()
}

#[test]
fn a_request_is_carried_out_by_the_host_and_recorded() {
    let server = Server::http();
    let mut site = site(hosts(&[&server.address.to_string()]));
    let url = format!("http://{}/hello?key=secret", server.address);
    let execution = run(&mut site, &get(&url, ""));
    assert_eq!(execution.outcome.unwrap(), json!([200, "hello"]));
    let [record] = &execution.network[..] else { panic!("{:?}", execution.network) };
    assert_eq!((record.via, record.allowed, record.status), (Via::Http, true, Some(200)));
    assert_eq!((record.method.as_deref(), record.bytes_received), (Some("GET"), 5));
    // What the server was asked is told, but for the query.
    assert_eq!(record.url.as_deref(), Some(format!("http://{}/hello", server.address).as_str()));
    let events = site.destroy();
    let event =
        events.iter().find(|event| event.kind == "runtime.policy.allowed" && event.data["via"] == "http");
    assert_eq!(event.unwrap().data["status"], 200);
}

#[test]
fn what_is_sent_arrives() {
    let server = Server::http();
    let mut site = site(hosts(&["127.0.0.1"]));
    let url = format!("http://{}/echo", server.address);
    let sent = value(
        &mut site,
        &format!(
            "return [wp_remote_retrieve_body(wp_remote_post('{url}', ['body' => ['a' => '1', 'b' => 'ü'], \
             'headers' => ['X-Own' => 'mine', 'Host' => 'other.test', 'Connection' => 'upgrade'], 'user-agent' => 'Agent/1'])), \
             wp_remote_retrieve_body(wp_remote_request('{url}', ['method' => 'DELETE', 'body' => 'raw'])), \
             wp_remote_retrieve_body(wp_remote_request('{url}?x=1', ['method' => 'PUT', 'body' => str_repeat('z', 300000)])), \
             wp_remote_retrieve_body(wp_remote_get('{url}', ['body' => ['q' => 'a b']])), \
             wp_remote_retrieve_body(wp_remote_get('http://user:pass@{}/echo'))];",
            server.address
        ),
    );
    let text = |index: usize| sent[index].as_str().unwrap().to_ascii_lowercase();
    let post = text(0);
    assert!(post.starts_with("post /echo http/1.1\r\n") && post.ends_with("\na=1&b=%c3%bc"), "{post}");
    assert!(post.contains("x-own: mine") && post.contains("user-agent: agent/1"), "{post}");
    assert!(post.contains(&format!("host: {}", server.address)) && !post.contains("other.test"), "{post}");
    assert!(text(1).starts_with("delete /echo ") && text(1).ends_with("\nraw"), "{}", text(1));
    assert!(text(2).starts_with("put /echo?x=1 ") && text(2).len() > 300_000);
    assert!(text(3).starts_with("get /echo?q=a+b "), "{}", text(3));
    assert!(text(4).contains("authorization: basic dxnlcjpwyxnz"), "{}", text(4));
}

#[test]
fn denied_requests_say_at_once_which_host_and_why() {
    let mut closed = site(Rules::Deny);
    let answer = value(&mut closed, &get("https://example.org/path", ""));
    assert_eq!(
        message(&answer),
        "The sandbox's network policy does not allow a request to example.org:443: the network policy is deny."
    );
    let mut listed = site(hosts(&["api.test:443"]));
    for (url, why) in [
        ("http://other.test/", "other.test:80: the network policy does not list other.test."),
        ("http://api.test/", "api.test:80: the network policy does not list api.test with port 80."),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is a link-local address"),
        ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1 is an IPv4-mapped address"),
        ("http://93.184.215.14/", "no host that the network policy lists has the address 93.184.215.14"),
    ] {
        let answer = value(&mut listed, &get(url, ""));
        assert!(message(&answer).contains(why), "{url}: {answer}");
    }
}

/// URLs that different parsers read differently. What is judged is what is connected to.
#[test]
fn urls_that_pretend_to_be_others() {
    let server = Server::http();
    let mut site = site(hosts(&["allowed.test", "allowed.test:80"]));
    site.network_mut()
        .set_resolver(Names::new(&[("allowed.test", &["127.0.0.1"]), ("evil.test", &["127.0.0.1"])]));
    let port = server.port();
    for url in [
        format!("http://allowed.test@127.0.0.1:{port}/hello"),
        format!("http://allowed.test:80@127.0.0.1:{port}/hello"),
        format!("http://127.0.0.1:{port}#@allowed.test/hello"),
        format!("http://127.0.0.1:{port}/?@allowed.test/hello"),
        format!("http://evil.test:{port}/hello"),
        format!("http://allowed.test.evil.test:{port}/hello"),
        format!("http://127.0.0.1:{port}\\\\@allowed.test/hello"),
        format!("http://localhost:{port}/hello"),
        format!("http://2130706433:{port}/hello"),
        format!("http://127.1:{port}/hello"),
        "file:///etc/passwd".to_owned(),
        "php://filter/resource=/etc/passwd".to_owned(),
        "gopher://allowed.test/".to_owned(),
        "//127.0.0.1/".to_owned(),
    ] {
        let answer = value(&mut site, &get(&url, "'redirection' => 0"));
        assert!(answer[0].is_string(), "{url}: {answer}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn header_injection() {
    let server = Server::http();
    let mut site = site(hosts(&["127.0.0.1"]));
    let url = format!("http://{}/echo", server.address);
    let answer = value(
        &mut site,
        &get(
            &url,
            "'headers' => ['X-A' => \"1\\r\\nHost: evil.test\"], 'user-agent' => \"x\\r\\nX-Smuggled: 1\"",
        ),
    );
    match answer[0].as_str() {
        Some(code) => assert_eq!(code, "http_request_failed"),
        None => {
            let seen = answer[1].as_str().unwrap().to_ascii_lowercase();
            assert!(!seen.contains("\nx-smuggled") && !seen.contains("\nhost: evil"), "{seen}");
        }
    }
}

#[test]
fn redirects_are_judged_one_by_one() {
    let server = Server::http();
    let other = Server::http();
    let mut site = site(hosts(&[&server.address.to_string()]));
    let redirect = |to: &str| format!("http://{}/redirect?{to}", server.address);
    assert_eq!(value(&mut site, &get(&redirect("/hello"), "")), json!([200, "hello"]));
    let twice = redirect(&format!("/redirect?{}", "/hello"));
    assert_eq!(value(&mut site, &get(&twice, "")), json!([200, "hello"]));
    for (to, why) in [
        // Redirects to the metadata address.
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "169.254.169.254 is a link-local address"),
        (format!("http://{}/hello", other.address), "127.0.0.1 is a loopback address"),
        ("http://unlisted.test/".to_owned(), "does not list unlisted.test"),
    ] {
        let execution = run(&mut site, &get(&redirect(&to), ""));
        let answer = execution.outcome.unwrap();
        assert!(message(&answer).contains(why), "{to}: {answer}");
        let last = execution.network.last().unwrap();
        assert!(!last.allowed && execution.network[0].status == Some(302), "{:?}", execution.network);
    }
    assert_eq!(other.connections(), 0);
    // A redirect away from HTTP leads nowhere.
    assert!(value(&mut site, &get(&redirect("file:///etc/passwd"), ""))[0] != json!(200));
}

#[test]
fn dns_rebinding_between_two_requests() {
    let server = Server::http();
    let mut site = site(hosts(&["rebind.test"]));
    site.network_mut().set_resolver(Names::new(&[("rebind.test", &["169.254.169.254", "127.0.0.1"])]));
    let url = format!("http://rebind.test:{}/hello", server.port());
    for why in ["169.254.169.254 is a link-local address", "127.0.0.1 is a loopback address"] {
        let answer = value(&mut site, &get(&url, ""));
        assert!(message(&answer).contains(why), "{answer}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn certificates_are_verified_by_the_host() {
    let (server, certificate) = Server::https(&["secure.test"]);
    let mut site = site(hosts(&["secure.test", "wrong.test", "127.0.0.1"]));
    site.network_mut()
        .set_resolver(Names::new(&[("secure.test", &["127.0.0.1"]), ("wrong.test", &["127.0.0.1"])]));
    let secure = format!("https://secure.test:{}/hello", server.port());
    let wrong = format!("https://wrong.test:{}/hello", server.port());
    // A certificate that the system does not know.
    let answer = value(&mut site, &get(&secure, ""));
    assert!(message(&answer).contains("certificate"), "{answer}");
    assert_eq!(value(&mut site, &get(&secure, "'sslverify' => false")), json!([200, "hello"]));
    site.network_mut().set_trust(Trust::Only(vec![certificate]));
    assert_eq!(value(&mut site, &get(&secure, "")), json!([200, "hello"]));
    // One for another name.
    let answer = value(&mut site, &get(&wrong, ""));
    assert!(message(&answer).contains("certificate"), "{answer}");
}

#[test]
fn bodies_go_to_files_and_keep_to_limits() {
    let server = Server::http();
    let mut site = site(hosts(&["127.0.0.1"]));
    let base = format!("http://{}", server.address);
    let facts = value(
        &mut site,
        &format!(
            "$r = wp_remote_get('{base}/big?5000000', ['stream' => true, 'filename' => '/tmp/big']); \
             $l = wp_remote_get('{base}/big?5000000', ['limit_response_size' => 1000]); \
             $d = download_url('{base}/hello'); \
             return [is_wp_error($r) ? $r->get_error_message() : filesize('/tmp/big'), wp_remote_retrieve_body($r), \
             strlen(wp_remote_retrieve_body($l)), is_wp_error($d) ? $d->get_error_message() : file_get_contents($d), \
             wp_remote_retrieve_body(wp_remote_get('{base}/chunked')), \
             wp_remote_retrieve_response_code(wp_remote_head('{base}/hello')), \
             wp_remote_retrieve_response_code(wp_remote_get('{base}/missing')), \
             wp_remote_get('{base}/hello', ['blocking' => false])['response']['code']];"
        )
        .replace("$d = download_url", "require_once ABSPATH . 'wp-admin/includes/file.php'; $d = download_url"),
    );
    // download_url() asks for a safe URL, and this machine's address is none to WordPress.
    assert_eq!(facts[3], "A valid URL was not provided.");
    assert_eq!(
        (&facts[0], &facts[1], &facts[2], &facts[4], &facts[5], &facts[6], &facts[7]),
        (
            &json!(5_000_000),
            &json!(""),
            &json!(1000),
            &json!("first second"),
            &json!(200),
            &json!(404),
            &json!(false)
        )
    );
    let answer = value(&mut site, &get(&format!("{base}/cut"), ""));
    assert!(message(&answer).contains("127.0.0.1"), "{answer}");
    site.network_mut().set_limits(NetworkLimits { response: 1000, ..NetworkLimits::default() });
    let answer = value(&mut site, &get(&format!("{base}/big?5000"), ""));
    assert!(message(&answer).contains("1000 bytes"), "{answer}");
}

#[test]
fn slow_servers_end_at_the_request_s_limit_and_at_the_sandbox_s() {
    let server = Server::http();
    let mut site = site(hosts(&["127.0.0.1"]));
    let url = format!("http://{}/never", server.address);
    let answer = value(&mut site, &get(&url, "'timeout' => 1"));
    assert!(message(&answer).to_lowercase().contains("time"), "{answer}");
    let code = format!("<?php {}", get(&url, "'timeout' => 100"));
    let soon = Watch::until(Instant::now() + Duration::from_secs(5));
    let execution = site.execute(&Command::RunPhp { code, bootstrap: true }, &soon).unwrap();
    assert_eq!(execution.outcome.unwrap_err().code, Code::RunTimeout);
    assert!(site.is_stopped());
}

/// Several requests at once, and Requests without WordPress around it.
#[test]
fn requests_underneath_wordpress_take_the_same_way() {
    let server = Server::http();
    let mut site = site(hosts(&[&server.address.to_string()]));
    let url = format!("http://{}", server.address);
    let code = format!(
        "$many = WpOrg\\Requests\\Requests::request_multiple([['url' => '{url}/hello'], ['url' => 'http://evil.test/']]); \
         return [WpOrg\\Requests\\Requests::get('{url}/hello')->body, $many[0]->body, $many[1]->getMessage()];"
    );
    let answer = value(&mut site, &code);
    assert_eq!((&answer[0], &answer[1]), (&json!("hello"), &json!("hello")));
    assert!(answer[2].as_str().unwrap().contains("evil.test"), "{answer}");
}

/// The guest's end of the socket in the hands of somebody else than our own PHP.
#[test]
fn malformed_questions_are_answered_with_problems() {
    let mut php = Php::boot();
    php.guest.network_mut().set_rules(Rules::Allow);
    let ask = |line: &str| {
        format!(
            "$s = stream_socket_client('unix:///internal/codebox/http.sock'); fwrite($s, {line}); \
             $n = fread($s, 4); $l = unpack('N', $n)[1]; $f = ''; \
             while (strlen($f) < $l) $f .= fread($s, $l - strlen($f)); echo json_decode($f)->error->type;"
        )
    };
    let fields = "'headers' => [], 'timeout' => 1, 'connect_timeout' => 1, 'verify' => true";
    for line in [
        "\"garbage\\n\"".to_owned(),
        "\"{}\\n\"".to_owned(),
        "\"\\xff\\xfe\\n\"".to_owned(),
        "str_repeat('[', 100000) . \"\\n\"".to_owned(),
        format!(
            "json_encode(['method' => 'GET', 'url' => 'http://x.test/', 'body' => 1 << 40, {fields}]) . \"\\n\""
        ),
        format!(
            "json_encode(['method' => 'GET', 'url' => 'http://x.test/', 'body' => 0, 'extra' => 1, {fields}]) . \"\\n\""
        ),
        format!(
            "json_encode(['method' => \"G\\nET\", 'url' => 'http://x.test/', 'body' => 0, {fields}]) . \"\\n\""
        ),
        format!(
            "json_encode(['method' => 'GET', 'url' => \"http://x.test/\\r\\nX: y\", 'body' => 0, {fields}]) . \"\\n\""
        ),
        format!("json_encode(['method' => 'GET', 'url' => '/', 'body' => 0, {fields}]) . \"\\n\""),
        format!(
            "json_encode(['method' => 'GET', 'url' => 'http://x.test:0/', 'body' => 0, {fields}]) . \"\\n\""
        ),
    ] {
        assert_eq!(php.run(&ask(&line)), "invalid", "{line}");
    }
    // One that never ends, and one that is never asked.
    let endless = "$s = stream_socket_client('unix:///internal/codebox/http.sock'); \
         do { $n = @fwrite($s, str_repeat('x', 65536)); } while ($n); echo 'refused';";
    assert_eq!(php.run(endless), "refused");
    let silent =
        "$s = stream_socket_client('unix:///internal/codebox/http.sock'); fread($s, 1); echo 'over';";
    match php.try_run(silent, &impatient()) {
        Ok(response) => assert_eq!(response.stdout, b"over"),
        Err(stop) => assert_eq!(stop, Stop::Deadline),
    }
}

/// A connection to the host's client that was opened under other rules, and asks only now.
#[test]
fn a_question_that_was_kept_back_is_judged_by_the_rules_of_the_moment() {
    let server = Server::http();
    let mut php = Php::boot();
    php.guest.network_mut().set_rules(Rules::Allow);
    let open = "$s = stream_socket_client('unix:///internal/codebox/http.sock', $c, $m, 1, \
                STREAM_CLIENT_CONNECT | STREAM_CLIENT_PERSISTENT); var_dump(is_resource($s)); ";
    assert_eq!(php.run(open), "bool(true)\n");
    php.guest.network_mut().set_rules(Rules::Deny);
    let ask = format!(
        "{open} fwrite($s, json_encode(['method' => 'GET', 'url' => 'http://{}/hello', 'headers' => [], 'body' => 0, \
         'timeout' => 1, 'connect_timeout' => 1, 'verify' => true]) . \"\\n\"); \
         $l = unpack('N', fread($s, 4))[1]; echo $l === 0xffffffff ? 'problem' : fread($s, $l);",
        server.address
    );
    let answer = php.run(&ask);
    assert!(answer.contains("error") && !answer.contains("200"), "{answer}");
    assert_eq!(server.connections(), 0, "nothing reached the server");
}
