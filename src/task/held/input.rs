//! What callers of a held sandbox hand in.

use crate::contract::{Code, Input, Refusal, input_schema};
use crate::host::Settings;
use crate::recipe::{HostTool, check_host_tools, host_tool_call, read_host_file};
use crate::sandbox::{ARGUMENT_FILE_MAX, Arguments, Command, HOST_TOOLS};
use crate::task::input::{
    AgentTaskInput, ComponentContract, Mount, RuntimePolicy, check_mount, check_places, check_secrets,
    check_session_id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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
    /// Tools of the parent's that commands can call by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub host_tools: Vec<HostTool>,
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
        check_host_tools(&mut self.host_tools)?;
        check_places(&mut self.mounts, &mut self.component_contracts)
    }
}

impl Input for Mount {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<Mount>);
        &SCHEMA
    }

    fn code(path: &str) -> Code {
        AgentTaskInput::code(&format!("mounts.0.{path}"))
    }

    fn check(&mut self) -> Result<(), Refusal> {
        check_mount(self, &str::to_owned)
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObservationKind {
    RuntimeInfo,
    Mounts,
    /// What is at `path`.
    Files,
    /// The record of the command `command_id`.
    CommandResult,
    /// The site and its plugins.
    WordpressState,
    /// A page of the sandbox's own site.
    HttpResponse,
    RuntimeEvents,
    RuntimeLogs,
}

/// A look at the sandbox.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservationInput {
    #[serde(rename = "type")]
    pub kind: ObservationKind,
    /// For `files`: absolute path in the sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub path: Option<String>,
    /// For `files`: also the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_content: Option<bool>,
    /// For `command-result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub command_id: Option<String>,
    /// For `http-response`, as are the next ones: arguments of `wordpress.http-request`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Also the page itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_body: Option<bool>,
}

impl Input for ObservationInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ObservationInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        if raw.get("type").is_some_and(|kind| kind == "browser-result") {
            let why =
                "browser-result is not supported: a sandbox has no browser, and no command that drives one";
            return Err(Refusal::field(Code::InputInvalid, "type", why));
        }
        Ok(())
    }

    /// A field that belongs to another type has no effect, and one that is needed is there.
    fn check(&mut self) -> Result<(), Refusal> {
        use ObservationKind as Kind;
        let fields = [
            ("path", self.path.is_some(), Kind::Files, true),
            ("include_content", self.include_content.is_some(), Kind::Files, false),
            ("command_id", self.command_id.is_some(), Kind::CommandResult, true),
            ("url", self.url.is_some(), Kind::HttpResponse, true),
            ("method", self.method.is_some(), Kind::HttpResponse, false),
            ("headers", self.headers.is_some(), Kind::HttpResponse, false),
            ("body", self.body.is_some(), Kind::HttpResponse, false),
            ("include_body", self.include_body.is_some(), Kind::HttpResponse, false),
        ];
        for (name, given, of, needed) in fields {
            let why = match (given, of == self.kind) {
                (true, false) => "not for this type of observation",
                (false, true) if needed => "required",
                _ => continue,
            };
            return Err(Refusal::field(Code::InputInvalid, name, why));
        }
        Ok(())
    }
}

/// Where a bundle goes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectInput {
    /// Directory of the artifact store. Left out: the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub artifacts_path: Option<String>,
    /// The session that the bundle is evidence of. Left out: one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub session_id: Option<String>,
}

impl Input for CollectInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<CollectInput>);
        &SCHEMA
    }

    fn check(&mut self) -> Result<(), Refusal> {
        check_session_id("session_id", self.session_id.as_deref())
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
    pub(super) fn command(self, settings: &Settings, tools: &[HostTool]) -> Result<Command, Refusal> {
        if self.command.starts_with(HOST_TOOLS) {
            return Ok(host_tool_call(tools, &self.command, self.args.into_iter().collect())?);
        }
        let mut arguments = Arguments::of_object(self.args);
        for file in arguments.host_files(&self.command) {
            let field = format!("args.{}", file.argument);
            let content =
                read_host_file(settings, Code::InputInvalid, &field, &file.path, ARGUMENT_FILE_MAX)?;
            arguments.hand_in(&file.argument, content);
        }
        Ok(Command::parse(&self.command, arguments)?)
    }
}
