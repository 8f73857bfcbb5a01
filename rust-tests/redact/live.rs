//! Output that is shown while it is made.

use wp_codebox::artifact::{Redactor, Secret};

const VALUE: &str = "tR7'kq/<9&+ZpX\"w\\n2 mVb?%41";
const MARKER: &str = "[REDACTED:configured-secret-value]";

fn redactor() -> Redactor {
    Redactor::new(&[Secret::new("NAME", VALUE).unwrap()])
}

/// What is shown after each part, and at the end.
fn shown(redactor: &Redactor, parts: &[&[u8]], all: bool) -> Vec<String> {
    let mut stream = redactor.stream().with_block(1024);
    let mut steps = Vec::new();
    for part in parts {
        let mut out = Vec::new();
        stream.push(part, &mut out);
        stream.settle(all, &mut out);
        steps.push(String::from_utf8(out).unwrap());
    }
    let mut rest = Vec::new();
    stream.finish(&mut rest);
    steps.push(String::from_utf8(rest).unwrap());
    steps
}

#[test]
fn a_whole_line_is_shown_at_once_and_the_rest_of_it_when_it_comes() {
    assert_eq!(shown(&redactor(), &[b"one\ntw", b"o\n", b"three"], false), ["one\n", "two\n", "", "three"]);
}

#[test]
fn an_incomplete_line_is_shown_when_nothing_more_comes() {
    // What could be the beginning of a value waits, whatever comes.
    assert_eq!(shown(&redactor(), &[b"10;", b"20;", b"t"], true), ["10;", "20;", "", "t"]);
}

#[test]
fn a_value_cut_anywhere_with_any_pause_is_not_shown() {
    let redactor = redactor();
    let text = format!("before\n{VALUE} after\n");
    for first in 0..text.len() {
        for second in first..text.len() {
            let parts =
                [&text.as_bytes()[..first], &text.as_bytes()[first..second], &text.as_bytes()[second..]];
            for all in [false, true] {
                let steps = shown(&redactor, &parts, all);
                assert_eq!(
                    steps.concat(),
                    format!("before\n{MARKER} after\n"),
                    "{first} {second} {all}: {steps:?}"
                );
            }
        }
    }
}

#[test]
fn a_value_that_comes_byte_by_byte_or_wrapped_is_not_shown() {
    let redactor = redactor();
    let bytes = VALUE.as_bytes();
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(shown(&redactor, &single, true).concat(), MARKER);
    let wrapped: Vec<Vec<u8>> = bytes.chunks(5).map(|part| [part, b"\n".as_slice()].concat()).collect();
    let wrapped: Vec<&[u8]> = wrapped.iter().map(Vec::as_slice).collect();
    let out = shown(&redactor, &wrapped, true).concat();
    assert!(bytes.chunks(5).all(|part| !out.contains(std::str::from_utf8(part).unwrap())), "{out}");
}

#[test]
fn a_private_key_that_comes_line_by_line_is_not_shown() {
    let body: Vec<String> = (0..12)
        .map(|line| format!("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJ{line:02}xYz\n"))
        .collect();
    let mut parts = vec!["ready\n-----BEGIN PRIVATE KEY-----\n".to_owned()];
    parts.extend(body.iter().cloned());
    parts.push("-----END PRIVATE KEY-----\ndone\n".to_owned());
    let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    let steps = shown(&Redactor::default(), &parts, true);
    assert_eq!(steps[0], "ready\n");
    let out = steps.concat();
    assert!(out.ends_with("done\n") && body.iter().all(|line| !out.contains(line.trim())), "{out}");
}

#[test]
fn a_flood_without_an_end_of_line_does_not_wait_for_ever() {
    let redactor = redactor();
    let mut stream = redactor.stream().with_block(1024);
    let mut out = Vec::new();
    for _ in 0..100 {
        stream.push(&[b'x'; 1000], &mut out);
        stream.settle(false, &mut out);
    }
    assert!(out.len() > 60_000, "{}", out.len());
}
