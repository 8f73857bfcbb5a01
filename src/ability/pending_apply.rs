//! Pending applies that WordPress keeps until somebody decides.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use crate::artifact::apply::{PendingList, PendingState, Resolution, accept, list_pending, reject};
use crate::contract::{Input, Refusal, input_schema, output_schema, to_value};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

const DEFAULT_LIMIT: usize = 100;

/// Which to list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PendingInput {
    /// Only those in this state; left out: all.
    #[serde(default)]
    state: Option<PendingState>,
    /// How many at most (100 if left out).
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
    /// `next_offset` of the page before.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    offset: Option<usize>,
}

/// Which to decide.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ResolveInput {
    /// Id of the pending apply.
    #[schemars(length(min = 1, max = 100))]
    pending_id: String,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    reason: Option<String>,
}

impl Input for PendingInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<PendingInput>);
        &SCHEMA
    }
}

impl Input for ResolveInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ResolveInput>);
        &SCHEMA
    }
}

static LIST: LazyLock<Value> = LazyLock::new(output_schema::<PendingList>);
static RESOLUTION: LazyLock<Value> = LazyLock::new(output_schema::<Resolution>);

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/list-pending-applies",
        aliases: &[],
        method: "list_pending_applies",
        label: "List pending applies",
        description: "Lists what was staged and is kept in WordPress, newest first.",
        input_schema: PendingInput::schema,
        output_schema: || &LIST,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "pending-apply:list",
        cli: Some(Cli { command: "artifacts pending", aliases: &[], positional: Some("state") }),
        validate: validate_as::<PendingInput>,
        run: list,
    },
    Ability {
        name: "wp-codebox/accept-pending-apply",
        aliases: &[],
        method: "accept_pending_apply",
        label: "Accept a pending apply",
        description: "Applies what was staged, if nothing of it has changed since.",
        input_schema: ResolveInput::schema,
        output_schema: || &RESOLUTION,
        annotations: Annotations::CHANGES,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "pending-apply:accept",
        cli: Some(Cli { command: "artifacts accept", aliases: &[], positional: Some("pending_id") }),
        validate: validate_as::<ResolveInput>,
        run: |input, host| {
            let input = ResolveInput::parse(input)?;
            to_value(&accept(&input.pending_id, input.reason, host)?)
        },
    },
    Ability {
        name: "wp-codebox/reject-pending-apply",
        aliases: &[],
        method: "reject_pending_apply",
        label: "Reject a pending apply",
        description: "Ends a pending apply. Its bundle stays as it is.",
        input_schema: ResolveInput::schema,
        output_schema: || &RESOLUTION,
        annotations: Annotations::CHANGES,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "pending-apply:reject",
        cli: Some(Cli { command: "artifacts reject", aliases: &[], positional: Some("pending_id") }),
        validate: validate_as::<ResolveInput>,
        run: |input, host| {
            let input = ResolveInput::parse(input)?;
            to_value(&reject(&input.pending_id, input.reason, host)?)
        },
    },
];

fn list(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = PendingInput::parse(input)?;
    let limit = input.limit.unwrap_or(DEFAULT_LIMIT);
    to_value(&list_pending(input.state, limit, input.offset.unwrap_or(0), host)?)
}
