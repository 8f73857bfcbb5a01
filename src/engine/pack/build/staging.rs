//! A place beside the destination to build in, taken by one builder at a time.
//!
//! For a pack at `dir/pack` these are the siblings `dir/.pack.building` and `dir/.pack.lock`. A
//! builder that was killed leaves the first behind; the next one, holding the lock, removes it.

use super::{BuildError, lock};
use crate::engine::pack::manifest::{MANIFEST, MAX_MANIFEST};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// An exclusive right to make `out`, and the directory to make it in. Dropped before
/// [`Staging::publish`] it leaves nothing.
pub struct Staging {
    out: PathBuf,
    building: PathBuf,
    /// Held open: closing it gives the lock back.
    _lock: File,
}

impl Staging {
    /// Waits for other builders of `out`, clears what a killed one left, and makes the directory.
    pub fn begin(out: &Path) -> Result<Self, BuildError> {
        // A pack that is reached through a link is replaced where it is; the link stays.
        let out = fs::canonicalize(out)
            .or_else(|_| std::path::absolute(out))
            .map_err(|e| BuildError::io("resolve", out, e))?;
        let (Some(parent), Some(name)) = (out.parent(), out.file_name()) else {
            return Err(BuildError::NotAPack(out));
        };
        fs::create_dir_all(parent).map_err(|e| BuildError::io("create", parent, e))?;
        let sibling = |suffix: &str| {
            let mut file = OsString::from(".");
            file.push(name);
            file.push(suffix);
            parent.join(file)
        };
        let (lock_path, building) = (sibling(".lock"), sibling(".building"));
        let lock = lock::exclusive(&lock_path)?;
        replaceable(&out)?;
        remove(&building)?;
        fs::create_dir(&building).map_err(|e| BuildError::io("create", &building, e))?;
        let staging = Staging { out, building, _lock: lock };
        let dir = staging.dir();
        fs::create_dir(dir.as_path()).map_err(|e| BuildError::io("create", &dir, e))?;
        Ok(staging)
    }

    /// Where the pack is made.
    pub fn dir(&self) -> PathBuf {
        self.building.join("pack")
    }

    /// A directory for what does not go into the pack. Its name is this process's own: a program
    /// that a killed builder left running finds its directory gone.
    pub fn scratch(&self) -> Result<PathBuf, BuildError> {
        let dir = self.building.join(format!("scratch-{}", std::process::id()));
        fs::create_dir(&dir).map_err(|e| BuildError::io("create", &dir, e))?;
        Ok(dir)
    }

    /// Puts the pack in its place, in one step where the file system can exchange two names.
    pub fn publish(self) -> Result<(), BuildError> {
        let (made, old) = (self.dir(), self.building.join("old"));
        sync(&made)?;
        let moved = |e: std::io::Error| BuildError::io("put a pack at", &self.out, e);
        if fs::symlink_metadata(&self.out).is_err() {
            return fs::rename(&made, &self.out).map_err(moved);
        }
        replaceable(&self.out)?;
        match renameat_with(CWD, &made, CWD, &self.out, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(()),
            Err(Errno::INVAL | Errno::NOSYS) => {
                fs::rename(&self.out, &old).map_err(moved)?;
                fs::rename(&made, &self.out).map_err(moved)
            }
            Err(error) => Err(moved(error.into())),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next builder.
        let _ = remove(&self.building);
    }
}

/// Only a pack, whole or damaged, or an empty directory is replaced.
fn replaceable(out: &Path) -> Result<(), BuildError> {
    let mut entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(BuildError::NotAPack(out.to_owned()));
        }
        Err(error) => return Err(BuildError::io("read", out, error)),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    // Read as text: a manifest that does not parse is a reason to build anew.
    let mut manifest = Vec::new();
    let read =
        File::open(out.join(MANIFEST)).and_then(|file| file.take(MAX_MANIFEST).read_to_end(&mut manifest));
    if read.is_ok() && String::from_utf8_lossy(&manifest).contains(SCHEMA_FAMILY) {
        return Ok(());
    }
    Err(BuildError::NotAPack(out.to_owned()))
}

/// What the schema ids of all versions of manifests begin with.
const SCHEMA_FAMILY: &str = "\"wp-codebox/runtime-pack/";

/// Removes a directory, if it is there.
pub(super) fn remove(dir: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(BuildError::io("remove", dir, error)),
        _ => Ok(()),
    }
}

/// The pack's bytes reach the disk before its name does: a machine that stops just after the rename
/// must not come back with a manifest over empty files.
fn sync(dir: &Path) -> Result<(), BuildError> {
    let handle = File::open(dir).map_err(|e| BuildError::io("open", dir, e))?;
    rustix::fs::syncfs(&handle).map_err(|e| BuildError::io("sync", dir, e.into()))
}
