//! `files/completion-outcome.json`: how far the work got, and what to do next.

use super::{ChangeCount, Facts, PatchFacts};
use crate::artifact::bundle::review;
use crate::artifact::{Draft, TestResults, TestStatus, TestSummary};
use serde::Serialize;
use serde_json::Value;

pub const COMPLETION_OUTCOME_SCHEMA: &str = "wp-codebox/sandbox-completion-outcome/v1";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Completion<'a> {
    schema: &'static str,
    status: Status,
    summary: String,
    changed_files: ChangeCount,
    patch: PatchFacts,
    verification: Verified,
    blockers: Vec<Blocker>,
    /// What a reviewer should know, in sentences.
    risk_notes: Vec<String>,
    confidence: Confidence,
    next_action: NextAction,
    provenance: Origin<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Succeeded,
    /// The agent did not even begin.
    Blocked,
    Failed,
    /// The run failed and left changes.
    Partial,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    High,
    Medium,
    Low,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum NextAction {
    Promote,
    Retry,
    Review,
    FixBlocker,
}

/// What the run's own tests said.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    status: TestStatus,
    summary: TestSummary,
    artifact: &'static str,
}

#[derive(Debug, Serialize)]
struct Blocker {
    /// `runtime-blocker` or `runtime-failure`.
    kind: &'static str,
    code: String,
    message: String,
    retryable: bool,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin<'a> {
    session_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a Value>,
}

impl<'a> Origin<'a> {
    pub fn of(draft: &'a Draft) -> Origin<'a> {
        Origin { session_id: &draft.session_id, agent: draft.provenance.agent.as_ref() }
    }
}

impl<'a> Completion<'a> {
    pub fn of(known: &Facts<'_>, provenance: Origin<'a>) -> Completion<'a> {
        let changes = known.change_count();
        let begun = !known.executions.is_empty();
        let status = match known.failure() {
            None => Status::Succeeded,
            Some(_) if !begun => Status::Blocked,
            Some(_) if changes.count > 0 => Status::Partial,
            Some(_) => Status::Failed,
        };
        let blockers: Vec<Blocker> = known
            .failure()
            .map(|failure| Blocker {
                kind: if begun { "runtime-failure" } else { "runtime-blocker" },
                code: failure.code.clone(),
                message: failure.message.clone(),
                retryable: matches!(
                    failure.code.as_str(),
                    "wp_codebox_run_timeout" | "wp_codebox_run_cancelled"
                ),
            })
            .into_iter()
            .collect();
        let tests = &known.tests;
        let risk_notes = risk_notes(known);
        let confidence = match (status, tests.status) {
            (Status::Succeeded, TestStatus::Passed) if !is_reported(tests) => Confidence::High,
            (Status::Succeeded, TestStatus::Passed | TestStatus::Unknown | TestStatus::Skipped) => {
                Confidence::Medium
            }
            _ => Confidence::Low,
        };
        let next_action = match status {
            Status::Blocked => NextAction::FixBlocker,
            Status::Failed | Status::Partial if blockers.iter().all(|blocker| blocker.retryable) => {
                NextAction::Retry
            }
            Status::Succeeded
                if changes.count > 0 && risk_notes.is_empty() && tests.status == TestStatus::Passed =>
            {
                NextAction::Promote
            }
            _ => NextAction::Review,
        };
        Completion {
            schema: COMPLETION_OUTCOME_SCHEMA,
            status,
            summary: review::summary(known.outcome, known.changed),
            changed_files: changes,
            patch: known.patch.clone(),
            verification: Verified {
                status: tests.status,
                summary: tests.summary,
                artifact: "files/test-results.json",
            },
            blockers,
            risk_notes,
            confidence,
            next_action,
            provenance,
        }
    }
}

fn is_reported(tests: &TestResults) -> bool {
    tests.suites.iter().any(|suite| suite.reported)
}

fn risk_notes(known: &Facts<'_>) -> Vec<String> {
    let tests = &known.tests;
    let files = &known.changed.files;
    let redacted = files.iter().filter(|file| file.redacted).count();
    let truncated = files.iter().filter(|file| file.truncated).count();
    let unlisted = known.changed.unlisted;
    let mut notes = Vec::new();
    if tests.status == TestStatus::Failed {
        notes.push(format!("{} of {} tests failed.", tests.summary.failed, tests.summary.total));
    }
    if is_reported(tests) {
        notes.push(
            "Test results are reported by the sandbox's code, and no test command ran them.".to_owned(),
        );
    }
    let counted = [
        (redacted, "changed files had a secret taken out and cannot be applied."),
        (truncated, "changed files are over a limit and not in the patch."),
        (unlisted, "changes are not listed."),
    ];
    notes.extend(counted.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    notes
}
