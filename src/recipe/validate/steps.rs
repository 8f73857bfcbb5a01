//! `workflow`, and steps wherever they stand.

use super::super::document::{Probe, Workflow, WorkflowStep};
use super::super::issue::Issue;
use super::super::source;
use super::context::Context;
use crate::host::Settings;
use crate::sandbox::{ARGUMENT_FILE_MAX, ArgumentIssue, Arguments, Command, descriptor};
use std::collections::BTreeSet;
use std::path::Path;

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
    if let Err(issue) = step_command(step, at, context.base(), context.settings) {
        context.add(issue);
    }
    context.notes(&format!("{at}.metadata"), &step.metadata);
}

/// The command of the step that stands at `at`, with the files that its arguments name read from
/// beside the recipe.
pub fn step_command(
    step: &WorkflowStep,
    at: &str,
    base: Option<&Path>,
    settings: &Settings,
) -> Result<Command, Issue> {
    if descriptor(&step.command).is_some_and(|command| !command.recipe) {
        let message = format!("{} cannot be a step of a recipe", step.command);
        return Err(Issue::new("unsupported-command", format!("{at}.command"), message));
    }
    let mut arguments = Arguments::of_texts(&step.args);
    let field = format!("{at}.args");
    for file in arguments.host_files(&step.command) {
        arguments
            .hand_in(&file.argument, source::read(base, settings, &field, &file.path, ARGUMENT_FILE_MAX)?);
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
