//! `files/agent-result.json`: what became of the workspace. `files/agent-task-result.json`: what
//! the agent answered.

use super::super::paths::TRANSCRIPT_PATH;
use super::{Facts, PatchFacts};
use crate::artifact::bundle::review::{self, ReviewStats};
use crate::artifact::digest::CHANGED_FILES_PATH;
use crate::artifact::{AgentRun, Attachment};
use serde::Serialize;
use serde_json::{Value, json};

pub const AGENT_RESULT_SCHEMA: &str = "wp-codebox/agent-result/v1";
pub const AGENT_TASK_RESULT_SCHEMA: &str = "wp-codebox/agent-task-result/v1";

/// So many paths are named; the list of changed files has all.
const MOST_PATHS: usize = 1000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentResult<'a> {
    schema: &'static str,
    /// `completed` or `failed`.
    status: &'static str,
    /// Whether there is something to review and apply.
    actionable: bool,
    summary: String,
    changed_files: Changes<'a>,
    patch: PatchFacts,
    transcript: &'static str,
    /// Further evidence in the bundle.
    artifacts: Vec<Reference<'a>>,
    failures: Vec<FailedExecution<'a>>,
    /// `no_file_changes` or `execution_failed`; absent if there is something to apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_op_reason: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Changes<'a> {
    count: usize,
    paths: Vec<&'a str>,
    statuses: ReviewStats,
    artifact: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Reference<'a> {
    kind: &'a str,
    path: String,
}

impl<'a> Reference<'a> {
    pub fn of(attachments: &'a [Attachment]) -> Vec<Reference<'a>> {
        let reference =
            |file: &'a Attachment| Reference { kind: &file.kind, path: format!("files/{}", file.path) };
        attachments.iter().map(reference).collect()
    }
}

/// A command of the agent's that ended badly, or why the run as a whole did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedExecution<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i64>,
    message: String,
}

impl<'a> AgentResult<'a> {
    pub fn of(known: &'a Facts<'a>, artifacts: Vec<Reference<'a>>) -> AgentResult<'a> {
        let failed = known.failure();
        let changes = known.change_count().count;
        let actionable = failed.is_none() && (changes > 0 || known.patch.bytes > 0);
        let executions = known.executions.iter().filter(|record| record.exit_code != 0);
        let mut failures: Vec<_> = executions
            .map(|record| FailedExecution {
                execution_index: Some(record.index),
                command: Some(record.command),
                exit_code: Some(record.exit_code),
                message: format!("The command exited with status {}.", record.exit_code),
            })
            .collect();
        failures.extend(failed.map(|failure| FailedExecution {
            execution_index: None,
            command: None,
            exit_code: None,
            message: failure.message.clone(),
        }));
        AgentResult {
            schema: AGENT_RESULT_SCHEMA,
            status: status(known),
            actionable,
            summary: review::summary(known.outcome, known.changed),
            changed_files: Changes {
                count: changes,
                paths: known.changed.files.iter().take(MOST_PATHS).map(|file| file.path.as_str()).collect(),
                statuses: ReviewStats::of(&known.changed.files),
                artifact: CHANGED_FILES_PATH,
            },
            patch: known.patch.clone(),
            transcript: TRANSCRIPT_PATH,
            artifacts,
            failures,
            no_op_reason: match (failed, actionable) {
                (Some(_), _) => Some("execution_failed"),
                (None, false) => Some("no_file_changes"),
                (None, true) => None,
            },
        }
    }
}

#[derive(Debug, Serialize)]
pub struct AgentTaskResult<'a> {
    schema: &'static str,
    success: bool,
    /// `completed` or `failed`.
    status: &'static str,
    /// What the answer has under these names.
    outputs: Value,
    structured_artifacts: Value,
    diagnostics: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_result: Option<&'a Value>,
    /// The answer.
    raw: &'a Value,
}

impl<'a> AgentTaskResult<'a> {
    pub fn of(agent: &'a AgentRun, known: &Facts<'_>) -> AgentTaskResult<'a> {
        let reply = &agent.reply;
        let named = |name: &str, fits: fn(&Value) -> bool, empty: Value| {
            reply.get(name).filter(|value| fits(value)).cloned().unwrap_or(empty)
        };
        AgentTaskResult {
            schema: AGENT_TASK_RESULT_SCHEMA,
            success: known.failure().is_none(),
            status: status(known),
            outputs: named("outputs", Value::is_object, json!({})),
            structured_artifacts: named("structured_artifacts", Value::is_array, json!([])),
            diagnostics: named("diagnostics", Value::is_array, json!([])),
            terminal_result: reply.get("terminal_result"),
            raw: reply,
        }
    }
}

fn status(known: &Facts<'_>) -> &'static str {
    if known.failure().is_none() { "completed" } else { "failed" }
}
