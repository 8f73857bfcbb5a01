//! A disposable WordPress: boots, runs commands, keeps to itself.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::php::{pack, patient};
use support::site::{run, value};
use wp_codebox::contract::Code;
use wp_codebox::sandbox::{Command, Core, Execution, HostMount, MountKind, Policy, Sandbox, Spec};

fn spec() -> Spec {
    support::site::spec(Policy::allowing(wp_codebox::sandbox::command_ids()))
}

fn workspace(root: &Path) -> HostMount {
    HostMount {
        source: root.to_owned(),
        target: "/workspace".to_owned(),
        kind: MountKind::Directory,
        writable: true,
        capture: true,
    }
}

#[test]
fn what_code_returns_is_the_result_and_one_is_no_exception() {
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    for (code, result) in [
        ("return 1;", json!(1)),
        ("return count([5]);", json!(1)),
        ("if (false) { return 2; } return [1][0];", json!(1)),
        ("return match (true) { default => 1 };", json!(1)),
        ("return 1; ?>\n", json!(1)),
        ("update_option('a', 'b');", json!(null)),
        ("$f = function () { return 1; }; $f();", json!(null)),
        ("if (false) return 1; $x = \"{$_SERVER['PHP_SELF']}\";", json!(null)),
        ("class Counter { function one() { return 1; } }", json!(null)),
        ("return;", json!(null)),
        ("return true;", json!(true)),
    ] {
        assert_eq!(value(&mut sandbox, code), result, "{code}");
    }
}

#[test]
fn wordpress_is_installed_and_loaded() {
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    let facts = value(
        &mut sandbox,
        "return [get_bloginfo('version'), wp_count_posts()->publish, get_current_user_id(), home_url(), PHP_VERSION];",
    );
    assert_eq!(facts, json!([pack().wordpress_version(), "1", 1, "http://localhost", pack().php_version()]));
}

#[test]
fn commands_share_files_and_database_but_no_state() {
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    value(&mut sandbox, "update_option('kept', 'yes'); $GLOBALS['lost'] = 1; return true;");
    assert_eq!(
        value(&mut sandbox, "return [get_option('kept'), isset($GLOBALS['lost'])];"),
        json!(["yes", false])
    );
}

#[test]
fn sandboxes_do_not_see_each_other() {
    let mut one = Sandbox::create(spec(), &patient()).unwrap();
    value(&mut one, "update_option('mine', 1); file_put_contents('/tmp/mine', 'x'); return true;");
    let mut two = Sandbox::create(spec(), &patient()).unwrap();
    assert_eq!(
        value(&mut two, "return [get_option('mine'), file_exists('/tmp/mine')];"),
        json!([false, false])
    );
    let salts = "return [AUTH_KEY, NONCE_SALT, wp_create_nonce('x')];";
    assert_ne!(value(&mut one, salts), value(&mut two, salts));
}

#[test]
fn wp_cli_runs_inside() {
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    let command = Command::WpCli { arguments: ["option", "get", "blogname"].map(str::to_owned).to_vec() };
    let execution = sandbox.execute(&command, &patient()).unwrap();
    assert_eq!(
        (execution.record.stdout.as_str(), execution.record.exit_code),
        ("WP Codebox\n", 0),
        "{}",
        execution.record.stderr
    );
    let wrong = Command::WpCli { arguments: vec!["no-such-command".to_owned()] };
    let execution = sandbox.execute(&wrong, &patient()).unwrap();
    assert_eq!(execution.outcome.unwrap_err().code, Code::RunFailed);
    assert!(execution.record.stderr.contains("no-such-command"), "{}", execution.record.stderr);
}

#[test]
fn every_way_to_fail_has_a_code_of_its_own() {
    let cases = [
        ("throw new RuntimeException('oops');", Code::RunFatal, "Uncaught RuntimeException: oops"),
        ("nope();", Code::RunFatal, "Call to undefined function nope()"),
        ("exit(3);", Code::RunExited, "exit"),
        ("wp_die('no');", Code::RunExited, "exit"),
        ("$a = []; while (true) { $a[] = str_repeat('x', 1 << 20); }", Code::RunMemoryExhausted, "memory"),
    ];
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    for (code, expected, text) in cases {
        let failure = run(&mut sandbox, code).outcome.unwrap_err();
        assert_eq!(failure.code, expected, "{code}: {}", failure.message);
        assert!(failure.message.contains(text), "{code}: {}", failure.message);
    }
    assert_eq!(value(&mut sandbox, "return 'still alive';"), "still alive");
    let stuck = php_impatient(&mut sandbox, "while (true) {}");
    assert_eq!(stuck.outcome.unwrap_err().code, Code::RunTimeout);
    assert!(sandbox.is_stopped());
}

fn php_impatient(sandbox: &mut Sandbox, code: &str) -> Execution {
    let code = format!("<?php {code}");
    // Long enough to load WordPress, so that the loop is what gets stopped.
    let watch =
        wp_codebox::engine::Watch::until(std::time::Instant::now() + std::time::Duration::from_secs(8));
    sandbox.execute(&Command::RunPhp { code, bootstrap: true }, &watch).unwrap()
}

#[test]
fn an_unknown_ability_names_the_known_ones() {
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    let command = Command::ability("no/such", Value::Null);
    let failure = sandbox.execute(&command, &patient()).unwrap().outcome.unwrap_err();
    assert_eq!(failure.code, Code::RunAbilityMissing);
    assert!(failure.data["details"]["registered"].as_array().is_some_and(|names| !names.is_empty()));
    let command = Command::ability("core/get-site-info", json!({}));
    let site = sandbox.execute(&command, &patient()).unwrap().outcome.unwrap();
    assert_eq!(site["name"], "WP Codebox");
}

#[test]
fn changes_beneath_a_mount_are_captured_and_the_host_is_untouched() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("kept.txt"), "kept").unwrap();
    std::fs::write(root.path().join("edited.txt"), "before\n").unwrap();
    let mut sandbox =
        Sandbox::create(Spec { mounts: vec![workspace(root.path())], ..spec() }, &patient()).unwrap();
    value(
        &mut sandbox,
        "file_put_contents('/workspace/edited.txt', \"after\\n\"); mkdir('/workspace/new'); \
         file_put_contents('/workspace/new/file.txt', 'fresh'); return file_get_contents('/workspace/kept.txt');",
    );
    let sets = sandbox.changes().unwrap();
    let paths: Vec<String> =
        sets[0].changes.iter().map(|change| String::from_utf8_lossy(&change.path).into_owned()).collect();
    assert_eq!(paths, ["edited.txt", "new", "new/file.txt"]);
    assert_eq!(std::fs::read_to_string(root.path().join("edited.txt")).unwrap(), "before\n");
    assert!(!root.path().join("new").exists());
}

#[test]
fn the_core_is_read_only_and_the_parent_s_secrets_are_not_there() {
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    assert_eq!(
        value(
            &mut sandbox,
            "return [@file_put_contents('/wordpress/wp-load.php', ''), @unlink('/wordpress/wp-includes/version.php')];"
        ),
        json!([false, false])
    );
    // A parent's own directory as core: only core files are inside.
    let parent = tempfile::tempdir().unwrap();
    for name in
        ["wp-admin", "wp-includes", "wp-load.php", "wp-settings.php", "wp-blog-header.php", "index.php"]
    {
        std::os::unix::fs::symlink(pack().wordpress().join(name), parent.path().join(name)).unwrap();
    }
    std::fs::write(parent.path().join("wp-config.php"), "<?php // the parent's secret").unwrap();
    std::fs::write(parent.path().join(".env"), "SECRET=1").unwrap();
    let mut sandbox =
        Sandbox::create(Spec { core: Core::Directory(parent.path().to_owned()), ..spec() }, &patient())
            .unwrap();
    assert_eq!(
        value(
            &mut sandbox,
            "return [get_bloginfo('version'), file_exists('/wordpress/.env'), strpos(file_get_contents('/wordpress/wp-config.php'), 'secret')];"
        ),
        json!([pack().wordpress_version(), false, false])
    );
}

#[test]
fn a_damaged_base_image_is_made_again() {
    let cache = tempfile::tempdir().unwrap();
    let spec = Spec { cache_dir: cache.path().to_owned(), ..spec() };
    let base = || {
        std::fs::read_dir(cache.path().join("base"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|extension| extension == "sqlite"))
            .unwrap()
    };
    Sandbox::create(spec.clone(), &patient()).unwrap();
    let mut bytes = std::fs::read(base()).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(base(), bytes).unwrap();
    let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
    assert_eq!(value(&mut sandbox, "return get_option('blogname');"), "WP Codebox");
}

#[test]
fn a_fatal_error_names_file_and_line_and_its_trace_if_there_is_one() {
    // Code, the message, the line, and what the trace names.
    let cases = [
        ("function f() {\nthrow new RuntimeException('oops'); }\nf();", "oops", 2, Some("f()")),
        ("\n\nnope();", "undefined function nope()", 3, Some("{main}")),
        ("\n$a = ;", "unexpected token \";\"", 2, Some("#0")),
        ("function g() {}\nfunction g() {}", "Cannot redeclare g()", 2, None),
        ("function h() {\ntrigger_error('dead', E_USER_ERROR); }\nh();", "dead", 2, Some("h()")),
        (
            "\nregister_shutdown_function(function () {\nthrow new LogicException('late'); });",
            "Uncaught LogicException: late",
            3,
            Some("{closure}"),
        ),
        ("\nregister_shutdown_function(fn() =>\nnope());", "undefined function nope()", 3, Some("{main}")),
        (
            "class Late { function __destruct() {\nthrow new LogicException('later'); } }\n$GLOBALS['late'] = new Late;",
            "later",
            2,
            Some("__destruct"),
        ),
    ];
    let mut sandbox = Sandbox::create(spec(), &patient()).unwrap();
    for bootstrap in [true, false] {
        for (code, message, line, trace) in cases {
            let command = Command::RunPhp { code: format!("<?php {code}"), bootstrap };
            let execution = sandbox.execute(&command, &patient()).unwrap();
            let failure =
                execution.outcome.clone().err().unwrap_or_else(|| panic!("{code}: {:?}", execution.record));
            assert_eq!(failure.code, Code::RunFatal, "{code}: {}", failure.message);
            assert!(failure.message.contains(message), "{code}: {}", failure.message);
            let details = &failure.data["details"];
            assert!(
                details["file"].as_str().is_some_and(|file| file.ends_with("/code.php")),
                "{code}: {details}"
            );
            assert_eq!(details["line"], line, "{code}: {details}");
            if let Some(name) = trace {
                assert!(
                    details["trace"].as_str().is_some_and(|text| text.contains(name)),
                    "{code}: {details}"
                );
            }
            assert_ne!(execution.record.exit_code, 0, "{code}");
        }
    }
    let failure = run(&mut sandbox, "\n$a = [];\nwhile (true) { $a[] = str_repeat('x', 1 << 20); }")
        .outcome
        .unwrap_err();
    assert_eq!(
        (failure.code, &failure.data["details"]["line"]),
        (Code::RunMemoryExhausted, &json!(3)),
        "{failure:?}"
    );
    // Words in the log alone are no fatal error, and neither is a status.
    assert_eq!(
        value(&mut sandbox, "error_log('PHP Fatal error:  none in /a.php on line 1'); return 'fine';"),
        "fine"
    );
    assert_eq!(value(&mut sandbox, "register_shutdown_function(fn() => exit(255)); return 2;"), 2);
}
