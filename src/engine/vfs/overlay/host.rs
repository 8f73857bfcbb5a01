//! What the host itself places, reads and removes. No mount is read-only for it and no limit holds
//! it back, so it must not be led astray: no link that the guest made is followed when writing.

use super::super::content::Content;
use super::super::flags::S_IFLNK;
use super::super::lower::{LowerFile, LowerStat};
use super::mount::{file_mode, host_segments};
use super::{
    Body, Errno, Links, LowerPlace, MountId, Node, NodeId, Notice, Overlay, Place, ROOT, VfsResult, now_ns,
};
use std::sync::Arc;

impl Overlay {
    /// A file with these bytes, replacing the content of one that is there. Makes parents.
    pub fn host_write(&mut self, path: &[u8], bytes: &[u8], mode: u32) -> VfsResult<()> {
        let (dir, name) = self.host_parent(path)?;
        let place = Place::Node(dir);
        match self.resolve_slowly(&place, &name, true, Links::LowerOnly) {
            Ok(found) => {
                if self.is_dir(&found)? {
                    return Err(Errno::EISDIR);
                }
                let id = self.materialize(&found)?;
                self.own_unlimited(id)?.mode = file_mode(mode);
                self.host_set_content(id, bytes)
            }
            Err(Errno::ENOENT) if self.child(&place, &name).is_err() => {
                let body = Body::File(Content::from_bytes(bytes));
                let id = self.new_node_unlimited(dir, &name, file_mode(mode), body)?;
                self.hang(dir, &name, id)
            }
            Err(e) => Err(e),
        }
    }

    pub fn host_date(&mut self, path: &[u8], time: i64) -> VfsResult<()> {
        let place = self.resolve_slowly(&Place::Node(ROOT), path, true, Links::LowerOnly)?;
        let id = self.materialize(&place)?;
        let node = self.own_unlimited(id)?;
        (node.mtime, node.atime, node.ctime) = (time, time, time);
        Ok(())
    }

    /// Nodes that have lost their last name.
    pub fn nameless(&self) -> Vec<NodeId> {
        self.nodes.iter().filter(|(_, node)| node.nlink == 0).map(|(id, _)| *id).collect()
    }

    pub fn host_symlink(&mut self, path: &[u8], target: &[u8]) -> VfsResult<()> {
        if target.is_empty() || target.contains(&0) {
            return Err(Errno::EINVAL);
        }
        let (dir, name) = self.host_parent(path)?;
        match self.child(&Place::Node(dir), &name) {
            Ok(_) => Err(Errno::EEXIST),
            Err(Errno::ENOENT) => {
                let id =
                    self.new_node_unlimited(dir, &name, S_IFLNK | 0o777, Body::Symlink(target.into()))?;
                self.hang(dir, &name, id)
            }
            Err(e) => Err(e),
        }
    }

    /// Removes whatever is there, a directory with all its content. A link is not followed.
    pub fn host_remove(&mut self, path: &[u8]) -> VfsResult<()> {
        let name = host_segments(path)?.last().ok_or(Errno::EBUSY)?.to_vec();
        let (above, _) =
            path.split_at(path.len() - name.len() - path.iter().rev().take_while(|b| **b == b'/').count());
        let parent = self.resolve_slowly(&Place::Node(ROOT), above, true, Links::LowerOnly)?;
        let found = self.child(&parent, &name)?;
        let parent_id = self.materialize(&parent)?;
        match found {
            Place::Node(id) if self.node(id)?.is_dir() => {
                self.check_not_mounted(&found)?;
                self.remove_tree(parent_id, &name, id)
            }
            Place::Lower(ref lower) if lower.stat.is_dir() => self.unhang(parent_id, &name),
            _ => self.unlink(&parent, &name),
        }
    }

    /// The place of an open lower file, for a change through its descriptor. One whose name went
    /// gets a node without a name.
    pub fn find_lower(
        &mut self,
        mount: MountId,
        file: &LowerFile,
        stat: LowerStat,
        unlinked: bool,
    ) -> VfsResult<Place> {
        if unlinked {
            let id = self.add_node(Node {
                mode: stat.mode,
                mount,
                ino: stat.ino,
                nlink: 0,
                mtime: stat.mtime,
                atime: stat.atime,
                ctime: stat.ctime,
                pristine: true,
                parent: ROOT,
                name: [].into(),
                body: Body::File(Content::from_lower(Arc::new(file.clone()))),
            });
            self.notices.push(Notice::CopiedUp { mount, path: file.path().into(), node: id });
            return Ok(Place::Node(id));
        }
        // The nearest directory with a node: directories above may have been renamed since.
        let above = |dir: &[u8]| {
            dir.is_empty() || file.path().strip_prefix(dir).is_some_and(|rest| rest.starts_with(b"/"))
        };
        let nearest = self.nodes.iter().filter(|(_, node)| node.mount == mount).filter_map(|(id, node)| {
            let lower = node.dir()?.lower.as_ref()?;
            above(lower).then_some((lower.len(), *id))
        });
        let anchor = nearest.max().ok_or(Errno::ENOENT)?.1;
        Ok(Place::Lower(LowerPlace { anchor, mount, path: file.path().to_vec(), stat }))
    }

    fn host_parent(&mut self, path: &[u8]) -> VfsResult<(NodeId, Vec<u8>)> {
        let name = host_segments(path)?.last().ok_or(Errno::EISDIR)?;
        if name.len() > super::super::NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        if path.ends_with(b"/") {
            return Err(Errno::EISDIR);
        }
        let dir = self.host_mkdir_all(&path[..path.len() - name.len()], 0o755)?;
        Ok((dir, name.to_vec()))
    }

    fn host_set_content(&mut self, id: NodeId, bytes: &[u8]) -> VfsResult<()> {
        let now = now_ns();
        let node = self.own_unlimited(id)?;
        let Body::File(content) = &mut node.body else { return Err(Errno::EACCES) };
        let before = content.held();
        *content = Content::from_bytes(bytes);
        node.mtime = now;
        node.ctime = now;
        self.upper_bytes = self.upper_bytes - before + bytes.len() as u64;
        Ok(())
    }
}
