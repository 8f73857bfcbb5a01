//! The redactor against a slow, obvious one.
//!
//! `WP_CODEBOX_REDACT_CASES` is the number of cases, 2,000 if it is not set.

use super::encodings::ALL;
use super::slow::{cut_in_pieces, in_pieces, leaks, shows_part};
use proptest::prelude::*;
use proptest::test_runner::Config;
use wp_codebox::artifact::{Found, Redactor, Secret, Tally, clean_commands};
use wp_codebox::contract::{CommandRecord, OutputCut};

fn cases() -> u32 {
    std::env::var("WP_CODEBOX_REDACT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2000)
}

fn secret() -> impl Strategy<Value = String> {
    let token = "[A-Za-z0-9_/+=-]{14,60}";
    let password = "[ -~]{12,40}";
    let international = "[a-zA-Z0-9äöüß€漢😀 ]{12,24}";
    let lines = "[A-Za-z0-9/+]{30,70}(\n[A-Za-z0-9/+]{30,70}){0,3}";
    prop_oneof![4 => token, 3 => password, 1 => international, 1 => lines]
        .prop_filter("can be a secret", |value| Secret::new("S", value.clone()).is_ok())
}

/// Text that is none: no group of characters in it is part of a random secret.
fn filler() -> impl Strategy<Value = String> {
    "[ \n\ta-e(){};$<>/*]{0,60}"
}

/// Text with secrets in it, in any encoding.
fn document(secrets: usize) -> impl Strategy<Value = Vec<(String, usize, usize)>> {
    prop::collection::vec((filler(), 0..secrets, 0..ALL.len()), 1..6)
}

fn write(parts: &[(String, usize, usize)], secrets: &[String]) -> Vec<u8> {
    let mut text = String::new();
    for (filler, which, encoding) in parts {
        text.push_str(filler);
        text.push('|');
        text.push_str(&ALL[*encoding].1(&secrets[*which]));
        text.push('|');
    }
    text.into_bytes()
}

fn redactor(secrets: &[String]) -> Redactor {
    let secrets: Vec<Secret> = secrets.iter().map(|value| Secret::new("S", value.clone()).unwrap()).collect();
    Redactor::new(&secrets)
}

proptest! {
    #![proptest_config(Config { cases: cases(), failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_secret_is_left_in_any_encoding(
        secrets in prop::collection::vec(secret(), 1..4),
        parts in document(4),
    ) {
        let parts: Vec<_> = parts.into_iter().map(|(text, which, how)| (text, which % secrets.len(), how)).collect();
        let text = write(&parts, &secrets);
        let redactor = redactor(&secrets);
        let mut found = Found::default();
        let clean = redactor.bytes(&text, &mut found);
        prop_assert!(!found.is_empty());
        for secret in &secrets {
            for line in secret.lines() {
                prop_assert_eq!(leaks(&clean, line), None, "{}", String::from_utf8_lossy(&clean));
            }
        }
    }

    #[test]
    fn lines_and_what_stands_between_secrets_stay(
        secrets in prop::collection::vec(secret(), 1..3),
        parts in document(3),
    ) {
        let parts: Vec<_> = parts.into_iter().map(|(text, which, how)| (text, which % secrets.len(), how)).collect();
        let text = write(&parts, &secrets);
        let clean = redactor(&secrets).bytes(&text, &mut Found::default()).into_owned();
        let ends = |text: &[u8]| text.iter().filter(|b| **b == b'\n').count();
        prop_assert_eq!(ends(&text), ends(&clean));
        prop_assert!(std::str::from_utf8(&clean).is_ok());
        let shown = String::from_utf8(clean).unwrap();
        let mut at = 0;
        for (filler, ..) in &parts {
            let part = filler.trim();
            let found = shown[at..].find(part);
            prop_assert!(found.is_some(), "{part:?} in {shown:?}");
            at += found.unwrap_or_default() + part.len();
        }
    }

    #[test]
    fn a_cut_anywhere_leaves_no_part_of_a_secret(
        // White space around a value is none of it.
        secrets in prop::collection::vec(secret().prop_filter("trimmed", |one| one.trim() == one), 1..4),
        parts in document(4),
        lengths in prop::collection::vec(1usize..200, 1..8),
        block in 1usize..300,
        at in 0.0..1.0,
    ) {
        let parts: Vec<_> = parts.into_iter().map(|(text, which, how)| (text, which % secrets.len(), how)).collect();
        let text = String::from_utf8(write(&parts, &secrets)).unwrap();
        let cut = text.floor_char_boundary((text.len() as f64 * at) as usize);
        let redactor = redactor(&secrets);
        let mut records = [CommandRecord {
            stdout: format!("{}\n[9 bytes more were dropped]\n", &text[..cut]),
            cut: OutputCut { stdout: Some(cut), stderr: None },
            ..CommandRecord::default()
        }];
        clean_commands(&mut records, &redactor, &mut Tally::default());
        prop_assert!(records[0].stdout.ends_with("\n[9 bytes more were dropped]\n"));
        let live = cut_in_pieces(&redactor, &text.as_bytes()[..cut], &lengths, block);
        for line in secrets.iter().flat_map(|secret| secret.lines()) {
            for shown in [records[0].stdout.as_bytes(), &live] {
                prop_assert_eq!(shows_part(shown, line, 8), None, "{}", String::from_utf8_lossy(shown));
            }
        }
    }

    #[test]
    fn chunk_splits_change_nothing(
        secrets in prop::collection::vec(secret(), 1..4),
        parts in document(4),
        lengths in prop::collection::vec(1usize..200, 1..8),
        block in 1usize..300,
    ) {
        let parts: Vec<_> = parts.into_iter().map(|(text, which, how)| (text, which % secrets.len(), how)).collect();
        let text = write(&parts, &secrets);
        let redactor = redactor(&secrets);
        let mut found = Found::default();
        let whole = redactor.bytes(&text, &mut found).into_owned();
        // The stream waits for what a secret may need, so seams need more text than that.
        let long = [text.as_slice(), &b"x;\n".repeat(8000), &text].concat();
        let mut twice = Found::default();
        let whole_long = redactor.bytes(&long, &mut twice).into_owned();
        prop_assert_eq!(&in_pieces(&redactor, &text, &lengths, block), &(whole, found));
        prop_assert_eq!(&in_pieces(&redactor, &long, &lengths, block), &(whole_long, twice));
    }
}
