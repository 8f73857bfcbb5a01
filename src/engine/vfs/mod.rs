//! The virtual filesystem: what PHP sees when it opens a path.
//!
//! In: mounts (host directories, host files, bytes, scratch), limits, and the calls that `abi/`
//! decodes. Out: results with the guest's error numbers, what was printed, and what changed.
//!
//! * [`lower`]: what lies beneath the mounts; read only.
//! * [`overlay`]: the merged tree: mounts, the copy-on-write upper layer, path resolution.
//! * [`content`]: the bytes of a file of the upper layer, in shared chunks.
//! * the files beside this one: descriptors, and one family of calls each.
//!
//! Invariants: a host tree is never written; the host's kernel never follows a link for the guest;
//! no call blocks; what a sandbox holds stays within its limits; a clone shares nothing that either
//! side can change.
//!
//! The guest is alone and owns every file: permission bits are kept and shown, and only the
//! execute bit is looked at (by `access`), as for root.

mod attr;
mod capture;
mod changes;
mod content;
mod descriptor;
mod device;
mod errno;
mod error;
mod host;
mod io;
mod lower;
mod names;
mod open;
mod overlay;
mod pipe;
mod readdir;
mod saved;
mod types;

pub use capture::Capture;
pub use errno::{Errno, VfsResult};
pub use error::VfsError;
pub use saved::SavedVfs;
pub use types::*;

use descriptor::{Open, Table};
use overlay::{NodeId, Notice, Overlay, Place, ROOT};
use std::sync::Arc;

/// Bytes of each captured stream unless the caller says otherwise.
pub const DEFAULT_CAPTURE: u64 = 16 << 20;

/// What PHP finds as the umask.
const UMASK: u32 = 0o022;

/// A sandbox's files, descriptors and streams. Cloning it is the fork operation: both sides share
/// what they have and write to their own.
#[derive(Clone)]
pub struct Vfs {
    overlay: Overlay,
    /// What [`changes`](Self::changes) compares with.
    base: Arc<Overlay>,
    table: Table,
    cwd: NodeId,
    umask: u32,
    writes: GuestWrites,
    generation: u64,
    stdin_pos: u64,
    step: Arc<[u8]>,
    step_pos: u64,
    /// What the guest reads from its standard input.
    pub stdin: Arc<[u8]>,
    pub stdout: Capture,
    pub stderr: Capture,
    /// What the guest writes to `/request/headers`.
    pub headers: Capture,
    /// What the guest writes to `/request/outcome`.
    pub outcome: Capture,
}

impl Vfs {
    /// The namespace of `mounts` with `/dev`, `/request` and `/tmp`, and descriptors 0, 1 and 2
    /// open. Nothing of it counts as a change.
    pub fn new(mounts: Vec<Mount>, limits: VfsLimits) -> Result<Vfs, VfsError> {
        let overlay = Overlay::new(mounts, limits)?;
        let mut vfs = Vfs {
            base: Arc::new(overlay.clone()),
            overlay,
            table: Table::new(limits.max_open_files),
            cwd: ROOT,
            umask: UMASK,
            writes: GuestWrites::default(),
            generation: 0,
            stdin_pos: 0,
            stdin: Arc::new([]),
            stdout: Capture::new(DEFAULT_CAPTURE),
            stderr: Capture::new(DEFAULT_CAPTURE),
            headers: Capture::new(1 << 20),
            step: Arc::new([]),
            step_pos: 0,
            outcome: Capture::new(DEFAULT_CAPTURE),
        };
        for (path, flags) in [("/dev/stdin", 0), ("/dev/stdout", 1), ("/dev/stderr", 1)] {
            // A limit below 3 leaves some closed, as a shell can.
            let _ = vfs.openat(AT_FDCWD, path.as_bytes(), flags, 0);
        }
        Ok(vfs)
    }

    /// Adds a mount, also to a filesystem in use. What it shows does not count as a change.
    pub fn add_mount(&mut self, mount: Mount) -> Result<(), VfsError> {
        // The base first: it fails for every reason that the merged tree fails for, but for what
        // the guest did at the target since.
        let mut base = Overlay::clone(&self.base);
        let mut merged = self.overlay.clone();
        base.mount(mount.clone())?;
        merged.mount(mount)?;
        self.base = Arc::new(base);
        self.overlay = merged;
        self.settle();
        self.generation += 1;
        Ok(())
    }

    /// Puts another lower layer beneath a mount that the guest has not looked into: see
    /// [`host_calls_of`](Self::host_calls_of). What it shows does not count as a change.
    pub fn replace_lower(&mut self, mount: Mount) -> Result<(), VfsError> {
        let mut base = Overlay::clone(&self.base);
        let mut merged = self.overlay.clone();
        base.replace_lower(mount.clone())?;
        merged.replace_lower(mount)?;
        self.base = Arc::new(base);
        self.overlay = merged;
        self.generation += 1;
        Ok(())
    }

    /// System calls made so far beneath the mount at `target`: none means that nobody has looked.
    pub fn host_calls_of(&self, target: &str) -> Option<u64> {
        self.overlay.find_mount(target).map(|mount| self.overlay.host_calls_of(mount))
    }

    /// The mounts, the one that holds the root first.
    pub fn mounts(&self) -> impl Iterator<Item = &Mount> {
        self.overlay.mounts().iter().map(|m| &m.spec)
    }

    /// Makes a mount read-only or read-write from now on, also for what is open. `ENOENT`: no mount
    /// has that target.
    pub fn set_mount_mode(&mut self, target: &str, mode: MountMode) -> VfsResult<()> {
        let mount = self.overlay.find_mount(target).ok_or(Errno::ENOENT)?;
        self.overlay.set_mode(mount, mode);
        Ok(())
    }

    /// Restricts the guest's writes beyond the modes of the mounts, also for what is open.
    pub fn set_guest_writes(&mut self, writes: GuestWrites) {
        self.writes = writes;
    }

    /// From here on, [`changes`](Self::changes) tells what differs from now.
    pub fn mark_base(&mut self) {
        self.base = Arc::new(self.overlay.clone());
    }

    /// Grows with every successful change of the tree or of a file's content.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Sets what the sandbox's files may take from now on. What is there already stays.
    pub fn set_limits(&mut self, limits: VfsLimits) {
        self.overlay.set_limits(limits);
        self.table.set_limit(limits.max_open_files);
    }

    /// What the sandbox's files may take.
    pub fn limits(&self) -> VfsLimits {
        *self.overlay.limits()
    }

    /// The descriptors that are open, in order.
    pub fn open_descriptors(&self) -> impl Iterator<Item = Fd> {
        self.table.open_fds()
    }

    pub fn usage(&self) -> Usage {
        Usage {
            upper_bytes: self.overlay.upper_bytes(),
            upper_files: self.overlay.upper_files(),
            open_files: self.table.open_count(),
        }
    }

    /// System calls made so far on files of the host beneath the mounts. Immutable trees are shared:
    /// theirs count for every sandbox.
    pub fn host_calls(&self) -> u64 {
        self.overlay.host_calls()
    }

    /// Runs something that changes the tree, and tells the descriptors.
    fn change<T>(&mut self, change: impl FnOnce(&mut Overlay) -> VfsResult<T>) -> VfsResult<T> {
        let answer = change(&mut self.overlay);
        self.settle();
        self.generation += u64::from(answer.is_ok());
        answer
    }

    /// Brings descriptors and nodes in line after a change.
    fn settle(&mut self) {
        if !self.overlay.has_notices() {
            return;
        }
        for notice in self.overlay.take_notices() {
            match notice {
                Notice::CopiedUp { mount, path, node } => {
                    for open in self.table.descriptions_mut() {
                        if let Open::Lower(lower) = &open.kind
                            && lower.mount == mount
                            && lower.file.path() == &*path
                        {
                            open.kind = Open::File { node, _pin: lower.pin.clone() };
                        }
                    }
                }
                Notice::LowerUnlinked { mount, path } => {
                    for open in self.table.descriptions_mut() {
                        if let Open::Lower(lower) = &mut open.kind
                            && lower.mount == mount
                            && lower.file.path() == &*path
                        {
                            lower.unlinked = true;
                        }
                    }
                }
                Notice::Orphaned(id) => {
                    if !self.holds(id) {
                        self.overlay.release(id);
                    }
                }
            }
        }
    }

    /// Whether a descriptor or the working directory keeps a node alive.
    fn holds(&self, id: NodeId) -> bool {
        self.cwd == id || self.table.holds(id)
    }

    /// Lets go of a node that was held until now.
    fn let_go(&mut self, id: NodeId) {
        if self.holds(id) {
            return;
        }
        match self.overlay.node(id) {
            Ok(node) if node.nlink == 0 => self.overlay.release(id),
            Ok(node) if node.pristine => {
                let (cwd, table) = (self.cwd, &self.table);
                self.overlay.evict(id, |id| id == cwd || table.holds(id));
            }
            _ => {}
        }
    }

    /// Where a relative path starts.
    fn start(&self, dirfd: Fd, path: &[u8]) -> VfsResult<Place> {
        if dirfd == AT_FDCWD || path.first() == Some(&b'/') {
            return Ok(Place::Node(self.cwd));
        }
        match &self.table.get(dirfd)?.kind {
            Open::Dir { node, .. } => Ok(Place::Node(*node)),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn find(&self, dirfd: Fd, path: &[u8], follow: bool) -> VfsResult<Place> {
        self.overlay.resolve(&self.start(dirfd, path)?, path, follow)
    }

    /// `EROFS` unless the guest may change things where `place` is.
    fn check_writable(&self, place: &Place) -> VfsResult<()> {
        let mount = self.overlay.mount_of(place)?;
        if self.overlay.guest_may_write(mount, self.writes) { Ok(()) } else { Err(Errno::EROFS) }
    }
}
