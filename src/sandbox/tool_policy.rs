//! `wp-codebox/sandbox-tool-policy/v1`: which tools an agent inside may use, and where each runs.

use crate::contract::{Input, input_schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::LazyLock;

pub const SANDBOX_TOOL_POLICY_SCHEMA: &str = "wp-codebox/sandbox-tool-policy/v1";

/// What runs in the sandbox and needs nobody else.
const LOCAL: &str = "runtime_local";

/// `wp-codebox/sandbox-tool-policy/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxToolPolicy {
    #[schemars(extend("enum" = [SANDBOX_TOOL_POLICY_SCHEMA]))]
    pub schema: String,
    #[schemars(extend("enum" = [1]))]
    pub version: u32,
    #[schemars(length(max = 256))]
    pub tools: Vec<ToolEntry>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// One tool of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolEntry {
    #[schemars(length(min = 1, max = 200))]
    pub id: String,
    /// The tool's name inside the sandbox.
    #[schemars(length(min = 1, max = 200))]
    pub runtime_tool_id: String,
    /// Where the tool runs: `sandbox` or the caller's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub execution_location: Option<String>,
    /// Who sees the tool: `sandbox`, `parent`, `both` or `hidden`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub transport_visibility: Option<String>,
    pub allowed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<ToolRuntime>,
    /// Other names of the tool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 200)))]
    pub aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// Where a tool's code and effects are. Anything but `runtime_local` needs the parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolRuntime {
    #[schemars(length(min = 1, max = 200))]
    pub environment: String,
    #[schemars(length(min = 1, max = 200))]
    pub capability_scope: String,
}

/// Why the sandbox may not use a tool, in the order in which reasons are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// No entry has this id, runtime id or alias.
    NotInPolicy,
    /// Its code or its effects are the parent's.
    ParentOnly,
    Hidden,
    NotVisibleInSandbox,
    NotAllowed,
}

impl Input for SandboxToolPolicy {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<SandboxToolPolicy>);
        &SCHEMA
    }
}

impl SandboxToolPolicy {
    /// The first entry whose id another one has already.
    pub fn duplicate(&self) -> Option<usize> {
        let mut ids = BTreeSet::new();
        self.tools.iter().position(|tool| !ids.insert(tool.id.as_str()))
    }

    /// The tools that the sandbox may use, under their names there.
    pub fn usable(&self) -> impl Iterator<Item = &str> {
        let usable = self.tools.iter().filter(|tool| tool.denial().is_none());
        usable.map(|tool| tool.runtime_tool_id.as_str())
    }
}

impl ToolEntry {
    /// Why the sandbox may not use it; `None`: it may.
    pub fn denial(&self) -> Option<Denial> {
        let local = self
            .runtime
            .as_ref()
            .is_none_or(|runtime| runtime.environment == LOCAL && runtime.capability_scope == LOCAL);
        let here = self.execution_location.as_deref().is_none_or(|place| place == "sandbox");
        let visibility = self.transport_visibility.as_deref().unwrap_or("sandbox");
        if !local || !here {
            Some(Denial::ParentOnly)
        } else if visibility == "hidden" {
            Some(Denial::Hidden)
        } else if !["sandbox", "both"].contains(&visibility) {
            Some(Denial::NotVisibleInSandbox)
        } else if !self.allowed {
            Some(Denial::NotAllowed)
        } else {
            None
        }
    }
}
