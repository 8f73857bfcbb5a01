//! `Pack::open`: what it gives, and whom it sends away with which command.

use crate::support::{edit, make};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::tempdir;
use wp_codebox::contract::{Code, Refusal};
use wp_codebox::engine::config;
use wp_codebox::engine::pack::{Manifest, Pack, PackError, PackPath, build_command};

#[test]
fn gives_every_part() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    let made = make(&out, "recipe");
    let pack = Pack::open(&out).unwrap();

    assert_eq!(pack.manifest(), &made);
    assert_eq!(pack.dir(), out.canonicalize().unwrap());
    assert_eq!((pack.php_version(), pack.wordpress_version()), ("8.3.33", "7.1.1"));
    assert!(pack.wordpress().join("wp-load.php").is_file());
    assert!(pack.sqlite_integration().join("load.php").is_file());
    assert!(pack.wp_cli().ends_with("wp-cli/wp-cli.phar") && pack.wp_cli().is_file());
    assert!(pack.php_module().ends_with("php/php-8.3.cwasm"));
    assert_eq!(fs::read(pack.php_memory()).unwrap(), b"\0\0\0\0firssecond");
    pack.verify().unwrap();
}

#[test]
fn the_engine_that_the_extension_has_loads_the_module() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    let pack = Pack::open(&out).unwrap();
    let engine = wasmtime::Engine::new(&config::base()).unwrap();
    // SAFETY: the file was written a moment ago by the same wasmtime's compiler.
    let module = unsafe { wasmtime::Module::deserialize_file(&engine, pack.php_module()) }.unwrap();
    assert!(module.get_export("wasm_sapi_request_shutdown").is_some());
}

#[test]
fn the_same_sources_give_the_same_pack() {
    let temp = tempdir().unwrap();
    let [one, two, other] = ["one", "two", "other"].map(|name| temp.path().join(name));
    make(&one, "recipe");
    make(&two, "recipe");
    make(&other, "another recipe");
    let id = |dir: &Path| Pack::open(dir).unwrap().id().to_owned();
    assert_eq!(id(&one), id(&two));
    assert_ne!(id(&one), id(&other));
    assert_eq!(id(&one).len(), 64);
}

#[test]
fn the_recorded_wasmtime_is_the_one_in_the_lock_file() {
    let lock = include_str!("../../Cargo.lock");
    assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{}\"\n", config::WASMTIME)));
}

#[test]
fn nothing_there_is_answered_with_the_command_that_builds_it() {
    let temp = tempdir().unwrap();
    let file = temp.path().join("file");
    fs::write(&file, "").unwrap();
    for dir in [temp.path().join("absent"), temp.path().to_owned(), file] {
        let refusal = Refusal::from(Pack::open(&dir).unwrap_err());
        assert_eq!(refusal.code, Code::RuntimeMissing);
        assert!(refusal.message.contains(dir.to_str().unwrap()), "{}", refusal.message);
        let command = format!("wp-codebox-runtime build --out {}", dir.display());
        assert!(refusal.message.ends_with(&command), "{}", refusal.message);
        assert_eq!(refusal.facts["command"], command);
    }
}

#[test]
fn the_command_survives_a_shell() {
    assert!(build_command(Path::new("/a b/it's")).ends_with(r"--out '/a b/it'\''s'"));
    assert!(build_command(Path::new("-x")).ends_with("--out '-x'"));
}

/// Opens a pack after `change` to its manifest.
fn opened_after(change: impl FnOnce(&mut Value)) -> Refusal {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    edit(&out, change);
    Refusal::from(Pack::open(&out).unwrap_err())
}

fn says(refusal: &Refusal, code: Code, words: &[&str]) {
    assert_eq!(refusal.code, code, "{}", refusal.message);
    for word in words {
        assert!(refusal.message.contains(word), "{word} in {}", refusal.message);
    }
    assert!(refusal.message.contains("rebuild it with: wp-codebox-runtime build"));
}

#[test]
fn another_processor_is_refused() {
    let refusal = opened_after(|m| m["target"]["arch"] = json!("riscv64"));
    says(&refusal, Code::RuntimeIncompatible, &["riscv64", std::env::consts::ARCH]);
    let refusal = opened_after(|m| m["target"]["os"] = json!("windows"));
    says(&refusal, Code::RuntimeIncompatible, &["windows"]);
}

#[test]
fn another_wasmtime_is_refused() {
    let refusal = opened_after(|m| m["engine"]["wasmtime"] = json!("47.0.0"));
    says(&refusal, Code::RuntimeIncompatible, &["47.0.0", config::WASMTIME]);
}

#[test]
fn other_engine_settings_are_refused() {
    let refusal = opened_after(|m| m["engine"]["configuration"] = json!("0".repeat(64)));
    says(&refusal, Code::RuntimeIncompatible, &["engine settings"]);
}

#[test]
fn another_schema_is_refused_before_its_fields_are_read() {
    let refusal = opened_after(|m| *m = json!({"schema": "wp-codebox/runtime-pack/v2", "x": 1}));
    says(&refusal, Code::RuntimeIncompatible, &["runtime-pack/v2"]);
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    let refusal = opened_after(|m| m["surprise"] = json!(1));
    says(&refusal, Code::RuntimeInvalid, &["surprise"]);
    let refusal = opened_after(|m| m["parts"][0]["source"]["mirror"] = json!("x"));
    says(&refusal, Code::RuntimeInvalid, &["parts[0].source", "mirror"]);
}

#[test]
fn a_manifest_cannot_name_files_elsewhere() {
    for path in ["/etc/passwd", "../x", "php/../../x", "php//x", "php/./x", "a\\b", "a\0b", "", "a/"] {
        assert!(PackPath::new(path).is_err(), "{path:?}");
        let refusal = opened_after(|m| m["php"][0]["module"] = json!(path));
        says(&refusal, Code::RuntimeInvalid, &["php[0].module"]);
    }
    assert!(PackPath::new("a".repeat(2000)).is_err());
}

#[test]
fn a_manifest_without_a_needed_part_is_refused() {
    for (what, word) in [("wordpress", "\"wordpress\""), ("wp-cli", "\"wp-cli\"")] {
        let refusal = opened_after(|m| {
            m["parts"].as_array_mut().unwrap().retain(|part| part["name"] != what);
        });
        says(&refusal, Code::RuntimeInvalid, &[word]);
    }
    let refusal = opened_after(|m| m["php"] = json!([]));
    says(&refusal, Code::RuntimeInvalid, &["no PHP"]);
    let refusal = opened_after(|m| m["php"][0]["module"] = json!("php/other.cwasm"));
    says(&refusal, Code::RuntimeInvalid, &["php/other.cwasm"]);
    let refusal = opened_after(|m| {
        let part = m["parts"][0].clone();
        m["parts"].as_array_mut().unwrap().push(part);
    });
    says(&refusal, Code::RuntimeInvalid, &["two parts"]);
}

#[test]
fn a_manifest_that_was_edited_by_hand_is_refused() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    let path = out.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("GPL-2.0-or-later", "GPL-3.0-or-later")).unwrap();
    says(&Pack::open(&out).unwrap_err().into(), Code::RuntimeInvalid, &["manifest.sha256"]);
    fs::write(&path, text + "{}").unwrap();
    says(&Pack::open(&out).unwrap_err().into(), Code::RuntimeInvalid, &["manifest.sha256"]);
    fs::remove_file(out.join("manifest.sha256")).unwrap();
    says(&Pack::open(&out).unwrap_err().into(), Code::RuntimeInvalid, &["manifest.sha256"]);
}

#[test]
fn a_part_that_is_gone_or_cut_short_or_a_link_is_refused() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    let refused = |word: &str| {
        let refusal: Refusal = Pack::open(&out).unwrap_err().into();
        says(&refusal, Code::RuntimeInvalid, &["php/php-8.3.memory", word]);
    };
    make(&out, "recipe");
    let memory = out.join("php/php-8.3.memory");
    fs::write(&memory, "short").unwrap();
    refused("has 5 bytes instead of 14");
    fs::remove_file(&memory).unwrap();
    refused("is missing");
    symlink("/dev/null", &memory).unwrap();
    refused("is not a regular file");

    make(&out, "recipe");
    fs::remove_dir_all(out.join("wordpress")).unwrap();
    let error = Pack::open(&out).unwrap_err();
    assert!(matches!(&error, PackError::Part { path, .. } if path == "wordpress"), "{error}");
}

#[test]
fn a_pack_for_another_machine_can_still_be_read() {
    let temp = tempdir().unwrap();
    let out = temp.path().join("pack");
    make(&out, "recipe");
    edit(&out, |m| m["target"]["arch"] = json!("riscv64"));
    let manifest = Manifest::read(&out).unwrap();
    assert_eq!(manifest.target.arch, "riscv64");
    manifest.verify(&out).unwrap();
}
