//! `Pack::verify`: every byte, every name.

use crate::support::{edit, make};
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::tempdir;
use walkdir::WalkDir;
use wp_codebox::contract::{Code, Refusal, digest_hex};
use wp_codebox::engine::pack::{Difference, Pack, PackError};

fn differences(dir: &Path) -> Vec<Difference> {
    match Pack::open(dir).unwrap().verify() {
        Ok(()) => Vec::new(),
        Err(PackError::Damaged { differences, .. }) => differences,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_changed_byte_in_any_file_is_found() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    let mut files = 0;
    for entry in WalkDir::new(&out).into_iter().map(Result::unwrap) {
        if !entry.file_type().is_file() {
            continue;
        }
        let original = fs::read(entry.path()).unwrap();
        for at in [0, original.len() / 2, original.len() - 1] {
            let mut bytes = original.clone();
            bytes[at] ^= 1;
            fs::write(entry.path(), bytes).unwrap();
            let name = entry.path().strip_prefix(&out).unwrap().to_str().unwrap().to_owned();
            match Pack::open(&out).map(|pack| pack.verify()) {
                // The manifest's own digest is looked at when it is opened.
                Err(error) => assert!(name.starts_with("manifest."), "{name}: {error}"),
                Ok(result) => match result.unwrap_err() {
                    PackError::Damaged { differences, .. } => {
                        assert_eq!(differences, [Difference::Changed(name)]);
                    }
                    error => panic!("{error}"),
                },
            }
        }
        fs::write(entry.path(), original).unwrap();
        files += 1;
    }
    assert_eq!(files, 10);
    assert_eq!(differences(&out), []);
}

#[test]
fn missing_changed_and_surplus_files_are_all_named() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    fs::remove_file(out.join("wordpress/wp-load.php")).unwrap();
    fs::write(out.join("sqlite-database-integration/load.php"), "<?php // other\n").unwrap();
    fs::write(out.join("wordpress/wp-content.php"), "").unwrap();
    fs::create_dir(out.join("extra")).unwrap();
    symlink("/etc", out.join("extra/link")).unwrap();
    fs::write(out.join("extra/\u{1b}[2J"), "").unwrap();
    let found = differences(&out);
    assert_eq!(
        found.iter().map(Difference::to_string).collect::<Vec<_>>(),
        [
            "surplus: extra/\\u{1b}[2J",
            "surplus: extra/link",
            "changed: sqlite-database-integration/load.php",
            "surplus: wordpress/wp-content.php",
            "missing: wordpress/wp-load.php",
        ]
    );
    let refusal = Refusal::from(Pack::open(&out).unwrap().verify().unwrap_err());
    assert_eq!(refusal.code, Code::RuntimeInvalid);
    assert!(refusal.message.contains("missing: wordpress/wp-load.php"), "{}", refusal.message);
    assert!(refusal.message.contains("wp-codebox-runtime build --force --out"));
}

#[test]
fn a_link_to_the_same_bytes_is_a_change() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    let (file, elsewhere) = (out.join("wordpress/wp-load.php"), temp.path().join("elsewhere"));
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert_eq!(differences(&out), [Difference::Changed("wordpress/wp-load.php".to_owned())]);
}

#[test]
fn a_damaged_inventory_is_named_instead_of_its_files() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    let inventory = out.join("inventory/wordpress.json");
    let text = fs::read_to_string(&inventory).unwrap();
    fs::write(&inventory, text.replace("wp-load", "wp-lead")).unwrap();
    assert_eq!(differences(&out), [Difference::Changed("inventory/wordpress.json".to_owned())]);
}

/// Replaces the inventory of WordPress and records its new digest.
fn verified_with_inventory(change: impl FnOnce(&mut serde_json::Value)) -> PackError {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    let path = out.join("inventory/wordpress.json");
    let mut inventory = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut inventory);
    let bytes = serde_json::to_vec(&inventory).unwrap();
    fs::write(&path, &bytes).unwrap();
    edit(&out, |m| {
        let recorded = &mut m["parts"][0]["tree"]["inventory"];
        recorded["size"] = json!(bytes.len());
        recorded["sha256"] = json!(digest_hex([bytes.as_slice()]));
    });
    Pack::open(&out).unwrap().verify().unwrap_err()
}

#[test]
fn an_inventory_that_says_something_else_is_refused() {
    type Change = fn(&mut serde_json::Value);
    let cases: [(Change, &str); 4] = [
        (|i| i["files"][0]["path"] = json!("php/php-8.3.cwasm"), "lies outside wordpress"),
        (|i| i["files"][0]["mode"] = json!(511), "mode"),
        (|i| i["files"] = json!([]), "sums"),
        (|i| i["schema"] = json!("x"), "schema"),
    ];
    for (change, word) in cases {
        let error = verified_with_inventory(change);
        assert!(matches!(error, PackError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}
