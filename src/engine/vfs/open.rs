//! Opening, closing and duplicating descriptors.

use super::descriptor::{Open, OpenLower};
use super::flags::*;
use super::overlay::{Body, LastKind, Links, LowerPlace, NodeId, Place};
use super::{Errno, Fd, FdKind, PATH_MAX, SYMLINKS_MAX, Vfs, VfsResult};
use std::sync::Arc;

/// Status flags that `fcntl(F_SETFL)` may change.
const SETTABLE: i32 = O_APPEND | O_NONBLOCK;

impl Vfs {
    /// `open`, with Linux's order of checks. `flags` as the guest's musl has them.
    pub fn openat(&mut self, dirfd: Fd, path: &[u8], flags: i32, mode: u32) -> VfsResult<Fd> {
        let access = flags & O_ACCMODE;
        if access == O_ACCMODE || (flags & O_CREAT != 0 && flags & O_DIRECTORY != 0) {
            return Err(Errno::EINVAL);
        }
        self.table.free_from(0)?;
        let (place, created) = if flags & O_CREAT == 0 {
            (self.find(dirfd, path, flags & O_NOFOLLOW == 0)?, false)
        } else {
            self.find_or_create(dirfd, path, flags, mode)?
        };
        let kind = self.overlay.mode(&place)? & S_IFMT;
        let writes = access != O_RDONLY;
        if flags & O_DIRECTORY != 0 && kind != S_IFDIR {
            return Err(Errno::ENOTDIR);
        }
        let truncates = flags & O_TRUNC != 0 && !created && kind == S_IFREG;
        let open = match kind {
            S_IFLNK => return Err(Errno::ELOOP),
            S_IFDIR if writes || flags & (O_TRUNC | O_CREAT) != 0 => return Err(Errno::EISDIR),
            S_IFDIR => Open::Dir { node: self.hold(&place)?, listing: None },
            S_IFREG => {
                if (writes || truncates) && !created {
                    self.check_writable(&place)?;
                }
                self.open_file(&place, writes || truncates)?
            }
            S_IFCHR => self.open_device(&place)?,
            _ => return Err(Errno::EACCES),
        };
        if truncates && let Open::File { node, .. } = open {
            let emptied = self.change(|o| o.truncate(node, 0));
            if let Err(why) = emptied {
                self.let_go(node);
                return Err(why);
            }
        }
        self.table.open(flags & (O_ACCMODE | SETTABLE), flags & O_CLOEXEC != 0, open)
    }

    /// The place of `O_CREAT`, and whether it was made just now.
    fn find_or_create(&mut self, dirfd: Fd, path: &[u8], flags: i32, mode: u32) -> VfsResult<(Place, bool)> {
        let mut start = self.start(dirfd, path)?;
        let mut path = path.to_vec();
        let mut followed = 0;
        loop {
            let walked = self.overlay.walk_to_last(&start, &path, Links::Any, &mut followed);
            // A slash at the end is looked at before the name's length is.
            if let (Err(Errno::ENAMETOOLONG), Some(parent)) = (&walked, parent_of_long_directory(&path)) {
                let above = self.overlay.resolve(&start, parent, true)?;
                return Err(if self.overlay.is_dir(&above)? { Errno::EISDIR } else { Errno::ENOTDIR });
            }
            let last = walked?;
            let LastKind::Name(name) = &last.kind else {
                return Err(if flags & O_EXCL != 0 { Errno::EEXIST } else { Errno::EISDIR });
            };
            if last.slash {
                return Err(Errno::EISDIR);
            }
            match self.overlay.child(&last.dir, name) {
                Ok(_) if flags & O_EXCL != 0 => return Err(Errno::EEXIST),
                Ok(place) if self.overlay.mode(&place)? & S_IFMT == S_IFLNK && flags & O_NOFOLLOW == 0 => {
                    followed += 1;
                    path = self.overlay.readlink(&place)?;
                    if followed > SYMLINKS_MAX || path.len() >= PATH_MAX {
                        return Err(Errno::ELOOP);
                    }
                    start = last.dir;
                }
                Ok(place) => return Ok((place, false)),
                Err(Errno::ENOENT) => {
                    self.check_writable(&last.dir)?;
                    let mode = mode & 0o7777 & !self.umask;
                    let id = self.change(|o| o.create_file(&last.dir, name, mode))?;
                    return Ok((Place::Node(id), true));
                }
                Err(e) => return Err(e),
            }
        }
    }

    fn open_file(&mut self, place: &Place, writes: bool) -> VfsResult<Open> {
        match place {
            Place::Lower(lower) if !writes => self.open_lower(lower),
            _ => {
                let node = self.hold(place)?;
                let _pin = match &self.overlay.node(node)?.body {
                    // Reads of what shows through then cost one call at most. If the file cannot be
                    // opened now, a read will say why.
                    Body::File(content) => content.lower().and_then(|(file, _)| file.pin().ok()),
                    _ => None,
                };
                Ok(Open::File { node, _pin })
            }
        }
    }

    fn open_lower(&self, lower: &LowerPlace) -> VfsResult<Open> {
        let file = Arc::new(self.overlay.lower_file(lower));
        Ok(Open::Lower(OpenLower {
            mount: lower.mount,
            pin: Some(file.pin()?),
            file,
            stat: lower.stat,
            unlinked: false,
        }))
    }

    fn open_device(&self, place: &Place) -> VfsResult<Open> {
        let Place::Node(node) = place else { return Err(Errno::EACCES) };
        match self.overlay.node(*node)?.body {
            Body::Device(kind) => Ok(Open::Device { node: *node, kind }),
            _ => Err(Errno::EACCES),
        }
    }

    /// The node of something that is about to be held open.
    pub(super) fn hold(&mut self, place: &Place) -> VfsResult<NodeId> {
        let id = self.overlay.materialize(place);
        self.settle();
        id
    }

    pub fn close(&mut self, fd: Fd) -> VfsResult<()> {
        match self.table.close(fd)? {
            Some(Open::File { node, .. } | Open::Dir { node, .. } | Open::Device { node, .. }) => {
                self.let_go(node)
            }
            Some(Open::Lower(_) | Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_)) | None => {}
        }
        Ok(())
    }

    /// `fcntl(F_DUPFD)`: the lowest free descriptor from `min` on.
    pub fn dup(&mut self, fd: Fd, min: Fd) -> VfsResult<Fd> {
        self.table.slot(fd)?;
        if !self.table.in_range(min) {
            return Err(Errno::EINVAL);
        }
        let to = self.table.free_from(min)?;
        self.table.duplicate(fd, to, false)?;
        Ok(to)
    }

    /// `dup3`: closes `to` first. The same descriptor twice is `EINVAL`.
    pub fn dup3(&mut self, fd: Fd, to: Fd) -> VfsResult<Fd> {
        self.table.slot(fd)?;
        if fd == to {
            return Err(Errno::EINVAL);
        }
        if !self.table.in_range(to) {
            return Err(Errno::EBADF);
        }
        if self.table.slot(to).is_ok() {
            self.close(to)?;
        }
        self.table.duplicate(fd, to, false)?;
        Ok(to)
    }

    /// The reading and the writing end of a new pipe.
    pub fn pipe(&mut self) -> VfsResult<(Fd, Fd)> {
        self.table.pipe()
    }

    /// A descriptor for a socket, which the guest's network keeps under this number.
    pub fn open_socket(&mut self, socket: u32, flags: i32) -> VfsResult<Fd> {
        self.table.open(O_RDWR | (flags & SETTABLE), flags & O_CLOEXEC != 0, Open::Socket(socket))
    }

    /// The number of a socket. `ENOTSOCK`: the descriptor is something else.
    pub fn socket(&self, fd: Fd) -> VfsResult<u32> {
        match self.table.get(fd)?.kind {
            Open::Socket(socket) => Ok(socket),
            _ => Err(Errno::ENOTSOCK),
        }
    }

    /// Whether a descriptor refers to this socket.
    pub fn has_socket(&self, socket: u32) -> bool {
        let (_, descriptions, _) = self.table.parts();
        descriptions.iter().flatten().any(|open| matches!(open.kind, Open::Socket(own) if own == socket))
    }

    /// `fcntl(F_GETFL)`: access mode and status flags.
    pub fn fd_flags(&self, fd: Fd) -> VfsResult<i32> {
        Ok(self.table.get(fd)?.flags)
    }

    /// `fcntl(F_SETFL)`. Only `O_APPEND` and `O_NONBLOCK` can change.
    pub fn set_fd_flags(&mut self, fd: Fd, flags: i32) -> VfsResult<()> {
        let open = self.table.get_mut(fd)?;
        open.flags = (open.flags & !SETTABLE) | (flags & SETTABLE);
        Ok(())
    }

    /// `fcntl(F_GETFD)`: close-on-exec. Kept and shown; nothing executes here.
    pub fn cloexec(&self, fd: Fd) -> VfsResult<bool> {
        Ok(self.table.slot(fd)?.cloexec)
    }

    pub fn set_cloexec(&mut self, fd: Fd, cloexec: bool) -> VfsResult<()> {
        self.table.set_cloexec(fd, cloexec)
    }

    pub fn kind(&self, fd: Fd) -> VfsResult<FdKind> {
        Ok(match self.table.get(fd)?.kind {
            Open::File { .. } | Open::Lower(_) => FdKind::File,
            Open::Dir { .. } => FdKind::Dir,
            Open::Device { .. } => FdKind::Device { tty: false },
            Open::PipeRead(_) | Open::PipeWrite(_) => FdKind::Pipe,
            Open::Socket(_) => FdKind::Socket,
        })
    }

    /// Whether a read and a write would do something at once. `EBADF` if the descriptor is not open.
    pub fn poll_ready(&self, fd: Fd) -> VfsResult<(bool, bool)> {
        Ok(match self.table.get(fd)?.kind {
            Open::PipeRead(pipe) => (self.table.pipe_ref(pipe)?.readable(), false),
            Open::PipeWrite(pipe) => (false, self.table.pipe_ref(pipe)?.writable()),
            _ => (true, true),
        })
    }

    /// Sets the umask and returns the one before.
    pub fn umask(&mut self, mask: u32) -> u32 {
        std::mem::replace(&mut self.umask, mask & 0o777)
    }
}

/// What lies before the last name, if that is too long and has a slash behind it.
fn parent_of_long_directory(path: &[u8]) -> Option<&[u8]> {
    if path.len() >= PATH_MAX {
        return None;
    }
    let trimmed = path.strip_suffix(b"/")?;
    let trimmed = &trimmed[..trimmed.iter().rposition(|byte| *byte != b'/')? + 1];
    let begins = trimmed.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let parent = if begins == 0 { b".".as_slice() } else { &trimmed[..begins] };
    (trimmed.len() - begins > super::NAME_MAX).then_some(parent)
}
