//! Renames. Nothing is copied: a file of the lower layer gets a node whose content still lies
//! beneath, a directory one that remembers which lower directory shows through.

use super::{Errno, NodeId, Overlay, Place, ROOT, VfsResult, now_ns};

/// One end of a rename: a directory, a name in it, and whether a slash followed.
pub struct End<'a> {
    pub dir: &'a Place,
    pub name: &'a [u8],
    pub slash: bool,
}

impl Overlay {
    /// Linux's `rename`, with its order of checks. The caller has seen that both directories are of
    /// one mount.
    pub fn rename(&mut self, from: &End<'_>, to: &End<'_>) -> VfsResult<()> {
        let source = self.child(from.dir, from.name)?;
        let target = match self.child(to.dir, to.name) {
            Ok(place) => Some(place),
            Err(Errno::ENOENT) => None,
            Err(e) => return Err(e),
        };
        let is_dir = self.is_dir(&source)?;
        if !is_dir && (from.slash || to.slash) {
            return Err(Errno::ENOTDIR);
        }
        let from_dir = self.living_dir(from.dir)?;
        let to_dir = self.living_dir(to.dir)?;
        let source = if is_dir { Place::Node(self.materialize(&source)?) } else { source };
        if let Place::Node(id) = source
            && self.is_beneath(to_dir, id)?
        {
            return Err(Errno::EINVAL);
        }
        let target = match target {
            // A directory above the source cannot be replaced; if it is above, it has a node by now.
            Some(place) if self.is_dir(&place)? => {
                let id = self.materialize(&place)?;
                if self.is_beneath(from_dir, id)? {
                    return Err(Errno::ENOTEMPTY);
                }
                Some(Place::Node(id))
            }
            other => other,
        };
        if self.same_object(&source, target.as_ref()) {
            return Ok(());
        }
        if let Some(target) = &target {
            match (is_dir, self.is_dir(target)?) {
                (true, false) => return Err(Errno::ENOTDIR),
                (false, true) => return Err(Errno::EISDIR),
                _ => {}
            }
            self.check_not_mounted(target)?;
        }
        self.check_not_mounted(&source)?;
        if is_dir {
            if let Some(target) = &target
                && !self.is_empty_dir(target)?
            {
                return Err(Errno::ENOTEMPTY);
            }
            self.check_depth(to_dir, to.name)?;
        }
        let id = self.materialize(&source)?;
        // From here on nothing may fail half-way: room for the node and for a whiteout is certain.
        self.own(id)?.ctime = now_ns();
        match &target {
            Some(place) if is_dir => {
                self.rmdir(&Place::Node(to_dir), to.name)?;
                debug_assert!(matches!(place, Place::Node(_)));
            }
            Some(_) => self.unlink(&Place::Node(to_dir), to.name)?,
            None => {}
        }
        self.unhang(from_dir, from.name)?;
        self.hang(to_dir, to.name, id)
    }

    /// Two names of one file: POSIX wants nothing done. A lower file has one name only.
    fn same_object(&self, source: &Place, target: Option<&Place>) -> bool {
        match (source, target) {
            (Place::Node(a), Some(Place::Node(b))) => a == b,
            (Place::Lower(a), Some(Place::Lower(b))) => a.mount == b.mount && a.path == b.path,
            _ => false,
        }
    }

    /// Whether `id` is `above` or lies beneath it.
    fn is_beneath(&self, mut id: NodeId, above: NodeId) -> VfsResult<bool> {
        loop {
            if id == above {
                return Ok(true);
            }
            if id == ROOT {
                return Ok(false);
            }
            id = self.node(id)?.parent;
        }
    }
}
