//! The artifact store.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use crate::contract::{Code, Input, Refusal, input_schema};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Which store to list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListInput {
    /// Directory of the store. It must lie beneath a configured root; left out: the configured one.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    artifacts_path: Option<String>,
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

static OBJECT: LazyLock<Value> = LazyLock::new(|| json!({ "type": "object" }));

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/list-artifacts",
        aliases: &[],
        method: "list_artifacts",
        label: "List artifacts",
        description: "Lists the artifact bundles of a store, newest first.",
        input_schema: ListInput::schema,
        output_schema: || &OBJECT,
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
        output_schema: || &OBJECT,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "artifact:get",
        cli: Some(Cli { command: "artifacts get", positional: Some("artifact_id") }),
        validate: validate_as::<GetInput>,
        run: get,
    },
];

fn list(input: Value, _host: &dyn Host) -> Result<Value, Refusal> {
    ListInput::parse(input)?;
    Err(Refusal::new(Code::Internal, "list_artifacts is being built"))
}

fn get(input: Value, _host: &dyn Host) -> Result<Value, Refusal> {
    GetInput::parse(input)?;
    Err(Refusal::new(Code::Internal, "get_artifact is being built"))
}
