//! Names that go.

use super::{Entry, Errno, NodeId, Notice, Overlay, Place, VfsResult};

impl Overlay {
    /// Takes the name of something that is not a directory away.
    pub fn unlink(&mut self, dir: &Place, name: &[u8]) -> VfsResult<()> {
        let found = self.child(dir, name)?;
        if self.is_dir(&found)? {
            return Err(Errno::EISDIR);
        }
        self.check_not_mounted(&found)?;
        let parent = self.materialize(dir)?;
        match found {
            Place::Node(id) => {
                self.unhang(parent, name)?;
                self.drop_link(id)
            }
            Place::Lower(lower) => {
                self.unhang(parent, name)?;
                self.notices.push(Notice::LowerUnlinked { mount: lower.mount, path: lower.path.into() });
                Ok(())
            }
        }
    }

    /// Removes an empty directory.
    pub fn rmdir(&mut self, dir: &Place, name: &[u8]) -> VfsResult<()> {
        let found = self.child(dir, name)?;
        if !self.is_dir(&found)? {
            return Err(Errno::ENOTDIR);
        }
        self.check_not_mounted(&found)?;
        if !self.is_empty_dir(&found)? {
            return Err(Errno::ENOTEMPTY);
        }
        let parent = self.materialize(dir)?;
        self.unhang(parent, name)?;
        match found {
            Place::Node(id) => self.drop_dir(id),
            Place::Lower(_) => Ok(()),
        }
    }

    pub(super) fn check_not_mounted(&self, place: &Place) -> VfsResult<()> {
        match place {
            Place::Node(id) if self.is_mount_root(*id) => Err(Errno::EBUSY),
            _ => Ok(()),
        }
    }

    pub(super) fn is_empty_dir(&self, place: &Place) -> VfsResult<bool> {
        let (mount, lower, node) = match place {
            Place::Lower(lower) => (lower.mount, Some(&lower.path[..]), None),
            Place::Node(id) => {
                let node = self.node(*id)?;
                let dir = node.dir().ok_or(Errno::ENOTDIR)?;
                (node.mount, dir.lower.as_deref(), Some(dir))
            }
        };
        let hidden = |name: &[u8]| match node.and_then(|d| d.entries.get(name)) {
            Some(entry) => *entry == Entry::Whiteout,
            None => false,
        };
        if node.is_some_and(|d| d.entries.values().any(|e| *e != Entry::Whiteout)) {
            return Ok(false);
        }
        match lower {
            None => Ok(true),
            Some(path) => Ok(self.mounts[mount].tree.list(path)?.iter().all(|e| hidden(&e.name))),
        }
    }

    /// Removes a node with everything beneath it, for the host.
    pub(super) fn remove_tree(&mut self, dir: NodeId, name: &[u8], top: NodeId) -> VfsResult<()> {
        let mut dirs = vec![top];
        let mut files = Vec::new();
        let mut next = 0;
        while next < dirs.len() {
            let Some(dir) = self.node(dirs[next])?.dir().cloned() else { break };
            for entry in dir.entries.values() {
                let Entry::Node(id) = entry else { continue };
                self.check_not_mounted(&Place::Node(*id))?;
                if self.node(*id)?.is_dir() { dirs.push(*id) } else { files.push(*id) }
            }
            next += 1;
        }
        self.unhang(dir, name)?;
        for id in files {
            self.drop_link(id)?;
        }
        for id in dirs {
            self.drop_dir(id)?;
        }
        Ok(())
    }
}
