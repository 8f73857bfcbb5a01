//! What a sandbox changed beneath one mount: the engine's overlay produces it, the artifact room
//! turns it into a patch.

use std::fmt;
use std::sync::Arc;

/// The kinds of node that a patch can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Regular,
    Symlink,
    /// Only ever in an added or removed state; directories have no content.
    Directory,
}

/// Content that is read when it is needed, so that describing a change costs nothing.
pub trait FileContent: Send + Sync {
    /// All bytes. For a symlink, its target.
    fn bytes(&self) -> std::io::Result<Vec<u8>>;
}

impl FileContent for Vec<u8> {
    fn bytes(&self) -> std::io::Result<Vec<u8>> {
        Ok(self.clone())
    }
}

/// One side of a change.
#[derive(Clone)]
pub struct FileState {
    pub kind: FileKind,
    /// Permission bits, e.g. `0o644`.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    pub content: Arc<dyn FileContent>,
}

impl fmt::Debug for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:o} {} bytes", self.kind, self.mode, self.size)
    }
}

/// A path that differs between the lower layer (`before`) and the merged view (`after`).
/// At least one side is present.
#[derive(Debug, Clone)]
pub struct Change {
    /// Relative to the mount's target, `/` between segments, raw bytes, no `.` or `..` segment.
    pub path: Vec<u8>,
    pub before: Option<FileState>,
    pub after: Option<FileState>,
}

/// Everything that changed beneath one mount, sorted by path.
#[derive(Debug, Clone)]
pub struct ChangeSet {
    /// The mount's place in the task's list.
    pub mount_index: usize,
    /// Absolute sandbox path of the mount, e.g. `/workspace`.
    pub mount_target: String,
    pub changes: Vec<Change>,
    /// Paths left out because there are too many to tell: at least so many. 0: the set is whole.
    pub omitted: u64,
}
