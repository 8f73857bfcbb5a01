//! Directory listings through a descriptor, and the working directory.

use super::descriptor::Open;
use super::{AT_FDCWD, DirEntry, Errno, Fd, Vfs, VfsResult};
use std::sync::Arc;

impl Vfs {
    /// Up to `max` records from the descriptor's position on; none at the end. Whatever is created,
    /// removed or renamed meanwhile, each entry that stays is told exactly once.
    pub fn readdir(&mut self, fd: Fd, max: usize) -> VfsResult<Vec<DirEntry>> {
        let open = self.table.get_mut(fd)?;
        let Open::Dir { node, listing } = &mut open.kind else { return Err(Errno::ENOTDIR) };
        let listing: &Arc<[DirEntry]> = match listing {
            Some(listing) => listing,
            none => none.insert(self.overlay.list(*node)?.into()),
        };
        let from = usize::try_from(open.pos).unwrap_or(usize::MAX).min(listing.len());
        let records = listing[from..].iter().take(max).cloned().collect::<Vec<_>>();
        open.pos = (from + records.len()) as u64;
        Ok(records)
    }

    pub fn chdir(&mut self, path: &[u8]) -> VfsResult<()> {
        let place = self.find(AT_FDCWD, path, true)?;
        if !self.overlay.is_dir(&place)? {
            return Err(Errno::ENOTDIR);
        }
        let id = self.hold(&place)?;
        self.change_cwd(id);
        Ok(())
    }

    pub fn fchdir(&mut self, fd: Fd) -> VfsResult<()> {
        let Open::Dir { node, .. } = self.table.get(fd)?.kind else { return Err(Errno::ENOTDIR) };
        self.change_cwd(node);
        Ok(())
    }

    /// The absolute path of the working directory. `ENOENT`: it was removed.
    pub fn getcwd(&self) -> VfsResult<Vec<u8>> {
        self.overlay.path_of(self.cwd)
    }

    fn change_cwd(&mut self, id: super::NodeId) {
        let before = std::mem::replace(&mut self.cwd, id);
        if before != id {
            self.let_go(before);
        }
    }
}
