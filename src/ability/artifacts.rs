//! The artifact store.

use super::row::{Ability, Annotations, Cli, Permission, to_value, validate_as};
use crate::artifact::{
    ARTIFACT_LIST_SCHEMA, ArtifactEnvelope, ArtifactError, ArtifactList, ListQuery, RunStatus,
    Store, store_directory,
};
use crate::contract::{Code, Input, Refusal, input_schema, output_schema};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;
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
        match raw.get("artifact_id") {
            None | Some(Value::Null) => {}
            Some(Value::String(id)) if id.trim().is_empty() => {}
            Some(_) => return Ok(()),
        }
        Err(Refusal::field(Code::ArtifactIdMissing, "artifact_id", "name the bundle"))
    }
}

static LIST: LazyLock<Value> = LazyLock::new(output_schema::<ArtifactList>);
static ARTIFACT: LazyLock<Value> = LazyLock::new(output_schema::<ArtifactEnvelope>);

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
        cli: Some(Cli { command: "artifacts list", positional: None }),
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
        cli: Some(Cli { command: "artifacts get", positional: Some("artifact_id") }),
        validate: validate_as::<GetInput>,
        run: get,
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
    let (root, store) = store(host, input.artifacts_path.as_deref())?;
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
    let input = GetInput::parse(input)?;
    let (_, store) = store(host, input.artifacts_path.as_deref())?;
    match store {
        Some(store) => to_value(&store.get(&input.artifact_id)?),
        None => Err(ArtifactError::NotFound(input.artifact_id).into()),
    }
}

/// The store of a call. The configured one is made by the first run: until then it is empty. One
/// that the caller names must be there.
fn store(host: &dyn Host, requested: Option<&str>) -> Result<(PathBuf, Option<Store>), Refusal> {
    let root = store_directory(&host.settings()?, requested)?;
    match Store::open_existing(&root) {
        Ok(store) => Ok((root, Some(store))),
        Err(ArtifactError::RootMissing(_)) if requested.is_none() && !root.exists() => {
            Ok((root, None))
        }
        Err(error) => Err(error.into()),
    }
}
