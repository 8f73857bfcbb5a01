//! (being built)

mod compat;
pub mod input;

use crate::contract::{Code, Input, Refusal};
use crate::host::Host;
use serde_json::{Value, json};

pub fn run_agent_task(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    input::AgentTaskInput::parse(input)?;
    host.settings()?;
    Err(Refusal::new(
        Code::Internal,
        "run_agent_task is being built",
    ))
}

/// The schema of what [`run_agent_task`] returns.
pub fn result_schema() -> Value {
    json!({ "type": "object", "properties": { "success": { "type": "boolean" }, "schema": { "type": "string" } } })
}
