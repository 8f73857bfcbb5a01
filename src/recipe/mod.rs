//! A plan of steps and the machine that carries it out: mount, load components, run, collect.
//!
//! In: a [`Plan`], pure data, made by a task or read from a recipe ([`document`]). Out: a
//! [`Run`]: what each phase did, the executions, the changes, and why it failed if it did.
//!
//! Invariant: whatever happens after the sandbox was created, its changes and its record are
//! collected.

pub mod document;
mod phase;
mod plan;
mod run;

pub use phase::{PhaseEvidence, PhaseName, PhaseStatus};
pub use plan::{Activation, Plan, Probe, Step};
pub use run::{Progress, Run, run};
