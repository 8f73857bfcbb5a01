//! The database that sandboxes begin with: one run's code and settings have no part in another's.

mod support;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use support::php::{pack, patient};
use support::site::value;
use wp_codebox::recipe::wordpress_version;
use wp_codebox::sandbox::{Core, Ini, Policy, Sandbox, Spec, command_ids};

fn spec(cache: &Path) -> Spec {
    Spec { cache_dir: cache.to_owned(), ..support::site::spec(Policy::allowing(command_ids())) }
}

fn option_of(spec: Spec) -> serde_json::Value {
    let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
    value(&mut sandbox, "return [get_option('poison'), count(get_users())];")
}

/// What adds an option when WordPress is installed.
const POISON: &str = r#"$GLOBALS["wp_filter"]["wp_install"][10]["p"] = array("function" => function () {
    update_option("poison", "found"); wp_create_user("backdoor", "x"); }, "accepted_args" => 1);"#;

#[test]
fn settings_of_php_that_one_recipe_brings_do_not_install_for_others() {
    let cache = tempfile::tempdir().unwrap();
    let code = BASE64_STANDARD.encode(format!("<?php define('FOO', 1); {POISON}"));
    let prepend = format!("data://text/plain;base64,{code}");
    let started =
        [("allow_url_include".to_owned(), "1".to_owned()), ("auto_prepend_file".to_owned(), prepend)];
    let poisoned = Spec { ini: Ini { started: started.into(), ..Ini::default() }, ..spec(cache.path()) };
    let mut sandbox = Sandbox::create(poisoned, &patient()).unwrap();
    assert_eq!(value(&mut sandbox, "return FOO;"), 1);
    assert_eq!(option_of(spec(cache.path())), json!([false, 1]));
}

#[test]
fn a_core_that_one_recipe_brings_does_not_install_for_others() {
    let cache = tempfile::tempdir().unwrap();
    let core = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(pack().wordpress()).unwrap() {
        let entry = entry.unwrap();
        symlink(entry.path(), core.path().join(entry.file_name())).unwrap();
    }
    let settings = core.path().join("wp-settings.php");
    let text = fs::read_to_string(&settings).unwrap();
    fs::remove_file(&settings).unwrap();
    fs::write(&settings, text.replacen("<?php", &format!("<?php {POISON}"), 1)).unwrap();
    // What changed just now is like nothing else.
    std::thread::sleep(Duration::from_millis(100));

    let with_core = Spec { core: Core::Directory(core.path().canonicalize().unwrap()), ..spec(cache.path()) };
    assert_eq!(option_of(with_core), json!(["found", 2]));
    assert_eq!(option_of(spec(cache.path())), json!([false, 1]));
}

#[test]
fn a_callers_core_has_no_link_to_what_lies_elsewhere() {
    let cache = tempfile::tempdir().unwrap();
    let core = tempfile::tempdir().unwrap();
    let core = core.path().canonicalize().unwrap();
    for entry in fs::read_dir(pack().wordpress()).unwrap() {
        let entry = entry.unwrap();
        symlink(entry.path(), core.join(entry.file_name())).unwrap();
    }
    let refused = |core: Core| {
        Sandbox::create(Spec { core, ..spec(cache.path()) }, &patient()).err().map(|why| why.to_string())
    };
    let why = refused(Core::Confined(core.clone())).unwrap();
    assert!(why.contains("is a link that leads out of it"), "{why}");
    assert_eq!(refused(Core::Directory(core)), None);
}

#[test]
fn a_named_pipe_in_place_of_a_version_holds_nobody() {
    let cache = tempfile::tempdir().unwrap();
    let core = tempfile::tempdir().unwrap();
    let includes = core.path().join("wp-includes");
    fs::create_dir(&includes).unwrap();
    let made = std::process::Command::new("mkfifo").arg(includes.join("version.php")).status().unwrap();
    assert!(made.success());
    let core = Core::Confined(core.path().canonicalize().unwrap());
    assert_eq!(wordpress_version(&Spec { core, ..spec(cache.path()) }), "unknown");
}
