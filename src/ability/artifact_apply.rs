//! Reviewing, staging and applying what a bundle changed.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use super::store;
use crate::artifact::Store;
use crate::artifact::apply::{
    Applied, ApplyRequest, Mode, Named, Preflight, ReviewAction, ReviewRequest, Reviewed, StageRequest,
    apply, preflight, review, stage,
};
use crate::contract::{
    Code, Input, Refusal, input_schema, json_fits, output_schema, parse_iso8601, to_value,
};
use crate::host::Host;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// An input that approves files of a bundle: the fields that all of these have, before its own.
/// Flattening a shared struct would do as well, but serde then loses the way to a field that is wrong.
macro_rules! approval {
    ($(#[$doc:meta])* struct $name:ident: $rules:expr, { $(#[$files:meta])* approved_files, $($more:tt)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct $name {
            /// Id of the bundle.
            #[schemars(length(min = 1, max = 200))]
            artifact_id: String,
            /// The files that are approved, or are to be: sandbox paths, as the list of changed files
            /// has them. Names without a comma may also be one text, with commas between them.
            $(#[$files])*
            #[schemars(schema_with = "approved_files")]
            approved_files: Named,
            /// Directory of the store. It must lie beneath a configured root; left out: the configured
            /// one.
            #[serde(default)]
            #[schemars(length(max = 4096))]
            artifacts_path: Option<String>,
            /// Who approves, or has so far; left out: the current user, or whoever accepts.
            #[serde(default)]
            approver: Option<Approver>,
            /// For the adapter; the built-in one reads the target's `name`.
            #[serde(default)]
            apply_target: Option<Map<String, Value>>,
            /// The sha256 of the manifest, as a verification or a staged apply gives it: refused if
            /// anything in the bundle has changed since.
            #[serde(default)]
            #[schemars(length(max = 64))]
            manifest_sha256: Option<String>,
            $($more)*
        }

        impl $name {
            /// The store that holds the bundle, and what is approved of it.
            fn approval(&mut self, host: &dyn Host) -> Result<(Store, ApplyRequest), Refusal> {
                let store = store::holding(host, self.artifacts_path.as_deref(), &self.artifact_id)?;
                let request = ApplyRequest {
                    artifact_id: std::mem::take(&mut self.artifact_id),
                    approved_files: std::mem::take(&mut self.approved_files),
                    approver: self.approver.take().map(|approver| json!(approver)),
                    apply_target: self.apply_target.take(),
                    manifest_sha256: self.manifest_sha256.take(),
                };
                Ok((store, request))
            }
        }

        impl Input for $name {
            fn schema() -> &'static Value {
                static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<$name>);
                &SCHEMA
            }

            fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
                store::require_artifact_id(raw)
            }

            fn code(path: &str) -> Code {
                match path {
                    "approved_files" => Code::ApprovedFilesMissing,
                    "action" | "decision" => Code::ReviewActionInvalid,
                    _ => Code::InputInvalid,
                }
            }

            fn check(&mut self) -> Result<(), Refusal> {
                need_small("approver", &self.approver, MAX_APPROVER)?;
                need_small("apply_target", &self.apply_target, MAX_TARGET)?;
                let rules: fn(&mut $name) -> Result<(), Refusal> = $rules;
                rules(self)
            }
        }
    };
}

approval! {
    /// Everything in a bundle, approved.
    struct PreflightInput: |input| need_files(&input.approved_files), {
        approved_files,
    }
}

approval! {
    /// Some files of a bundle, approved.
    struct ApplyInput: |input| need_files(&input.approved_files), {
        approved_files,
        /// Only look what the built-in adapter would do. Other adapters are not asked.
        #[serde(default)]
        dry_run: bool,
    }
}

approval! {
    /// Files of a bundle that somebody else is to approve.
    struct StageInput: StageInput::bounded, {
        approved_files,
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
}

approval! {
    /// A decision about a bundle. An approval needs files.
    struct ReviewInput: ReviewInput::decided, {
        #[serde(default)]
        approved_files,
        /// What is decided.
        #[serde(default)]
        action: Option<ReviewAction>,
        /// The same by its other name.
        #[serde(default)]
        decision: Option<ReviewAction>,
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
}

fn approved_files(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["array", "string"],
        "items": { "type": "string", "maxLength": 4096 },
        "maxItems": 100_000,
        "maxLength": 1 << 20,
    })
}

/// A name, or an object that describes somebody.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Approver {
    Name(#[schemars(length(max = 200))] String),
    Described(Map<String, Value>),
}

/// What a caller may say in its own words. It stands in the audit log, and in a row of the parent's
/// database. Bytes of JSON.
const MAX_APPROVER: usize = 4 << 10;
const MAX_TARGET: usize = 16 << 10;
const MAX_CONTEXT: usize = 64 << 10;

fn need_small(field: &str, value: &impl Serialize, max: usize) -> Result<(), Refusal> {
    match json_fits(value, max) {
        true => Ok(()),
        false => {
            let why = format!("at most {max} bytes of JSON");
            Err(Refusal::field(Code::InputInvalid, field, &why))
        }
    }
}

fn need_files(files: &Named) -> Result<(), Refusal> {
    match files.is_empty() {
        true => {
            let why = "name the files that are approved";
            Err(Refusal::field(Code::ApprovedFilesMissing, "approved_files", why))
        }
        false => Ok(()),
    }
}

impl StageInput {
    fn bounded(&mut self) -> Result<(), Refusal> {
        need_small("context", &self.context, MAX_CONTEXT)?;
        need_files(&self.approved_files)
    }
}

impl ReviewInput {
    fn decided(&mut self) -> Result<(), Refusal> {
        need_small("context", &self.context, MAX_CONTEXT)?;
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
    let mut input = ReviewInput::parse(input)?;
    if input.decided_at.as_deref().is_some_and(|at| parse_iso8601(at).is_none()) {
        let why = "not an RFC 3339 instant, such as 2026-01-31T08:00:00Z";
        return Err(Refusal::field(Code::InputInvalid, "decided_at", why));
    }
    let (store, apply) = input.approval(host)?;
    let request = ReviewRequest {
        action: input.action.unwrap_or(ReviewAction::RequestChanges),
        apply,
        reason: input.reason,
        decided_at: input.decided_at,
        context: input.context,
    };
    to_value(&review(&store, &request, host)?)
}

fn preflight_apply(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let (store, request) = PreflightInput::parse(input)?.approval(host)?;
    to_value(&preflight(&store, &request, host)?)
}

fn stage_apply(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let mut input = StageInput::parse(input)?;
    let (store, apply) = input.approval(host)?;
    let request = StageRequest {
        apply,
        summary: input.summary,
        agent_id: input.agent_id,
        user_id: input.user_id,
        context: input.context,
    };
    Ok(stage(&store, &request, host)?)
}

fn apply_approved(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let mut input = ApplyInput::parse(input)?;
    let mode = if input.dry_run { Mode::DryRun } else { Mode::Apply };
    let (store, request) = input.approval(host)?;
    to_value(&apply(&store, &request, mode, host)?)
}
