//! One file of a lower layer, read when it is needed.

use super::{LowerStat, LowerTree, host_dir};
use crate::engine::vfs::{Errno, VfsResult};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A regular file of a lower layer, by path, with what was known of it when it was looked up.
pub struct LowerFile {
    tree: Arc<LowerTree>,
    path: Box<[u8]>,
    size: u64,
    mtime: i64,
    /// The descriptor that some open file of a sandbox holds; lent while it lives.
    lent: Mutex<Weak<OwnedFd>>,
}

/// What an open file holds so that its reads cost one call at most.
#[derive(Clone)]
pub enum Pin {
    Fd(Arc<OwnedFd>),
    Data(Arc<[u8]>),
}

impl LowerFile {
    pub fn new(tree: Arc<LowerTree>, path: &[u8], size: u64, mtime: i64) -> LowerFile {
        LowerFile { tree, path: path.into(), size, mtime, lent: Mutex::new(Weak::new()) }
    }

    pub fn path(&self) -> &[u8] {
        &self.path
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn mtime(&self) -> i64 {
        self.mtime
    }

    /// Whether both are the same file of the same layer.
    pub fn same(&self, other: &LowerFile) -> bool {
        Arc::ptr_eq(&self.tree, &other.tree) && self.path == other.path
    }

    /// Opens the file. `ESTALE`: it is no longer the one that was looked up.
    pub fn pin(&self) -> VfsResult<Pin> {
        match &*self.tree {
            LowerTree::Bytes(bytes) => Ok(Pin::Data(bytes.clone())),
            LowerTree::File { fd, .. } => Ok(Pin::Fd(fd.clone())),
            LowerTree::Empty => Err(Errno::ENOENT),
            LowerTree::Dir(dir) => {
                if let Some(data) = dir.cached_data(&self.path, self.size)? {
                    return Ok(Pin::Data(data));
                }
                let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(fd) = lent.upgrade() {
                    return Ok(Pin::Fd(fd));
                }
                let (fd, stat) = dir.open_file(&self.path)?;
                // An immutable tree may have been moved or unpacked again since an image was saved.
                if stat.size != self.size || (stat.mtime != self.mtime && !self.tree.immutable()) {
                    return Err(Errno::ESTALE);
                }
                let fd = Arc::new(fd);
                *lent = Arc::downgrade(&fd);
                Ok(Pin::Fd(fd))
            }
        }
    }

    /// Reads at `offset`, as much as there is. Opens and closes the file if nobody holds it.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> VfsResult<usize> {
        self.pin()?.read_at(&self.tree, buf, offset)
    }

    /// What the file is now, through the descriptor that is held.
    pub fn stat_pinned(&self, pin: &Pin, known: LowerStat) -> VfsResult<LowerStat> {
        match (pin, self.tree.immutable()) {
            (Pin::Fd(fd), false) => {
                let now = host_dir::fstat(fd, &self.path, None)?;
                Ok(LowerStat { ino: known.ino, ..now })
            }
            _ => Ok(known),
        }
    }

    pub fn tree(&self) -> &Arc<LowerTree> {
        &self.tree
    }
}

impl Clone for LowerFile {
    fn clone(&self) -> Self {
        LowerFile::new(self.tree.clone(), &self.path, self.size, self.mtime)
    }
}

impl Pin {
    /// Fills `buf` unless the file ends first.
    pub fn read_at(&self, tree: &LowerTree, buf: &mut [u8], offset: u64) -> VfsResult<usize> {
        match self {
            Pin::Data(data) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
                let n = buf.len().min(data.len() - start);
                buf[..n].copy_from_slice(&data[start..start + n]);
                Ok(n)
            }
            Pin::Fd(fd) => {
                let mut filled = 0;
                while filled < buf.len() {
                    if let LowerTree::Dir(dir) = tree {
                        dir.count(1);
                    }
                    match rustix::io::pread(fd, &mut buf[filled..], offset + filled as u64) {
                        Ok(0) => break,
                        Ok(n) => filled += n,
                        Err(rustix::io::Errno::INTR) => {}
                        Err(e) => return Err(e.into()),
                    }
                }
                Ok(filled)
            }
        }
    }
}
