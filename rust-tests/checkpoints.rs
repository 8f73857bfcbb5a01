//! Checkpoints: a sandbox returns to what it was, by name.

mod support;

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::php::patient;
use support::site::value;
use wp_codebox::contract::{Code, Refusal};
use wp_codebox::engine::Watch;
use wp_codebox::sandbox::{
    Approval, Approvals, Approver, Arguments, Command, Execution, Failure, Limits, Policy, Sandbox,
    SandboxError, Spec, Violation, command_ids,
};

fn sandbox() -> Sandbox {
    Sandbox::create(support::site::spec(Policy::allowing(command_ids())), &patient()).unwrap()
}

fn command(operation: &str, arguments: &[&str]) -> Command {
    let arguments = Arguments::of_texts(arguments.iter().copied());
    Command::parse(&format!("wp-codebox.checkpoint-{operation}"), arguments).unwrap()
}

fn execute(sandbox: &mut Sandbox, operation: &str, arguments: &[&str]) -> Execution {
    sandbox.execute(&command(operation, arguments), &patient()).unwrap()
}

fn result(sandbox: &mut Sandbox, operation: &str, arguments: &[&str]) -> Value {
    execute(sandbox, operation, arguments).outcome.unwrap()
}

fn failure(sandbox: &mut Sandbox, operation: &str, arguments: &[&str]) -> Failure {
    let execution = execute(sandbox, operation, arguments);
    assert_eq!(execution.record.exit_code, 1);
    execution.outcome.unwrap_err()
}

fn names(sandbox: &mut Sandbox) -> Vec<String> {
    let listed = result(sandbox, "list", &[]);
    assert_eq!((&listed["status"], &listed["operation"]), (&json!("listed"), &json!("list")));
    let listed = listed["checkpoints"].as_array().unwrap();
    listed.iter().map(|checkpoint| checkpoint["name"].as_str().unwrap().to_owned()).collect()
}

/// The option and the file that the tests change.
const LOOK: &str =
    "return [get_option('colour'), is_file('/tmp/note') ? file_get_contents('/tmp/note') : null];";

fn paint(sandbox: &mut Sandbox, colour: &str) {
    value(
        sandbox,
        &format!(
            "update_option('colour', '{colour}'); file_put_contents('/tmp/note', '{colour}'); return true;"
        ),
    );
}

#[test]
fn files_and_database_return_to_each_checkpoint_and_forth_again() {
    let mut sandbox = sandbox();
    let created = result(&mut sandbox, "create", &["name=fresh"]);
    assert_eq!(created["schema"], "wp-codebox/runtime-checkpoint-result/v1");
    assert_eq!((&created["status"], &created["operation"]), (&json!("created"), &json!("create")));
    assert_eq!(created["checkpoint"]["semantics"], "replayable-runtime-state");
    paint(&mut sandbox, "green");
    result(&mut sandbox, "create", &["name=green", "metadata-json={\"step\": 2}"]);
    paint(&mut sandbox, "red");
    for (name, seen) in [
        ("fresh", json!([false, null])),
        ("green", json!(["green", "green"])),
        ("fresh", json!([false, null])),
        ("green", json!(["green", "green"])),
    ] {
        let restored = result(&mut sandbox, "restore", &[&format!("name={name}")]);
        assert_eq!(
            (&restored["status"], &restored["checkpoint"]["name"]),
            (&json!("restored"), &json!(name))
        );
        assert_eq!(value(&mut sandbox, LOOK), seen);
    }
    assert_eq!(names(&mut sandbox), ["fresh", "green"]);
    let listed = result(&mut sandbox, "list", &[]);
    assert_eq!(listed["checkpoints"][1]["metadata"], json!({ "step": 2 }));
    let kinds: Vec<String> = sandbox.destroy().into_iter().map(|event| event.kind).collect();
    for kind in ["runtime.checkpoint.created", "runtime.checkpoint.restored"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}");
    }
}

#[test]
fn a_checkpoint_brings_back_a_sandbox_that_was_stopped() {
    let mut sandbox = sandbox();
    paint(&mut sandbox, "green");
    result(&mut sandbox, "create", &["name=before"]);
    let endless = Command::RunPhp { code: "<?php while (true) {}".to_owned(), bootstrap: false };
    let soon = Watch::until(Instant::now() + Duration::from_millis(500));
    assert_eq!(sandbox.execute(&endless, &soon).unwrap().outcome.unwrap_err().code, Code::RunTimeout);
    assert_eq!(failure(&mut sandbox, "create", &["name=after"]).code, Code::RuntimeCheckpointFailed);
    result(&mut sandbox, "restore", &["name=before"]);
    assert_eq!(value(&mut sandbox, LOOK), json!(["green", "green"]));
}

#[test]
fn a_name_that_is_there_is_replaced_and_one_that_is_not_is_a_failure_with_its_reason() {
    let mut sandbox = sandbox();
    result(&mut sandbox, "create", &["name=here"]);
    paint(&mut sandbox, "green");
    result(&mut sandbox, "create", &["name=here"]);
    paint(&mut sandbox, "red");
    result(&mut sandbox, "restore", &["name=here"]);
    assert_eq!(value(&mut sandbox, LOOK), json!(["green", "green"]));
    assert_eq!(names(&mut sandbox), ["here"]);
    let failure = failure(&mut sandbox, "restore", &["name=there"]);
    assert_eq!(failure.code, Code::RuntimeCheckpointNotFound);
    assert_eq!(
        failure.data,
        json!({
            "schema": "wp-codebox/runtime-checkpoint-failure/v1",
            "status": "not-found",
            "operation": "restore",
            "backend": "wp-codebox-native",
            "name": "there",
            "code": "runtime-checkpoint-not-found",
            "message": "There is no checkpoint there.",
            "supported": true,
        })
    );
    assert_eq!(value(&mut sandbox, LOOK), json!(["green", "green"]));
}

#[test]
fn checkpoints_are_bounded_in_number() {
    let mut sandbox = sandbox();
    for index in 0..32 {
        result(&mut sandbox, "create", &[&format!("name=c{index}")]);
    }
    assert_eq!(failure(&mut sandbox, "create", &["name=more"]).code, Code::RuntimeCheckpointsExhausted);
    result(&mut sandbox, "create", &["name=c7"]);
    assert_eq!(names(&mut sandbox).len(), 32);
}

#[test]
fn checkpoints_are_bounded_in_memory() {
    let limits = Limits { memory: 256 << 20, ..Limits::default() };
    let spec = Spec { limits, ..support::site::spec(Policy::allowing(command_ids())) };
    let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
    let mut kept = 0;
    let refused = loop {
        value(
            &mut sandbox,
            &format!("file_put_contents('/tmp/large', str_repeat('{kept}', 30 << 20)); return true;"),
        );
        match execute(&mut sandbox, "create", &[&format!("name=c{kept}")]).outcome {
            Ok(_) => kept += 1,
            Err(failure) => break failure,
        }
    };
    assert_eq!(refused.code, Code::RuntimeCheckpointsExhausted, "{}", refused.message);
    assert!((1..8).contains(&kept), "{kept}");
    result(&mut sandbox, "restore", &["name=c0"]);
    assert_eq!(value(&mut sandbox, "return file_get_contents('/tmp/large', false, null, 0, 2);"), "00");
}

#[test]
fn a_fork_has_no_checkpoints_of_the_sandbox_that_it_began_as() {
    let mut sandbox = sandbox();
    result(&mut sandbox, "create", &["name=mine"]);
    let snapshot = sandbox.snapshot(&patient()).unwrap();
    let mut fork = Sandbox::fork(&snapshot, &patient()).unwrap();
    assert_eq!(failure(&mut fork, "restore", &["name=mine"]).code, Code::RuntimeCheckpointNotFound);
}

#[test]
fn each_checkpoint_command_has_to_be_in_the_policy_by_its_own_name() {
    let policy = Policy::allowing(["wordpress.run-php", "wp-codebox.checkpoint-list"]);
    let mut sandbox = Sandbox::create(support::site::spec(policy), &patient()).unwrap();
    for refused in [command("create", &["name=a"]), command("restore", &["name=a"])] {
        let error = sandbox.execute(&refused, &patient()).unwrap_err();
        assert!(matches!(error, SandboxError::Policy(Violation::Command { .. })), "{error}");
    }
    assert!(names(&mut sandbox).is_empty());
}

/// Says yes to nothing and remembers what it was asked.
#[derive(Default)]
struct Asked(Vec<String>);

impl Approver for Asked {
    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.0.push(approval.command.clone());
        Ok(false)
    }
}

#[test]
fn returning_to_a_checkpoint_writes_and_making_one_does_not() {
    let policy = Policy { approvals: Approvals::OnWrite, ..Policy::allowing(command_ids()) };
    let mut sandbox = Sandbox::create(support::site::spec(policy), &patient()).unwrap();
    let mut asked = Asked::default();
    sandbox.execute_with(&command("create", &["name=a"]), &patient(), &mut asked).unwrap().outcome.unwrap();
    sandbox.execute_with(&command("list", &[]), &patient(), &mut asked).unwrap().outcome.unwrap();
    let error = sandbox.execute_with(&command("restore", &["name=a"]), &patient(), &mut asked).unwrap_err();
    assert!(matches!(error, SandboxError::Policy(Violation::NotApproved { .. })), "{error}");
    assert_eq!(asked.0, ["wp-codebox.checkpoint-restore"]);
}
