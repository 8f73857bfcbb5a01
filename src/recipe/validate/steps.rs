//! `workflow`, and steps wherever they stand.

use super::super::document::{Probe, Workflow, WorkflowStep};
use super::super::host_tools::host_tool_step;
use super::super::issue::Issue;
use super::super::source;
use super::super::surroundings::Surroundings;
use super::context::Context;
use crate::sandbox::{ARGUMENT_FILE_MAX, ArgumentIssue, Arguments, Command, HOST_TOOLS, descriptor};
use std::collections::BTreeSet;

/// Bytes of the files that all steps of a recipe together are handed.
const ARGUMENT_FILES_MAX: usize = 16 << 20;

pub(super) fn check_workflow(workflow: &Workflow, context: &mut Context<'_>) {
    let groups = [("before", &workflow.before), ("steps", &workflow.steps), ("after", &workflow.after)];
    for (group, steps) in groups {
        for (index, step) in steps.iter().enumerate() {
            check_step(step, &format!("$.workflow.{group}[{index}]"), context);
        }
    }
}

pub(super) fn check_probes(probes: &[Probe], context: &mut Context<'_>) {
    let mut taken = BTreeSet::new();
    for (index, probe) in probes.iter().enumerate() {
        let at = format!("$.probes[{index}]");
        if !taken.insert(&probe.name) {
            context.issue("duplicate-name", format!("{at}.name"), "another probe has this name");
        }
        check_step(&probe.step, &format!("{at}.step"), context);
        context.notes(&format!("{at}.metadata"), &probe.metadata);
    }
}

pub(super) fn check_step(step: &WorkflowStep, at: &str, context: &mut Context<'_>) {
    match step_command(step, at, context.around, &mut context.files) {
        Err(issue) => context.add(issue),
        Ok(command) if step.diagnostics.is_some() && !command.takes_loaded_wordpress() => {
            let why = "queries are noted of commands that run in a loaded WordPress";
            context.issue("unsupported-diagnostics", format!("{at}.diagnostics"), why);
        }
        Ok(_) => {}
    }
    context.notes(&format!("{at}.metadata"), &step.metadata);
}

/// How much of the host's files all steps of a recipe together may still be handed.
pub struct ArgumentFiles {
    left: usize,
}

impl Default for ArgumentFiles {
    fn default() -> Self {
        ArgumentFiles { left: ARGUMENT_FILES_MAX }
    }
}

/// The command of the step that stands at `at`, with the files that its arguments name read from
/// beside the recipe.
pub fn step_command(
    step: &WorkflowStep,
    at: &str,
    around: Surroundings<'_>,
    files: &mut ArgumentFiles,
) -> Result<Command, Issue> {
    if step.command.starts_with(HOST_TOOLS) {
        return host_tool_step(around.tools, &step.command, &step.args).map_err(|issue| located(issue, at));
    }
    if descriptor(&step.command).is_some_and(|command| !command.recipe) {
        let message = format!("{} cannot be a step of a recipe", step.command);
        return Err(Issue::new("unsupported-command", format!("{at}.command"), message));
    }
    let mut arguments = Arguments::of_texts(&step.args);
    let field = format!("{at}.args");
    for file in arguments.host_files(&step.command) {
        let content = source::read(around.base, around.settings, &field, &file.path, ARGUMENT_FILE_MAX)?;
        files.left = files.left.checked_sub(content.len()).ok_or_else(|| {
            let most = ARGUMENT_FILES_MAX >> 20;
            let why = format!("the files that steps name have more than {most} MiB together");
            Issue::new("invalid-source", &field, why)
        })?;
        arguments.hand_in(&file.argument, content);
    }
    Command::parse(&step.command, arguments).map_err(|issue| located(issue, at))
}

/// An argument's issue at the step that stands at `at`.
pub(in crate::recipe) fn located(issue: ArgumentIssue, at: &str) -> Issue {
    if issue.code == "unsupported-command" {
        return Issue::new(issue.code, format!("{at}.command"), issue.message);
    }
    let message = issue.to_string();
    Issue::new(issue.code, format!("{at}.args"), message)
}
