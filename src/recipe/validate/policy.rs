//! The policy that a recipe runs under: derived from what it needs, or given and held against that.

use super::super::blueprint;
use super::super::document::{LoadAs, Recipe};
use super::super::issue::Issue;
use super::super::network::judge_network;
use crate::host::Settings;
use crate::sandbox::{Filesystem, Policy, Secrets, policy_commands};
use serde_json::Value;
use std::collections::BTreeSet;

/// Names of the commands that the recipe needs, each once, sorted. Unknown ones are left out: they
/// have issues of their own.
pub fn needed_commands(recipe: &Recipe) -> Vec<&'static str> {
    let inputs = &recipe.inputs;
    let mut ids: Vec<&str> = Vec::new();
    let activates = |plugin: &super::super::document::ExtraPlugin| {
        plugin.load_as == LoadAs::Plugin && plugin.activate.unwrap_or(true)
    };
    if inputs.extra_plugins.iter().any(activates) {
        ids.push("wordpress.ensure-plugin-active");
    }
    let content = !(inputs.site_seeds.is_empty() && inputs.fixture_databases.is_empty() && inputs.fixture_users.is_empty());
    if content {
        ids.push("wordpress.run-php");
    }
    if let Some(blueprint) = &recipe.runtime.blueprint {
        blueprint::needed_commands(blueprint).into_iter().for_each(|id| ids.push(id));
    }
    if let Some(runtime) = &inputs.plugin_runtime {
        ids.extend(runtime.setup.iter().map(|step| step.command.as_str()));
        ids.extend(runtime.health_probes.iter().map(|probe| match probe.kind.as_str() {
            "wp-cli" => "wordpress.wp-cli",
            _ => "wordpress.run-php",
        }));
    }
    let workflow = &recipe.workflow;
    let steps = workflow.before.iter().chain(&workflow.steps).chain(&workflow.after);
    ids.extend(steps.chain(recipe.probes.iter().map(|probe| &probe.step)).map(|step| step.command.as_str()));
    let needed: BTreeSet<&'static str> = ids.into_iter().flat_map(policy_commands).collect();
    needed.into_iter().collect()
}

/// The policy: the given one if it allows what the recipe needs, else one that allows just that.
pub fn resolve_policy(recipe: &Recipe, given: Option<&Value>, settings: &Settings) -> Result<Policy, Vec<Issue>> {
    let needed = needed_commands(recipe);
    let has_secrets = !recipe.inputs.secret_env.is_empty();
    let Some(given) = given else {
        let mut policy = Policy::allowing(needed);
        if has_secrets {
            policy.secrets = Secrets::ConnectorScoped;
        }
        return Ok(policy);
    };
    let policy = Policy::parse(given).map_err(|invalid| {
        let issue = |issue: crate::sandbox::Issue| Issue::new(issue.code, format!("$.policy.{}", issue.field), issue.message);
        invalid.issues.into_iter().map(issue).collect::<Vec<_>>()
    })?;
    let mut issues = Vec::new();
    for missing in needed.iter().filter(|name| !policy.commands.iter().any(|allowed| allowed == *name)) {
        let message = format!("the recipe needs {missing}");
        issues.push(Issue::new("runtime-policy-missing-command", "$.policy.commands", message));
    }
    if let Err(refusal) = judge_network(&policy.network, "$.policy.network", settings) {
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
