//! How fast bytes pass through the redactor, and what it takes for a secret in ordinary code.
//!
//! `cargo bench --no-default-features --features compiler --bench redaction [-- DIRECTORY]`
//!
//! DIRECTORY is what is redacted: the runtime pack's WordPress if left out. Prints one JSON object.

use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use wp_codebox::artifact::{Redactor, Secret};

const SECRETS: usize = 50;
const BYTES: usize = 256 << 20;
const CHUNK: usize = 64 << 10;

fn main() {
    let directory = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let directory = directory.map_or_else(pack_wordpress, PathBuf::from);
    let corpus = corpus(&directory);
    assert!(!corpus.is_empty(), "{} holds no file", directory.display());
    let secrets: Vec<Secret> = (0..SECRETS).map(secret).collect();
    let rows = [("50 secrets", Redactor::new(&secrets)), ("no secret", Redactor::default())].map(
        |(name, redactor)| {
            let best = (0..3).map(|_| megabytes_per_second(&redactor, &corpus)).fold(0.0, f64::max);
            json!({ "name": name, "megabytesPerSecond": best.round() })
        },
    );
    let begun = Instant::now();
    let built = Redactor::new(&secrets);
    let build = begun.elapsed().as_secs_f64() * 1e3;
    drop(built);
    println!(
        "{}",
        json!({ "benchmark": "redaction", "corpusBytes": corpus.len(), "buildMilliseconds": build, "rows": rows })
    );
}

fn pack_wordpress() -> PathBuf {
    let pack = std::env::var_os("WP_CODEBOX_RUNTIME_DIR").map_or_else(|| "var/runtime".into(), PathBuf::from);
    pack.join("wordpress")
}

/// Files of the kinds that people edit, one after the other.
fn corpus(directory: &Path) -> Vec<u8> {
    let mut corpus = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name().into_iter().flatten() {
        let text = entry.path().extension().is_some_and(|kind| {
            ["php", "js", "css", "json", "txt", "html"].iter().any(|known| kind == *known)
        });
        if text && corpus.len() < 64 << 20 {
            corpus.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
    }
    corpus
}

/// A token of 24 to 40 characters, the same in every run.
fn secret(index: usize) -> Secret {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789+/_-";
    let mut state = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(index as u64 + 1);
    let value: String = (0..24 + index % 17)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(ALPHABET[(state >> 33) as usize % ALPHABET.len()])
        })
        .collect();
    Secret::new(format!("SECRET_{index}"), value).expect("long and random")
}

fn megabytes_per_second(redactor: &Redactor, corpus: &[u8]) -> f64 {
    let mut stream = redactor.stream();
    let mut out = Vec::with_capacity(CHUNK * 8);
    let begun = Instant::now();
    let mut passed = 0;
    for chunk in corpus.chunks(CHUNK).cycle() {
        stream.push(chunk, &mut out);
        out.clear();
        passed += chunk.len();
        if passed >= BYTES {
            break;
        }
    }
    stream.finish(&mut out);
    passed as f64 / 1e6 / begun.elapsed().as_secs_f64()
}
