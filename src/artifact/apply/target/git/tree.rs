//! Whether the tree that git made has the planned changes, all of them and no others.

use super::program::Git;
use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::target::plan::Change;
use crate::artifact::patch::GitMode;
use std::collections::HashMap;

/// A change as git's index has it.
pub struct Staged<'c> {
    /// In the repository.
    pub path: String,
    /// Mode and id of the object; `None` for a file that goes.
    pub new: Option<(GitMode, String)>,
    pub change: &'c Change,
}

/// What a row of a comparison has besides the path, at most. Bytes.
const MAX_ROW: usize = 256;

impl Git {
    /// An index takes a file's name away where another needs it for a directory, and says nothing.
    pub fn check_tree(&self, base: &str, tree: &str, staged: &[Staged<'_>]) -> Result<(), ApplyError> {
        let limit: usize = staged.iter().map(|staged| staged.path.len() + MAX_ROW).sum();
        let arguments = [
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--ignore-submodules=none",
            base,
            tree,
        ];
        let listed = self.output(&arguments, None, limit as u64).map_err(|why| ApplyError::Git {
            what: "diff-tree".into(),
            why: crate::contract::shown(&why.to_string(), 500),
        })?;
        let mut fields = listed.split(|b| *b == 0).map(String::from_utf8_lossy);
        let mut found = HashMap::new();
        while let (Some(head), Some(path)) = (fields.next().filter(|head| !head.is_empty()), fields.next()) {
            found.insert(path.into_owned(), after(&head));
        }
        let lost = |staged: &&Staged<'_>| match found.remove(&staged.path) {
            Some(after) => after != staged.new,
            None => !staged.is_no_change(),
        };
        let lost = staged.iter().filter(lost).map(|staged| staged.path.clone()).next();
        match lost.or_else(|| found.into_keys().next()) {
            None => Ok(()),
            Some(path) => {
                Err(ApplyError::Refused { path, why: "the commit would not have exactly this change" })
            }
        }
    }
}

impl Staged<'_> {
    fn is_no_change(&self) -> bool {
        match (&self.change.old, &self.change.new) {
            (Some(old), Some(new)) => {
                old.sha256 == new.sha256
                    && (old.permissions & 0o100 != 0) == (new.mode == GitMode::Executable)
            }
            _ => false,
        }
    }
}

/// `:<mode> <mode> <id> <id> <letter>`: what is there afterwards.
fn after(head: &str) -> Option<(GitMode, String)> {
    let mut parts = head.split(' ').skip(1);
    let mode = GitMode::parse(parts.next()?)?;
    parts.nth(1).map(|id| (mode, id.to_owned()))
}
