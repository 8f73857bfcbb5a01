//! Steps, wherever in a recipe they stand.

use super::super::document::{HealthProbe, Recipe, WorkflowStep};
use super::super::issue::Issue;
use super::super::plan::{Expected, Part, Step};
use super::super::validate::{ArgumentFiles, located, step_command};
use super::Place;
use super::sources::notes;
use crate::sandbox::{Arguments, Command, PluginAction, PluginState};
use std::time::Duration;

/// `inputs.pluginRuntime.setup`.
pub(super) fn setup(place: Place<'_>, files: &mut ArgumentFiles) -> Result<Vec<Step>, Issue> {
    let Some(runtime) = &place.recipe.inputs.plugin_runtime else { return Ok(Vec::new()) };
    let steps = group(place, files, &runtime.setup, Part::Setup, "$.inputs.pluginRuntime.setup")?;
    let labelled = |step: Step| Step { label: Some(format!("plugin-runtime.setup:{}", step.index)), ..step };
    Ok(steps.into_iter().map(labelled).collect())
}

/// `inputs.pluginRuntime.healthProbes`.
pub(super) fn health(recipe: &Recipe) -> Result<Vec<Step>, Issue> {
    let Some(runtime) = &recipe.inputs.plugin_runtime else { return Ok(Vec::new()) };
    let probes = runtime.health_probes.iter().enumerate();
    probes.map(|(index, probe)| health_probe(index, probe)).collect()
}

fn health_probe(index: usize, probe: &HealthProbe) -> Result<Step, Issue> {
    let at = format!("$.inputs.pluginRuntime.healthProbes[{index}]");
    let argument = |name: &str, value: &Option<String>| {
        Arguments::of_texts([format!("{name}={}", value.as_deref().unwrap_or_default())])
    };
    let (command, expected) = match probe.kind.as_str() {
        "plugin-active" => {
            let plugin = probe.plugin_file.clone().unwrap_or_default();
            let state =
                PluginState { action: PluginAction::Status, plugin: Some(plugin.clone()), network: false };
            (Ok(Command::PluginState(state)), Expected::Active { plugin })
        }
        "wp-cli" => {
            (Command::parse("wordpress.wp-cli", argument("command", &probe.command)), Expected::Anything)
        }
        _ => (Command::parse("wordpress.run-php", argument("code", &probe.code)), Expected::Anything),
    };
    let step = Step::new(Part::Health, index, command.map_err(|issue| located(issue, &at))?);
    Ok(Step { label: Some(format!("plugin-runtime.health:{}", probe.name)), expected, ..step })
}

/// `workflow.before` and `workflow.steps`.
pub(super) fn workflow(place: Place<'_>, files: &mut ArgumentFiles) -> Result<Vec<Step>, Issue> {
    let workflow = &place.recipe.workflow;
    let mut steps = group(place, files, &workflow.before, Part::Before, "$.workflow.before")?;
    steps.extend(group(place, files, &workflow.steps, Part::Steps, "$.workflow.steps")?);
    Ok(steps)
}

/// `workflow.after`.
pub(super) fn after(place: Place<'_>, files: &mut ArgumentFiles) -> Result<Vec<Step>, Issue> {
    group(place, files, &place.recipe.workflow.after, Part::After, "$.workflow.after")
}

/// `probes`.
pub(super) fn probes(place: Place<'_>, files: &mut ArgumentFiles) -> Result<Vec<Step>, Issue> {
    let probes = place.recipe.probes.iter().enumerate();
    let step = |(index, probe): (usize, &super::super::document::Probe)| {
        let step = step(place, files, &probe.step, Part::Probe, index, &format!("$.probes[{index}].step"))?;
        Ok(Step {
            label: Some(format!("probe:{}", probe.name)),
            expected: if probe.expect_json { Expected::Json } else { Expected::Anything },
            advisory: step.advisory || probe.allow_failure,
            ..step
        })
    };
    probes.map(step).collect()
}

fn group(
    place: Place<'_>,
    files: &mut ArgumentFiles,
    steps: &[WorkflowStep],
    part: Part,
    at: &str,
) -> Result<Vec<Step>, Issue> {
    let steps = steps.iter().enumerate();
    steps.map(|(index, one)| step(place, files, one, part, index, &format!("{at}[{index}]"))).collect()
}

fn step(
    place: Place<'_>,
    files: &mut ArgumentFiles,
    step: &WorkflowStep,
    part: Part,
    index: usize,
    at: &str,
) -> Result<Step, Issue> {
    let command = step_command(step, at, place.around, files)?;
    Ok(Step {
        allow_failure: step.allow_failure,
        advisory: step.advisory,
        timeout: step.timeout_ms.map(Duration::from_millis),
        capture: step.diagnostics.as_ref().map(|diagnostics| diagnostics.queries()),
        metadata: notes(&step.metadata),
        ..Step::new(part, index, command)
    })
}
