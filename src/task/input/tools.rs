//! Whether the tools that a task asks for are the sandbox's to use.

use crate::contract::{Code, Refusal, to_value};
use crate::sandbox::{Denial, SANDBOX_TOOL_POLICY_SCHEMA, SandboxToolPolicy, ToolEntry};
use serde::Serialize;

const DENIAL_SCHEMA: &str = "wp-codebox/tool-allowlist-denial/v1";

/// One tool that was asked for and may not be used.
#[derive(Debug, PartialEq, Serialize)]
struct Denied<'a> {
    tool: &'a str,
    reason: Denial,
}

/// Refuses a policy that contradicts itself, and tools that it does not allow.
pub fn check(asked: &[String], policy: Option<&SandboxToolPolicy>) -> Result<(), Refusal> {
    // Without a policy, what is asked for is what is allowed.
    let Some(policy) = policy else { return Ok(()) };
    if let Some(index) = policy.duplicate() {
        return Err(Refusal::field(
            Code::ToolPolicyInvalid,
            &format!("sandbox_tool_policy.tools.{index}.id"),
            "another tool has this id",
        ));
    }
    let denied: Vec<Denied> =
        asked.iter().filter_map(|tool| denial(tool, policy).map(|reason| Denied { tool, reason })).collect();
    let Some(first) = denied.first() else { return Ok(()) };
    let why = format!("the policy does not let the sandbox use {:?}", first.tool);
    let allowed = policy.tools.iter().filter(|tool| tool.denial().is_none());
    let allowed: Vec<&str> = allowed.map(|tool| tool.id.as_str()).collect();
    let facts = to_value(&denied)?;
    Err(Refusal::field(Code::ToolNotAllowed, "allowed_tools", why)
        .with("schema", DENIAL_SCHEMA)
        .with("denied_tools", facts)
        .with("allowed_tools", allowed)
        .with("policy_schema", SANDBOX_TOOL_POLICY_SCHEMA))
}

fn denial(asked: &str, policy: &SandboxToolPolicy) -> Option<Denial> {
    let named = |tool: &&ToolEntry| {
        tool.id == asked || tool.runtime_tool_id == asked || tool.aliases.iter().any(|alias| alias == asked)
    };
    match policy.tools.iter().find(named) {
        None => Some(Denial::NotInPolicy),
        Some(tool) => tool.denial(),
    }
}
