//! An agent task: from its input to its result.
//!
//! In: untrusted JSON and the [`Host`](crate::host::Host). Out: the `wp-codebox/agent-task-run/v1`
//! envelope, and a bundle in the artifact store. Knows tasks; knows no PHP values.
//!
//! Invariant: everything that can be refused is refused before a sandbox exists; everything that
//! ran, well or badly, leaves a bundle.

mod compat;
mod component;
mod held;
pub mod input;
mod plan;
mod policy;
mod result;
mod run;
mod test_report;

pub use held::{Cancel, ExecutionInput, HeldSandbox, SandboxInput};
pub use result::AgentTaskRun;
pub use run::run_agent_task;

/// The schema of what [`run_agent_task`] returns.
pub fn result_schema() -> serde_json::Value {
    crate::contract::output_schema::<AgentTaskRun>()
}
