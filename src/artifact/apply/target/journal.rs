//! What was about to be done, written down before it is: whoever comes after a crash undoes it.

use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::tree::{Tree, digest_matches};
use crate::artifact::confined::Dir;
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::io::{self, Write};

/// Our directory in the target, while an apply goes on.
pub const DIRECTORY: &str = ".wp-codebox-apply";
const FILE: &str = "journal.json";
const DONE: &str = "done";
/// A journal is not read beyond this. Bytes.
const MAX_JOURNAL: u64 = 64 << 20;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub steps: Vec<Step>,
    /// Directories that are made, outer ones first.
    pub directories: Vec<String>,
}

/// One file. It comes into being without `before`, and goes without `after`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub path: String,
    /// Hash of the content.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The name in our directory of a step's new file, and of its old one where names cannot be
/// exchanged or the file goes.
pub fn new_name(step: usize) -> String {
    format!("new-{step}")
}

pub fn old_name(step: usize) -> String {
    format!("old-{step}")
}

/// The directory of a path, and the name in it.
pub fn parent<'p>(root: &Dir, path: &'p str) -> io::Result<(Dir, &'p str)> {
    match path.rsplit_once('/') {
        Some((parent, name)) => Ok((root.open_dir(parent)?, name)),
        None => Ok((root.open_dir_c(c".")?, path)),
    }
}

impl Journal {
    pub fn write(&self, ours: &Dir) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        // Whoever comes after a crash must be able to read it.
        if text.len() as u64 > MAX_JOURNAL {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut file = ours.create_file("journal.new")?;
        file.write_all(&text)?;
        file.sync_all()?;
        ours.rename("journal.new", FILE)?;
        ours.sync()
    }

    /// Every step has been taken: from now on there is nothing to undo.
    pub fn finish(ours: &Dir) -> io::Result<()> {
        ours.create_file(DONE)?.sync_all()?;
        ours.sync()
    }

    /// Undoes every step that was taken, the last one first: deletions were the first ones, and a
    /// directory may have the name of a file that is to come back.
    pub fn roll_back(&self, tree: &Tree, ours: &Dir) -> io::Result<()> {
        let steps = || self.steps.iter().enumerate().rev();
        steps()
            .filter(|(_, step)| step.after.is_some())
            .try_for_each(|(i, step)| step.undo(i, tree, ours))?;
        for directory in self.directories.iter().rev() {
            // One that somebody has put something into meanwhile stays.
            if let Ok((parent, name)) = parent(&tree.dir, directory) {
                let _ = parent.remove_dir(name);
            }
        }
        steps()
            .filter(|(_, step)| step.after.is_none())
            .try_for_each(|(i, step)| step.undo(i, tree, ours))?;
        tree.dir.sync_file_system()
    }
}

impl Step {
    fn undo(&self, i: usize, tree: &Tree, ours: &Dir) -> io::Result<()> {
        let (new, old) = (new_name(i), old_name(i));
        let has = |name: &str| ours.stat(name).map(|found| found.is_some());
        let at = match parent(&tree.dir, &self.path) {
            Ok(at) => Some(at),
            // A directory that was still to be made, perhaps where a file still is.
            Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
            Err(why) => return Err(why),
        };
        let Some((dir, name)) = at else { return Ok(()) };
        match (&self.before, &self.after) {
            _ if has(&old)? => ours.rename_into(&old, &dir, name),
            (None, Some(after)) if !has(&new)? => {
                // Only what we have put there.
                match digest_matches(&tree.read(self.path.as_bytes())?, Some(after)) {
                    true => dir.rename_into(name, ours, &new),
                    false => Ok(()),
                }
            }
            (Some(before), Some(_)) if has(&new)? => {
                // The old file has our name if the two were exchanged.
                let ours_now = Tree { dir: ours.open_dir_c(c".")?, path: tree.path.join(DIRECTORY) };
                match digest_matches(&ours_now.read(new.as_bytes())?, Some(before)) {
                    true => ours.exchange_with(&new, &dir, name),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Undoes what an interrupted apply has left. The target must be locked.
pub fn recover(tree: &Tree) -> Result<(), ApplyError> {
    let failed = |why| ApplyError::Write {
        what: format!("an interrupted apply to {} cannot be undone", tree.path.display()),
        why,
    };
    if tree.dir.stat(DIRECTORY).map_err(failed)?.is_none() {
        return Ok(());
    }
    let ours = tree.dir.open_dir(DIRECTORY).map_err(failed)?;
    let done = ours.stat(DONE).map_err(failed)?.is_some();
    match ours.read(FILE, MAX_JOURNAL) {
        Ok(text) if !done => {
            let journal: Journal =
                serde_json::from_slice(&text).map_err(|why| failed(io::Error::other(why)))?;
            journal.roll_back(tree, &ours).map_err(failed)?;
        }
        // Nothing had been begun, or everything had been ended.
        Ok(_) => {}
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return Err(failed(why)),
    }
    remove(tree).map_err(failed)
}

/// Removes our directory.
pub fn remove(tree: &Tree) -> io::Result<()> {
    tree.dir.remove_all(&CString::new(DIRECTORY)?)
}
