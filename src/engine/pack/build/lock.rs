//! One builder at a time.

use super::BuildError;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::path::Path;

/// Waits until no other process has the file at `path` locked, and locks it until the result is
/// dropped or this process ends. The file stays: removing it would let two processes lock two files.
pub(super) fn exclusive(path: &Path) -> Result<File, BuildError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| BuildError::io("open", path, e))?;
    let locked = match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => {
            eprintln!("another build holds {}; waiting for it", path.display());
            flock(&file, FlockOperation::LockExclusive)
        }
        other => other,
    };
    locked.map_err(|e| BuildError::io("lock", path, e.into()))?;
    Ok(file)
}
