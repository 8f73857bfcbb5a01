//! What may be a secret, and what is shown of one.

use serde_json::json;
use wp_codebox::artifact::{Found, Redactor, Secret, SecretError};

#[test]
fn what_cannot_be_told_from_ordinary_text_is_refused() {
    for (value, why) in [
        ("", SecretError::TooShort),
        ("short7!", SecretError::TooShort),
        ("a.b-c+d e", SecretError::TooShort),
        ("        ", SecretError::TooShort),
        ("password", SecretError::Common),
        ("production", SecretError::Common),
        ("Administrator", SecretError::Common),
        ("my-password", SecretError::Common),
        ("12345678", SecretError::Common),
        ("2026-11-21", SecretError::Common),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", SecretError::Common),
        ("http://localhost", SecretError::Common),
        ("configured-secret-value", SecretError::Common),
        ("REDACTED:configured-secret", SecretError::Common),
    ] {
        assert_eq!(Secret::new("NAME", value).unwrap_err(), why, "{value:?}");
    }
    let long = "a1B2c3D4".repeat(4096);
    assert_eq!(Secret::new("NAME", long).unwrap_err(), SecretError::TooLong);
    for value in ["hunter22x", "correct horse battery staple", "4929384756102938", "käse-Brot-7812"] {
        assert!(Secret::new("NAME", value).is_ok(), "{value:?}");
    }
}

#[test]
fn a_refusal_does_not_tell_the_value() {
    for value in ["hunter2", "password", "localhost"] {
        let why = Secret::new("NAME", value).unwrap_err();
        assert!(!format!("{why} {why:?}").contains(value));
    }
}

#[test]
fn nothing_prints_a_value() {
    let secret = Secret::new("STRIPE_KEY", "hunter22-and-more").unwrap();
    let shown = format!("{secret:?} {:?}", Redactor::new(std::slice::from_ref(&secret)));
    assert!(shown.contains("STRIPE_KEY") && !shown.contains("hunter22"), "{shown}");
}

#[test]
fn names_of_secrets_stay() {
    let redactor = Redactor::new(&[Secret::new("STRIPE_SECRET_KEY", "hunter22-and-more").unwrap()]);
    let code = "<?php $key = getenv( 'STRIPE_SECRET_KEY' ); // STRIPE_SECRET_KEY";
    let mut found = Found::default();
    assert_eq!(redactor.text(code, &mut found), code);
    assert!(found.is_empty());
}

#[test]
fn json_stays_json_with_every_key_and_type() {
    let redactor = Redactor::new(&[
        Secret::new("A", "q\"uoted\\value\"7").unwrap(),
        Secret::new("B", "492938475610293847").unwrap(),
    ]);
    let mut value = json!({
        "plain": "the value is q\"uoted\\value\"7.",
        "nested": [{ "deep": serde_json::to_string("q\"uoted\\value\"7").unwrap() }],
        "number": 492938475610293847u64,
        "other": [1, 2.5, true, null],
        "xq\"uoted\\value\"7": 1,
        "yq\"uoted\\value\"7": 2,
    });
    let mut found = Found::default();
    redactor.value(&mut value, &mut found);
    let marker = "[REDACTED:configured-secret-value]";
    assert_eq!(
        value,
        json!({
            "plain": format!("the value is {marker}."),
            "nested": [{ "deep": format!("\"{marker}\"") }],
            "number": marker,
            "other": [1, 2.5, true, null],
            format!("x{marker}"): 1,
            format!("y{marker}"): 2,
        })
    );
}
