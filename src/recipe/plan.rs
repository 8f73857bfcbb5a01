//! What is to be done in a sandbox, decided before it exists.

use crate::artifact::MountRecord;
use crate::sandbox::{Command, ProbeKind, Spec};
use std::time::Duration;

/// A plan. Nothing in it is looked up later: sources are checked, files are found.
#[derive(Clone)]
pub struct Plan {
    pub spec: Spec,
    /// Every mount as the bundle records it, in the order of `spec.mounts`.
    pub mounts: Vec<MountRecord>,
    /// Plugins to activate, in this order.
    pub activations: Vec<Activation>,
    /// What must be registered before the first step.
    pub probes: Vec<Probe>,
    pub steps: Vec<Step>,
    /// From the start of the run to its end, the collecting included.
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub slug: String,
    /// Relative to the plugins directory.
    pub plugin_file: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub component: String,
    pub kind: ProbeKind,
    /// Name of the ability or filter.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub command: Command,
}
