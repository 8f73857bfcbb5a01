//! The upper layer's own bookkeeping: nodes come, change and go, and the figures stay true.

use super::super::VfsLimits;
use super::super::content::Content;
use super::super::flags::{S_IFDIR, S_IFLNK, S_IFMT, S_IFREG};
use super::super::lower::join;
use super::{
    Body, Dir, Entry, Errno, LowerPlace, MountPoint, Name, Node, NodeId, Notice, Overlay, Place, VfsResult,
    now_ns,
};
use imbl::OrdMap;
use std::sync::Arc;

/// Marks inode numbers of nodes that have no lower object. Above every number of a host's file.
const UPPER_INO: u64 = 1 << 61;

impl Overlay {
    /// From saved parts. The figures are counted anew.
    pub fn from_parts(
        mounts: Arc<Vec<MountPoint>>,
        nodes: OrdMap<NodeId, Arc<Node>>,
        next: NodeId,
        limits: VfsLimits,
    ) -> Overlay {
        let whiteouts = |node: &Node| {
            node.dir().map_or(0, |d| d.entries.values().filter(|e| **e == Entry::Whiteout).count() as u64)
        };
        Overlay {
            upper_bytes: nodes.values().map(|n| n.held()).sum(),
            upper_files: nodes.values().map(|n| u64::from(!n.pristine) + whiteouts(n)).sum(),
            mounts,
            nodes,
            next,
            limits,
            notices: Vec::new(),
        }
    }

    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Arc<Node>)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    pub fn next_id(&self) -> NodeId {
        self.next
    }

    /// The node of a place, made if there is none: for what is about to be changed or held open.
    /// Costs the names on the way, never content.
    pub fn materialize(&mut self, place: &Place) -> VfsResult<NodeId> {
        let lower = match place {
            Place::Node(id) => return Ok(*id),
            Place::Lower(lower) => lower,
        };
        let above = self.node(lower.anchor)?.dir().and_then(|d| d.lower.clone()).ok_or(Errno::EIO)?;
        let mut at = above.len();
        let mut dir = lower.anchor;
        loop {
            let start = if at == 0 { 0 } else { at + 1 };
            let end =
                lower.path[start..].iter().position(|b| *b == b'/').map_or(lower.path.len(), |n| start + n);
            let name = &lower.path[start..end];
            let path = &lower.path[..end];
            let is_last = end == lower.path.len();
            // Another place of the same call may have made it meanwhile.
            let known = self.node(dir)?.dir().and_then(|d| d.entries.get(name)).copied();
            dir = match known {
                Some(Entry::Node(id)) => id,
                Some(Entry::Whiteout) => return Err(Errno::ENOENT),
                None => {
                    let stat = if is_last { lower.stat } else { self.mounts[lower.mount].tree.stat(path)? };
                    self.stand_in(dir, name, &LowerPlace { path: path.to_vec(), stat, ..*lower })?
                }
            };
            if is_last {
                return Ok(dir);
            }
            at = end;
        }
    }

    /// A pristine node for an object of the lower layer.
    fn stand_in(&mut self, parent: NodeId, name: &[u8], lower: &LowerPlace) -> VfsResult<NodeId> {
        let stat = &lower.stat;
        let body = match stat.mode & S_IFMT {
            S_IFDIR => Body::Dir(Dir { lower: Some(lower.path[..].into()), ..Dir::default() }),
            S_IFREG => Body::File(Content::from_lower(Arc::new(self.lower_file(lower)))),
            S_IFLNK => Body::Symlink(self.mounts[lower.mount].tree.readlink(&lower.path)?.into()),
            // FIFOs, sockets and devices of the host are not for the guest.
            _ => return Err(Errno::EACCES),
        };
        let is_file = matches!(body, Body::File(_));
        let name: Name = name.into();
        let id = self.add_node(Node {
            mode: stat.mode,
            mount: lower.mount,
            ino: stat.ino,
            nlink: 1,
            mtime: stat.mtime,
            atime: stat.atime,
            ctime: stat.ctime,
            pristine: true,
            parent,
            name: name.clone(),
            body,
        });
        self.dir_mut(parent)?.entries.insert(name, Entry::Node(id));
        if is_file {
            self.notices.push(Notice::CopiedUp { mount: lower.mount, path: lower.path[..].into(), node: id });
        }
        Ok(id)
    }

    /// A node of the guest's making, not yet hung anywhere.
    pub(super) fn new_node(
        &mut self,
        parent: NodeId,
        name: &[u8],
        mode: u32,
        body: Body,
    ) -> VfsResult<NodeId> {
        if self.upper_files >= self.limits.max_upper_files {
            return Err(Errno::ENOSPC);
        }
        self.new_node_unlimited(parent, name, mode, body)
    }

    /// [`new_node`](Self::new_node) for the host, which no limit holds back.
    pub(super) fn new_node_unlimited(
        &mut self,
        parent: NodeId,
        name: &[u8],
        mode: u32,
        body: Body,
    ) -> VfsResult<NodeId> {
        let mount = self.node(parent)?.mount;
        let now = now_ns();
        Ok(self.add_node(Node {
            mode,
            mount,
            ino: UPPER_INO | self.next,
            nlink: 1,
            mtime: now,
            atime: now,
            ctime: now,
            pristine: false,
            parent,
            name: name.into(),
            body,
        }))
    }

    /// Enters a node into the table and the figures.
    pub(super) fn add_node(&mut self, node: Node) -> NodeId {
        let id = self.next;
        self.next += 1;
        self.upper_files += u64::from(!node.pristine);
        self.upper_bytes += node.held();
        self.nodes.insert(id, Arc::new(node));
        id
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> VfsResult<&mut Node> {
        self.nodes.get_mut(&id).map(Arc::make_mut).ok_or(Errno::EIO)
    }

    pub(super) fn dir_mut(&mut self, id: NodeId) -> VfsResult<&mut Dir> {
        match &mut self.node_mut(id)?.body {
            Body::Dir(dir) => Ok(dir),
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// The node, as one that the guest is about to change.
    pub fn own(&mut self, id: NodeId) -> VfsResult<&mut Node> {
        if self.node(id)?.pristine && self.upper_files >= self.limits.max_upper_files {
            return Err(Errno::ENOSPC);
        }
        self.own_unlimited(id)
    }

    /// [`own`](Self::own) where a full disk must not stand in the way: deletions, and the host.
    pub fn own_unlimited(&mut self, id: NodeId) -> VfsResult<&mut Node> {
        let was_pristine = self.node(id)?.pristine;
        self.upper_files += u64::from(was_pristine);
        let node = self.node_mut(id)?;
        node.pristine = false;
        Ok(node)
    }

    /// Notes that the names of a directory changed.
    pub(super) fn touch_dir(&mut self, id: NodeId) -> VfsResult<()> {
        let now = now_ns();
        let node = self.own_unlimited(id)?;
        node.mtime = now;
        node.ctime = now;
        Ok(())
    }

    /// Points a name at a node.
    pub(super) fn hang(&mut self, parent: NodeId, name: &[u8], id: NodeId) -> VfsResult<()> {
        let before = self.dir_mut(parent)?.entries.insert(name.into(), Entry::Node(id));
        self.upper_files -= u64::from(before == Some(Entry::Whiteout));
        let node = self.node_mut(id)?;
        node.parent = parent;
        node.name = name.into();
        self.touch_dir(parent)
    }

    /// Takes a name away. Leaves a whiteout if the lower layer has that name.
    pub(super) fn unhang(&mut self, parent: NodeId, name: &[u8]) -> VfsResult<()> {
        let node = self.node(parent)?;
        let hidden = match node.dir().and_then(|d| d.lower.as_ref()) {
            None => false,
            Some(lower) => match self.mounts[node.mount].tree.stat(&join(lower, name)) {
                Ok(_) => true,
                Err(Errno::ENOENT | Errno::ENOTDIR) => false,
                Err(e) => return Err(e),
            },
        };
        let entries = &mut self.dir_mut(parent)?.entries;
        if hidden {
            entries.insert(name.into(), Entry::Whiteout);
            self.upper_files += 1;
        } else {
            entries.remove(name);
        }
        self.touch_dir(parent)
    }

    /// One name less for a node that is not a directory.
    pub(super) fn drop_link(&mut self, id: NodeId) -> VfsResult<()> {
        let now = now_ns();
        let node = self.own_unlimited(id)?;
        node.nlink = node.nlink.saturating_sub(1);
        node.ctime = now;
        if node.nlink == 0 {
            self.notices.push(Notice::Orphaned(id));
        }
        Ok(())
    }

    /// A directory without a name: nothing is found in it any more, nothing can be made in it.
    pub(super) fn drop_dir(&mut self, id: NodeId) -> VfsResult<()> {
        let node = self.own_unlimited(id)?;
        node.nlink = 0;
        let Body::Dir(dir) = &mut node.body else { return Err(Errno::ENOTDIR) };
        let gone = std::mem::take(dir);
        self.upper_files -= gone.entries.values().filter(|e| **e == Entry::Whiteout).count() as u64;
        self.notices.push(Notice::Orphaned(id));
        Ok(())
    }

    /// Removes a node that has no name and that nothing holds open.
    pub fn release(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.remove(&id) {
            self.upper_files -= u64::from(!node.pristine);
            self.upper_bytes -= node.held();
        }
    }

    /// Removes a pristine node that nothing holds open, and those above it that were only there
    /// for its sake.
    pub fn evict(&mut self, mut id: NodeId, held: impl Fn(NodeId) -> bool) {
        while let Some(node) = self.nodes.get(&id) {
            let empty = node.dir().is_none_or(|d| d.entries.is_empty());
            if !node.pristine || !empty || held(id) || self.is_mount_root(id) {
                return;
            }
            let (parent, name) = (node.parent, node.name.clone());
            if let Ok(dir) = self.dir_mut(parent) {
                dir.entries.remove(&name);
            }
            self.nodes.remove(&id);
            id = parent;
        }
    }

    /// Changes the content of a file and keeps the figures true.
    pub fn with_content<T>(
        &mut self,
        id: NodeId,
        change: impl FnOnce(&mut Content) -> VfsResult<(T, i64)>,
    ) -> VfsResult<T> {
        let now = now_ns();
        let node = self.own(id)?;
        let Body::File(content) = &mut node.body else { return Err(Errno::EINVAL) };
        let (answer, delta) = change(content)?;
        node.mtime = now;
        node.ctime = now;
        self.upper_bytes = self.upper_bytes.saturating_add_signed(delta);
        Ok(answer)
    }

    /// How many more bytes the upper layer may hold.
    pub fn room(&self) -> u64 {
        self.limits.max_upper_bytes.saturating_sub(self.upper_bytes)
    }
}
