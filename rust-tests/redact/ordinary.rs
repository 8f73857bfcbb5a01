//! Ordinary code stays as it is.

use std::path::PathBuf;
use wp_codebox::artifact::{Found, Redactor, Secret};

/// The WordPress of the runtime pack that `bin/test` built. Only its files are needed.
fn wordpress() -> PathBuf {
    let pack = std::env::var_os("WP_CODEBOX_RUNTIME_DIR");
    let pack = pack.map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/var/runtime").into(), PathBuf::from);
    pack.join("wordpress")
}

/// False positives allowed in a gigabyte of WordPress.
const PER_GIGABYTE: u64 = 200;

#[test]
fn wordpress_core_keeps_its_code() {
    let secrets: Vec<Secret> =
        ["xK9qLm2Vb7Rt4Zp1", "correct horse battery staple", "hunter22x", "wp_test_8fK2m"]
            .iter()
            .map(|value| Secret::new("NAME", *value).unwrap())
            .collect();
    let redactor = Redactor::new(&secrets);
    let (mut bytes, mut hits) = (0, Vec::new());
    for entry in walkdir::WalkDir::new(wordpress()).into_iter().flatten() {
        let code =
            entry.path().extension().is_some_and(|kind| kind == "php" || kind == "js" || kind == "css");
        if !code {
            continue;
        }
        let text = std::fs::read(entry.path()).unwrap();
        bytes += text.len() as u64;
        let clean = redactor.bytes(&text, &mut Found::default()).into_owned();
        let lines = text.split(|b| *b == b'\n').zip(clean.split(|b| *b == b'\n'));
        for (before, after) in lines.filter(|(before, after)| before != after) {
            let around = String::from_utf8_lossy(before);
            let at = before.iter().zip(after).position(|(a, b)| a != b).unwrap_or_default();
            let shown: String = around.chars().skip(at.saturating_sub(40)).take(140).collect();
            hits.push(format!("{}: {shown}", entry.path().display()));
        }
    }
    assert!(bytes > 10 << 20, "{bytes} bytes are no WordPress");
    println!("{} of {bytes} bytes: {hits:#?}", hits.len());
    assert!(hits.len() as u64 * (1 << 30) <= PER_GIGABYTE * bytes, "{hits:#?}");
}
