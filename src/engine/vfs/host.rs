//! What the host does with a sandbox's files. No mount is read-only for it and no limit holds it
//! back; it follows no link that the guest made when it writes.

use super::descriptor::Open;
use super::overlay::{Body, Place, ROOT};
use super::{DirEntry, Errno, Stat, Vfs, VfsResult};

impl Vfs {
    /// Puts a file in place, with its parents. A file that is there gets the new content and mode.
    pub fn host_write(&mut self, path: &str, bytes: impl AsRef<[u8]>, mode: u32) -> VfsResult<()> {
        self.change(|o| o.host_write(path.as_bytes(), bytes.as_ref(), mode))
    }

    /// Sets a file's times, nanoseconds since the epoch.
    pub fn host_date(&mut self, path: &str, time: i64) -> VfsResult<()> {
        self.change(|o| o.host_date(path.as_bytes(), time))
    }

    /// Takes over the descriptors of a process whose files were these once: `from` is what this
    /// filesystem began as. What only our own descriptors kept alive goes.
    pub fn host_adopt_descriptors(&mut self, from: &Vfs) {
        self.table = from.table.clone();
        self.cwd = from.cwd;
        self.umask = from.umask;
        for id in self.overlay.nameless() {
            self.let_go(id);
        }
    }

    /// All bytes of a file, as the guest sees it. `EFBIG`: there are more than `limit`.
    pub fn host_read(&self, path: &str, limit: u64) -> VfsResult<Vec<u8>> {
        let place = self.host_find(path, true)?;
        let content = match &place {
            Place::Node(id) => match &self.overlay.node(*id)?.body {
                Body::File(content) => content.clone(),
                Body::Dir(_) => return Err(Errno::EISDIR),
                Body::Symlink(_) | Body::Device(_) => return Err(Errno::EINVAL),
            },
            Place::Lower(lower) if lower.stat.is_file() => {
                super::content::Content::from_lower(self.overlay.lower_file(lower).into())
            }
            Place::Lower(lower) if lower.stat.is_dir() => return Err(Errno::EISDIR),
            Place::Lower(_) => return Err(Errno::EACCES),
        };
        if content.len() > limit { Err(Errno::EFBIG) } else { content.to_vec() }
    }

    /// What is at a path; a link in the last place is not followed.
    pub fn host_stat(&self, path: &str) -> VfsResult<Stat> {
        self.overlay.stat(&self.host_find(path, false)?)
    }

    /// The entries of a directory without `.` and `..`, sorted by name.
    pub fn host_list(&mut self, path: &str) -> VfsResult<Vec<DirEntry>> {
        let place = self.host_find(path, true)?;
        if !self.overlay.is_dir(&place)? {
            return Err(Errno::ENOTDIR);
        }
        let id = self.hold(&place)?;
        let listing = self.overlay.list(id);
        self.let_go(id);
        Ok(listing?.split_off(2))
    }

    /// A directory with its parents.
    pub fn host_mkdir_all(&mut self, path: &str) -> VfsResult<()> {
        self.change(|o| o.host_mkdir_all(path.as_bytes(), 0o755).map(drop))
    }

    pub fn host_symlink(&mut self, target: &str, path: &str) -> VfsResult<()> {
        self.change(|o| o.host_symlink(path.as_bytes(), target.as_bytes()))
    }

    /// Removes whatever is there, a directory with all its content.
    pub fn host_remove(&mut self, path: &str) -> VfsResult<()> {
        self.change(|o| o.host_remove(path.as_bytes()))
    }

    /// Closes every descriptor from `first` on, as at the end of a request.
    pub fn host_close_from(&mut self, first: super::Fd) {
        let open: Vec<_> = (0..self.table.parts().0.len() as super::Fd).filter(|fd| *fd >= first).collect();
        for fd in open.into_iter().rev() {
            // Not open: nothing to close.
            let _ = self.close(fd);
        }
    }

    /// Whether a descriptor refers to something with a name in the tree: the absolute path of an
    /// open directory.
    pub fn host_dir_path(&self, fd: super::Fd) -> VfsResult<Vec<u8>> {
        match self.table.get(fd)?.kind {
            Open::Dir { node, .. } => self.overlay.path_of(node),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn host_find(&self, path: &str, follow: bool) -> VfsResult<Place> {
        if !path.starts_with('/') {
            return Err(Errno::EINVAL);
        }
        self.overlay.resolve(&Place::Node(ROOT), path.as_bytes(), follow)
    }
}
