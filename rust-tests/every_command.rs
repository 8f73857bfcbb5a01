//! Every row of the command table, carried out for real and refused by the policy.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::command::{arguments, mount, phpunit, write};
use support::php::patient;
use wp_codebox::sandbox::{Command, Policy, Sandbox, SandboxError, Spec, command_ids};

/// Arguments with which each command can be carried out. What can leave a mark leaves one.
fn asked(id: &str) -> Value {
    let site_info = json!({ "ability": "core/get-site-info", "input": {} });
    match id {
        "wordpress.run-php" => json!({ "code": "file_put_contents('/workspace/mark', 'x');" }),
        "wordpress.wp-cli" => json!({ "arguments": ["eval", "file_put_contents('/workspace/mark', 'x');"] }),
        "wordpress.ability" => json!({ "name": "core/get-site-info", "input": {} }),
        "wordpress.rest-request" => json!({ "path": "/wp/v2/posts" }),
        "wordpress.http-request" => json!({ "url": "/" }),
        "wordpress.plugin-state" => json!({ "action": "activate", "plugin": "marking" }),
        "wordpress.ensure-plugin-active" => json!({ "plugin": "marking" }),
        "wordpress.phpunit" | "wordpress.bench" => json!({ "plugin-slug": "marking" }),
        "wordpress.capture-state-bundle" | "inspect-mounted-inputs" | "wp-codebox.checkpoint-list" => {
            json!({})
        }
        "wp-codebox.checkpoint-create" | "wp-codebox.checkpoint-restore" => json!({ "name": "one" }),
        "wp-codebox.agent-sandbox-run" => json!({ "task": "x", "runtime-task-json": site_info }),
        "wp-codebox.readiness-probe" => json!({ "type": "ability", "name": "core/get-site-info" }),
        _ => panic!("{id} has no arguments in this test"),
    }
}

fn command(id: &str) -> Command {
    Command::parse(id, arguments(asked(id))).unwrap()
}

fn sandbox(root: &Path, policy: Policy) -> Sandbox {
    let mounts = vec![
        mount(&root.join("workspace"), "/workspace", true),
        mount(&root.join("marking"), "/wordpress/wp-content/plugins/marking", false),
        phpunit(),
    ];
    Sandbox::create(Spec { mounts, ..support::site::spec(policy) }, &patient()).unwrap()
}

fn files() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| write(root.path(), name, text);
    let mark = "file_put_contents('/workspace/mark', 'x');";
    write("workspace/there", "");
    write(
        "marking/marking.php",
        &format!(
            "<?php /* Plugin Name: Marking */ register_activation_hook(__FILE__, function () {{ {mark} }});"
        ),
    );
    write("marking/tests/bench/mark.php", &format!("<?php return function () {{ {mark} }};"));
    write(
        "marking/tests/MarkTest.php",
        &format!(
            "<?php final class MarkTest extends PHPUnit\\Framework\\TestCase {{ function test_mark() {{ {mark} self::assertTrue(true); }} }}"
        ),
    );
    root
}

#[test]
fn every_command_is_carried_out() {
    let root = files();
    let mut sandbox = sandbox(root.path(), Policy::allowing(command_ids()));
    for id in command_ids() {
        let command = command(id);
        assert_eq!(command.name(), id);
        let execution = sandbox.execute(&command, &patient()).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(execution.outcome.is_ok(), "{id}: {:?}\n{}", execution.outcome, execution.record.stderr);
        assert_eq!(
            (execution.record.command.as_str(), execution.record.exit_code),
            (id, 0),
            "{}",
            execution.record.stderr
        );
    }
}

#[test]
fn every_command_is_refused_before_any_effect_by_a_policy_that_lacks_it() {
    let root = files();
    for id in command_ids() {
        let command = command(id);
        for lacking in command.policy_commands() {
            let policy = Policy::allowing(command_ids().filter(|name| *name != lacking));
            let mut sandbox = sandbox(root.path(), policy);
            match sandbox.execute(&command, &patient()) {
                Err(SandboxError::Policy(violation)) => {
                    assert!(violation.to_string().contains(lacking), "{id}: {violation}")
                }
                other => panic!("{id} without {lacking}: {other:?}"),
            }
            for set in sandbox.changes().unwrap() {
                assert!(set.changes.is_empty(), "{id} without {lacking} has changed {}", set.mount_target);
            }
            let events = sandbox.destroy();
            assert!(events.iter().any(|event| event.kind == "runtime.policy.denied"), "{id}");
            assert!(!events.iter().any(|event| event.kind.starts_with("runtime.command.")), "{id}");
        }
    }
}
