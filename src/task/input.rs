//! `wp-codebox/task-input/v1`: what a caller may ask for, and its shape. Whether the machine has
//! what is asked for is the plan's question.

mod check;
mod tools;

pub(super) use check::{check_mount, check_places, check_secrets, check_session_id};

use super::compat;
use crate::contract::{Code, Input, Refusal, input_schema};
use crate::engine::net::Rules;
use crate::sandbox::{Approvals, Filesystem, SandboxToolPolicy, Secrets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::LazyLock;

pub const TASK_INPUT_SCHEMA: &str = "wp-codebox/task-input/v1";
pub const STRUCTURED_ARTIFACT_SCHEMA: &str = "wp-codebox/structured-artifact/v1";

/// A task for a disposable WordPress.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentTaskInput {
    /// The schema of this object, if the caller names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [TASK_INPUT_SCHEMA]))]
    pub schema: Option<String>,
    /// The version of the schema, if the caller names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [1]))]
    pub version: Option<u32>,
    /// What is to be achieved, in words.
    #[schemars(length(min = 1, max = 65536))]
    pub goal: String,
    /// What the task is about: a plugin, a theme, an issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Host directories and files that the sandbox sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub mounts: Vec<Mount>,
    /// Plugins that the sandbox loads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub component_contracts: Vec<ComponentContract>,
    /// The ability that carries the task out inside the sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_task: Option<RuntimeTask>,
    /// Wall-clock deadline, seconds. The operator's limit still holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86400))]
    pub task_timeout_seconds: Option<u64>,
    /// Directory beneath which the artifact bundle is written. It must lie beneath a configured root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub artifacts_path: Option<String>,
    /// The caller's id of this sandbox session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub sandbox_session_id: Option<String>,
    /// The caller's id of the agent session. Also the sandbox session's id if that is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub session_id: Option<String>,
    /// Who asked, for correlation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orchestrator: Option<Orchestrator>,
    /// Names of the tools that the agent may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 200)))]
    pub allowed_tools: Vec<String>,
    /// What each tool is and where it may run. A tool in `allowed_tools` that the policy does not
    /// allow in the sandbox is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_tool_policy: Option<SandboxToolPolicy>,
    /// Names of the artifacts that the caller hopes for, such as `patch` or `tests`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 200)))]
    pub expected_artifacts: Vec<String>,
    /// Structured inputs for the agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub structured_artifacts: Vec<StructuredArtifact>,
    /// Background for the agent. At most 1 MiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// The caller's wishes for what happens with the result, recorded with it. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub policy: Map<String, Value>,
    /// Names of variables of the parent's environment that the sandbox's environment shall have.
    /// Their values are kept out of everything that leaves the sandbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 128)))]
    pub secret_env: Vec<String>,
    /// What the sandbox may do. Each field that is left out has its default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_policy: Option<RuntimePolicy>,
    /// AI provider of the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub provider: Option<String>,
    /// Model of the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub model: Option<String>,
    /// WordPress version of the sandbox. Left out: the parent's own files, or the runtime pack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub wp: Option<String>,
    /// Accepted and not used: nothing is executed on the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub wp_codebox_bin: Option<String>,
}

/// What the sandbox may do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuntimePolicy {
    /// `deny`, `allow`, or an object whose `allowHosts` lists hosts: `example.org`, `*.example.org`,
    /// an IP address, each with or without `:port`. Left out: `deny`. Only what the operator allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Rules>,
    /// Which host files the sandbox sees. Left out: `readwrite-mounts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filesystem: Option<Filesystem>,
    /// Names of the commands that may be executed. Left out: those that the task needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 200)))]
    pub commands: Option<Vec<String>>,
    /// Whether secrets may be handed in. Left out: `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Secrets>,
    /// When the parent is asked before a command, with the filter `wp_codebox_approve_command`. Left
    /// out: `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
}

/// What a task is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `plugin`, `theme`, `site`, or the caller's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub kind: Option<String>,
    /// A branch, tag, commit or other reference.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reference: Option<String>,
    /// A path, without `..`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub path: Option<String>,
    /// A page that says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub url: Option<String>,
}

/// A host directory or file in the sandbox. The host's copy is never written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Absolute host path. It must lie beneath an allowed root.
    #[schemars(length(max = 4096))]
    pub source: String,
    /// Absolute sandbox path, such as `/workspace`.
    #[schemars(length(max = 4096))]
    pub target: String,
    /// Whether the sandbox may change its copy. Only changes beneath `readwrite` mounts are captured.
    #[serde(default)]
    pub mode: MountMode,
    /// Whether changes beneath it come into the bundle.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub capture_artifacts: bool,
    /// The caller's own notes, kept in the artifact. At most 64 KiB of JSON. Paths in its list
    /// `artifactExcludePaths`, relative to the mount, are left out of the bundle and counted there.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MountMode {
    Readonly,
    #[default]
    Readwrite,
}

/// A plugin that the sandbox loads from a host directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentContract {
    /// Directory name in the sandbox. Left out: the last segment of `path`.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub slug: String,
    /// Absolute host directory of the plugin. `source` is accepted for it.
    #[schemars(length(max = 4096))]
    pub path: String,
    /// Activate the plugin. A must-use plugin is always active.
    #[serde(default)]
    pub activate: bool,
    /// As what WordPress loads it. `load_as` is accepted for it.
    #[serde(default, rename = "loadAs")]
    pub load_as: LoadAs,
    /// The task fails if this component is not ready.
    #[serde(default)]
    pub required: bool,
    /// What shows that the component has loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<ReadinessProbe>,
    /// Where the component comes from, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub provenance: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoadAs {
    #[default]
    MuPlugin,
    Plugin,
}

/// A component is ready once this is registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadinessProbe {
    #[serde(rename = "type")]
    pub kind: ProbeKind,
    /// Name of the ability or filter.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    Ability,
    Filter,
}

/// The ability that carries a task out inside the sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuntimeTask {
    /// Name of an ability that a mounted component registers, `namespace/name`.
    #[schemars(length(min = 1, max = 200))]
    pub ability: String,
    /// Its input. At most 4 MiB of JSON.
    #[serde(default)]
    pub input: Value,
}

/// Correlation data of the caller.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Orchestrator {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub id: Option<String>,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub job_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub agent_task_id: Option<String>,
}

/// `wp-codebox/structured-artifact/v1`: a typed input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StructuredArtifact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [STRUCTURED_ARTIFACT_SCHEMA]))]
    pub schema: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 200))]
    pub kind: String,
    #[serde(default)]
    pub payload: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub payload_schema: Value,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub provenance: Map<String, Value>,
}

impl Input for AgentTaskInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<AgentTaskInput>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        for field in ["code", "code_file"] {
            if raw.contains_key(field) {
                return Err(Refusal::field(
                    Code::RawCodeForbidden,
                    field,
                    "raw PHP is not accepted; mount a component and name its ability in runtime_task",
                ));
            }
        }
        let blank = match raw.get("goal") {
            None | Some(Value::Null) => true,
            Some(Value::String(goal)) => goal.trim().is_empty(),
            Some(_) => false,
        };
        if blank {
            return Err(Refusal::field(Code::TaskMissing, "goal", "say what is to be achieved"));
        }
        compat::refuse_unsupported(raw)?;
        compat::drop_empty(raw);
        compat::accept_component_spellings(raw)
    }

    fn code(path: &str) -> Code {
        let segments: Vec<&str> = path.split('.').collect();
        match segments.as_slice() {
            ["mounts", _] => Code::MountInvalid,
            ["mounts", _, "source"] => Code::MountSourceInvalid,
            ["mounts", _, "target"] => Code::MountTargetInvalid,
            ["mounts", _, "mode"] => Code::MountModeInvalid,
            ["component_contracts", _] => Code::ComponentInvalid,
            ["secret_env", ..] => Code::SecretEnvInvalid,
            ["sandbox_session_id"] => Code::SessionIdInvalid,
            ["sandbox_tool_policy", ..] => Code::ToolPolicyInvalid,
            ["runtime_policy", ..] => Code::RuntimePolicyInvalid,
            _ => Code::InputInvalid,
        }
    }

    fn check(&mut self) -> Result<(), Refusal> {
        check::check(self)
    }
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}
