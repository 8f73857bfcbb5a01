//! The artifact store: listing, reading and discarding bundles.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use super::store;
use crate::artifact::{
    ARTIFACT_LIST_SCHEMA, ArtifactEnvelope, ArtifactList, Discarded, Inspection, ListQuery, RunStatus,
};
use crate::contract::{Input, Refusal, input_schema, output_schema, to_value};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// Which store to list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListInput {
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
    /// How many at most (100 if left out).
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    cursor: Option<String>,
    /// Only bundles of this sandbox session.
    #[serde(default)]
    #[schemars(length(max = 256))]
    session_id: Option<String>,
    /// Only bundles of runs that ended so.
    #[serde(default)]
    status: Option<RunStatus>,
    /// Only bundles made at or after this instant (RFC 3339).
    #[serde(default)]
    #[schemars(length(max = 64))]
    created_after: Option<String>,
    /// Only bundles made before this instant (RFC 3339).
    #[serde(default)]
    #[schemars(length(max = 64))]
    created_before: Option<String>,
}

/// Which bundle to read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetInput {
    /// Id of the bundle.
    #[schemars(length(min = 1, max = 200))]
    artifact_id: String,
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
}

impl Input for ListInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ListInput>);
        &SCHEMA
    }
}

impl Input for GetInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<GetInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        store::require_artifact_id(raw)
    }
}

static LIST: LazyLock<Value> = LazyLock::new(output_schema::<ArtifactList>);
static ARTIFACT: LazyLock<Value> = LazyLock::new(output_schema::<ArtifactEnvelope>);
static INSPECTION: LazyLock<Value> = LazyLock::new(output_schema::<Inspection>);
static DISCARDED: LazyLock<Value> = LazyLock::new(output_schema::<Discarded>);

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/list-artifacts",
        aliases: &[],
        method: "list_artifacts",
        label: "List artifacts",
        description: "Lists the artifact bundles of a store, newest first.",
        input_schema: ListInput::schema,
        output_schema: || &LIST,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:list",
        cli: Some(Cli { command: "artifacts list", aliases: &[], positional: None }),
        validate: validate_as::<ListInput>,
        run: list,
    },
    Ability {
        name: "wp-codebox/get-artifact",
        aliases: &[],
        method: "get_artifact",
        label: "Get an artifact",
        description: "Reads one artifact bundle: manifest, metadata, changed files, test results \
                      and review.",
        input_schema: GetInput::schema,
        output_schema: || &ARTIFACT,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:get",
        cli: Some(Cli { command: "artifacts get", aliases: &[], positional: Some("artifact_id") }),
        validate: validate_as::<GetInput>,
        run: get,
    },
    Ability {
        name: "wp-codebox/inspect-artifact",
        aliases: &[],
        method: "inspect_artifact",
        label: "Inspect an artifact",
        description: "Reads one artifact bundle and says whether it verifies, with every rule \
                      that it breaks.",
        input_schema: GetInput::schema,
        output_schema: || &INSPECTION,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:inspect",
        cli: Some(Cli { command: "artifacts inspect", aliases: &[], positional: Some("artifact_id") }),
        validate: validate_as::<GetInput>,
        run: inspect,
    },
    Ability {
        name: "wp-codebox/discard-artifact",
        aliases: &[],
        method: "discard_artifact",
        label: "Discard an artifact",
        description: "Removes one artifact bundle from the store, whole or damaged.",
        input_schema: GetInput::schema,
        output_schema: || &DISCARDED,
        annotations: Annotations::REMOVES,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:discard",
        cli: Some(Cli { command: "artifacts discard", aliases: &[], positional: Some("artifact_id") }),
        validate: validate_as::<GetInput>,
        run: discard,
    },
];

fn list(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = ListInput::parse(input)?;
    let query = ListQuery {
        limit: input.limit,
        cursor: input.cursor,
        session_id: input.session_id,
        status: input.status,
        created_after: input.created_after,
        created_before: input.created_before,
    };
    let (root, store) = store::readable(host, input.artifacts_path.as_deref())?;
    match store {
        Some(store) => to_value(&store.list(&query)?),
        None => to_value(&ArtifactList {
            success: true,
            schema: ARTIFACT_LIST_SCHEMA.to_owned(),
            root,
            artifacts: Vec::new(),
            total: 0,
            next_cursor: None,
        }),
    }
}

fn get(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let GetInput { artifact_id: id, artifacts_path } = GetInput::parse(input)?;
    to_value(&store::holding(host, artifacts_path.as_deref(), &id)?.get(&id)?)
}

fn inspect(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let GetInput { artifact_id: id, artifacts_path } = GetInput::parse(input)?;
    to_value(&store::holding(host, artifacts_path.as_deref(), &id)?.inspect(&id)?)
}

fn discard(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let GetInput { artifact_id: id, artifacts_path } = GetInput::parse(input)?;
    to_value(&store::holding(host, artifacts_path.as_deref(), &id)?.discard(&id)?)
}
