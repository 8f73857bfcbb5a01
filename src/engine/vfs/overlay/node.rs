//! Nodes: what the upper layer is made of.

use super::super::content::Content;
use super::super::flags::{S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names a node within one overlay and its clones. Never used twice.
pub type NodeId = u64;

/// The root of the guest's namespace.
pub const ROOT: NodeId = 0;

/// Index of a mount within the overlay; 0 is the one that holds the root.
pub type MountId = usize;

/// One segment of a path.
pub type Name = Arc<[u8]>;

#[derive(Clone)]
pub struct Node {
    /// File type and permission bits.
    pub mode: u32,
    pub mount: MountId,
    pub ino: u64,
    /// Names that refer to it. 0: unlinked, alive because it is open.
    pub nlink: u32,
    pub mtime: i64,
    pub atime: i64,
    pub ctime: i64,
    /// Stands for an object of the lower layer, unchanged and in its own place: it exists because
    /// somebody holds it open or because something beneath it changed, and may go again.
    pub pristine: bool,
    /// Where the node hangs. For a file with several names, one of them as it once was: nothing
    /// relies on it but for directories and pristine nodes.
    pub parent: NodeId,
    pub name: Name,
    pub body: Body,
}

#[derive(Clone)]
pub enum Body {
    File(Content),
    Dir(Dir),
    Symlink(Arc<[u8]>),
    Device(DeviceKind),
}

impl Body {
    /// The file type bits of a mode.
    pub fn file_type(&self) -> u32 {
        match self {
            Body::File(_) => S_IFREG,
            Body::Dir(_) => S_IFDIR,
            Body::Symlink(_) => S_IFLNK,
            Body::Device(_) => S_IFCHR,
        }
    }
}

#[derive(Clone, Default)]
pub struct Dir {
    /// Names that are not simply those of the lower directory.
    pub entries: OrdMap<Name, Entry>,
    /// The lower directory that shows through, in the node's mount. `None`: opaque.
    pub lower: Option<Arc<[u8]>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    Node(NodeId),
    /// Hides the lower name.
    Whiteout,
}

/// The devices that the guest sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    Null,
    Zero,
    Random,
    Tty,
    Stdin,
    Stdout,
    Stderr,
    Headers,
    /// Read: what the host asks for.
    Step,
    /// Written: what came of it.
    Outcome,
}

impl DeviceKind {
    /// Linux's numbers where it has one; the others are in the range for local use.
    pub fn rdev(self) -> u32 {
        let (major, minor) = match self {
            DeviceKind::Null => (1, 3),
            DeviceKind::Zero => (1, 5),
            DeviceKind::Random => (1, 9),
            DeviceKind::Tty => (5, 0),
            DeviceKind::Stdin => (240, 0),
            DeviceKind::Stdout => (240, 1),
            DeviceKind::Stderr => (240, 2),
            DeviceKind::Headers => (240, 3),
            DeviceKind::Step => (240, 4),
            DeviceKind::Outcome => (240, 5),
        };
        (major << 8) | minor
    }

    /// Streams have no position.
    pub fn seekable(self) -> bool {
        matches!(self, DeviceKind::Null | DeviceKind::Zero | DeviceKind::Random)
    }
}

impl Node {
    pub fn is_dir(&self) -> bool {
        self.mode & S_IFMT == S_IFDIR
    }

    pub fn dir(&self) -> Option<&Dir> {
        match &self.body {
            Body::Dir(dir) => Some(dir),
            _ => None,
        }
    }

    /// Bytes, as a stat call says.
    pub fn size(&self) -> u64 {
        match &self.body {
            Body::File(content) => content.len(),
            Body::Dir(_) => super::super::lower::DIR_SIZE,
            Body::Symlink(target) => target.len() as u64,
            Body::Device(_) => 0,
        }
    }

    /// Bytes that the upper layer holds for it.
    pub fn held(&self) -> u64 {
        match &self.body {
            Body::File(content) => content.held(),
            Body::Symlink(target) => target.len() as u64,
            Body::Dir(_) | Body::Device(_) => 0,
        }
    }
}
