//! New names: files, directories, symbolic and hard links.

use super::super::PATH_MAX;
use super::super::content::Content;
use super::super::flags::{S_IFDIR, S_IFLNK, S_IFREG};
use super::{Body, Dir, Errno, NodeId, Overlay, Place, VfsResult, now_ns};

impl Overlay {
    /// An empty file. The caller has seen that the name is free.
    pub fn create_file(&mut self, dir: &Place, name: &[u8], mode: u32) -> VfsResult<NodeId> {
        self.create(dir, name, S_IFREG | mode, Body::File(Content::default()))
    }

    /// An empty directory, opaque: what the lower layer had under that name stays hidden.
    pub fn create_dir(&mut self, dir: &Place, name: &[u8], mode: u32) -> VfsResult<NodeId> {
        let parent = self.materialize(dir)?;
        self.check_depth(parent, name)?;
        self.create(dir, name, S_IFDIR | mode, Body::Dir(Dir::default()))
    }

    pub fn create_symlink(&mut self, dir: &Place, name: &[u8], target: &[u8]) -> VfsResult<NodeId> {
        if target.len() as u64 > self.room() {
            return Err(Errno::ENOSPC);
        }
        self.create(dir, name, S_IFLNK | 0o777, Body::Symlink(target.into()))
    }

    /// One more name for a file.
    pub fn link(&mut self, file: &Place, dir: &Place, name: &[u8]) -> VfsResult<()> {
        let id = self.materialize(file)?;
        let parent = self.living_dir(dir)?;
        if self.node(id)?.nlink == 0 {
            return Err(Errno::ENOENT);
        }
        let now = now_ns();
        let node = self.own(id)?;
        if node.nlink == u32::MAX {
            return Err(Errno::EMLINK);
        }
        node.nlink += 1;
        node.ctime = now;
        self.hang(parent, name, id)
    }

    fn create(&mut self, dir: &Place, name: &[u8], mode: u32, body: Body) -> VfsResult<NodeId> {
        let parent = self.living_dir(dir)?;
        let id = self.new_node(parent, name, mode, body)?;
        self.hang(parent, name, id)?;
        Ok(id)
    }

    /// The node of a directory that still has a name.
    pub(super) fn living_dir(&mut self, dir: &Place) -> VfsResult<NodeId> {
        let id = self.materialize(dir)?;
        if self.node(id)?.nlink == 0 { Err(Errno::ENOENT) } else { Ok(id) }
    }

    /// No directory may lie so deep that an absolute path to it would not fit a call: it bounds
    /// what a listing of the whole tree can cost.
    pub(super) fn check_depth(&self, parent: NodeId, name: &[u8]) -> VfsResult<()> {
        let mut length = name.len() + 2;
        let mut id = parent;
        while id != super::ROOT {
            let node = self.node(id)?;
            length += node.name.len() + 1;
            id = node.parent;
        }
        if length > PATH_MAX { Err(Errno::ENAMETOOLONG) } else { Ok(()) }
    }
}
