//! Directory listings: the lower directory's names that nothing hides, and the upper layer's.

use super::super::DirEntry;
use super::super::flags::{S_IFDIR, dirent_kind};
use super::{Entry, Errno, NodeId, Overlay, VfsResult};

impl Overlay {
    /// `.`, `..` and the merged entries in order of their names. Empty for a removed directory.
    pub fn list(&self, id: NodeId) -> VfsResult<Vec<DirEntry>> {
        let node = self.node(id)?;
        let dir = node.dir().ok_or(Errno::ENOTDIR)?;
        if node.nlink == 0 {
            return Ok(Vec::new());
        }
        let directory = dirent_kind(S_IFDIR);
        let mut listing = vec![
            (b".".to_vec(), node.ino, directory),
            (b"..".to_vec(), self.node(node.parent)?.ino, directory),
        ];
        if let Some(lower) = &dir.lower {
            let entries = self.mounts[node.mount].tree.list(lower)?;
            let seen = entries.iter().filter(|e| !dir.entries.contains_key(&*e.name));
            listing.extend(seen.map(|e| (e.name.to_vec(), e.ino, e.kind)));
        }
        let merged = listing.len() > 2;
        for (name, entry) in &dir.entries {
            if let Entry::Node(child) = entry {
                let child = self.node(*child)?;
                listing.push((name.to_vec(), child.ino, dirent_kind(child.mode)));
            }
        }
        if merged {
            listing[2..].sort_unstable();
        }
        let numbered = listing.into_iter().zip(1..);
        Ok(numbered.map(|((name, ino, kind), next)| DirEntry { name, ino, kind, next }).collect())
    }
}
