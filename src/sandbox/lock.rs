//! One process at a time: file locks in the cache.

use super::error::SandboxError;
use crate::engine::{Stop, Watch};
use rustix::fs::{FlockOperation, flock};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a process that waits sleeps before it looks again.
const GLANCE: Duration = Duration::from_millis(10);

/// A directory of the cache, made for this user alone if it is not there.
pub fn directory(path: &Path) -> Result<(), SandboxError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| SandboxError::Cache { path: path.to_owned(), source })
}

/// Waits for the lock as long as the watch allows. It is given back when the file is dropped; the
/// kernel does so when its holder dies.
pub(super) fn acquire(path: &Path, watch: &Watch<'_>) -> Result<File, SandboxError> {
    loop {
        if let Some(file) = try_acquire(path)? {
            return Ok(file);
        }
        if Instant::now() >= watch.deadline {
            return Err(SandboxError::Waited { path: path.to_owned() });
        }
        if (watch.interrupted)() {
            return Err(SandboxError::Stopped(Stop::Interrupted));
        }
        std::thread::sleep(GLANCE);
    }
}

/// The lock, if nobody holds it now.
pub(super) fn try_acquire(path: &Path) -> Result<Option<File>, SandboxError> {
    let cache = |source: io::Error| SandboxError::Cache { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(path).map_err(cache)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(cache(errno.into())),
    }
}
