//! The table of abilities. PHP, WP-CLI, REST and the docs are read off it; nothing is registered
//! that has no row.
//!
//! In: a name and a JSON value. Out: a JSON value or a [`Refusal`](crate::contract::Refusal).
//!
//! Invariant: a row's schema is derived from the type that its handler reads, and its annotations
//! say what the handler does.

mod agent_task;
mod artifact_apply;
mod artifact_import;
mod artifact_upkeep;
mod artifacts;
mod authorization;
mod browser_artifacts;
mod commands;
mod describe;
mod doctor;
mod images;
mod pending_apply;
mod recipes;
mod row;
mod runtime;
mod store;

pub use authorization::{AUTHORIZATION_SCHEMA, Authorization, Reason, Scope, authorize};
pub use commands::COMMAND_CATALOG_SCHEMA;
pub use describe::{Description, describe};
pub use doctor::{Check, Status, doctor};
pub use row::{Ability, Annotations, Cli, Permission};
pub use runtime::{RUNTIME_DESCRIPTOR_SCHEMA, RuntimeDescriptor};

use crate::contract::{Code, Refusal, shown};
use crate::host::Host;
use serde_json::Value;

/// Every row, in the order in which lists show them.
pub fn table() -> impl Iterator<Item = &'static Ability> {
    [
        agent_task::ROWS,
        artifacts::ROWS,
        artifact_upkeep::ROWS,
        artifact_import::ROWS,
        browser_artifacts::ROWS,
        artifact_apply::ROWS,
        pending_apply::ROWS,
        recipes::ROWS,
        commands::ROWS,
        images::ROWS,
        runtime::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// The row of a canonical name or an alias.
pub fn find(name: &str) -> Result<&'static Ability, Refusal> {
    let name = name.trim();
    table().find(|row| row.name == name || row.aliases.contains(&name)).ok_or_else(|| {
        let shown = shown(name, 100);
        Refusal::new(
            Code::AbilityNotSupported,
            format!("{shown:?} is not an ability of WP Codebox; WP_Codebox_API::abilities() lists them."),
        )
        .with("ability", shown)
    })
}

/// Whether the input would be read, without doing anything.
pub fn validate(name: &str, input: &Value) -> Result<(), Refusal> {
    (find(name)?.validate)(input.clone())
}

/// Reads the input, then does what the ability is for.
pub fn execute(name: &str, input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    (find(name)?.run)(input, host)
}
