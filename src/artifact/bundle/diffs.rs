//! The patches of a bundle: the combined one, each mount's own, and the index of these.

use super::captured::Captured;
use super::paths::mount_patch_path;
use super::staging::{Staging, Writing};
use crate::artifact::capture::PatchSink;
use crate::artifact::changed_files::ChangedFile;
use crate::artifact::digest::PATCH_PATH;
use crate::artifact::{ArtifactError, Found, MountRecord};
use crate::contract::ChangeSet;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A row of `files/diffs.json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MountDiff<'a> {
    mount_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    target: &'a str,
    artifact_path: String,
    changed: bool,
    /// `changed` or `unchanged`.
    status: &'static str,
}

/// Takes the patches while they are made.
pub struct Patches<'s, 'd> {
    staging: &'s Staging<'d>,
    combined: Writing,
    mounts: BTreeMap<usize, (Writing, Found)>,
    captured: Captured,
}

/// The finished files.
pub struct Written {
    combined: Writing,
    mounts: BTreeMap<usize, (Writing, Found)>,
    captured: Captured,
}

impl<'s, 'd> Patches<'s, 'd> {
    pub fn begin(staging: &'s Staging<'d>) -> io::Result<Self> {
        let combined = staging.begin(PATCH_PATH, "patch", "text/x-diff")?;
        Ok(Patches { staging, combined, mounts: BTreeMap::new(), captured: Captured::default() })
    }

    pub fn written(self) -> Written {
        Written { combined: self.combined, mounts: self.mounts, captured: self.captured }
    }
}

impl PatchSink for Patches<'_, '_> {
    fn combined(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.combined.write_all(bytes)
    }

    fn mount(&mut self, mount_index: usize, bytes: &[u8], found: &Found) -> io::Result<()> {
        let (writing, all) = match self.mounts.entry(mount_index) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert((
                self.staging.begin(mount_patch_path(mount_index), "diff", "text/x-diff")?,
                Found::default(),
            )),
        };
        all.absorb(found);
        writing.write_all(bytes)
    }

    fn content(&mut self, file: &ChangedFile, bytes: &[u8]) -> io::Result<()> {
        self.captured.add(self.staging, file, bytes)
    }
}

impl Written {
    /// Lists the patches, writes the index of the captured mounts, and gives the captured files.
    pub fn finish(
        self,
        staging: &mut Staging<'_>,
        sets: &[ChangeSet],
        mounts: &[MountRecord],
    ) -> Result<Captured, ArtifactError> {
        let rows: Vec<MountDiff<'_>> = sets
            .iter()
            .map(|set| {
                let changed = self.mounts.contains_key(&set.mount_index);
                MountDiff {
                    mount_index: set.mount_index,
                    source: mounts.get(set.mount_index).and_then(|m| m.source.as_deref()),
                    target: &set.mount_target,
                    artifact_path: if changed { mount_patch_path(set.mount_index) } else { String::new() },
                    changed,
                    status: if changed { "changed" } else { "unchanged" },
                }
            })
            .collect();
        staging.json("files/diffs.json", "mount-diffs", &rows)?;
        staging.finish(self.combined)?;
        // The combined patch has been counted, and these repeat it.
        for (index, (writing, found)) in self.mounts {
            staging.repeats(&mount_patch_path(index), &found);
            staging.finish(writing)?;
        }
        Ok(self.captured)
    }
}
