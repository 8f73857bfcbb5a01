//! A plan of steps and the machine that carries it out: mount, load components, run, collect.
//!
//! In: a [`Plan`], pure data, made by a task or read from a recipe ([`document`]). Out: a
//! [`Run`]: what each phase did, the executions, the changes, and why it failed if it did.
//!
//! Invariant: whatever happens after the sandbox was created, its changes and its record are
//! collected.

mod attestation;
mod bare;
pub mod blueprint;
mod compile;
mod core_archive;
pub mod document;
mod evidence;
mod execute;
pub mod fixture;
mod host_files;
mod host_tools;
mod inheritance;
mod input;
mod issue;
mod kept;
mod labelled;
mod main_file;
mod mounts;
mod network;
mod observe;
mod output;
mod parent;
mod phase;
mod php_errors;
mod plan;
mod read;
mod report;
mod roots;
mod run;
mod secrets;
pub mod seed;
mod source;
mod surroundings;
mod validate;

pub use attestation::{RUN_ATTESTATION_SCHEMA, attest};
pub use bare::{bare, cache_dir, core, max_timeout, pack, timeout};
pub use core_archive::{CoreArchive, CoreArchiveError};
pub use evidence::{
    command_result, draft, failure, packages, printed_tests, redact, without_secrets, wordpress_version,
    workspace,
};
pub use execute::{RECIPE_RUN_SCHEMA, RecipeRun, RecipeRunInput, RunRuntime, run_recipe};
pub use host_tools::{
    HostTool, Uncallable, call_host_tool, check_host_tools, host_tool_call, host_tool_step, registered_tools,
};
pub use inheritance::Inheritance;
pub use input::RecipeInput;
pub use issue::Issue;
pub use labelled::LabelledCommand;
pub use main_file::main_file;
pub use mounts::{Mounts, kind_of, mount_record, refuse_reserved};
pub use network::judge_network;
pub use output::{Room, error_lines};
pub use parent::{PROGRESS_SCHEMA, Parent};
pub use phase::{EvidenceError, PHASE_EVIDENCE_SCHEMA, PhaseEvidence, PhaseName, PhaseStatus, Span};
pub use php_errors::read as php_errors;
pub use plan::{Expected, Part, Plan, Stage, Step};
pub use read::{Document, INVALID_RECIPE, RECIPE_BYTES};
pub use report::{
    RECIPE_PLAN_SCHEMA, RECIPE_VALIDATION_SCHEMA, RecipePlan, RecipeValidation, plan_recipe, validate_recipe,
};
pub use roots::{host_source, read_host_file};
pub use run::{Ended, Limit, Progress, Run, RunFailure, StepEvidence, run};
pub use secrets::{secret_names, secrets, variables};
pub use surroundings::Surroundings;
pub use validate::{ArgumentFiles, needed_commands, resolve_policy, step_command, validate};
