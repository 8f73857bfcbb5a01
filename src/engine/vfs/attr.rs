//! Attributes: what stat calls answer, modes, times, and what the disk has left.

use super::descriptor::Open;
use super::flags::*;
use super::overlay::Place;
use super::{Errno, Fd, NAME_MAX, SetTime, Stat, StatFs, Vfs, VfsResult};

const BLOCK: u64 = 4096;

impl Vfs {
    pub fn statat(&self, dirfd: Fd, path: &[u8], follow: bool) -> VfsResult<Stat> {
        self.overlay.stat(&self.find(dirfd, path, follow)?)
    }

    pub fn fstat(&self, fd: Fd) -> VfsResult<Stat> {
        match &self.table.get(fd)?.kind {
            Open::File { node, .. } | Open::Dir { node, .. } | Open::Device { node, .. } => {
                self.overlay.stat_node(*node)
            }
            Open::Lower(lower) => {
                let stat = match &lower.pin {
                    Some(pin) => lower.file.stat_pinned(pin, lower.stat)?,
                    None => lower.stat,
                };
                let stat = super::overlay::lower_stat(lower.mount, &stat);
                Ok(Stat { nlink: u32::from(!lower.unlinked), ..stat })
            }
            Open::PipeRead(pipe) | Open::PipeWrite(pipe) => {
                Ok(Stat { mode: S_IFIFO | 0o600, ino: *pipe as u64 + 1, nlink: 1, ..Stat::default() })
            }
            Open::Socket(socket) => {
                Ok(Stat { mode: S_IFSOCK | 0o777, ino: u64::from(*socket), nlink: 1, ..Stat::default() })
            }
        }
    }

    /// `access`. The guest owns everything, so reading is always allowed and writing unless the
    /// mount is read-only; executing needs an execute bit.
    pub fn accessat(&self, dirfd: Fd, path: &[u8], amode: i32) -> VfsResult<()> {
        if amode & !(R_OK | W_OK | X_OK) != 0 {
            return Err(Errno::EINVAL);
        }
        let place = self.find(dirfd, path, true)?;
        let mode = self.overlay.mode(&place)?;
        let kind = mode & S_IFMT;
        if amode & X_OK != 0 && kind != S_IFDIR && mode & 0o111 == 0 {
            return Err(Errno::EACCES);
        }
        if amode & W_OK != 0 && (kind == S_IFREG || kind == S_IFDIR) {
            self.check_writable(&place)?;
        }
        Ok(())
    }

    pub fn chmodat(&mut self, dirfd: Fd, path: &[u8], mode: u32, follow: bool) -> VfsResult<()> {
        let place = self.find(dirfd, path, follow)?;
        if self.overlay.mode(&place)? & S_IFMT == S_IFLNK {
            return Err(Errno::EOPNOTSUPP);
        }
        self.check_writable(&place)?;
        self.change(|o| o.chmod(&place, mode))
    }

    pub fn fchmod(&mut self, fd: Fd, mode: u32) -> VfsResult<()> {
        let place = self.open_place(fd)?;
        self.check_writable(&place)?;
        self.change(|o| o.chmod(&place, mode))
    }

    pub fn utimensat(
        &mut self,
        dirfd: Fd,
        path: &[u8],
        follow: bool,
        atime: SetTime,
        mtime: SetTime,
    ) -> VfsResult<()> {
        let place = self.find(dirfd, path, follow)?;
        self.set_times(&place, atime, mtime)
    }

    pub fn futimens(&mut self, fd: Fd, atime: SetTime, mtime: SetTime) -> VfsResult<()> {
        let place = self.open_place(fd)?;
        self.set_times(&place, atime, mtime)
    }

    /// The limits as a disk.
    pub fn statfs(&self) -> StatFs {
        let limits = self.overlay.limits();
        StatFs {
            block_size: BLOCK as u32,
            blocks: limits.max_upper_bytes / BLOCK,
            blocks_free: self.overlay.room() / BLOCK,
            files: limits.max_upper_files,
            files_free: limits.max_upper_files.saturating_sub(self.overlay.upper_files()),
            name_max: NAME_MAX as u32,
        }
    }

    fn set_times(&mut self, place: &Place, atime: SetTime, mtime: SetTime) -> VfsResult<()> {
        if atime == SetTime::Omit && mtime == SetTime::Omit {
            return Ok(());
        }
        self.check_writable(place)?;
        self.change(|o| o.set_times(place, atime, mtime))
    }

    /// The object behind a descriptor, as something that can be changed.
    fn open_place(&mut self, fd: Fd) -> VfsResult<Place> {
        let lower = match &self.table.get(fd)?.kind {
            Open::File { node, .. } | Open::Dir { node, .. } | Open::Device { node, .. } => {
                return Ok(Place::Node(*node));
            }
            Open::Lower(lower) => lower.clone(),
            Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_) => return Err(Errno::EPERM),
        };
        let place = self.overlay.find_lower(lower.mount, &lower.file, lower.stat, lower.unlinked);
        self.settle();
        place
    }
}
