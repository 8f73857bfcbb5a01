//! From a recipe to a plan: everything that a run needs is looked up and read, once.
//!
//! In: a [`Document`] that has no issue, the policy and the secrets of its run. Out: a [`Compiled`].
//!
//! Invariant: nothing is booted. What is written lies in a directory that goes with the
//! [`Compiled`], but for a WordPress that came as a zip, which the cache keeps.

mod content;
mod plugins;
mod runtime;
mod scratch;
mod sources;
mod steps;
mod workspaces;

pub use plugins::PreparedPlugin;
pub use sources::StagedInput;

use super::bare::{bare, max_timeout, pack, timeout};
use super::document::Recipe;
use super::inheritance::Inheritance;
use super::issue::{Issue, refuse};
use super::mounts::Mounts;
use super::phase::PhaseName;
use super::plan::{Plan, Stage};
use super::read::Document;
use super::secrets::secret_names;
use super::surroundings::Surroundings;
use super::validate::ArgumentFiles;
use crate::artifact::Secret;
use crate::contract::Refusal;
use crate::host::Settings;
use crate::sandbox::{Policy, Spec};
use scratch::Scratch;
use std::path::Path;

/// A recipe that can be run.
pub struct Compiled {
    pub plan: Plan,
    pub plugins: Vec<PreparedPlugin>,
    pub staged: Vec<StagedInput>,
    /// Digests of the files of `inputs.fixtureDatabases`.
    pub databases: Vec<String>,
    /// Digests of the files of `inputs.siteSeeds`.
    pub seeds: Vec<String>,
    /// What the run's mounts were made in.
    _scratch: Scratch,
}

/// Where a recipe lies, and who reads it.
#[derive(Clone, Copy)]
struct Place<'a> {
    recipe: &'a Recipe,
    base: Option<&'a Path>,
    settings: &'a Settings,
    around: Surroundings<'a>,
}

/// What becomes of a recipe: a plan, or every issue that only shows when its files are read.
pub fn compile(
    document: &Document,
    policy: Policy,
    secrets: &[Secret],
    timeout_seconds: Option<u64>,
    around: Surroundings<'_>,
) -> Result<Compiled, Refusal> {
    let recipe = &document.recipe;
    let Surroundings { base, settings, tools } = around;
    let place = Place { recipe, base, settings, around };
    let mut files = ArgumentFiles::default();
    let blueprint = content::blueprint(place).map_err(|issues| refuse(&issues))?;
    let one = |issue: Issue| refuse(&[issue]);
    let pack = pack(settings)?;
    let core = runtime::core(place, &pack)?;
    let spec = bare(pack, core, settings)?;

    let mut scratch = Scratch::beneath(&spec.cache_dir);
    let mut mounts = Mounts::default();
    sources::stack(place, &mut mounts).map_err(one)?;
    workspaces::attach(place, &mut scratch, &mut mounts)?;
    let plugins = plugins::attach(place, &mut mounts).map_err(one)?;
    sources::inputs(place, &mut mounts).map_err(one)?;
    let staged = sources::staged(place, &mut mounts).map_err(one)?;
    mounts.check(&policy)?;

    let mut ready = plugins.steps;
    ready.extend(steps::setup(place, &mut files).map_err(one)?);
    ready.extend(steps::health(recipe).map_err(one)?);
    let reuse = scratch.is_empty() && ready.iter().all(|step| step.capture.is_none());
    let imports = content::imports(place).map_err(one)?;
    let workflow = steps::workflow(place, &mut files).map_err(one)?;
    let spec = Spec {
        mounts: mounts.host,
        must_use: plugins.must_use,
        defines: runtime::defines(recipe),
        ini: runtime::ini(recipe),
        environment: runtime::environment(recipe, secrets),
        secrets: secret_names(secrets),
        host_tools: tools.iter().map(|tool| tool.name.clone()).collect(),
        policy,
        ..spec
    };
    Ok(Compiled {
        plan: Plan {
            inheritance: Inheritance::of(&spec, settings),
            spec,
            mounts: mounts.records,
            preparations: vec![
                Stage { phase: PhaseName::RunBlueprintSteps, steps: blueprint },
                Stage { phase: PhaseName::ActivatePlugins, steps: ready },
            ],
            // What was made for this run alone is of no use to another, and what is to be noted of a
            // step has to happen.
            reuse,
            imports: vec![Stage { phase: PhaseName::ImportFixtureDatabases, steps: imports.steps }],
            workflow,
            after: steps::after(place, &mut files).map_err(one)?,
            probes: steps::probes(place, &mut files).map_err(one)?,
            declared: sources::declared(recipe),
            timeout: timeout(timeout_seconds, settings),
            longest: max_timeout(settings),
        },
        plugins: plugins.prepared,
        staged,
        databases: imports.databases,
        seeds: imports.seeds,
        _scratch: scratch,
    })
}
