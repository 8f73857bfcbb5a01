//! The runtime itself.

use super::doctor::unready;
use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use super::table;
use crate::contract::{Input, Refusal, input_schema, output_schema, to_value};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

pub const RUNTIME_DESCRIPTOR_SCHEMA: &str = "wp-codebox/runtime-descriptor/v1";

/// Nothing is asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DescriptorInput {}

impl Input for DescriptorInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<DescriptorInput>);
        &SCHEMA
    }
}

/// What this runtime is and can do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RuntimeDescriptor {
    pub success: bool,
    pub schema: &'static str,
    pub version: u32,
    pub runtime: RuntimeIdentity,
    pub readiness: Readiness,
    /// `family:verb`, one for each ability.
    pub capabilities: Vec<&'static str>,
    /// The canonical abilities and the methods of `WP_Codebox_API` that carry them out.
    pub abilities: Vec<AbilityRef>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RuntimeIdentity {
    pub id: &'static str,
    pub name: &'static str,
    /// Version of the extension.
    pub version: &'static str,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Readiness {
    pub status: ReadinessStatus,
    /// Why not, and the remedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReadinessStatus {
    Available,
    Unavailable,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AbilityRef {
    pub name: &'static str,
    pub method: &'static str,
    pub capability: &'static str,
}

static RESULT: LazyLock<Value> = LazyLock::new(output_schema::<RuntimeDescriptor>);

pub const ROWS: &[Ability] = &[Ability {
    name: "wp-codebox/runtime-descriptor",
    aliases: &[],
    method: "runtime_descriptor",
    label: "Describe the runtime",
    description: "Says what this runtime is, which abilities it has, and whether it is ready.",
    input_schema: DescriptorInput::schema,
    output_schema: || &RESULT,
    annotations: Annotations::READS,
    show_in_rest: true,
    permission: Permission::RunAgentTask,
    capability: "runtime:describe",
    cli: Some(Cli { command: "runtime descriptor", aliases: &[], positional: None }),
    validate: validate_as::<DescriptorInput>,
    run: descriptor,
}];

fn descriptor(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    DescriptorInput::parse(input)?;
    let unready = unready(host).map(|check| check.message);
    to_value(&RuntimeDescriptor {
        success: true,
        schema: RUNTIME_DESCRIPTOR_SCHEMA,
        version: 1,
        runtime: RuntimeIdentity { id: "wp-codebox", name: "WP Codebox", version: env!("CARGO_PKG_VERSION") },
        readiness: Readiness {
            status: match unready {
                None => ReadinessStatus::Available,
                Some(_) => ReadinessStatus::Unavailable,
            },
            reason: unready,
        },
        capabilities: table().map(|row| row.capability).collect(),
        abilities: table()
            .map(|row| AbilityRef { name: row.name, method: row.method, capability: row.capability })
            .collect(),
    })
}
