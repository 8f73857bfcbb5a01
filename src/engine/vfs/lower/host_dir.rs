//! A directory of the host as a lower layer.

use super::beneath::{open_beneath, open_resolved};
use super::cache::{DataCache, DirCache};
use super::{LowerEntry, LowerStat};
use crate::engine::vfs::flags::{S_IFDIR, S_IFMT, S_IFREG, dirent_kind};
use crate::engine::vfs::{Errno, VfsResult};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Directory size as every layer reports it: the host's own figure would change at copy-up.
pub const DIR_SIZE: u64 = 4096;

/// A host directory, held by descriptor.
pub struct HostDir {
    root: OwnedFd,
    root_dev: u64,
    /// Present if the host promised that nothing changes.
    cache: Option<Caches>,
    calls: AtomicU64,
}

struct Caches {
    dirs: DirCache,
    data: DataCache,
}

impl HostDir {
    /// `path` is absolute and without symbolic links.
    pub fn open_root(path: &Path) -> VfsResult<OwnedFd> {
        Ok(open_resolved(path, OFlags::PATH | OFlags::DIRECTORY)?)
    }

    pub fn new(root: OwnedFd, immutable: bool) -> VfsResult<HostDir> {
        let stat = rustix::fs::fstat(&root)?;
        let cache = immutable.then(|| Caches { dirs: DirCache::default(), data: DataCache::default() });
        Ok(HostDir { root, root_dev: stat.st_dev, cache, calls: AtomicU64::new(0) })
    }

    pub fn immutable(&self) -> bool {
        self.cache.is_some()
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub fn stat(&self, path: &[u8]) -> VfsResult<LowerStat> {
        match &self.cache {
            Some(caches) if !path.is_empty() => caches.dirs.stat(self, path),
            _ => self.stat_uncached(path),
        }
    }

    pub fn list(&self, path: &[u8]) -> VfsResult<Arc<[LowerEntry]>> {
        match &self.cache {
            Some(caches) => caches.dirs.list(self, path),
            None => self.list_uncached(path),
        }
    }

    pub fn stat_uncached(&self, path: &[u8]) -> VfsResult<LowerStat> {
        if path.is_empty() {
            self.count(1);
            return fstat(&self.root, path, Some(self.root_dev));
        }
        let fd = self.open(path, OFlags::PATH)?;
        self.count(2);
        fstat(&fd, path, Some(self.root_dev))
    }

    pub fn list_uncached(&self, path: &[u8]) -> VfsResult<Arc<[LowerEntry]>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let fd = if path.is_empty() {
            self.count(1);
            rustix::fs::openat(&self.root, ".", flags | OFlags::CLOEXEC, Mode::empty())?
        } else {
            self.open(path, flags)?
        };
        self.count(3);
        let mut entries = Vec::new();
        for entry in Dir::new(fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Some filesystems do not say.
                FileType::Unknown => match self.stat_uncached(&join(path, name)) {
                    Ok(stat) => dirent_kind(stat.mode),
                    Err(_) => continue,
                },
                known => dirent_kind(known.as_raw_mode()),
            };
            entries.push(LowerEntry { name: name.into(), kind, ino: entry.ino(), stat: OnceLock::new() });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries.into())
    }

    pub fn readlink(&self, path: &[u8]) -> VfsResult<Vec<u8>> {
        let fd = self.open(path, OFlags::PATH)?;
        self.count(2);
        Ok(rustix::fs::readlinkat(&fd, "", Vec::new())?.into_bytes())
    }

    /// Opens a regular file for reading. Anything else is `EACCES`, and never blocks.
    pub fn open_file(&self, path: &[u8]) -> VfsResult<(OwnedFd, LowerStat)> {
        let fd = self.open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        self.count(2);
        let stat = fstat(&fd, path, Some(self.root_dev))?;
        if !stat.is_file() {
            return Err(Errno::EACCES);
        }
        Ok((fd, stat))
    }

    /// All bytes of a small file of an immutable tree, from the cache or into it.
    pub fn cached_data(&self, path: &[u8], size: u64) -> VfsResult<Option<Arc<[u8]>>> {
        let Some(caches) = &self.cache else { return Ok(None) };
        if size > DataCache::MAX_FILE {
            return Ok(None);
        }
        if let Some(data) = caches.data.get(path) {
            return Ok(Some(data));
        }
        let (fd, stat) = self.open_file(path)?;
        if stat.size > DataCache::MAX_FILE {
            return Ok(None);
        }
        let mut bytes = vec![0; stat.size as usize];
        let mut filled = 0;
        while filled < bytes.len() {
            self.count(1);
            match rustix::io::pread(&fd, &mut bytes[filled..], filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
        bytes.truncate(filled);
        let data: Arc<[u8]> = bytes.into();
        caches.data.put(path, data.clone());
        Ok(Some(data))
    }

    pub fn count(&self, calls: u64) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    fn open(&self, path: &[u8], flags: OFlags) -> VfsResult<OwnedFd> {
        self.count(1);
        Ok(open_beneath(self.root.as_fd(), path, flags)?)
    }
}

/// A stat by descriptor. `root_dev`: the device of the mount's root, to tell apart inode numbers of
/// other filesystems mounted beneath it.
pub fn fstat(fd: &OwnedFd, path: &[u8], root_dev: Option<u64>) -> VfsResult<LowerStat> {
    let s = rustix::fs::statat(fd, "", AtFlags::EMPTY_PATH)?;
    let is_dir = s.st_mode & S_IFMT == S_IFDIR;
    let is_file = s.st_mode & S_IFMT == S_IFREG;
    let foreign = root_dev.is_some_and(|dev| dev != s.st_dev);
    // Copy-up breaks hard links, so two names of one host file are two files here, from the start.
    let ino = if foreign || (!is_dir && s.st_nlink > 1) {
        MADE_UP_INO | (fnv1a(&[&s.st_dev.to_le_bytes(), &s.st_ino.to_le_bytes(), path]) & (MADE_UP_INO - 1))
    } else {
        s.st_ino
    };
    Ok(LowerStat {
        mode: s.st_mode,
        size: if is_file {
            s.st_size as u64
        } else if is_dir {
            DIR_SIZE
        } else {
            s.st_size.max(0) as u64
        },
        mtime: nanos(s.st_mtime, s.st_mtime_nsec as i64),
        atime: nanos(s.st_atime, s.st_atime_nsec as i64),
        ctime: nanos(s.st_ctime, s.st_ctime_nsec as i64),
        ino,
    })
}

/// Marks inode numbers that are a hash of the path. The upper layer's own have the next bit.
const MADE_UP_INO: u64 = 1 << 60;

fn nanos(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

fn fnv1a(parts: &[&[u8]]) -> u64 {
    parts.iter().flat_map(|p| p.iter()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// `dir/name`, or `name` in the root.
pub fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(dir.len() + 1 + name.len());
    path.extend_from_slice(dir);
    if !dir.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
