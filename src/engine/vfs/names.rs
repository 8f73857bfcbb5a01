//! Calls on names: make, link, remove, rename.

use super::overlay::{End, Last, LastKind, Links};
use super::{Errno, Fd, PATH_MAX, Vfs, VfsResult};

impl Vfs {
    pub fn mkdirat(&mut self, dirfd: Fd, path: &[u8], mode: u32) -> VfsResult<()> {
        let last = self.last(dirfd, path)?;
        let name = self.free_name(&last, true)?;
        let mode = mode & 0o1777 & !self.umask;
        self.change(|o| o.create_dir(&last.dir, name, mode).map(drop))
    }

    pub fn symlinkat(&mut self, target: &[u8], dirfd: Fd, path: &[u8]) -> VfsResult<()> {
        match target.len() {
            0 => return Err(Errno::ENOENT),
            n if n >= PATH_MAX => return Err(Errno::ENAMETOOLONG),
            _ if target.contains(&0) => return Err(Errno::EINVAL),
            _ => {}
        }
        let last = self.last(dirfd, path)?;
        let name = self.free_name(&last, false)?;
        self.change(|o| o.create_symlink(&last.dir, name, target).map(drop))
    }

    /// A hard link within one mount. `follow`: link what a symbolic link points to.
    pub fn linkat(&mut self, dirfd: Fd, path: &[u8], to_dirfd: Fd, to: &[u8], follow: bool) -> VfsResult<()> {
        let file = self.find(dirfd, path, follow)?;
        let last = self.last(to_dirfd, to)?;
        // Linux looks at the mounts before it says that it cannot write.
        let name = match self.free_name(&last, false) {
            Err(Errno::EROFS) if self.overlay.mount_of(&file)? != self.overlay.mount_of(&last.dir)? => {
                return Err(Errno::EXDEV);
            }
            other => other?,
        };
        if self.overlay.mount_of(&file)? != self.overlay.mount_of(&last.dir)? {
            return Err(Errno::EXDEV);
        }
        if self.overlay.is_dir(&file)? {
            return Err(Errno::EPERM);
        }
        self.change(|o| o.link(&file, &last.dir, name))
    }

    pub fn readlinkat(&self, dirfd: Fd, path: &[u8]) -> VfsResult<Vec<u8>> {
        self.overlay.readlink(&self.find(dirfd, path, false)?)
    }

    pub fn unlinkat(&mut self, dirfd: Fd, path: &[u8]) -> VfsResult<()> {
        let last = self.last(dirfd, path)?;
        let LastKind::Name(name) = &last.kind else { return Err(Errno::EISDIR) };
        self.check_writable(&last.dir)?;
        if last.slash {
            let found = self.overlay.child(&last.dir, name)?;
            return Err(if self.overlay.is_dir(&found)? { Errno::EISDIR } else { Errno::ENOTDIR });
        }
        self.change(|o| o.unlink(&last.dir, name))
    }

    pub fn rmdirat(&mut self, dirfd: Fd, path: &[u8]) -> VfsResult<()> {
        let last = self.last(dirfd, path)?;
        let name = match &last.kind {
            LastKind::Name(name) => name,
            LastKind::Root => return Err(Errno::EBUSY),
            LastKind::Dot => return Err(Errno::EINVAL),
            LastKind::DotDot => return Err(Errno::ENOTEMPTY),
        };
        self.check_writable(&last.dir)?;
        self.change(|o| o.rmdir(&last.dir, name))
    }

    pub fn renameat(&mut self, dirfd: Fd, path: &[u8], to_dirfd: Fd, to: &[u8]) -> VfsResult<()> {
        let from = self.last(dirfd, path)?;
        let to = self.last(to_dirfd, to)?;
        if self.overlay.mount_of(&from.dir)? != self.overlay.mount_of(&to.dir)? {
            return Err(Errno::EXDEV);
        }
        let (LastKind::Name(from_name), LastKind::Name(to_name)) = (&from.kind, &to.kind) else {
            return Err(Errno::EBUSY);
        };
        self.check_writable(&from.dir)?;
        self.change(|o| {
            o.rename(
                &End { dir: &from.dir, name: from_name, slash: from.slash },
                &End { dir: &to.dir, name: to_name, slash: to.slash },
            )
        })
    }

    fn last(&self, dirfd: Fd, path: &[u8]) -> VfsResult<Last> {
        self.overlay.walk_to_last(&self.start(dirfd, path)?, path, Links::Any, &mut 0)
    }

    /// The name that is to be made, if it is free and the guest may make it.
    fn free_name<'a>(&self, last: &'a Last, directory: bool) -> VfsResult<&'a [u8]> {
        let LastKind::Name(name) = &last.kind else { return Err(Errno::EEXIST) };
        match self.overlay.child(&last.dir, name) {
            Ok(_) => return Err(Errno::EEXIST),
            Err(Errno::ENOENT) => {}
            Err(e) => return Err(e),
        }
        if last.slash && !directory {
            return Err(Errno::ENOENT);
        }
        self.check_writable(&last.dir)?;
        Ok(name)
    }
}
