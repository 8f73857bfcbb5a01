//! Descriptors and the open file descriptions behind them.

use super::lower::{LowerFile, LowerStat, Pin};
use super::overlay::{DeviceKind, MountId, NodeId};
use super::pipe::Pipe;
use super::{DirEntry, Errno, Fd, VfsResult};
use std::sync::Arc;

/// Index of a description.
pub type DescriptionId = usize;

/// Index of a pipe.
pub type PipeId = usize;

/// What `open` made, shared by the descriptors that were duplicated from it.
#[derive(Clone)]
pub struct Description {
    /// Descriptors that refer to it.
    pub refs: u32,
    /// Access mode and status flags (`O_APPEND`, `O_NONBLOCK`).
    pub flags: i32,
    pub pos: u64,
    pub kind: Open,
}

#[derive(Clone)]
pub enum Open {
    /// A file that has a node. `_pin` keeps its lower file open, so that each read of what shows
    /// through is one call.
    File {
        node: NodeId,
        _pin: Option<Pin>,
    },
    /// A file of the lower layer, for reading.
    Lower(OpenLower),
    /// `listing` is taken at the first read, so that what changes meanwhile neither repeats nor
    /// hides what stays.
    Dir {
        node: NodeId,
        listing: Option<Arc<[DirEntry]>>,
    },
    Device {
        node: NodeId,
        kind: DeviceKind,
    },
    PipeRead(PipeId),
    PipeWrite(PipeId),
    /// A socket that the guest's network keeps under this number.
    Socket(u32),
}

#[derive(Clone)]
pub struct OpenLower {
    pub mount: MountId,
    pub file: Arc<LowerFile>,
    pub stat: LowerStat,
    /// Absent after a restore, until the first read.
    pub pin: Option<Pin>,
    /// Its name went meanwhile.
    pub unlinked: bool,
}

#[derive(Clone, Default)]
pub struct Table {
    fds: Vec<Option<Slot>>,
    descriptions: Vec<Option<Description>>,
    pipes: Vec<Option<Pipe>>,
    limit: u32,
}

#[derive(Clone, Copy)]
pub struct Slot {
    pub description: DescriptionId,
    pub cloexec: bool,
}

impl Table {
    pub fn new(limit: u32) -> Table {
        Table { limit, ..Table::default() }
    }

    /// From saved parts that were checked already.
    pub fn from_parts(
        fds: Vec<Option<Slot>>,
        descriptions: Vec<Option<Description>>,
        pipes: Vec<Option<Pipe>>,
        limit: u32,
    ) -> Table {
        Table { fds, descriptions, pipes, limit }
    }

    pub fn parts(&self) -> (&[Option<Slot>], &[Option<Description>], &[Option<Pipe>]) {
        (&self.fds, &self.descriptions, &self.pipes)
    }

    /// What is open, in order.
    pub fn open_fds(&self) -> impl Iterator<Item = Fd> {
        (0..).zip(&self.fds).filter(|(_, slot)| slot.is_some()).map(|(fd, _)| fd)
    }

    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    pub fn limit(&self) -> u32 {
        self.limit
    }

    pub fn open_count(&self) -> u32 {
        self.fds.iter().flatten().count() as u32
    }

    /// `EMFILE` if no descriptor from `min` on is free.
    pub fn free_from(&self, min: Fd) -> VfsResult<Fd> {
        let min = usize::try_from(min).map_err(|_| Errno::EINVAL)?;
        let fd = (min..self.limit as usize).find(|fd| self.fds.get(*fd).is_none_or(Option::is_none));
        fd.map(|fd| fd as Fd).ok_or(Errno::EMFILE)
    }

    /// A descriptor for a new description.
    pub fn open(&mut self, flags: i32, cloexec: bool, kind: Open) -> VfsResult<Fd> {
        let fd = self.free_from(0)?;
        let made = Description { refs: 1, flags, pos: 0, kind };
        let free = self.descriptions.iter().position(Option::is_none);
        let description = free.unwrap_or_else(|| {
            self.descriptions.push(None);
            self.descriptions.len() - 1
        });
        self.descriptions[description] = Some(made);
        self.place(fd, Slot { description, cloexec });
        Ok(fd)
    }

    pub fn slot(&self, fd: Fd) -> VfsResult<Slot> {
        usize::try_from(fd).ok().and_then(|fd| self.fds.get(fd).copied().flatten()).ok_or(Errno::EBADF)
    }

    pub fn get(&self, fd: Fd) -> VfsResult<&Description> {
        self.descriptions[self.slot(fd)?.description].as_ref().ok_or(Errno::EBADF)
    }

    pub fn get_mut(&mut self, fd: Fd) -> VfsResult<&mut Description> {
        let id = self.slot(fd)?.description;
        self.descriptions[id].as_mut().ok_or(Errno::EBADF)
    }

    pub fn set_cloexec(&mut self, fd: Fd, cloexec: bool) -> VfsResult<()> {
        let description = self.slot(fd)?.description;
        self.place(fd, Slot { description, cloexec });
        Ok(())
    }

    /// Points `to` at the description of `fd`. The caller has closed `to`.
    pub fn duplicate(&mut self, fd: Fd, to: Fd, cloexec: bool) -> VfsResult<()> {
        let description = self.slot(fd)?.description;
        self.get_mut(fd)?.refs += 1;
        self.place(to, Slot { description, cloexec });
        Ok(())
    }

    /// Whether `fd` can name a descriptor at all.
    pub fn in_range(&self, fd: Fd) -> bool {
        u32::try_from(fd).is_ok_and(|fd| fd < self.limit)
    }

    /// Frees a descriptor. Returns what was open if that was the last one.
    pub fn close(&mut self, fd: Fd) -> VfsResult<Option<Open>> {
        let id = self.slot(fd)?.description;
        self.fds[fd as usize] = None;
        while self.fds.last().is_some_and(Option::is_none) {
            self.fds.pop();
        }
        let Some(open) = &mut self.descriptions[id] else { return Ok(None) };
        open.refs -= 1;
        if open.refs > 0 {
            return Ok(None);
        }
        let closed = self.descriptions[id].take().map(|d| d.kind);
        match closed {
            Some(Open::PipeRead(pipe)) => self.close_pipe_end(pipe, |p| p.readers -= 1),
            Some(Open::PipeWrite(pipe)) => self.close_pipe_end(pipe, |p| p.writers -= 1),
            _ => {}
        }
        Ok(closed)
    }

    /// A pipe: its reading and its writing end.
    pub fn pipe(&mut self) -> VfsResult<(Fd, Fd)> {
        let first = self.free_from(0)?;
        self.free_from(first + 1)?;
        let free = self.pipes.iter().position(Option::is_none);
        let pipe = free.unwrap_or_else(|| {
            self.pipes.push(None);
            self.pipes.len() - 1
        });
        self.pipes[pipe] = Some(Pipe::default());
        let read = self.open(super::flags::O_RDONLY, false, Open::PipeRead(pipe))?;
        let write = self.open(super::flags::O_WRONLY, false, Open::PipeWrite(pipe))?;
        Ok((read, write))
    }

    pub fn pipe_ref(&self, id: PipeId) -> VfsResult<&Pipe> {
        self.pipes.get(id).and_then(Option::as_ref).ok_or(Errno::EBADF)
    }

    pub fn pipe_mut(&mut self, id: PipeId) -> VfsResult<&mut Pipe> {
        self.pipes.get_mut(id).and_then(Option::as_mut).ok_or(Errno::EBADF)
    }

    pub fn descriptions_mut(&mut self) -> impl Iterator<Item = &mut Description> {
        self.descriptions.iter_mut().flatten()
    }

    /// Whether something holds the node open.
    pub fn holds(&self, id: NodeId) -> bool {
        self.descriptions.iter().flatten().any(|d| match d.kind {
            Open::File { node, .. } | Open::Dir { node, .. } | Open::Device { node, .. } => node == id,
            Open::Lower(_) | Open::PipeRead(_) | Open::PipeWrite(_) | Open::Socket(_) => false,
        })
    }

    fn close_pipe_end(&mut self, id: PipeId, close: impl FnOnce(&mut Pipe)) {
        if let Some(pipe) = &mut self.pipes[id] {
            close(pipe);
            if pipe.readers == 0 && pipe.writers == 0 {
                self.pipes[id] = None;
            }
        }
    }

    fn place(&mut self, fd: Fd, slot: Slot) {
        let fd = fd as usize;
        if self.fds.len() <= fd {
            self.fds.resize(fd + 1, None);
        }
        self.fds[fd] = Some(slot);
    }
}
