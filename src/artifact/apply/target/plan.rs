//! What has to become of which file, worked out in memory before anything is written.

use crate::artifact::apply::approval::Approved;
use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::rows::ChangedRow;
use crate::artifact::apply::tree::{Node, digest_matches, text};
use crate::artifact::patch::{FilePatch, GitMode, Misfit, apply, is_git_internal, parse};
use crate::contract::digest_hex;
use std::collections::{BTreeMap, HashMap};
use std::io;

/// All new content together has at most so many bytes.
const MAX_TOTAL: usize = 256 << 20;

/// One file, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the target.
    pub path: String,
    /// The sandbox path that was approved.
    pub approved: String,
    pub old: Option<Old>,
    pub new: Option<New>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    pub sha256: String,
    pub permissions: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    pub mode: GitMode,
    pub sha256: String,
    pub bytes: Vec<u8>,
}

/// What is needed of the target to plan: the content at a path.
pub trait Base {
    fn node(&self, path: &str) -> io::Result<Node>;
}

/// Every file that changes, once, in the order of the paths.
pub fn plan(approved: &Approved, base: &dyn Base) -> Result<Vec<Change>, ApplyError> {
    let patch = approved.patch.as_bytes();
    let mut planned = Planned { base, files: BTreeMap::new(), total: 0, stale: Vec::new() };
    let rows: HashMap<Vec<u8>, &ChangedRow> = approved
        .rows
        .iter()
        .flat_map(|row| row.patch_paths().into_iter().map(move |path| (path, row)))
        .collect();
    for block in parse(patch)? {
        let row = rows.get(block.path()).copied();
        let row = row.ok_or_else(|| ApplyError::Unfilterable("a block belongs to no file".into()))?;
        planned.block(patch, &block, row)?;
    }
    if !planned.stale.is_empty() {
        planned.stale.sort();
        planned.stale.dedup();
        return Err(ApplyError::Stale(planned.stale));
    }
    let real = |change: &Change| change.old.is_some() || change.new.is_some();
    Ok(planned.files.into_values().filter(real).collect())
}

/// Whether the file is not the one that the row is about. What the row does not say, it need not be.
fn is_other(row: &ChangedRow, old: &Old, bytes: &[u8]) -> bool {
    let lines = || bytes.split_inclusive(|b| *b == b'\n').count() as u64;
    let size = row.size.filter(|_| row.is_deletion());
    row.before_sha256.as_ref().is_some_and(|sha256| *sha256 != old.sha256)
        || row.before_lines.is_some_and(|stated| stated != lines())
        || size.is_some_and(|size| size != bytes.len() as u64)
}

struct Planned<'a> {
    base: &'a dyn Base,
    files: BTreeMap<String, Change>,
    total: usize,
    stale: Vec<String>,
}

impl Planned<'_> {
    fn block(&mut self, patch: &[u8], block: &FilePatch, row: &ChangedRow) -> Result<(), ApplyError> {
        let links = [block.old_mode, block.new_mode].into_iter().flatten().any(GitMode::is_symlink);
        if links {
            return Err(ApplyError::Refused { path: row.path.clone(), why: "it is a symlink" });
        }
        let own = row.relative().unwrap_or_else(|| block.path().to_vec());
        let from = match block.is_rename() {
            true => row.before_path().or_else(|| block.old_path.clone()).unwrap_or_default(),
            false => own.clone(),
        };
        let old = match &block.old_path {
            Some(_) => Some(self.read(&from, row)?),
            None => None,
        };
        let bytes = match &old {
            None => &[][..],
            Some(Some((_, bytes))) => bytes,
            Some(None) => {
                self.stale.push(row.path.clone());
                return Ok(());
            }
        };
        if old.iter().flatten().any(|(old, bytes)| is_other(row, old, bytes)) {
            self.stale.push(row.path.clone());
            return Ok(());
        }
        let content = match apply(patch, block, bytes) {
            Ok(content) => content,
            Err(misfit @ Misfit::TooLarge(_)) => {
                return Err(ApplyError::Unreadable { path: row.path.clone(), misfit });
            }
            Err(_) => {
                self.stale.push(row.path.clone());
                return Ok(());
            }
        };
        let was = old.flatten().map(|(old, _)| old);
        if block.is_rename() {
            self.set(&from, row, was.clone(), None)?;
        }
        let Some(_) = &block.new_path else {
            return self.set(&own, row, was, None);
        };
        let sha256 = digest_hex([content.as_slice()]);
        let other_size = row.size.is_some_and(|size| size != content.len() as u64);
        if other_size || row.after_sha256.as_deref().is_some_and(|expected| expected != sha256) {
            let why = "the patch does not give the content that the bundle lists";
            return Err(ApplyError::Refused { path: row.path.clone(), why });
        }
        self.total += content.len();
        if self.total > MAX_TOTAL {
            let why = "all files together are too large";
            return Err(ApplyError::Refused { path: row.path.clone(), why });
        }
        let kept = was.as_ref().map(|old| match old.permissions & 0o100 {
            0 => GitMode::Regular,
            _ => GitMode::Executable,
        });
        let mode = block.new_mode.or(kept).unwrap_or(GitMode::Regular);
        // What was executable already is not pointed out to a reviewer.
        if kept.is_some_and(|kept| kept != mode && row.was_executable() != Some(kept == GitMode::Executable))
        {
            self.stale.push(row.path.clone());
            return Ok(());
        }
        let new = Some(New { mode, sha256, bytes: content });
        let replaced = match (&block.old_path, block.is_rename()) {
            (Some(_), false) => was,
            // Nothing may be where a file comes into being.
            _ => match self.free(&own, row)? {
                true => None,
                false => {
                    self.stale.push(row.path.clone());
                    return Ok(());
                }
            },
        };
        self.set(&own, row, replaced, new)
    }

    /// A regular file and its bytes, `None` if there is none; refuses what is anything else.
    fn read(&self, path: &[u8], row: &ChangedRow) -> Result<Option<(Old, Vec<u8>)>, ApplyError> {
        match self.node(path, row)? {
            Node::File { permissions, bytes, .. } => {
                Ok(Some((Old { sha256: digest_hex([bytes.as_slice()]), permissions }, bytes)))
            }
            Node::Nothing => Ok(None),
            Node::Other(why) => Err(ApplyError::Refused { path: row.path.clone(), why }),
        }
    }

    fn free(&self, path: &[u8], row: &ChangedRow) -> Result<bool, ApplyError> {
        // A file that is deleted by an earlier block makes room, for its own name and beneath it.
        let goes = |path: &str| self.files.get(path).is_some_and(|change| change.new.is_none());
        if let Ok(path) = text(path)
            && (goes(path) || path.match_indices('/').any(|(slash, _)| goes(&path[..slash])))
        {
            return Ok(true);
        }
        match self.node(path, row)? {
            Node::Other(why) => Err(ApplyError::Refused { path: row.path.clone(), why }),
            node => Ok(digest_matches(&node, None)),
        }
    }

    fn node(&self, path: &[u8], row: &ChangedRow) -> Result<Node, ApplyError> {
        let refuse = |why| ApplyError::Refused { path: row.path.clone(), why };
        if is_git_internal(path) {
            return Err(refuse("git could take it for its own"));
        }
        let path = text(path).map_err(|_| refuse("its name is not UTF-8"))?;
        // Some file systems do not tell case apart.
        if path.to_lowercase().split('/').any(|segment| segment.starts_with(super::journal::DIRECTORY)) {
            return Err(refuse("its name is the adapter's own"));
        }
        self.base.node(path).map_err(|why| ApplyError::Write { what: path.to_owned(), why })
    }

    fn set(
        &mut self,
        path: &[u8],
        row: &ChangedRow,
        old: Option<Old>,
        new: Option<New>,
    ) -> Result<(), ApplyError> {
        let path = text(path)
            .map_err(|_| ApplyError::Refused { path: row.path.clone(), why: "its name is not UTF-8" })?;
        let approved = row.path.clone();
        let change = self.files.entry(path.to_owned()).or_insert_with(|| Change {
            path: path.to_owned(),
            approved,
            old: None,
            new: None,
        });
        change.old = change.old.take().or(old);
        change.new = new;
        Ok(())
    }
}
