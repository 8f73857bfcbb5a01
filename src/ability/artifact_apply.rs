//! Reviewing, staging and applying what a bundle changed.

use super::row::{Ability, Annotations, Cli, Permission, to_value, validate_as};
use super::store;
use crate::artifact::apply::{
    Applied, ApplyRequest, Mode, Preflight, ReviewAction, ReviewRequest, Reviewed, StageRequest, apply,
    preflight, review, stage,
};
use crate::contract::{Code, Input, Refusal, input_schema, output_schema, parse_iso8601};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Everything in a bundle, approved.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PreflightInput {
    /// Id of the bundle.
    #[schemars(length(min = 1, max = 200))]
    artifact_id: String,
    /// The files that are approved: sandbox paths, as the list of changed files has them.
    #[schemars(length(max = 100_000), inner(length(max = 4096)))]
    approved_files: Vec<String>,
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// Who approves; left out: the current user.
    #[serde(default)]
    approver: Option<Approver>,
    /// For the adapter; the built-in one reads the target's `name`.
    #[serde(default)]
    apply_target: Option<Map<String, Value>>,
}

/// Some files of a bundle, approved.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApplyInput {
    /// Id of the bundle.
    #[schemars(length(min = 1, max = 200))]
    artifact_id: String,
    /// The files that are approved: sandbox paths, as the list of changed files has them.
    #[schemars(length(max = 100_000), inner(length(max = 4096)))]
    approved_files: Vec<String>,
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// Who approves; left out: the current user.
    #[serde(default)]
    approver: Option<Approver>,
    /// For the adapter; the built-in one reads the target's `name`.
    #[serde(default)]
    apply_target: Option<Map<String, Value>>,
    /// Only look what the built-in adapter would do. Other adapters are not asked.
    #[serde(default)]
    dry_run: bool,
}

/// Files of a bundle that somebody else is to approve.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StageInput {
    /// Id of the bundle.
    #[schemars(length(min = 1, max = 200))]
    artifact_id: String,
    /// The files that are to be approved: sandbox paths, as the list of changed files has them.
    #[schemars(length(max = 100_000), inner(length(max = 4096)))]
    approved_files: Vec<String>,
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// Who has approved so far; left out: whoever accepts.
    #[serde(default)]
    approver: Option<Approver>,
    /// For the adapter; the built-in one reads the target's `name`.
    #[serde(default)]
    apply_target: Option<Map<String, Value>>,
    /// One line for whoever decides; left out: the review's.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    summary: Option<String>,
    /// The agent that asks.
    #[serde(default)]
    agent_id: Option<u64>,
    /// The user on whose behalf it asks.
    #[serde(default)]
    user_id: Option<u64>,
    /// For the host's own records.
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

/// A decision about a bundle.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReviewInput {
    /// Id of the bundle.
    #[schemars(length(min = 1, max = 200))]
    artifact_id: String,
    /// What is decided.
    #[serde(default)]
    action: Option<ReviewAction>,
    /// The same by its other name.
    #[serde(default)]
    decision: Option<ReviewAction>,
    /// The files that are approved: sandbox paths. An approval needs some.
    #[serde(default)]
    #[schemars(length(max = 100_000), inner(length(max = 4096)))]
    approved_files: Vec<String>,
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// Who decides; left out: the current user.
    #[serde(default)]
    approver: Option<Approver>,
    /// For the adapter; the built-in one reads the target's `name`.
    #[serde(default)]
    apply_target: Option<Map<String, Value>>,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    reason: Option<String>,
    /// When, if not now (RFC 3339).
    #[serde(default)]
    #[schemars(length(max = 64))]
    decided_at: Option<String>,
    /// For the host's own records.
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

/// A name, or an object that describes somebody.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Approver {
    Name(#[schemars(length(max = 200))] String),
    Described(Map<String, Value>),
}

impl Approver {
    fn value(approver: Option<Approver>) -> Option<Value> {
        approver.map(|approver| json!(approver))
    }
}

/// The codes of the fields that all of them have.
fn apply_code(path: &str) -> Code {
    match path {
        "approved_files" => Code::ApprovedFilesMissing,
        _ => Code::InputInvalid,
    }
}

fn need_files(files: &[String]) -> Result<(), Refusal> {
    match files.iter().all(|file| file.trim().is_empty()) {
        true => {
            let why = "name the files that are approved";
            Err(Refusal::field(Code::ApprovedFilesMissing, "approved_files", why))
        }
        false => Ok(()),
    }
}

impl Input for PreflightInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<PreflightInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        store::require_artifact_id(raw)
    }

    fn code(path: &str) -> Code {
        apply_code(path)
    }

    fn check(&mut self) -> Result<(), Refusal> {
        need_files(&self.approved_files)
    }
}

impl Input for ApplyInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ApplyInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        store::require_artifact_id(raw)
    }

    fn code(path: &str) -> Code {
        apply_code(path)
    }

    fn check(&mut self) -> Result<(), Refusal> {
        need_files(&self.approved_files)
    }
}

impl Input for StageInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<StageInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        store::require_artifact_id(raw)
    }

    fn code(path: &str) -> Code {
        apply_code(path)
    }

    fn check(&mut self) -> Result<(), Refusal> {
        need_files(&self.approved_files)
    }
}

impl Input for ReviewInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ReviewInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        store::require_artifact_id(raw)
    }

    fn code(path: &str) -> Code {
        match path {
            "action" | "decision" => Code::ReviewActionInvalid,
            path => apply_code(path),
        }
    }

    fn check(&mut self) -> Result<(), Refusal> {
        let Some(action) = self.action.or(self.decision) else {
            let why = "approve, reject or request-changes";
            return Err(Refusal::field(Code::ReviewActionMissing, "action", why));
        };
        if self.action.is_some() && self.decision.is_some_and(|other| other != action) {
            let why = "not the same as action";
            return Err(Refusal::field(Code::ReviewActionInvalid, "decision", why));
        }
        self.action = Some(action);
        match action {
            ReviewAction::Approve => need_files(&self.approved_files),
            _ => Ok(()),
        }
    }
}

static PREFLIGHT: LazyLock<Value> = LazyLock::new(output_schema::<Preflight>);
static APPLIED: LazyLock<Value> = LazyLock::new(output_schema::<Applied>);
static REVIEWED: LazyLock<Value> = LazyLock::new(output_schema::<Reviewed>);
static STAGED: LazyLock<Value> = LazyLock::new(|| {
    // Whatever the host's own approval queue returns; a pending-apply/v1 if it is ours.
    json!({ "type": ["object", "array", "string", "number", "integer", "boolean", "null"] })
});

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/review-artifact",
        aliases: &[],
        method: "review_artifact",
        label: "Review an artifact",
        description: "Records a decision about an artifact bundle. An approval is applied.",
        input_schema: ReviewInput::schema,
        output_schema: || &REVIEWED,
        annotations: Annotations::CHANGES,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:review",
        cli: Some(Cli { command: "artifacts review", aliases: &[], positional: Some("artifact_id") }),
        validate: validate_as::<ReviewInput>,
        run: review_artifact,
    },
    Ability {
        name: "wp-codebox/apply-artifact-preflight",
        aliases: &[],
        method: "preflight_artifact_apply",
        label: "Look whether an artifact can be applied",
        description: "Verifies a bundle, holds the approval of all of its files against it and \
                      against the files it was made from, and returns what an adapter would get.",
        input_schema: PreflightInput::schema,
        output_schema: || &PREFLIGHT,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:preflight",
        cli: Some(Cli {
            command: "artifacts preflight-apply",
            aliases: &["artifacts preflight"],
            positional: Some("artifact_id"),
        }),
        validate: validate_as::<PreflightInput>,
        run: preflight_apply,
    },
    Ability {
        name: "wp-codebox/stage-artifact-apply",
        aliases: &[],
        method: "stage_artifact_apply",
        label: "Stage an artifact for approval",
        description: "Asks the host's approval queue to apply files of a bundle; without one, keeps \
                      a pending apply in WordPress until somebody accepts or rejects it.",
        input_schema: StageInput::schema,
        output_schema: || &STAGED,
        annotations: Annotations::ADDS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:stage",
        cli: Some(Cli {
            command: "artifacts stage-apply",
            aliases: &["artifacts stage"],
            positional: Some("artifact_id"),
        }),
        validate: validate_as::<StageInput>,
        run: stage_apply,
    },
    Ability {
        name: "wp-codebox/apply-approved-artifact",
        aliases: &[],
        method: "apply_approved_artifact",
        label: "Apply approved files of an artifact",
        description: "Verifies a bundle and hands the patch of exactly the approved files to the \
                      host's apply adapter, or to the built-in one if it is configured.",
        input_schema: ApplyInput::schema,
        output_schema: || &APPLIED,
        annotations: Annotations::CHANGES,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:apply",
        cli: Some(Cli { command: "artifacts apply", aliases: &[], positional: Some("artifact_id") }),
        validate: validate_as::<ApplyInput>,
        run: apply_approved,
    },
];

fn review_artifact(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = ReviewInput::parse(input)?;
    if input.decided_at.as_deref().is_some_and(|at| parse_iso8601(at).is_none()) {
        let why = "not an RFC 3339 instant, such as 2026-01-31T08:00:00Z";
        return Err(Refusal::field(Code::InputInvalid, "decided_at", why));
    }
    let store = store::holding(host, input.artifacts_path.as_deref(), &input.artifact_id)?;
    let request = ReviewRequest {
        action: input.action.unwrap_or(ReviewAction::RequestChanges),
        apply: ApplyRequest {
            artifact_id: input.artifact_id,
            approved_files: input.approved_files,
            approver: Approver::value(input.approver),
            apply_target: input.apply_target,
        },
        reason: input.reason,
        decided_at: input.decided_at,
        context: input.context,
    };
    to_value(&review(&store, &request, host)?)
}

fn preflight_apply(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = PreflightInput::parse(input)?;
    let store = store::holding(host, input.artifacts_path.as_deref(), &input.artifact_id)?;
    let request = ApplyRequest {
        artifact_id: input.artifact_id,
        approved_files: input.approved_files,
        approver: Approver::value(input.approver),
        apply_target: input.apply_target,
    };
    to_value(&preflight(&store, &request, host)?)
}

fn stage_apply(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = StageInput::parse(input)?;
    let store = store::holding(host, input.artifacts_path.as_deref(), &input.artifact_id)?;
    let request = StageRequest {
        apply: ApplyRequest {
            artifact_id: input.artifact_id,
            approved_files: input.approved_files,
            approver: Approver::value(input.approver),
            apply_target: input.apply_target,
        },
        summary: input.summary,
        agent_id: input.agent_id,
        user_id: input.user_id,
        context: input.context,
    };
    Ok(stage(&store, &request, host)?)
}

fn apply_approved(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = ApplyInput::parse(input)?;
    let store = store::holding(host, input.artifacts_path.as_deref(), &input.artifact_id)?;
    let mode = if input.dry_run { Mode::DryRun } else { Mode::Apply };
    let request = ApplyRequest {
        artifact_id: input.artifact_id,
        approved_files: input.approved_files,
        approver: Approver::value(input.approver),
        apply_target: input.apply_target,
    };
    to_value(&apply(&store, &request, mode, host)?)
}
