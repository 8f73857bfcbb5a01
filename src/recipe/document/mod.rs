//! `wp-codebox/workspace-recipe/v1` as it is written: every field that is carried out, and by name
//! those that are not.
//!
//! In: JSON. Out: a [`Recipe`], or a refusal that names the field. Whether the machine has what a
//! recipe names, and whether its parts fit together, is not asked here.
//!
//! Invariant: a field of a recipe is carried out or refused; none is ignored.

mod artifacts;
mod fixture;
mod inputs;
mod mount;
mod plugin;
mod plugin_runtime;
mod probe;
mod runtime;
mod seed;
mod switch;
mod unsupported;
mod workflow;
mod workspace;

pub use artifacts::{Artifacts, PathArtifact, TypedArtifact, Verification, WorkspacePolicy};
pub use fixture::{DatabaseFormat, DatabaseReset, FixtureDatabase, FixtureUser, ResetStrategy};
pub use inputs::{Inputs, StagedFile};
pub use mount::{Mount, MountMode, MountPhase, MountType};
pub use plugin::{ExtraPlugin, LoadAs};
pub use plugin_runtime::{HealthProbe, PhpSettings, PluginRuntime};
pub use probe::Probe;
pub use runtime::{Assets, Backend, InstallMode, Runtime, Stack};
pub use seed::{
    DeterministicIds, IdStrategy, OnUnsupported, Scopes, SeedFormat, SeedType, Selector, SiteSeed,
};
pub use switch::Switch;
pub use unsupported::{UNSUPPORTED, Unsupported};
pub use workflow::{Noted, StepDiagnostics, Workflow, WorkflowStep};
pub use workspace::{SeedSource, SourceMode, Workspace, WorkspaceSeed};

use crate::contract::{Code, Input, Refusal, input_schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::LazyLock;

pub const RECIPE_SCHEMA: &str = "wp-codebox/workspace-recipe/v1";

/// A WordPress, what goes into it, what is done in it, and what is kept of it. Paths are relative
/// to the recipe's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    #[schemars(extend("enum" = [RECIPE_SCHEMA]))]
    pub schema: String,
    /// The WordPress and the PHP that run.
    #[serde(default)]
    pub runtime: Runtime,
    /// What is put into the sandbox before the first step.
    #[serde(default)]
    pub inputs: Inputs,
    /// What is done.
    pub workflow: Workflow,
    /// What is kept, and how it is checked.
    #[serde(default)]
    pub artifacts: Artifacts,
    /// Asked after the workflow: the run fails if one of them does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub probes: Vec<Probe>,
    /// The author's own notes, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Input for Recipe {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<Recipe>);
        &SCHEMA
    }

    fn prepare(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
        unsupported::refuse(raw)
    }

    fn code(_path: &str) -> Code {
        Code::RecipeInvalid
    }
}
