//! Retention: which bundles go when there are too many, too old or too large ones; and what crashes
//! left behind.

use super::index::Row;
use super::{Store, scratch};
use crate::artifact::ArtifactError;
use crate::artifact::confined::{Dir, MAX_DEPTH};
use rustix::fs::FileType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Schema id of [`PruneReport`].
pub const PRUNE_SCHEMA: &str = "wp-codebox/artifact-prune/v1";

/// How old a half-made directory or file must be before it counts as left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// What to keep. A bundle goes if one of the limits says so; without a limit none does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Older bundles go.
    #[serde(default)]
    pub max_age_seconds: Option<u64>,
    /// The newest this many stay.
    #[serde(default)]
    pub max_count: Option<usize>,
    /// The newest stay as long as all together are not larger. Bytes.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// Ids that stay whatever the limits say, such as those that wait for a decision. They count.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Only say what would go.
    #[serde(default)]
    pub dry_run: bool,
}

/// `wp-codebox/artifact-prune/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PruneReport {
    /// False if something that was to go could not be removed: `left` says what.
    pub success: bool,
    pub schema: String,
    pub dry_run: bool,
    pub removed: Vec<Pruned>,
    pub kept: usize,
    /// Of the removed bundles.
    pub freed_bytes: u64,
    /// Half-made and discarded directories that crashes had left.
    pub leftovers_removed: usize,
    /// What stayed although it was in the way, and why; see `success`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
}

/// A directory that was not removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Left {
    pub directory: PathBuf,
    pub reason: LeftReason,
    /// What the system says of a removal that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftReason {
    /// It has a `manifest.json`, but not a bundle's. Such directories do not count.
    NotABundle,
    /// Removing it failed. Others were removed all the same.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pruned {
    pub artifact_id: String,
    pub bytes: u64,
    pub reason: PruneReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PruneReason {
    Age,
    Count,
    Size,
}

impl Store {
    /// Carries a retention out, oldest bundles first to go, and removes what crashes left.
    pub fn prune(&self, retention: &Retention, now: SystemTime) -> Result<PruneReport, ArtifactError> {
        let mut rows = self.scan()?;
        rows.sort_unstable_by(|a, b| b.key().cmp(&a.key()));
        let mut report = PruneReport {
            success: true,
            schema: PRUNE_SCHEMA.into(),
            dry_run: retention.dry_run,
            removed: Vec::new(),
            kept: 0,
            freed_bytes: 0,
            leftovers_removed: 0,
            left: Vec::new(),
        };
        let mut kept_bytes = 0;
        for row in &rows {
            if !row.is_bundle {
                report.leave(self.root.join(&row.place), LeftReason::NotABundle, None);
                continue;
            }
            let bytes = self.bundle_size(row);
            let reason = retention.reason(row, now, report.kept, kept_bytes + bytes);
            let stays = retention.keep.contains(&row.id) || row.place.is_empty();
            match reason.filter(|_| !stays) {
                None => {
                    report.kept += 1;
                    kept_bytes += bytes;
                }
                Some(reason) => {
                    if !retention.dry_run
                        && let Err(why) = self.remove(&row.place)
                    {
                        report.leave(self.root.join(&row.place), LeftReason::Failed, Some(why.to_string()));
                        continue;
                    }
                    report.freed_bytes += bytes;
                    report.removed.push(Pruned { artifact_id: row.id.clone(), bytes, reason });
                }
            }
        }
        if !retention.dry_run {
            self.remove_leftovers(now, &mut report)?;
        }
        Ok(report)
    }

    fn bundle_size(&self, row: &Row) -> u64 {
        self.directory(&row.place).map_or(0, |dir| size(&dir, 0))
    }

    /// Removes what begins with the prefixes of [`scratch`], is old, and is nobody's any more.
    fn remove_leftovers(&self, now: SystemTime, report: &mut PruneReport) -> Result<(), ArtifactError> {
        let failed = |why| ArtifactError::RootUnwritable { root: self.root.clone(), why };
        for entry in self.dir.entries().map_err(failed)? {
            let name = entry.name.to_bytes();
            if !scratch::KINDS.iter().any(|kind| name.starts_with(format!(".{kind}-").as_bytes())) {
                continue;
            }
            let Ok(Some(stat)) = self.dir.stat(entry.name.as_c_str()) else { continue };
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(stat.st_mtime.max(0) as u64);
            if now.duration_since(modified).is_ok_and(|age| age < LEFT_BEHIND) {
                continue;
            }
            let in_use = entry.kind == FileType::Directory
                && self.dir.open_dir_c(&entry.name).and_then(|dir| dir.try_lock()).is_ok_and(|free| !free);
            if in_use {
                continue;
            }
            match self.dir.remove_all(&entry.name) {
                Ok(()) => report.leftovers_removed += 1,
                Err(why) => {
                    let directory = self.root.join(&*entry.name.to_string_lossy());
                    report.leave(directory, LeftReason::Failed, Some(why.to_string()));
                }
            }
        }
        Ok(())
    }
}

impl PruneReport {
    fn leave(&mut self, directory: PathBuf, reason: LeftReason, message: Option<String>) {
        self.success &= reason != LeftReason::Failed;
        self.left.push(Left { directory, reason, message });
    }
}

impl Retention {
    fn reason(&self, row: &Row, now: SystemTime, kept: usize, bytes: u64) -> Option<PruneReason> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
        let age = |max: u64| now - row.created > i128::from(max) * 1_000_000_000;
        if self.max_age_seconds.is_some_and(age) {
            Some(PruneReason::Age)
        } else if self.max_count.is_some_and(|max| kept >= max) {
            Some(PruneReason::Count)
        } else if self.max_bytes.is_some_and(|max| bytes > max) {
            Some(PruneReason::Size)
        } else {
            None
        }
    }
}

fn size(dir: &Dir, depth: usize) -> u64 {
    let mut total = 0;
    for entry in dir.entries().unwrap_or_default() {
        if entry.kind == FileType::Directory {
            if depth < MAX_DEPTH
                && let Ok(inner) = dir.open_dir_c(&entry.name)
            {
                total += size(&inner, depth + 1);
            }
        } else if let Ok(Some(stat)) = dir.stat(entry.name.as_c_str()) {
            total += u64::try_from(stat.st_size).unwrap_or(0);
        }
    }
    total
}
