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
