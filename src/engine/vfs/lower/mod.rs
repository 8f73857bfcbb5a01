//! The lower layers: what lies beneath a mount. Read only, by construction: nothing in this
//! directory opens, creates or changes anything for writing.
//!
//! Invariant: the host's kernel never follows a symbolic link and never leaves the mount's
//! directory on our behalf. A path given to it is relative, has no `.` or `..` segment, and is
//! resolved with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS`. `ELOOP` from here
//! means "a symbolic link is in the way": the walk then interprets it in the guest's namespace.

mod beneath;
mod cache;
mod file;
mod host_dir;
mod registry;

pub use file::{LowerFile, Pin};
pub use host_dir::{DIR_SIZE, join};

use super::flags::{S_IFDIR, S_IFMT, S_IFREG};
use super::{Errno, Lower, VfsError, VfsResult};
use host_dir::HostDir;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// What is known of one lower object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowerStat {
    pub mode: u32,
    pub size: u64,
    pub mtime: i64,
    pub atime: i64,
    pub ctime: i64,
    pub ino: u64,
}

impl LowerStat {
    pub fn is_dir(&self) -> bool {
        self.mode & S_IFMT == S_IFDIR
    }

    pub fn is_file(&self) -> bool {
        self.mode & S_IFMT == S_IFREG
    }

    fn made_up(mode: u32, size: u64) -> LowerStat {
        LowerStat { mode, size, mtime: 0, atime: 0, ctime: 0, ino: 1 }
    }
}

/// One name of a lower directory.
#[derive(Debug)]
pub struct LowerEntry {
    pub name: Box<[u8]>,
    /// `DT_*`.
    pub kind: u8,
    pub ino: u64,
    /// Filled at the first lookup. Used by immutable trees only.
    stat: OnceLock<LowerStat>,
}

/// A lower layer that is attached to whatever it comes from.
pub enum LowerTree {
    Dir(HostDir),
    /// One file, opened when it was mounted: what is renamed over it later is not seen.
    File {
        fd: Arc<OwnedFd>,
        stat: LowerStat,
        immutable: bool,
    },
    Bytes(Arc<[u8]>),
    Empty,
}

impl LowerTree {
    pub fn attach(lower: &Lower, immutable: bool) -> Result<Arc<LowerTree>, VfsError> {
        match lower {
            Lower::HostDir(path) => {
                registry::open_dir(path, immutable).map_err(|why| source_error(path, why))
            }
            Lower::HostFile(path) => {
                open_file_root(path, immutable).map(Arc::new).map_err(|why| source_error(path, why))
            }
            Lower::Bytes(bytes) => Ok(Arc::new(LowerTree::Bytes(bytes.clone()))),
            Lower::Empty => Ok(Arc::new(LowerTree::Empty)),
        }
    }

    /// The object at `path`, which has no leading slash; empty is the mount's root.
    pub fn stat(&self, path: &[u8]) -> VfsResult<LowerStat> {
        match self {
            LowerTree::Dir(dir) => dir.stat(path),
            _ if !path.is_empty() => Err(self.beneath_root()),
            LowerTree::File { fd, immutable: false, .. } => Ok(host_dir::fstat(fd, b"", None)?),
            LowerTree::File { stat, .. } => Ok(*stat),
            LowerTree::Bytes(bytes) => Ok(LowerStat::made_up(S_IFREG | 0o644, bytes.len() as u64)),
            LowerTree::Empty => Ok(LowerStat::made_up(S_IFDIR | 0o777, 4096)),
        }
    }

    /// The entries of a directory, sorted by name, without `.` and `..`.
    pub fn list(&self, path: &[u8]) -> VfsResult<Arc<[LowerEntry]>> {
        match self {
            LowerTree::Dir(dir) => dir.list(path),
            LowerTree::Empty if path.is_empty() => Ok(Arc::new([])),
            _ => Err(self.beneath_root()),
        }
    }

    /// The target of a symbolic link.
    pub fn readlink(&self, path: &[u8]) -> VfsResult<Vec<u8>> {
        match self {
            LowerTree::Dir(dir) => dir.readlink(path),
            _ => Err(Errno::EINVAL),
        }
    }

    /// System calls made so far on the host's files.
    pub fn host_calls(&self) -> u64 {
        match self {
            LowerTree::Dir(dir) => dir.calls(),
            _ => 0,
        }
    }

    fn immutable(&self) -> bool {
        match self {
            LowerTree::Dir(dir) => dir.immutable(),
            LowerTree::File { immutable, .. } => *immutable,
            LowerTree::Bytes(_) | LowerTree::Empty => true,
        }
    }

    fn beneath_root(&self) -> Errno {
        if matches!(self, LowerTree::Empty) { Errno::ENOENT } else { Errno::ENOTDIR }
    }
}

fn source_error(path: &Path, why: Errno) -> VfsError {
    VfsError::Source { path: path.to_owned(), why }
}

/// The operator names this path, so links in it are the operator's own.
fn open_file_root(path: &Path, immutable: bool) -> VfsResult<LowerTree> {
    let fd = beneath::open_resolved(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let stat = host_dir::fstat(&fd, b"", None)?;
    if !stat.is_file() {
        return Err(Errno::EINVAL);
    }
    Ok(LowerTree::File { fd: Arc::new(fd), stat, immutable })
}
