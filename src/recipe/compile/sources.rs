//! Mounts, staged files, and what is read back in the end.

use super::super::document::{Mount, MountMode, Recipe};
use super::super::issue::Issue;
use super::super::mounts::Mounts;
use super::super::source::{Wanted, find};
use super::Place;
use crate::sandbox::{HostMount, MountKind};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A staged file as the result shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StagedInput {
    /// Real path on the host.
    pub source: String,
    pub target: String,
    /// `directory` or `file`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// `runtime.stack.mounts`: before everything else, and read-only unless they say otherwise.
pub(super) fn stack(place: Place<'_>, mounts: &mut Mounts) -> Result<(), Issue> {
    let list = &place.recipe.runtime.stack.mounts;
    attach(place, list, "$.runtime.stack.mounts", MountMode::Readonly, mounts)
}

/// `inputs.mounts`.
pub(super) fn inputs(place: Place<'_>, mounts: &mut Mounts) -> Result<(), Issue> {
    attach(place, &place.recipe.inputs.mounts, "$.inputs.mounts", MountMode::Readwrite, mounts)
}

fn attach(
    place: Place<'_>,
    list: &[Mount],
    at: &str,
    usual: MountMode,
    mounts: &mut Mounts,
) -> Result<(), Issue> {
    for (index, mount) in list.iter().enumerate() {
        let field = format!("{at}[{index}].source");
        let source = find(place.base, place.settings, &field, &mount.source, Wanted::Anything)?;
        let writable = mount.mode.unwrap_or(usual) == MountMode::Readwrite;
        let host = HostMount {
            source: source.path,
            target: mount.target.clone(),
            kind: kind(source.is_file),
            writable,
            capture: writable && mount.capture_artifacts.unwrap_or(true),
        };
        mounts.attach(host, notes(&mount.metadata));
    }
    Ok(())
}

/// `inputs.stagedFiles`: copies that the sandbox may change, and that nobody asks for.
pub(super) fn staged(place: Place<'_>, mounts: &mut Mounts) -> Result<Vec<StagedInput>, Issue> {
    let mut staged = Vec::new();
    for (index, file) in place.recipe.inputs.staged_files.iter().enumerate() {
        let field = format!("$.inputs.stagedFiles[{index}].source");
        let source = find(place.base, place.settings, &field, &file.source, Wanted::Anything)?;
        staged.push(StagedInput {
            source: source.path.display().to_string(),
            target: file.target.clone(),
            kind: if source.is_file { "file" } else { "directory" },
        });
        let host = HostMount {
            source: source.path,
            target: file.target.clone(),
            kind: kind(source.is_file),
            writable: true,
            capture: false,
        };
        mounts.attach(host, json!({ "kind": "staged-file", "index": index }));
    }
    Ok(staged)
}

/// Sandbox paths of `artifacts.paths` and `artifacts.typed`, in this order.
pub(super) fn declared(recipe: &Recipe) -> Vec<String> {
    let paths = recipe.artifacts.paths.iter().map(|artifact| &artifact.path);
    paths.chain(recipe.artifacts.typed.iter().map(|artifact| &artifact.path)).cloned().collect()
}

pub(super) fn kind(is_file: bool) -> MountKind {
    if is_file { MountKind::File } else { MountKind::Directory }
}

/// An author's notes; none are null.
pub(super) fn notes(notes: &Map<String, Value>) -> Value {
    if notes.is_empty() { Value::Null } else { Value::Object(notes.clone()) }
}
