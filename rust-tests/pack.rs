//! Runtime packs: built, opened, checked and refused.

use wp_codebox::engine::config;

#[test]
fn the_fingerprint_follows_the_code_and_the_version_is_the_one_in_the_lock_file() {
    assert_eq!(config::fingerprint().len(), 64);
    let lock = include_str!("../Cargo.lock");
    assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{}\"\n", config::WASMTIME)));
}
