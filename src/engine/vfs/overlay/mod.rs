//! The merged tree: the guest's namespace of mounts, each a lower layer under a shared upper layer.
//!
//! The upper layer is a table of nodes (inodes). A directory node holds the names that differ from
//! the lower directory it lies over, if any: a name is a node, or a whiteout that hides the lower
//! one. The lower directory is recorded by path, so a renamed directory takes its lower content
//! with it without a copy. What no node stands for is read from the lower layer where it is.
//!
//! All of it lives in persistent maps: a clone is a fork, costs nothing, and shares everything that
//! neither side changes.
//!
//! Invariants: every node but the root has a parent chain to the root; a node's mount is its
//! parent's unless it is a mount's root; `lower` of a directory is a path in its own mount's layer.
//! This room knows neither descriptors nor permissions: its callers check both.

mod attr;
mod create;
mod host;
mod list;
mod mount;
mod node;
mod remove;
mod rename;
mod upper;
mod walk;

pub use attr::lower_stat;
pub use mount::MountPoint;
pub use node::{Body, DeviceKind, Dir, Entry, MountId, Name, Node, NodeId, ROOT};
pub use rename::End;
pub use walk::{Last, LastKind, Links};

use super::flags::{S_IFDIR, S_IFLNK, S_IFMT};
use super::lower::{LowerFile, LowerStat};
use super::{Errno, VfsLimits, VfsResult};
use imbl::OrdMap;
use std::sync::Arc;

/// The merged tree. Cloning it is the fork operation.
#[derive(Clone)]
pub struct Overlay {
    mounts: Arc<Vec<MountPoint>>,
    nodes: OrdMap<NodeId, Arc<Node>>,
    next: NodeId,
    limits: VfsLimits,
    upper_bytes: u64,
    upper_files: u64,
    /// What the caller has to do next for its open files.
    notices: Vec<Notice>,
}

/// What happened to an object that may be open.
#[derive(Clone)]
pub enum Notice {
    /// A file of the lower layer has a node now: its open files must read that one.
    CopiedUp { mount: MountId, path: Box<[u8]>, node: NodeId },
    /// A file of the lower layer lost its name without ever getting a node.
    LowerUnlinked { mount: MountId, path: Box<[u8]> },
    /// A node lost its last name: it goes when nothing holds it open any more.
    Orphaned(NodeId),
}

/// Something that exists in the merged tree.
#[derive(Debug, Clone)]
pub enum Place {
    Node(NodeId),
    /// Of the lower layer, without a node.
    Lower(LowerPlace),
}

#[derive(Debug, Clone)]
pub struct LowerPlace {
    /// The nearest directory above that has a node.
    pub anchor: NodeId,
    pub mount: MountId,
    /// In the mount's lower layer, no leading slash.
    pub path: Vec<u8>,
    pub stat: LowerStat,
}

impl Overlay {
    pub fn set_limits(&mut self, limits: VfsLimits) {
        self.limits = VfsLimits { max_file_bytes: limits.max_file_bytes.min(i64::MAX as u64), ..limits };
    }

    pub fn limits(&self) -> &VfsLimits {
        &self.limits
    }

    pub fn upper_bytes(&self) -> u64 {
        self.upper_bytes
    }

    pub fn upper_files(&self) -> u64 {
        self.upper_files
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    pub fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    pub fn node(&self, id: NodeId) -> VfsResult<&Node> {
        // Ids come from entries, descriptors and parents, which all keep their node alive.
        self.nodes.get(&id).map(|n| &**n).ok_or(Errno::EIO)
    }

    /// File type and permission bits.
    pub fn mode(&self, place: &Place) -> VfsResult<u32> {
        match place {
            Place::Node(id) => Ok(self.node(*id)?.mode),
            Place::Lower(lower) => Ok(lower.stat.mode),
        }
    }

    pub fn is_dir(&self, place: &Place) -> VfsResult<bool> {
        Ok(self.mode(place)? & S_IFMT == S_IFDIR)
    }

    fn is_symlink(&self, place: &Place) -> VfsResult<bool> {
        Ok(self.mode(place)? & S_IFMT == S_IFLNK)
    }

    pub fn mount_of(&self, place: &Place) -> VfsResult<MountId> {
        match place {
            Place::Node(id) => Ok(self.node(*id)?.mount),
            Place::Lower(lower) => Ok(lower.mount),
        }
    }

    /// Whether the node is where a mount begins.
    pub fn is_mount_root(&self, id: NodeId) -> bool {
        self.nodes.get(&id).is_some_and(|n| self.mounts[n.mount].root == id)
    }

    /// A lower file by its place. The caller knows that it is a regular one.
    pub fn lower_file(&self, lower: &LowerPlace) -> LowerFile {
        LowerFile::new(self.mounts[lower.mount].tree.clone(), &lower.path, lower.stat.size, lower.stat.mtime)
    }

    fn root_place(&self) -> Place {
        Place::Node(ROOT)
    }
}

/// The time now, nanoseconds since the epoch.
pub fn now_ns() -> i64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    t.tv_sec.saturating_mul(1_000_000_000).saturating_add(t.tv_nsec)
}
