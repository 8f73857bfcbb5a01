//! What is to be done in a sandbox, decided before it exists.

use super::inheritance::Inheritance;
use super::phase::PhaseName;
use crate::artifact::MountRecord;
use crate::sandbox::{Command, QueryCapture, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A plan. Nothing in it is looked up later: sources are checked, files are found.
#[derive(Clone)]
pub struct Plan {
    pub spec: Spec,
    /// What of it is the parent's.
    pub inheritance: Inheritance,
    /// Every mount as the bundle records it, in the order of `spec.mounts`.
    pub mounts: Vec<MountRecord>,
    /// What makes the sandbox ready, in this order. If a step fails, the workflow does not begin.
    pub preparations: Vec<Stage>,
    /// Whether the next run of the same plan may start where the preparations ended.
    pub reuse: bool,
    /// What is done to the site next, each time anew. If a step fails, the workflow does not begin.
    pub imports: Vec<Stage>,
    /// `before` and `steps`.
    pub workflow: Vec<Step>,
    /// Runs whatever happened before, as far as the sandbox can carry it out, unless somebody asked
    /// for a stop.
    pub after: Vec<Step>,
    /// Run if everything before them succeeded.
    pub probes: Vec<Step>,
    /// Sandbox paths of files that are read when everything has run.
    pub declared: Vec<String>,
    /// From the start of the run to its end, the collecting included.
    pub timeout: Duration,
    /// What `after` cannot exceed either: the longest that the operator allows.
    pub longest: Duration,
}

/// Steps of one phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    pub phase: PhaseName,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub part: Part,
    /// Within its part of the recipe.
    pub index: usize,
    /// What evidence calls it, if not by its command.
    pub label: Option<String>,
    pub command: Command,
    pub expected: Expected,
    /// What follows runs even if it fails.
    pub allow_failure: bool,
    /// The same, and its failure says nothing about the run.
    pub advisory: bool,
    /// Its own deadline. A step that is stopped by it stops the sandbox.
    pub timeout: Option<Duration>,
    /// Whether the queries that it makes are noted.
    pub capture: Option<QueryCapture>,
    /// The author's notes, kept in the evidence.
    pub metadata: Value,
}

impl Step {
    /// A step that has to succeed, without anything else said about it.
    pub fn new(part: Part, index: usize, command: Command) -> Step {
        Step {
            part,
            index,
            label: None,
            command,
            expected: Expected::Anything,
            allow_failure: false,
            advisory: false,
            timeout: None,
            capture: None,
            metadata: Value::Null,
        }
    }

    /// What evidence calls it.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(self.command.name())
    }
}

/// Which part of a recipe a step stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Blueprint,
    Plugin,
    Setup,
    Health,
    Import,
    Before,
    Steps,
    After,
    Probe,
}

/// What a step has to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    Anything,
    /// Of a report about plugins: that this one is active.
    Active {
        plugin: String,
    },
    /// To print JSON, which is then what it returned.
    Json,
    /// `true`: the component has registered what was asked for.
    Registered {
        component: String,
        what: &'static str,
        name: String,
    },
}
