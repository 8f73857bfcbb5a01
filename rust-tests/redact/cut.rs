//! Output that a limit cut, and fields that only their names tell.

use serde_json::json;
use wp_codebox::artifact::{Found, Redactor, Secret, Tally, clean_commands};
use wp_codebox::contract::{CommandRecord, OutputCut};

const VALUE: &str = "Zq8vT1mK4xW7pL0cR9nB3sD6fG2hJ5kY1uE8iO4aQ7wX0zV3tN6bM9lPjH2c";
const TOKEN: &str = "ghp_9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT9uV8wX";
const NOTE: &str = "\n[77 bytes more were dropped]\n";

fn redactor() -> Redactor {
    Redactor::new(&[Secret::new("KEY", VALUE).unwrap()])
}

#[test]
fn a_secret_that_the_output_limit_cuts_is_not_shown_in_part() {
    let redactor = redactor();
    for secret in [VALUE, TOKEN] {
        for kept in 1..=secret.len() {
            let text = format!("{VALUE} before\nand {}", &secret[..kept]);
            let record = CommandRecord {
                stdout: format!("{text}{NOTE}"),
                stderr: format!("{text}{NOTE}"),
                cut: OutputCut { stdout: Some(text.len()), stderr: Some(text.len()) },
                ..CommandRecord::default()
            };
            let mut records = [record];
            clean_commands(&mut records, &redactor, &mut Tally::default());
            for shown in [&records[0].stdout, &records[0].stderr] {
                assert!(shown.starts_with("[REDACTED:configured-secret-value] before\nand"), "{shown}");
                assert!(shown.ends_with(NOTE), "{shown}");
                let rest = &shown["[REDACTED:configured-secret-value] before\nand".len()..];
                let rest = &rest[..rest.len() - NOTE.len()];
                // A prefix that its issuer gives every token tells nothing.
                assert!(rest.len() <= " ghp".len() || rest.contains("[REDACTED:"), "{kept}: {shown}");
                assert!(!rest.contains(&VALUE[..2]) && !rest.contains(&TOKEN[..5]), "{kept}: {shown}");
            }
        }
    }
}

#[test]
fn a_secret_that_the_output_limit_cuts_is_not_shown_while_it_is_printed() {
    let redactor = redactor();
    for secret in [VALUE, TOKEN] {
        for kept in 5..secret.len() {
            for all in [false, true] {
                let mut out = Vec::new();
                let mut stream = redactor.stream();
                stream.push(format!("before\nand {}", &secret[..kept]).as_bytes(), &mut out);
                stream.settle(false, &mut out);
                if all && secret == VALUE {
                    stream.settle(true, &mut out);
                }
                stream.cut(&mut out);
                assert_eq!(String::from_utf8(out).unwrap(), "before\nand ", "{kept}");
            }
        }
    }
}

#[test]
fn output_that_holds_nothing_is_kept_up_to_the_cut() {
    let text = "x".repeat(70_000);
    let record = CommandRecord {
        stdout: format!("{text}{NOTE}"),
        cut: OutputCut { stdout: Some(text.len()), stderr: None },
        ..CommandRecord::default()
    };
    let mut records = [record];
    clean_commands(&mut records, &redactor(), &mut Tally::default());
    // A spelling of the secret may begin with the last few bytes.
    assert!(records[0].stdout.starts_with(&text[..69_900]));
    assert!(records[0].stdout.ends_with(NOTE));
}

#[test]
fn a_header_in_a_structured_result_is_redacted_by_its_name() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYq8Zx1Tt0Kv";
    let bearer = "Bearer a8Fh2kLm9Qw3Er7Ty1Ui5Op0";
    let cookie = "wp_sess=Zk3jH8sLq0Pw; lang=en";
    let mut value = json!({
        "Authorization": bearer,
        "headers": { "Cookie": cookie, "set-cookie": [cookie, "a=b"], "Accept": "text/html" },
        "aws_secret_access_key": secret,
        "list": [{ "name": "Cookie", "value": cookie }],
        "name": "Authorization is documented",
    });
    let mut found = Found::default();
    redactor().value(&mut value, &mut found);
    assert_eq!(
        value,
        json!({
            "Authorization": "Bearer [REDACTED:authorization-header]",
            "headers": {
                "Cookie": "wp_sess=[REDACTED:cookie-header]; lang=en",
                "set-cookie": ["wp_sess=[REDACTED:cookie-header]; lang=en", "a=b"],
                "Accept": "text/html",
            },
            "aws_secret_access_key": "[REDACTED:aws-secret-key]",
            "list": [{ "name": "Cookie", "value": "wp_sess=[REDACTED:cookie-header]; lang=en" }],
            "name": "Authorization is documented",
        })
    );
    assert_eq!(found.total(), 5);
}

#[test]
fn a_header_in_a_structured_value_is_redacted_by_its_name_in_every_form() {
    const KEY: &str = "[REDACTED:api-key-header]";
    const AUTH: &str = "[REDACTED:authorization-header]";
    const COOKIE: &str = "[REDACTED:cookie-header]";
    for (before, after) in [
        // Not random, and not of a known shape: the name alone tells.
        (
            json!({ "AUTHORIZATION": "Bearer winter-is-coming" }),
            json!({ "AUTHORIZATION": format!("Bearer {AUTH}") }),
        ),
        (json!({ "authorization": "hunter2hunter2" }), json!({ "authorization": AUTH })),
        (
            json!({ "Proxy-Authorization": "Basic YTpiYmI=" }),
            json!({ "Proxy-Authorization": format!("Basic {AUTH}") }),
        ),
        (
            json!({ "HTTP_AUTHORIZATION": "Token correct horse" }),
            json!({ "HTTP_AUTHORIZATION": format!("Token {AUTH}") }),
        ),
        (json!({ "X-Api-Key": "letmein2024" }), json!({ "X-Api-Key": KEY })),
        (json!({ "x-api-key": "pa$$w0rd" }), json!({ "x-api-key": KEY })),
        (json!({ "X-Auth-Token": ["letmein2024"] }), json!({ "X-Auth-Token": [KEY] })),
        (
            json!({ "cookie": "a=b; session=opensesame1" }),
            json!({ "cookie": format!("a=b; session={COOKIE}") }),
        ),
        (
            json!({ "Set-Cookie": "sid=opensesame1; Path=/long/path/1; HttpOnly" }),
            json!({ "Set-Cookie": format!("sid={COOKIE}; Path=/long/path/1; HttpOnly") }),
        ),
        (
            json!({ "cookies": { "sid": "opensesame1", "lang": "en" } }),
            json!({ "cookies": { "sid": COOKIE, "lang": "en" } }),
        ),
        (
            json!({ "cookies": [{ "name": "wordpress_logged_in_1", "value": "opensesame1" }] }),
            json!({ "cookies": [{ "name": "wordpress_logged_in_1", "value": COOKIE }] }),
        ),
        (json!(["X-Api-Key", "letmein2024"]), json!(["X-Api-Key", KEY])),
        (
            json!(["Host", "example.com", "authorization", "Bearer winter-is-coming", "Accept", "*/*"]),
            json!(["Host", "example.com", "authorization", format!("Bearer {AUTH}"), "Accept", "*/*"]),
        ),
        (
            json!({ "Name": "X-API-KEY", "Value": "letmein2024" }),
            json!({ "Name": "X-API-KEY", "Value": KEY }),
        ),
        (
            json!({ "key": "Cookie", "value": "s=opensesame1" }),
            json!({ "key": "Cookie", "value": format!("s={COOKIE}") }),
        ),
        (
            json!({ "headers": [["Cookie", "s=opensesame1"]] }),
            json!({ "headers": [["Cookie", format!("s={COOKIE}")]] }),
        ),
    ] {
        let mut value = before.clone();
        redactor().value(&mut value, &mut Found::default());
        assert_eq!(value, after, "{before}");
        redactor().value(&mut value, &mut Found::default());
        assert_eq!(value, after, "again: {before}");
    }
}

#[test]
fn names_of_headers_and_what_is_no_credential_stay() {
    for value in [
        json!({ "allowed": ["Authorization", "Content-Type", "Cookie", "X-Api-Key", "X-Requested-With", "X-WP-Nonce"] }),
        json!({ "Authorization": "required" }),
        json!({ "Authorization": "Bearer YOUR_TOKEN_HERE" }),
        json!({ "authorization": "Basic {{token}}" }),
        json!({ "authorization": { "decision": "allowed", "by": "filter1234" } }),
        json!({ "properties": { "cookie": { "type": "string", "description": "The 12 cookies of the site" } } }),
        json!({ "cookies": true, "X-Api-Key": null, "set-cookie": [] }),
        json!({ "name": "Cookie Notice 2024", "value": "https://example.com/cookie-notice-2024" }),
        json!({ "Cookie": "wordpress_test_cookie=WP Cookie check" }),
    ] {
        let mut same = value.clone();
        redactor().value(&mut same, &mut Found::default());
        assert_eq!(same, value);
    }
}

#[test]
fn a_character_that_the_output_limit_cuts_hides_no_head_of_a_secret() {
    let value = "geheimnißvoll€4711漢字😀xyz";
    let redactor = Redactor::new(&[Secret::new("KEY", value).unwrap()]);
    for kept in 4..value.len() {
        let mut out = Vec::new();
        let mut stream = redactor.stream();
        stream.push(b"before ", &mut out);
        stream.push(&value.as_bytes()[..kept], &mut out);
        stream.cut(&mut out);
        assert_eq!(out, b"before ", "{kept}");
    }
}

#[test]
fn a_message_of_a_result_that_was_cut_has_no_head_of_a_secret_before_its_ellipsis() {
    let redactor = redactor();
    for kept in 4..VALUE.len() {
        let mut value = json!({ "message": format!("refused {}…", &VALUE[..kept]) });
        redactor.value(&mut value, &mut Found::default());
        // Fifteen characters are what a stack trace shows of it, and are known.
        let shown = value["message"].as_str().unwrap();
        assert!(
            ["refused …", "refused [REDACTED:configured-secret-value]…"].contains(&shown),
            "{kept}: {shown}"
        );
    }
    for text in ["Loading Zq8…", "refused…", "…"] {
        let mut value = json!(text);
        redactor.value(&mut value, &mut Found::default());
        assert_eq!(value, text);
    }
}
