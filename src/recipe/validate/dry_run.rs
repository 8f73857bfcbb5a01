//! What a run would do, without doing it.

use super::super::document::{LoadAs, MountMode, SeedSource, WorkflowStep, Workspace};
use super::super::issue::Issue;
use super::super::read::Document;
use super::super::source::{Wanted, find};
use super::super::surroundings::Surroundings;
use super::plugins;
use super::policy::resolve_policy;
use super::workspaces::scaffold_target;
use crate::engine::net::Rules;
use crate::host::Settings;
use crate::sandbox::{Approvals, Filesystem, Policy, Secrets};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What a run would do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DryRun {
    pub policy: PlannedPolicy,
    /// In the order in which they are attached, those of `runtime.stack` first.
    pub mounts: Vec<PlannedMount>,
    pub workspaces: Vec<PlannedWorkspace>,
    pub extra_plugins: Vec<PlannedPlugin>,
    #[serde(rename = "siteSeeds")]
    pub site_seeds: Vec<PlannedSeed>,
    #[serde(rename = "stagedFiles")]
    pub staged_files: Vec<PlannedCopy>,
    pub workflow: PlannedWorkflow,
}

/// The policy that the run is held to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedPolicy {
    pub network: Rules,
    pub filesystem: Filesystem,
    pub commands: Vec<String>,
    pub secrets: Secrets,
    pub approvals: Approvals,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedMount {
    /// `directory` or `file`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Real path on the host.
    pub source: String,
    pub target: String,
    pub mode: MountMode,
    pub capture_artifacts: bool,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedWorkspace {
    pub target: String,
    pub mode: MountMode,
    /// What it begins with.
    pub seed: SeedSource,
    /// Real path on the host, of a directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPlugin {
    /// Real path on the host.
    pub source: String,
    pub slug: String,
    pub target: String,
    /// `<slug>/<file>.php`, if it is known before a zip is unpacked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_file: Option<String>,
    pub load_as: LoadAs,
    pub activate: bool,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedSeed {
    pub name: String,
    /// Real path on the host.
    pub source: String,
    /// Names of what is imported.
    pub scopes: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedCopy {
    /// Real path on the host.
    pub source: String,
    pub target: String,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedWorkflow {
    pub before: Vec<WorkflowStep>,
    pub steps: Vec<WorkflowStep>,
    pub after: Vec<WorkflowStep>,
}

impl From<Policy> for PlannedPolicy {
    fn from(policy: Policy) -> PlannedPolicy {
        let Policy { network, filesystem, commands, secrets, approvals } = policy;
        PlannedPolicy { network, filesystem, commands, secrets, approvals }
    }
}

/// Says what a run would do. The recipe has no issue; one can only come of a host that changes.
pub fn dry_run(
    document: &Document,
    policy: Option<&Value>,
    around: Surroundings<'_>,
) -> Result<DryRun, Vec<Issue>> {
    let policy = resolve_policy(document, policy, around)?;
    plan(document, policy, around.settings).map_err(|issue| vec![issue])
}

fn plan(document: &Document, policy: Policy, settings: &Settings) -> Result<DryRun, Issue> {
    let recipe = &document.recipe;
    let real =
        |field: String, path: &str| find(document.base.as_deref(), settings, &field, path, Wanted::Anything);
    let shown = |field: String, path: &str| Ok::<_, Issue>(real(field, path)?.path.display().to_string());

    let mut mounts = Vec::new();
    let groups = [
        ("$.runtime.stack.mounts", MountMode::Readonly, &recipe.runtime.stack.mounts),
        ("$.inputs.mounts", MountMode::Readwrite, &recipe.inputs.mounts),
    ];
    for (at, usual, group) in groups {
        for (index, mount) in group.iter().enumerate() {
            let source = real(format!("{at}[{index}].source"), &mount.source)?;
            let mode = mount.mode.unwrap_or(usual);
            mounts.push(PlannedMount {
                kind: if source.is_file { "file" } else { "directory" },
                source: source.path.display().to_string(),
                target: mount.target.clone(),
                mode,
                capture_artifacts: mount.capture_artifacts.unwrap_or(true) && mode == MountMode::Readwrite,
            });
        }
    }
    let mut workspaces = Vec::new();
    for (index, workspace) in recipe.inputs.workspaces.iter().enumerate() {
        let field = format!("$.inputs.workspaces[{index}].seed.source");
        let source = workspace.seed.source.as_deref().map(|path| shown(field, path)).transpose()?;
        workspaces.push(PlannedWorkspace {
            target: workspace_target(workspace),
            mode: workspace.mode.unwrap_or(MountMode::Readwrite),
            seed: workspace.seed.kind,
            source,
            slug: workspace.seed.slug.clone(),
        });
    }
    let mut extra_plugins = Vec::new();
    for (index, plugin) in recipe.inputs.extra_plugins.iter().enumerate() {
        let path = plugins::source_of(plugin);
        let source = real(format!("$.inputs.extra_plugins[{index}].source"), path)?;
        let slug = plugins::slug_of(plugin, path);
        extra_plugins.push(PlannedPlugin {
            target: plugins::target_of(plugin.load_as, &slug),
            plugin_file: plugins::file_of(plugin, &source, &slug),
            source: source.path.display().to_string(),
            load_as: plugin.load_as,
            activate: plugin.activate.unwrap_or(true),
            slug,
        });
    }
    let mut site_seeds = Vec::new();
    for (index, seed) in recipe.inputs.site_seeds.iter().enumerate() {
        let path = seed.source.as_deref().unwrap_or_default();
        site_seeds.push(PlannedSeed {
            name: seed.name.clone(),
            source: shown(format!("$.inputs.siteSeeds[{index}].source"), path)?,
            scopes: seed.scopes.names(),
        });
    }
    let mut staged_files = Vec::new();
    for (index, file) in recipe.inputs.staged_files.iter().enumerate() {
        let source = shown(format!("$.inputs.stagedFiles[{index}].source"), &file.source)?;
        staged_files.push(PlannedCopy { source, target: file.target.clone() });
    }
    let workflow = &recipe.workflow;
    Ok(DryRun {
        policy: policy.into(),
        mounts,
        workspaces,
        extra_plugins,
        site_seeds,
        staged_files,
        workflow: PlannedWorkflow {
            before: workflow.before.clone(),
            steps: workflow.steps.clone(),
            after: workflow.after.clone(),
        },
    })
}

fn workspace_target(workspace: &Workspace) -> String {
    workspace.target.clone().or_else(|| scaffold_target(&workspace.seed)).unwrap_or_default()
}
