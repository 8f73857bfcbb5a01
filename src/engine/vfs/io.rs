//! Reading, writing, seeking, and the length of open files.

use super::descriptor::Open;
use super::flags::*;
use super::overlay::{Body, NodeId, Place};
use super::{Errno, Fd, Vfs, VfsResult};

impl Vfs {
    pub fn read(&mut self, fd: Fd, buf: &mut [u8]) -> VfsResult<usize> {
        let pos = self.table.get(fd)?.pos;
        let n = self.read_open(fd, buf, pos)?;
        self.table.get_mut(fd)?.pos += n as u64;
        Ok(n)
    }

    /// Reads at `offset` and leaves the position alone.
    pub fn pread(&mut self, fd: Fd, buf: &mut [u8], offset: u64) -> VfsResult<usize> {
        if let Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_) = self.table.get(fd)?.kind {
            return Err(Errno::ESPIPE);
        }
        check_offset(offset)?;
        self.read_open(fd, buf, offset)
    }

    pub fn write(&mut self, fd: Fd, data: &[u8]) -> VfsResult<usize> {
        let pos = self.table.get(fd)?.pos;
        let (n, end) = self.write_open(fd, data, pos)?;
        self.table.get_mut(fd)?.pos = end;
        Ok(n)
    }

    /// Writes at `offset` and leaves the position alone. As on Linux, a file opened for appending
    /// is appended to all the same.
    pub fn pwrite(&mut self, fd: Fd, data: &[u8], offset: u64) -> VfsResult<usize> {
        if let Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_) = self.table.get(fd)?.kind {
            return Err(Errno::ESPIPE);
        }
        check_offset(offset)?;
        Ok(self.write_open(fd, data, offset)?.0)
    }

    /// Moves the position. For a directory it is a `next` of its records, or 0 to begin afresh.
    pub fn seek(&mut self, fd: Fd, offset: i64, whence: i32) -> VfsResult<u64> {
        let open = self.table.get(fd)?;
        let from = match (&open.kind, whence) {
            (Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_), _) => return Err(Errno::ESPIPE),
            (Open::Device { kind, .. }, _) => {
                return if kind.seekable() { Ok(0) } else { Err(Errno::ESPIPE) };
            }
            (_, SEEK_SET) => 0,
            (_, SEEK_CUR) => open.pos as i64,
            (Open::Dir { .. }, _) => return Err(Errno::EINVAL),
            (_, SEEK_END) => self.fstat(fd)?.size as i64,
            _ => return Err(Errno::EINVAL),
        };
        let pos = from.checked_add(offset).ok_or(Errno::EOVERFLOW)?;
        let pos = u64::try_from(pos).map_err(|_| Errno::EINVAL)?;
        let open = self.table.get_mut(fd)?;
        if let Open::Dir { listing, .. } = &mut open.kind
            && pos == 0
        {
            *listing = None;
        }
        open.pos = pos;
        Ok(pos)
    }

    pub fn ftruncate(&mut self, fd: Fd, len: u64) -> VfsResult<()> {
        let open = self.table.get(fd)?;
        match open.kind {
            Open::File { node, .. } if open.flags & O_ACCMODE != O_RDONLY => {
                check_offset(len)?;
                self.check_writable(&Place::Node(node))?;
                self.change(|o| o.truncate(node, len))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// Sets the length of a file by path.
    pub fn truncateat(&mut self, dirfd: Fd, path: &[u8], len: u64) -> VfsResult<()> {
        check_offset(len)?;
        let place = self.find(dirfd, path, true)?;
        match self.overlay.mode(&place)? & S_IFMT {
            S_IFREG => {}
            S_IFDIR => return Err(Errno::EISDIR),
            _ => return Err(Errno::EINVAL),
        }
        self.check_writable(&place)?;
        self.change(|o| {
            let id = o.materialize(&place)?;
            o.truncate(id, len)
        })
    }

    /// `posix_fallocate`: grows the file if need be, and says `ENOSPC` now rather than later.
    pub fn fallocate(&mut self, fd: Fd, offset: u64, len: u64) -> VfsResult<()> {
        let open = self.table.get(fd)?;
        let node = match open.kind {
            Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_) => return Err(Errno::ESPIPE),
            Open::Device { .. } => return Err(Errno::ENODEV),
            Open::File { node, .. } if open.flags & O_ACCMODE != O_RDONLY => node,
            _ => return Err(Errno::EBADF),
        };
        if len == 0 {
            return Err(Errno::EINVAL);
        }
        let end = offset.checked_add(len).filter(|end| *end <= i64::MAX as u64).ok_or(Errno::EFBIG)?;
        self.check_writable(&Place::Node(node))?;
        let room = self.overlay.room();
        if end > self.overlay.limits().max_file_bytes {
            return Err(Errno::EFBIG);
        }
        self.change(|o| {
            o.with_content(node, |content| {
                if content.missing(offset, len) > room {
                    return Err(Errno::ENOSPC);
                }
                if end > content.len() {
                    content.set_len(end);
                }
                Ok(((), 0))
            })
        })
    }

    /// Nothing to wait for: the upper layer is memory.
    pub fn fsync(&self, fd: Fd) -> VfsResult<()> {
        match self.table.get(fd)?.kind {
            Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_) => Err(Errno::EINVAL),
            _ => Ok(()),
        }
    }

    fn read_open(&mut self, fd: Fd, buf: &mut [u8], offset: u64) -> VfsResult<usize> {
        let open = self.table.get_mut(fd)?;
        if open.flags & O_ACCMODE == O_WRONLY {
            return Err(Errno::EBADF);
        }
        match &mut open.kind {
            Open::File { node, .. } => match &self.overlay.node(*node)?.body {
                Body::File(content) => content.read_at(buf, offset),
                _ => Err(Errno::EBADF),
            },
            Open::Lower(lower) => {
                let pin = match &mut lower.pin {
                    Some(pin) => pin,
                    none => none.insert(lower.file.pin()?),
                };
                pin.read_at(lower.file.tree(), buf, offset)
            }
            Open::Dir { .. } => Err(Errno::EISDIR),
            Open::Device { kind, .. } => {
                let kind = *kind;
                self.device_read(kind, buf)
            }
            Open::PipeRead(pipe) => {
                let pipe = *pipe;
                self.table.pipe_mut(pipe)?.read(buf)
            }
            // Bytes of sockets go through the network.
            Open::PipeWrite(_) | Open::Socket(_) => Err(Errno::EBADF),
        }
    }

    /// Returns how many bytes were taken and where the position is then.
    fn write_open(&mut self, fd: Fd, data: &[u8], offset: u64) -> VfsResult<(usize, u64)> {
        let open = self.table.get(fd)?;
        if open.flags & O_ACCMODE == O_RDONLY {
            return Err(Errno::EBADF);
        }
        let append = open.flags & O_APPEND != 0;
        match open.kind {
            Open::File { node, .. } => self.write_node(node, data, offset, append),
            Open::Device { kind, .. } => Ok((self.device_write(kind, data), 0)),
            Open::PipeWrite(pipe) => Ok((self.table.pipe_mut(pipe)?.write(data)?, 0)),
            Open::Lower(_) | Open::Dir { .. } | Open::PipeRead(_) | Open::Socket(_) => Err(Errno::EBADF),
        }
    }

    fn write_node(
        &mut self,
        node: NodeId,
        data: &[u8],
        offset: u64,
        append: bool,
    ) -> VfsResult<(usize, u64)> {
        self.check_writable(&Place::Node(node))?;
        if data.is_empty() {
            return Ok((0, offset));
        }
        let offset = if append { self.overlay.node(node)?.size() } else { offset };
        let max = self.overlay.limits().max_file_bytes;
        let fits = usize::try_from(max.saturating_sub(offset)).unwrap_or(usize::MAX).min(data.len());
        if fits == 0 {
            return Err(Errno::EFBIG);
        }
        let room = self.overlay.room();
        let n = self.change(|o| {
            o.with_content(node, |content| {
                let written = content.write_at(&data[..fits], offset, room)?;
                if written.bytes == 0 {
                    return Err(Errno::ENOSPC);
                }
                Ok((written.bytes, written.grown as i64))
            })
        })?;
        Ok((n, offset + n as u64))
    }
}

/// Offsets are signed in every interface that the guest has.
fn check_offset(offset: u64) -> VfsResult<()> {
    if offset > i64::MAX as u64 { Err(Errno::EINVAL) } else { Ok(()) }
}
