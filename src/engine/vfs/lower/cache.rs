//! What is remembered of immutable trees.
//!
//! Names are remembered a directory at a time, so that "there is no such file" costs no memory of
//! its own: whatever names the guest makes up, the cache grows with the real tree alone.

use super::host_dir::HostDir;
use super::{LowerEntry, LowerStat};
use crate::engine::vfs::flags::{S_IFDIR, S_IFLNK, dirent_kind};
use crate::engine::vfs::{Errno, VfsResult};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

const SHARDS: usize = 16;

type Shard<V> = HashMap<Box<[u8]>, V>;

/// Directory listings by path, with the stats of the entries that were asked for.
pub struct DirCache {
    hasher: RandomState,
    shards: [RwLock<Shard<Arc<[LowerEntry]>>>; SHARDS],
}

impl Default for DirCache {
    fn default() -> Self {
        DirCache { hasher: RandomState::new(), shards: Default::default() }
    }
}

impl DirCache {
    /// `path` is not empty.
    pub fn stat(&self, host: &HostDir, path: &[u8]) -> VfsResult<LowerStat> {
        let (dir, name) = split(path);
        let entries = self.list(host, dir)?;
        let entry = find(&entries, name).ok_or(Errno::ENOENT)?;
        if let Some(stat) = entry.stat.get() {
            return Ok(*stat);
        }
        let stat = host.stat_uncached(path)?;
        Ok(*entry.stat.get_or_init(|| stat))
    }

    pub fn list(&self, host: &HostDir, path: &[u8]) -> VfsResult<Arc<[LowerEntry]>> {
        if let Some(known) = self.get(path) {
            return Ok(known);
        }
        // Downwards from the nearest remembered ancestor: what is not a real directory is never
        // asked of the host and never remembered.
        let mut known_end = path.len();
        let mut entries = loop {
            if known_end == 0 {
                break self.load(host, b"")?;
            }
            known_end = path[..known_end].iter().rposition(|b| *b == b'/').unwrap_or(0);
            if let Some(known) = self.get(&path[..known_end]) {
                break known;
            }
        };
        while known_end < path.len() {
            let start = if known_end == 0 { 0 } else { known_end + 1 };
            let end = path[start..].iter().position(|b| *b == b'/').map_or(path.len(), |n| start + n);
            let entry = find(&entries, &path[start..end]).ok_or(Errno::ENOENT)?;
            if entry.kind == dirent_kind(S_IFLNK) {
                return Err(Errno::ELOOP);
            }
            if entry.kind != dirent_kind(S_IFDIR) {
                return Err(Errno::ENOTDIR);
            }
            entries = self.load(host, &path[..end])?;
            known_end = end;
        }
        Ok(entries)
    }

    fn load(&self, host: &HostDir, path: &[u8]) -> VfsResult<Arc<[LowerEntry]>> {
        if let Some(known) = self.get(path) {
            return Ok(known);
        }
        let entries = host.list_uncached(path)?;
        let mut shard = self.shard(path).write().unwrap_or_else(PoisonError::into_inner);
        Ok(shard.entry(path.into()).or_insert(entries).clone())
    }

    fn get(&self, path: &[u8]) -> Option<Arc<[LowerEntry]>> {
        self.shard(path).read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn shard(&self, path: &[u8]) -> &RwLock<Shard<Arc<[LowerEntry]>>> {
        &self.shards[self.hasher.hash_one(path) as usize % SHARDS]
    }
}

fn find<'a>(entries: &'a [LowerEntry], name: &[u8]) -> Option<&'a LowerEntry> {
    entries.binary_search_by(|e| (*e.name).cmp(name)).ok().map(|at| &entries[at])
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// Bytes of small files. Two generations: when the young one is full the old one is dropped, and
/// what is used again moves back; close to least-recently-used, at the price of a hash lookup.
#[derive(Default)]
pub struct DataCache {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: Shard<Arc<[u8]>>,
    young_bytes: u64,
    old: Shard<Arc<[u8]>>,
}

impl DataCache {
    /// Larger files are read from the host each time.
    pub const MAX_FILE: u64 = 1 << 20;
    /// Bytes of one generation; a tree's cache holds two.
    const GENERATION: u64 = 16 << 20;

    pub fn get(&self, path: &[u8]) -> Option<Arc<[u8]>> {
        let mut all = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(data) = all.young.get(path) {
            return Some(data.clone());
        }
        let (key, data) = all.old.remove_entry(path)?;
        all.insert(key, data.clone());
        Some(data)
    }

    pub fn put(&self, path: &[u8], data: Arc<[u8]>) {
        let mut all = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(path.into(), data);
    }
}

impl Generations {
    fn insert(&mut self, key: Box<[u8]>, data: Arc<[u8]>) {
        let size = data.len() as u64;
        if self.young_bytes + size > DataCache::GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if let Some(before) = self.young.insert(key, data) {
            self.young_bytes -= before.len() as u64;
        }
        self.young_bytes += size;
    }
}

#[cfg(test)]
mod tests {
    use super::super::join;
    use super::*;

    #[test]
    fn old_data_goes_and_used_data_stays() {
        let cache = DataCache::default();
        let megabyte: Arc<[u8]> = vec![0; 1 << 20].into();
        for i in 0..40u32 {
            cache.put(&i.to_le_bytes(), megabyte.clone());
            assert!(cache.get(&0u32.to_le_bytes()).is_some(), "used every time, so kept ({i})");
        }
        assert!(cache.get(&1u32.to_le_bytes()).is_none());
        assert!(cache.get(&39u32.to_le_bytes()).is_some());
        let all = cache.generations.lock().expect("not poisoned");
        assert!(all.young.len() + all.old.len() <= 32);
    }

    #[test]
    fn a_path_is_split_at_its_last_slash() {
        assert_eq!(split(b"a/b/c"), (&b"a/b"[..], &b"c"[..]));
        assert_eq!(split(b"c"), (&b""[..], &b"c"[..]));
        assert_eq!(join(b"", b"c"), b"c");
        assert_eq!(join(b"a", b"c"), b"a/c");
    }
}
