//! The policy that a recipe runs under: derived from what it needs, or given and held against that.

use super::super::blueprint;
use super::super::document::{LoadAs, Recipe, WorkflowStep};
use super::super::issue::{Issue, MISSING_COMMAND};
use super::super::network::judge_network;
use super::super::read::Document;
use super::super::source::{Wanted, find};
use super::super::surroundings::Surroundings;
use super::plugins;
use super::steps::{ArgumentFiles, step_command};
use crate::sandbox::{Filesystem, Policy, Secrets};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Names of the commands that the recipe needs, each once, sorted. Steps that cannot be read are left
/// out: they have issues of their own.
pub fn needed_commands(document: &Document, around: Surroundings<'_>) -> Vec<String> {
    let recipe = &document.recipe;
    let inputs = &recipe.inputs;
    let mut needed: BTreeSet<Cow<'static, str>> = BTreeSet::new();
    for plugin in &inputs.extra_plugins {
        if plugin.load_as == LoadAs::Plugin && plugin.activate.unwrap_or(true) {
            needed.insert("wordpress.ensure-plugin-active".into());
        }
        // An archive is unpacked inside.
        let source = find(around.base, around.settings, "", plugins::source_of(plugin), Wanted::Anything);
        if source.is_ok_and(|source| source.is_file) {
            needed.insert("wordpress.run-php".into());
        }
    }
    if !(inputs.site_seeds.is_empty()
        && inputs.fixture_databases.is_empty()
        && inputs.fixture_users.is_empty())
    {
        needed.insert("wordpress.run-php".into());
    }
    if let Some(blueprint) = &recipe.runtime.blueprint {
        needed.extend(blueprint::needed_commands(blueprint).into_iter().map(Cow::from));
    }
    let mut steps: Vec<&WorkflowStep> = Vec::new();
    if let Some(runtime) = &inputs.plugin_runtime {
        steps.extend(&runtime.setup);
        needed.extend(runtime.health_probes.iter().map(|probe| match probe.kind.as_str() {
            "wp-cli" => "wordpress.wp-cli".into(),
            "plugin-active" => "wordpress.plugin-state".into(),
            _ => Cow::from("wordpress.run-php"),
        }));
    }
    let workflow = &recipe.workflow;
    steps.extend(workflow.before.iter().chain(&workflow.steps).chain(&workflow.after));
    steps.extend(recipe.probes.iter().map(|probe| &probe.step));
    // What a step's arguments bring with them is among it: workloads are commands too.
    let mut files = ArgumentFiles::default();
    for command in steps.into_iter().filter_map(|step| step_command(step, "", around, &mut files).ok()) {
        needed.extend(command.policy_commands().into_iter().map(Cow::from));
        needed.extend(command.host_tool().map(|tool| Cow::from(tool.to_owned())));
    }
    needed.into_iter().map(Cow::into_owned).collect()
}

/// The policy: the given one if it allows what the recipe needs, else one that allows just that.
pub fn resolve_policy(
    document: &Document,
    given: Option<&Value>,
    around: Surroundings<'_>,
) -> Result<Policy, Vec<Issue>> {
    let recipe = &document.recipe;
    let needed = needed_commands(document, around);
    let has_secrets = !recipe.inputs.secret_env.is_empty();
    let Some(given) = given else {
        let mut policy = Policy::allowing(needed);
        if has_secrets {
            policy.secrets = Secrets::ConnectorScoped;
        }
        return Ok(policy);
    };
    let policy = Policy::parse(given).map_err(|invalid| {
        let issue = |issue: crate::sandbox::Issue| {
            Issue::new(issue.code, format!("$.policy.{}", issue.field), issue.message)
        };
        invalid.issues.into_iter().map(issue).collect::<Vec<_>>()
    })?;
    let mut issues = Vec::new();
    for missing in needed.iter().filter(|name| !policy.commands.iter().any(|allowed| allowed == *name)) {
        let message = format!("the recipe needs {missing}");
        issues.push(Issue::new(MISSING_COMMAND, "$.policy.commands", message));
    }
    if let Err(refusal) = judge_network(&policy.network, "$.policy.network", around.settings) {
        issues.push(Issue::new("runtime-policy-violation", "$.policy.network", refusal.message));
    }
    if has_secrets && policy.secrets == Secrets::None {
        let message = "the recipe names secrets, and the policy has none handed in";
        issues.push(Issue::new("runtime-policy-violation", "$.policy.secrets", message));
    }
    if policy.filesystem == Filesystem::Sandbox && has_mounts(recipe) {
        let message = "the recipe has mounts, and the policy lets the sandbox see no file of the host's";
        issues.push(Issue::new("runtime-policy-violation", "$.policy.filesystem", message));
    }
    if issues.is_empty() { Ok(policy) } else { Err(issues) }
}

/// Whether anything of the host's is attached.
fn has_mounts(recipe: &Recipe) -> bool {
    let inputs = &recipe.inputs;
    !(recipe.runtime.stack.mounts.is_empty()
        && inputs.mounts.is_empty()
        && inputs.workspaces.is_empty()
        && inputs.extra_plugins.is_empty()
        && inputs.staged_files.is_empty())
}
