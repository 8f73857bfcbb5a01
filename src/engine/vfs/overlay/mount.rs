//! Mounts: where lower layers hang in the namespace.

use super::super::flags::{S_IFDIR, S_IFMT};
use super::super::lower::LowerTree;
use super::super::{GuestWrites, Lower, Mount, MountMode, VfsError, VfsLimits};
use super::node::DeviceKind;
use super::{Body, Dir, Entry, Errno, Links, MountId, Node, NodeId, Overlay, Place, ROOT, VfsResult, now_ns};
use crate::engine::vfs::content::Content;
use crate::engine::vfs::flags::{S_IFCHR, S_IFREG};
use crate::engine::vfs::lower::LowerFile;
use imbl::OrdMap;
use std::sync::Arc;

/// A mount and what it is attached to.
#[derive(Clone)]
pub struct MountPoint {
    pub spec: Mount,
    pub tree: Arc<LowerTree>,
    /// The node that stands at the target.
    pub root: NodeId,
}

/// Directories that are there whatever is mounted, and their permission bits.
const DIRECTORIES: &[(&str, u32)] = &[("/dev", 0o755), ("/request", 0o755), ("/tmp", 0o1777)];

const DEVICES: &[(&str, DeviceKind)] = &[
    ("/dev/null", DeviceKind::Null),
    ("/dev/zero", DeviceKind::Zero),
    ("/dev/random", DeviceKind::Random),
    ("/dev/urandom", DeviceKind::Random),
    ("/dev/tty", DeviceKind::Tty),
    ("/dev/stdin", DeviceKind::Stdin),
    ("/dev/stdout", DeviceKind::Stdout),
    ("/dev/stderr", DeviceKind::Stderr),
    ("/request/stdout", DeviceKind::Stdout),
    ("/request/stderr", DeviceKind::Stderr),
    ("/request/headers", DeviceKind::Headers),
    ("/request/step", DeviceKind::Step),
    ("/request/outcome", DeviceKind::Outcome),
];

impl Overlay {
    /// The namespace of `mounts`, with devices and scratch directories in place.
    pub fn new(mut mounts: Vec<Mount>, limits: VfsLimits) -> Result<Overlay, VfsError> {
        let limits = VfsLimits { max_file_bytes: limits.max_file_bytes.min(i64::MAX as u64), ..limits };
        // Parents first; the order of the caller otherwise.
        mounts.sort_by_key(|m| m.target.trim_end_matches('/').matches('/').count());
        let root = match mounts.first() {
            Some(m) if m.target == "/" => mounts.remove(0),
            _ => {
                Mount { target: "/".into(), lower: Lower::Empty, mode: MountMode::ReadWrite, immutable: true }
            }
        };
        let tree = LowerTree::attach(&root.lower, root.immutable)?;
        let mut overlay = Overlay {
            mounts: Arc::new(vec![MountPoint { spec: root, tree, root: ROOT }]),
            nodes: OrdMap::new(),
            next: ROOT,
            limits,
            upper_bytes: 0,
            upper_files: 0,
            notices: Vec::new(),
        };
        overlay.add_mount_root(0, ROOT, b"")?;
        if !overlay.is_dir(&Place::Node(ROOT)).unwrap_or(false) {
            return Err(VfsError::TargetOccupied("/".into()));
        }
        for mount in mounts {
            overlay.mount(mount)?;
        }
        for (path, mode) in DIRECTORIES {
            overlay.host_mkdir_all(path.as_bytes(), *mode).map_err(|why| unreachable(path, why))?;
        }
        for (path, kind) in DEVICES {
            overlay.host_device(path.as_bytes(), *kind).map_err(|why| unreachable(path, why))?;
        }
        Ok(overlay)
    }

    /// Adds a mount to a namespace in use.
    pub fn mount(&mut self, spec: Mount) -> Result<(), VfsError> {
        let name = target_name(&spec.target)?;
        if self.mounts.iter().any(|m| m.spec.target == spec.target) {
            return Err(VfsError::TargetTaken(spec.target));
        }
        let tree = LowerTree::attach(&spec.lower, spec.immutable)?;
        let at_root = tree.stat(b"").map_err(|why| unreachable(&spec.target, why))?;
        let parent_path = &spec.target.as_bytes()[..spec.target.len() - name.len() - 1];
        let parent = self
            .host_mkdir_all(if parent_path.is_empty() { b"/" } else { parent_path }, 0o755)
            .map_err(|why| unreachable(&spec.target, why))?;
        let occupied = || VfsError::TargetOccupied(spec.target.clone());
        match self.child(&Place::Node(parent), name.as_bytes()) {
            Ok(Place::Node(id)) => {
                // Only an empty directory: whatever else the upper layer has there would be lost.
                let node = self.node(id).map_err(|_| occupied())?;
                if !at_root.is_dir() || !node.dir().is_some_and(|d| d.entries.is_empty()) {
                    return Err(occupied());
                }
                self.drop_dir(id).map_err(|_| occupied())?;
            }
            Ok(Place::Lower(lower)) if lower.stat.mode & S_IFMT != at_root.mode & S_IFMT => {
                return Err(occupied());
            }
            Ok(Place::Lower(_)) | Err(Errno::ENOENT) => {}
            Err(why) => return Err(unreachable(&spec.target, why)),
        }
        let mount = self.mounts.len();
        let target = spec.target.clone();
        Arc::make_mut(&mut self.mounts).push(MountPoint { spec, tree, root: self.next });
        let id = self.add_mount_root(mount, parent, name.as_bytes())?;
        let dir = self.dir_mut(parent).map_err(|why| unreachable(&target, why))?;
        let before = dir.entries.insert(name.as_bytes().into(), Entry::Node(id));
        self.upper_files -= u64::from(before == Some(Entry::Whiteout));
        Ok(())
    }

    /// Puts another directory beneath a mount of a directory into which nobody has looked yet.
    pub fn replace_lower(&mut self, spec: Mount) -> Result<(), VfsError> {
        let Some(mount) = self.find_mount(&spec.target) else {
            return Err(VfsError::BadTarget(spec.target));
        };
        let tree = LowerTree::attach(&spec.lower, spec.immutable)?;
        let stat = tree.stat(b"").map_err(|why| unreachable(&spec.target, why))?;
        let root = self.mounts[mount].root;
        let taken = || VfsError::TargetOccupied(spec.target.clone());
        let node = self.node_mut(root).map_err(|_| taken())?;
        if !stat.is_dir() || !node.dir().is_some_and(|dir| dir.entries.is_empty()) {
            return Err(taken());
        }
        node.mode = stat.mode;
        node.ino = stat.ino;
        (node.mtime, node.atime, node.ctime) = (stat.mtime, stat.atime, stat.ctime);
        Arc::make_mut(&mut self.mounts)[mount] = MountPoint { spec, tree, root };
        Ok(())
    }

    /// System calls made so far on the files beneath one mount.
    pub fn host_calls_of(&self, mount: MountId) -> u64 {
        self.mounts[mount].tree.host_calls()
    }

    fn add_mount_root(&mut self, mount: MountId, parent: NodeId, name: &[u8]) -> Result<NodeId, VfsError> {
        let point = &self.mounts[mount];
        let stat = point.tree.stat(b"").map_err(|why| unreachable(&point.spec.target, why))?;
        let made_up = matches!(point.spec.lower, Lower::Bytes(_) | Lower::Empty);
        let body = if stat.is_dir() {
            Body::Dir(Dir { entries: OrdMap::new(), lower: Some([].into()) })
        } else {
            Body::File(Content::from_lower(Arc::new(LowerFile::new(
                point.tree.clone(),
                b"",
                stat.size,
                stat.mtime,
            ))))
        };
        let time = |known: i64| if made_up { now_ns() } else { known };
        Ok(self.add_node(Node {
            mode: stat.mode,
            mount,
            ino: stat.ino,
            nlink: 1,
            mtime: time(stat.mtime),
            atime: time(stat.atime),
            ctime: time(stat.ctime),
            pristine: true,
            parent,
            name: name.into(),
            body,
        }))
    }

    /// A directory with all its parents. Follows no link that the guest made.
    pub fn host_mkdir_all(&mut self, path: &[u8], mode: u32) -> VfsResult<NodeId> {
        let mut dir = ROOT;
        for name in host_segments(path)? {
            let place = Place::Node(dir);
            dir = match self.resolve_slowly(&place, name, true, Links::LowerOnly) {
                Ok(found) if self.is_dir(&found)? => self.materialize(&found)?,
                Ok(_) => return Err(Errno::ENOTDIR),
                Err(Errno::ENOENT) if self.child(&place, name).is_err() => {
                    self.check_depth(dir, name)?;
                    let id = self.new_node_unlimited(dir, name, S_IFDIR | mode, Body::Dir(Dir::default()))?;
                    self.hang(dir, name, id)?;
                    id
                }
                Err(e) => return Err(e),
            };
        }
        Ok(dir)
    }

    fn host_device(&mut self, path: &[u8], kind: DeviceKind) -> VfsResult<()> {
        let at = path.iter().rposition(|b| *b == b'/').ok_or(Errno::EINVAL)?;
        let dir = self.host_mkdir_all(&path[..at], 0o755)?;
        let name = &path[at + 1..];
        if let Some(Entry::Node(id)) = self.node(dir)?.dir().and_then(|d| d.entries.get(name)).copied() {
            self.check_not_mounted(&Place::Node(id))?;
        }
        let id = self.new_node_unlimited(dir, name, S_IFCHR | 0o666, Body::Device(kind))?;
        self.hang(dir, name, id)
    }

    pub fn mounts(&self) -> &[MountPoint] {
        &self.mounts
    }

    pub fn find_mount(&self, target: &str) -> Option<MountId> {
        self.mounts.iter().position(|m| m.spec.target == target)
    }

    pub fn set_mode(&mut self, mount: MountId, mode: MountMode) {
        Arc::make_mut(&mut self.mounts)[mount].spec.mode = mode;
    }

    /// Whether the guest may change things in a mount.
    pub fn guest_may_write(&self, mount: MountId, policy: GuestWrites) -> bool {
        let spec = &self.mounts[mount].spec;
        let by_policy = match policy {
            GuestWrites::AsMounted => true,
            GuestWrites::ScratchOnly => matches!(spec.lower, Lower::Empty),
            GuestWrites::Nowhere => false,
        };
        by_policy && spec.mode == MountMode::ReadWrite
    }

    /// System calls made so far on the files of all mounts.
    pub fn host_calls(&self) -> u64 {
        self.mounts.iter().map(|m| m.tree.host_calls()).sum()
    }
}

/// Checks a target and gives its last segment.
fn target_name(target: &str) -> Result<String, VfsError> {
    let bad = || VfsError::BadTarget(target.to_owned());
    let segments = target.strip_prefix('/').ok_or_else(bad)?;
    if segments.contains('\0')
        || segments
            .split('/')
            .any(|s| s.is_empty() || s == "." || s == ".." || s.len() > super::super::NAME_MAX)
    {
        return Err(bad());
    }
    segments.rsplit('/').next().map(str::to_owned).ok_or_else(bad)
}

/// The segments of a path that the host names: absolute, without `.` and `..`.
pub(super) fn host_segments(path: &[u8]) -> VfsResult<impl Iterator<Item = &[u8]>> {
    super::walk::check_path(path)?;
    let segments = || path.split(|b| *b == b'/').filter(|s| !s.is_empty());
    if path[0] != b'/' || segments().any(|s| s == b"." || s == b"..") {
        return Err(Errno::EINVAL);
    }
    Ok(segments())
}

fn unreachable(target: &str, why: Errno) -> VfsError {
    VfsError::TargetUnreachable { target: target.to_owned(), why }
}

/// The mode of a file that the host places.
pub(super) fn file_mode(mode: u32) -> u32 {
    S_IFREG | (mode & 0o7777)
}
