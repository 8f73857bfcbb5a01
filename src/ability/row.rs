//! One row of the table.

use crate::contract::{Input, Refusal};
use crate::host::Host;
use serde::Serialize;
use serde_json::Value;

/// An ability: what it is called, what it takes and gives, what it does to the world, and the
/// function that does it.
pub struct Ability {
    /// `wp-codebox/<name>`, the canonical name.
    pub name: &'static str,
    /// Other names, registered as abilities of their own that point here.
    pub aliases: &'static [&'static str],
    /// The method of `WP_Codebox_API`.
    pub method: &'static str,
    pub label: &'static str,
    pub description: &'static str,
    pub input_schema: fn() -> &'static Value,
    pub output_schema: fn() -> &'static Value,
    pub annotations: Annotations,
    pub show_in_rest: bool,
    pub permission: Permission,
    /// What the runtime descriptor calls it, `family:verb`.
    pub capability: &'static str,
    pub cli: Option<Cli>,
    pub validate: fn(Value) -> Result<(), Refusal>,
    pub run: fn(Value, &dyn Host) -> Result<Value, Refusal>,
}

/// WordPress's three annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Annotations {
    /// Changes nothing.
    pub readonly: bool,
    /// May change or remove what was there before; false for one that only adds.
    pub destructive: bool,
    /// The second call with the same input adds nothing to the first.
    pub idempotent: bool,
}

impl Annotations {
    pub const READS: Self = Annotations { readonly: true, destructive: false, idempotent: true };
    pub const ADDS: Self = Annotations { readonly: false, destructive: false, idempotent: false };
    pub const ADDS_ONCE: Self = Annotations { readonly: false, destructive: false, idempotent: true };
    pub const CHANGES: Self = Annotations { readonly: false, destructive: true, idempotent: false };
    pub const REMOVES: Self = Annotations { readonly: false, destructive: true, idempotent: true };
}

/// Who may: the plugin maps each to a capability and a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// `manage_options` (`manage_network_options` on multisite), through the filter `wp_codebox_can_run_agent_task`.
    RunAgentTask,
    /// The same capability, or a trusted orchestrator with the scope `artifact:write`.
    WriteArtifact,
}

/// The WP-CLI command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cli {
    /// The words after `wp codebox`.
    pub command: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// The input field that the positional argument fills.
    pub positional: Option<&'static str>,
}

/// [`Ability::validate`] of an input type.
pub fn validate_as<T: Input>(input: Value) -> Result<(), Refusal> {
    T::parse(input).map(drop)
}
