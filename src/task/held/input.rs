//! What callers of a held sandbox hand in.

use crate::contract::{Code, Input, Refusal, input_schema};
use crate::host::Settings;
use crate::recipe::read_host_file;
use crate::sandbox::{ARGUMENT_FILE_MAX, Arguments, Command};
use crate::task::input::{AgentTaskInput, ComponentContract, Mount, RuntimePolicy, check_places, check_secrets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a sandbox is made of. Everything may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxInput {
    /// Host directories and files that the sandbox sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub mounts: Vec<Mount>,
    /// Plugins that the sandbox loads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub component_contracts: Vec<ComponentContract>,
    /// Names of variables of the parent's environment that the sandbox's environment shall have.
    /// Their values are kept out of everything that leaves the sandbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 128)))]
    pub secret_env: Vec<String>,
    /// What the sandbox may do. Left out: every command, no network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_policy: Option<RuntimePolicy>,
    /// WordPress version. Left out: the parent's own files, or the runtime pack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub wp: Option<String>,
    /// Deadline of each call that names none, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86400))]
    pub timeout_seconds: Option<u64>,
}

impl Input for SandboxInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<SandboxInput>);
        &SCHEMA
    }

    fn code(path: &str) -> Code {
        AgentTaskInput::code(path)
    }

    fn check(&mut self) -> Result<(), Refusal> {
        check_secrets(&self.secret_env)?;
        check_places(&mut self.mounts, &mut self.component_contracts)
    }
}

/// One command and its arguments.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionInput {
    /// Name of the command, such as `wordpress.run-php`.
    #[schemars(length(min = 1, max = 200))]
    pub command: String,
    /// Arguments by name: those that the command table lists for the command.
    #[serde(default)]
    pub args: BTreeMap<String, Value>,
    /// Deadline of this call, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86400))]
    pub timeout_seconds: Option<u64>,
}

impl Input for ExecutionInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ExecutionInput>);
        &SCHEMA
    }
}

impl ExecutionInput {
    /// The command, with its arguments checked.
    pub(super) fn command(self, settings: &Settings) -> Result<Command, Refusal> {
        let mut arguments = Arguments::of_object(self.args);
        for file in arguments.host_files(&self.command) {
            let field = format!("args.{}", file.argument);
            let content = read_host_file(settings, Code::InputInvalid, &field, &file.path, ARGUMENT_FILE_MAX)?;
            arguments.hand_in(&file.argument, content);
        }
        Ok(Command::parse(&self.command, arguments)?)
    }
}
