//! Whether the tools that a task asks for are the sandbox's to use.

use super::{SANDBOX_TOOL_POLICY_SCHEMA, SandboxToolPolicy, ToolEntry};
use crate::contract::{Code, Refusal, to_value};
use serde::Serialize;
use std::collections::BTreeSet;

const DENIAL_SCHEMA: &str = "wp-codebox/tool-allowlist-denial/v1";

/// What runs in the sandbox and needs nobody else.
const LOCAL: &str = "runtime_local";

/// One tool that was asked for and may not be used.
#[derive(Debug, PartialEq, Serialize)]
struct Denied<'a> {
    tool: &'a str,
    reason: Reason,
}

/// In the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    /// No entry has this id, runtime id or alias.
    NotInPolicy,
    /// Its code or its effects are the parent's.
    ParentOnly,
    Hidden,
    NotVisibleInSandbox,
    NotAllowed,
}

/// Refuses a policy that contradicts itself, and tools that it does not allow.
pub fn check(asked: &[String], policy: Option<&SandboxToolPolicy>) -> Result<(), Refusal> {
    // Without a policy, what is asked for is what is allowed.
    let Some(policy) = policy else { return Ok(()) };
    let mut ids = BTreeSet::new();
    for (index, tool) in policy.tools.iter().enumerate() {
        if !ids.insert(tool.id.as_str()) {
            return Err(Refusal::field(
                Code::ToolPolicyInvalid,
                &format!("sandbox_tool_policy.tools.{index}.id"),
                "another tool has this id",
            ));
        }
    }
    let denied: Vec<Denied> =
        asked.iter().filter_map(|tool| denial(tool, policy).map(|reason| Denied { tool, reason })).collect();
    let Some(first) = denied.first() else { return Ok(()) };
    let why = format!("the policy does not let the sandbox use {:?}", first.tool);
    let allowed = policy.tools.iter().filter(|tool| denial_of(tool).is_none());
    let allowed: Vec<&str> = allowed.map(|tool| tool.id.as_str()).collect();
    let facts = to_value(&denied)?;
    Err(Refusal::field(Code::ToolNotAllowed, "allowed_tools", why)
        .with("schema", DENIAL_SCHEMA)
        .with("denied_tools", facts)
        .with("allowed_tools", allowed)
        .with("policy_schema", SANDBOX_TOOL_POLICY_SCHEMA))
}

fn denial(asked: &str, policy: &SandboxToolPolicy) -> Option<Reason> {
    let named = |tool: &&ToolEntry| {
        tool.id == asked || tool.runtime_tool_id == asked || tool.aliases.iter().any(|alias| alias == asked)
    };
    match policy.tools.iter().find(named) {
        None => Some(Reason::NotInPolicy),
        Some(tool) => denial_of(tool),
    }
}

fn denial_of(tool: &ToolEntry) -> Option<Reason> {
    let local = tool
        .runtime
        .as_ref()
        .is_none_or(|runtime| runtime.environment == LOCAL && runtime.capability_scope == LOCAL);
    let here = tool.execution_location.as_deref().is_none_or(|place| place == "sandbox");
    let visibility = tool.transport_visibility.as_deref().unwrap_or("sandbox");
    if !local || !here {
        Some(Reason::ParentOnly)
    } else if visibility == "hidden" {
        Some(Reason::Hidden)
    } else if !["sandbox", "both"].contains(&visibility) {
        Some(Reason::NotVisibleInSandbox)
    } else if !tool.allowed {
        Some(Reason::NotAllowed)
    } else {
        None
    }
}
