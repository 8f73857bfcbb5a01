//! The artifact store as a whole: is everything in it what it says it is, and what may go?

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use super::store;
use crate::artifact::apply::{AuditLog, Log, pending_artifacts};
use crate::artifact::{PRUNE_SCHEMA, PruneReport, Retention, StoreVerification, VerifyQuery};
use crate::contract::{Input, Refusal, input_schema, output_schema, to_value};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

/// What to verify.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct VerifyInput {
    /// Only this bundle; left out: the whole store, with its audit logs.
    #[serde(default)]
    #[schemars(length(max = 200))]
    artifact_id: Option<String>,
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// How many bundles at most (1000 if left out).
    #[serde(default)]
    #[schemars(range(min = 1, max = 10000))]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    cursor: Option<String>,
}

/// What may go.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PruneInput {
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// Bundles that are older go.
    #[serde(default)]
    #[schemars(range(min = 0, max = 3_153_600_000u64))]
    max_age_seconds: Option<u64>,
    /// The newest this many stay, the others go.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    max_count: Option<usize>,
    /// The newest stay as long as all together have not more bytes, the others go.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000_000u64))]
    max_bytes: Option<u64>,
    /// Ids of bundles that stay in any case. Those of pending applies do without being named.
    #[serde(default)]
    #[schemars(length(max = 1000), inner(length(max = 200)))]
    keep: Vec<String>,
    /// Only say what would go.
    #[serde(default)]
    dry_run: bool,
}

impl Input for VerifyInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<VerifyInput>);
        &SCHEMA
    }
}

impl Input for PruneInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<PruneInput>);
        &SCHEMA
    }
}

static VERIFIED: LazyLock<Value> = LazyLock::new(output_schema::<StoreVerification>);
static PRUNED: LazyLock<Value> = LazyLock::new(output_schema::<PruneReport>);

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/verify-artifacts",
        aliases: &[],
        method: "verify_artifacts",
        label: "Verify artifacts",
        description: "Verifies one artifact bundle, or all of a store and its audit logs.",
        input_schema: VerifyInput::schema,
        output_schema: || &VERIFIED,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:verify",
        cli: Some(Cli { command: "artifacts verify", aliases: &[], positional: Some("artifact_id") }),
        validate: validate_as::<VerifyInput>,
        run: verify,
    },
    Ability {
        name: "wp-codebox/prune-artifacts",
        aliases: &[],
        method: "prune_artifacts",
        label: "Prune artifacts",
        description: "Removes artifact bundles that are too old, too many or too large, and what \
                      interrupted operations have left.",
        input_schema: PruneInput::schema,
        output_schema: || &PRUNED,
        annotations: Annotations::REMOVES,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:prune",
        cli: Some(Cli { command: "artifacts prune", aliases: &[], positional: None }),
        validate: validate_as::<PruneInput>,
        run: prune,
    },
];

fn verify(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = VerifyInput::parse(input)?;
    let query = VerifyQuery {
        artifact_id: input.artifact_id.filter(|id| !id.trim().is_empty()),
        limit: input.limit,
        cursor: input.cursor,
    };
    let path = input.artifacts_path.as_deref();
    let store = match (store::readable(host, path)?, &query.artifact_id) {
        ((_, Some(store)), _) => store,
        ((root, None), None) => return to_value(&StoreVerification::nothing(root)),
        ((_, None), Some(id)) => store::holding(host, path, id)?,
    };
    let logs = match &query.artifact_id {
        Some(_) => Vec::new(),
        None => Log::ALL
            .into_iter()
            .map(|log| AuditLog::of(log, store.root(), host))
            .collect::<Result<Vec<_>, _>>()?,
    };
    to_value(&store.verify_all(&query, &logs)?)
}

fn prune(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = PruneInput::parse(input)?;
    let mut retention = Retention {
        max_age_seconds: input.max_age_seconds,
        max_count: input.max_count,
        max_bytes: input.max_bytes,
        keep: input.keep,
        dry_run: input.dry_run,
    };
    let (_, Some(store)) = store::readable(host, input.artifacts_path.as_deref())? else {
        return to_value(&PruneReport {
            success: true,
            schema: PRUNE_SCHEMA.to_owned(),
            dry_run: retention.dry_run,
            removed: Vec::new(),
            kept: 0,
            freed_bytes: 0,
            leftovers_removed: 0,
            left: Vec::new(),
        });
    };
    retention.keep.extend(pending_artifacts(host)?);
    to_value(&store.prune(&retention, host.now())?)
}
