//! The commands that a sandbox carries out, as a list.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use crate::contract::{Code, Input, Refusal, input_schema, output_schema, shown, to_value};
use crate::host::Host;
use crate::sandbox::{CommandDescriptor, command_ids, commands, descriptor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;

pub const COMMAND_CATALOG_SCHEMA: &str = "wp-codebox/command-catalog/v1";

/// Which commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CommandsInput {
    /// Name of a command. Left out: every command.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    id: Option<String>,
}

impl Input for CommandsInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<CommandsInput>);
        &SCHEMA
    }
}

/// What there is to know about commands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Catalog {
    success: bool,
    schema: &'static str,
    commands: Vec<CommandDescriptor>,
}

static CATALOG: LazyLock<Value> = LazyLock::new(output_schema::<Catalog>);

pub const ROWS: &[Ability] = &[Ability {
    name: "wp-codebox/list-commands",
    aliases: &[],
    method: "list_commands",
    label: "List commands",
    description: "Lists the commands that a sandbox carries out: arguments, what comes back, and what the policy \
                  has to allow.",
    input_schema: CommandsInput::schema,
    output_schema: || &CATALOG,
    annotations: Annotations::READS,
    show_in_rest: true,
    permission: Permission::RunAgentTask,
    capability: "command:list",
    cli: Some(Cli { command: "commands", aliases: &[], positional: Some("id") }),
    validate: validate_as::<CommandsInput>,
    run: list,
}];

fn list(input: Value, _host: &dyn Host) -> Result<Value, Refusal> {
    let commands = match CommandsInput::parse(input)?.id {
        None => commands(),
        Some(id) => vec![descriptor(&id).ok_or_else(|| unknown(&id))?],
    };
    to_value(&Catalog { success: true, schema: COMMAND_CATALOG_SCHEMA, commands })
}

fn unknown(id: &str) -> Refusal {
    let known: Vec<&str> = command_ids().collect();
    Refusal::field(
        Code::InputInvalid,
        "id",
        format!("no command is called {}; there are {}", shown(id, 100), known.join(", ")),
    )
}
