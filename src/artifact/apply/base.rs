//! Are the files still what the sandbox began with?
//!
//! In: approved rows, and where the bundle says that their mounts came from. Out: which files are
//! stale, or that it cannot be known: the directory is gone, or is none that the caller may name.

use super::agreement::{Mount, mount_target};
use super::error::ApplyError;
use super::rows::ChangedRow;
use super::tree::{Tree, digest_matches};
use crate::artifact::patch::directories_above;
use crate::host::Settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What is known of the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaseCheck {
    pub status: BaseStatus,
    /// How many files were compared.
    pub checked: usize,
    /// Approved files that could not be: their mount is no longer there, or not the caller's to name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BaseStatus {
    /// Every approved file is what it was.
    Current,
    /// Nothing could be compared with some of them; none that could is stale.
    Unknown,
}

/// Compares the approved files with the directories that were mounted.
pub fn check(
    rows: &[ChangedRow],
    metadata: Option<&Value>,
    settings: &Settings,
) -> Result<BaseCheck, ApplyError> {
    let mounts = metadata.and_then(|m| m["mounts"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let mut sources: Vec<(usize, Option<Tree>)> = Vec::new();
    let (mut stale, mut unchecked, mut checked) = (Vec::new(), Vec::new(), 0);
    let going: HashSet<(Option<usize>, Vec<u8>)> = rows
        .iter()
        .filter(|row| row.makes_room())
        .filter_map(|row| Some((row.mount_index, row.relative()?)))
        .collect();
    let has_room = |row: &ChangedRow| {
        row.relative().is_some_and(|path| {
            directories_above(&path).any(|p| going.contains(&(row.mount_index, p.to_vec())))
        })
    };
    let recorded = Mount::recorded(metadata);
    for row in rows {
        // Several mounts may have one target in bundles of another making; the row says which.
        let is_its = |mount: &Mount| mount_target(row, &recorded) == Some(mount.target());
        let stated = row.mount_index.filter(|index| recorded.get(*index).is_some_and(is_its));
        let index = stated.or_else(|| recorded.iter().position(is_its)).unwrap_or(usize::MAX);
        let at = match sources.iter().position(|(known, _)| *known == index) {
            Some(at) => at,
            None => {
                let source = mounts.get(index).and_then(|mount| mount["source"].as_str());
                sources.push((index, source.and_then(|path| open(Path::new(path), settings))));
                sources.len() - 1
            }
        };
        match sources[at].1.as_ref().and_then(|tree| is_current(row, tree, has_room(row))) {
            Some(true) => checked += 1,
            Some(false) => stale.push(row.path.clone()),
            None => unchecked.push(row.path.clone()),
        }
    }
    if !stale.is_empty() {
        return Err(ApplyError::Stale(stale));
    }
    let status = if unchecked.is_empty() { BaseStatus::Current } else { BaseStatus::Unknown };
    Ok(BaseCheck { status, checked, unchecked })
}

/// Whether the file is what it was; `None` if that cannot be said. `has_room`: what is a file above it
/// goes.
fn is_current(row: &ChangedRow, tree: &Tree, has_room: bool) -> Option<bool> {
    let path = row.relative()?;
    let before = row.before_path().unwrap_or_else(|| path.clone());
    let free = |path: &[u8]| Some(has_room || digest_matches(&tree.read(path).ok()?, None));
    let same = match (row.before_sha256.as_deref(), row.status.as_deref()) {
        (Some(sha256), _) => digest_matches(&tree.read(&before).ok()?, Some(sha256)),
        (None, Some("added")) => free(&path)?,
        (None, _) => return None,
    };
    // A moved file must not land on another.
    Some(same && (before == path || free(&path)?))
}

/// The directory, if there is one and the caller may name it. What a bundle says of itself is not
/// reason enough to look at a file.
fn open(source: &Path, settings: &Settings) -> Option<Tree> {
    let real = source.is_absolute().then(|| source.canonicalize().ok())??;
    let beneath = |root: &PathBuf| root.canonicalize().is_ok_and(|root| real.starts_with(root));
    if !settings.operator && !settings.mount_roots.iter().any(beneath) {
        return None;
    }
    match real.is_file() {
        // A mount that is a file: its rows are called by its own name.
        true => Tree::open(real.parent()?).ok(),
        false => Tree::open(&real).ok(),
    }
}
