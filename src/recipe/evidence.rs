//! What every run leaves: its record as the draft of a bundle, without the secrets of the parent.

use super::attestation::attest;
use super::output::error_lines;
use super::php_errors;
use super::plan::Plan;
use super::roots::read_plain_file;
use super::run::{Run, RunFailure};
use crate::artifact::{
    Draft, Environment, Failure, Found, MountRecord, Provenance, RawLogReference, Redactor, RuntimeInfo,
    Tally, TestResults, TestSuite, clean_commands, clean_log, read_test_output, withhold,
};
use crate::contract::{CommandRecord, Refusal, iso8601, to_value};
use crate::sandbox::{self, BACKEND, Core, PHPUNIT_COMMAND, Spec};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

const COMMAND_RESULT_SCHEMA: &str = "wp-codebox/runtime-command-result/v1";

/// What is read of a core's version.php.
const VERSION_FILE_BYTES: u64 = 64 << 10;

/// What made a run's evidence.
pub fn packages() -> Vec<Value> {
    vec![json!({ "name": "wp-codebox", "version": env!("CARGO_PKG_VERSION") })]
}

/// Why a command failed, as a bundle says it.
pub fn failure(failure: &sandbox::Failure) -> Failure {
    Failure {
        code: failure.code.as_str().to_owned(),
        message: failure.message.clone(),
        data: failure.data.clone(),
    }
}

/// `wp-codebox/runtime-command-result/v1`: what a command returned, or the error instead.
pub fn command_result(outcome: Result<&Value, Value>) -> Value {
    match outcome {
        Ok(value) => json!({ "schema": COMMAND_RESULT_SCHEMA, "status": "ok", "json": value }),
        Err(error) => json!({ "schema": COMMAND_RESULT_SCHEMA, "status": "error", "error": error }),
    }
}

/// Takes secrets out of a refusal.
pub fn without_secrets(mut refusal: Refusal, redactor: &Redactor) -> Refusal {
    let mut found = Found::default();
    refusal.message = redactor.text(&refusal.message, &mut found).into_owned();
    refusal.facts.values_mut().for_each(|fact| redactor.value(fact, &mut found));
    refusal
}

/// Takes secrets out of what ran before parts of it are cut out, joined or summed up.
pub fn redact(run: &mut Run, redactor: &Redactor) -> Tally {
    let mut tally = Tally::default();
    // Before the log repeats it.
    run.commands.iter_mut().for_each(|record| withhold(record, redactor));
    run.log = error_lines(&run.commands);
    clean_commands(&mut run.commands, redactor, &mut tally);
    clean_log(&mut run.log, redactor, &mut tally);
    let mut found = Found::default();
    redactor.value(&mut run.value, &mut found);
    tally.add("files/agent-task-result.json", &found);
    let mut found = Found::default();
    if let Some(RunFailure { cause: failure, .. }) = &mut run.failure {
        failure.message = redactor.text(&failure.message, &mut found).into_owned();
        redactor.value(&mut failure.data, &mut found);
    }
    tally.add("files/outcome.json", &found);
    tally
}

/// The draft of a run's bundle: what it did and what changed, as it is after [`redact`]. Takes what
/// a result has no use for out of the run.
pub fn draft(
    session_id: &str,
    now: SystemTime,
    plan: &Plan,
    run: &mut Run,
    redactor: &Arc<Redactor>,
    redacted: Tally,
) -> Result<Draft, Refusal> {
    let wp = wordpress_version(&plan.spec);
    let info = runtime_info(&run.runtime_id, run.created_at, "destroyed", plan, &wp);
    let mut draft = Draft::new(session_id, now, info);
    draft.provenance = Provenance {
        workspace: Some(workspace(&plan.mounts)),
        packages: packages(),
        inheritance: Some(to_value(&plan.inheritance)?),
        ..Provenance::default()
    };
    draft.redactor = Arc::clone(redactor);
    draft.redacted = redacted;
    draft.mounts = plan.mounts.clone();
    draft.changes = std::mem::take(&mut run.changes);
    draft.database = run.database.take();
    draft.events = std::mem::take(&mut run.events);
    draft.commands = run.commands.clone();
    draft.observations = std::mem::take(&mut run.observations);
    draft.diagnostics = php_errors::read(&run.log);
    draft.log = std::mem::take(&mut run.log);
    draft.test_results = printed_tests(&run.commands);
    draft.attachments.push(attest(plan, &wp, draft.created_at)?);
    Ok(draft)
}

/// What ran.
pub(super) fn runtime_info(
    id: &str,
    created_at: SystemTime,
    status: &str,
    plan: &Plan,
    wp: &str,
) -> RuntimeInfo {
    RuntimeInfo {
        id: id.to_owned(),
        backend: BACKEND.to_owned(),
        environment: Environment {
            kind: "wordpress".to_owned(),
            name: None,
            version: Some(wp.to_owned()),
            php_version: Some(plan.spec.pack.php_version().to_owned()),
        },
        created_at: iso8601(created_at),
        status: status.to_owned(),
    }
}

/// `wp-codebox/sandbox-workspace/v1`.
pub fn workspace(mounts: &[MountRecord]) -> Value {
    let mounts: Vec<Value> = mounts
        .iter()
        .map(|mount| {
            let source = mount.metadata["sourceMode"].as_str().unwrap_or("repo-backed");
            json!({ "target": mount.target, "mode": mount.mode, "sourceMode": source })
        })
        .collect();
    json!({
        "schema": "wp-codebox/sandbox-workspace/v1",
        "root": "/workspace",
        "defaultMode": "repo-backed",
        "mounts": mounts,
    })
}

/// The version in the core's wp-includes/version.php.
pub fn wordpress_version(spec: &Spec) -> String {
    match spec.core.directory() {
        None => spec.pack.wordpress_version().to_owned(),
        Some(core) => version_in(core, &spec.core).unwrap_or_else(|| "unknown".to_owned()),
    }
}

fn version_in(directory: &Path, core: &Core) -> Option<String> {
    let path = directory.join("wp-includes/version.php").canonicalize().ok()?;
    if matches!(core, Core::Confined(_)) && !path.starts_with(directory) {
        return None;
    }
    let text = String::from_utf8(read_plain_file(&path, VERSION_FILE_BYTES).ok()?).ok()?;
    let rest = text.split("$wp_version = '").nth(1)?;
    rest.split('\'').next().map(str::to_owned)
}

/// What PHPUnit or a TAP producer printed: one suite for each command that ran tests.
pub fn printed_tests(commands: &[CommandRecord]) -> Option<TestResults> {
    let log = || RawLogReference { path: "commands.jsonl".to_owned(), kind: "commands-jsonl".to_owned() };
    let suites: Vec<TestSuite> = commands
        .iter()
        .filter_map(|command| {
            let mut suite = read_test_output(&command.id, &command.stdout)?;
            // Any other command can print that tests have passed.
            suite.reported = command.command != PHPUNIT_COMMAND;
            suite.raw_log_references.push(log());
            Some(suite)
        })
        .collect();
    if suites.is_empty() {
        return None;
    }
    let mut results = TestResults::of(suites);
    results.raw_log_references.push(log());
    Some(results)
}
