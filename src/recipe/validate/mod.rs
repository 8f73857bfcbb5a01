//! Whether a recipe can be carried out on this machine: everything that is wrong with it, found in
//! one go, before anything has happened.
//!
//! In: a [`Document`] and what the parent allows. Out: [`Issue`]s in the order of the schema's
//! sections; none means that a run has no reason to fail that could have been seen beforehand.
//!
//! Invariant: nothing is written and nothing is booted.

mod artifacts;
mod content;
mod context;
mod dry_run;
mod mounts;
mod plugin_runtime;
mod plugins;
mod policy;
mod runtime;
mod steps;
mod variables;
mod workspaces;

pub use dry_run::{DryRun, dry_run};
pub use policy::{needed_commands, resolve_policy};
pub use steps::{ArgumentFiles, step_command};

pub(super) use artifacts::without_dots;
pub(super) use plugins::{ARCHIVE_BYTES, file_of, slug_of, source_of, target_of};
pub(super) use steps::located;
pub(super) use workspaces::scaffold_target;

use super::host_tools::HostTool;
use super::issue::Issue;
use super::read::Document;
use crate::contract::Refusal;
use crate::host::Host;
use context::Context;
use serde_json::Value;

/// Everything that is wrong with the recipe and with the policy that it is to run under.
pub fn validate(
    document: &Document,
    policy: Option<&Value>,
    tools: &[HostTool],
    host: &dyn Host,
) -> Result<Vec<Issue>, Refusal> {
    let settings = host.settings()?;
    let around = document.among(&settings, tools);
    let mut context = Context::new(around);
    let recipe = &document.recipe;
    runtime::check(&recipe.runtime, &mut context);
    mounts::check(&recipe.inputs, &mut context);
    workspaces::check(&recipe.inputs.workspaces, &mut context);
    plugins::check(&recipe.inputs.extra_plugins, &mut context);
    mounts::check_staged(&recipe.inputs.staged_files, &mut context);
    variables::check(&recipe.inputs, &settings, host, &mut context);
    content::check(&recipe.inputs, &mut context);
    if let Some(runtime) = &recipe.inputs.plugin_runtime {
        plugin_runtime::check(runtime, &mut context);
    }
    steps::check_workflow(&recipe.workflow, &mut context);
    artifacts::check(&recipe.artifacts, &mut context);
    steps::check_probes(&recipe.probes, &mut context);
    context.notes("$.metadata", &recipe.metadata);
    let mut issues = context.finish();
    if let Err(found) = resolve_policy(document, policy, around) {
        issues.extend(found);
    }
    Ok(issues)
}
