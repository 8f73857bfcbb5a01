//! Whether a tree of the host is the one that it was: names, kinds, sizes and times of every file.
//!
//! Nobody can set a file's time of change back, so a tree with the same fingerprint has the same
//! content, unless it changed within one tick of the clock: one that changed just now has none.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use walkdir::WalkDir;

/// More files than this are not looked at for each sandbox.
const FILES_MAX: usize = 20_000;

/// A tree that changed within this time before it was looked at may change again unseen.
const RECENT: Duration = Duration::from_millis(50);

/// How long a process believes what it saw of a WordPress core: as long as opcache does by default.
const CORE_BELIEVED: Duration = Duration::from_secs(2);

pub(super) enum Fingerprint {
    Of([u8; 32]),
    TooMany,
    TooRecent,
}

/// The fingerprint of a directory or file.
pub(super) fn tree(root: &Path) -> io::Result<Fingerprint> {
    let mut hash = Sha256::new();
    let mut newest = 0;
    let mut count = 0;
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry =
            entry.map_err(|error| error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into()))?;
        count += 1;
        if count > FILES_MAX {
            return Ok(Fingerprint::TooMany);
        }
        let metadata = entry.metadata().map_err(io::Error::other)?;
        let name = entry.path().strip_prefix(root).unwrap_or(entry.path()).as_os_str().as_encoded_bytes();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        newest = newest.max(add(&mut hash, &metadata));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    if newest + RECENT.as_nanos() as i128 > now.as_nanos() as i128 {
        return Ok(Fingerprint::TooRecent);
    }
    Ok(Fingerprint::Of(hash.finalize().into()))
}

/// Adds what tells one state of a file from another, and gives its time of change.
fn add(hash: &mut Sha256, metadata: &Metadata) -> i128 {
    hash.update(metadata.dev().to_le_bytes());
    hash.update(metadata.ino().to_le_bytes());
    hash.update(metadata.mode().to_le_bytes());
    hash.update(metadata.size().to_le_bytes());
    hash.update(metadata.mtime().to_le_bytes());
    hash.update(metadata.mtime_nsec().to_le_bytes());
    hash.update(metadata.ctime().to_le_bytes());
    hash.update(metadata.ctime_nsec().to_le_bytes());
    i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec())
}

/// The fingerprint of a WordPress core, looked at anew every [`CORE_BELIEVED`].
pub(super) fn core(sources: &[PathBuf]) -> io::Result<[u8; 32]> {
    static SEEN: Mutex<Option<HashMap<PathBuf, (Instant, [u8; 32])>>> = Mutex::new(None);
    let Some(name) = sources.first() else { return Err(io::ErrorKind::NotFound.into()) };
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = seen.get_or_insert_default();
    if let Some((at, digest)) = seen.get(name)
        && at.elapsed() < CORE_BELIEVED
    {
        return Ok(*digest);
    }
    let mut hash = Sha256::new();
    for source in sources {
        match tree(source)? {
            Fingerprint::Of(digest) => hash.update(digest),
            // A core in the middle of an update is like no other.
            Fingerprint::TooMany | Fingerprint::TooRecent => hash.update(
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_le_bytes(),
            ),
        }
    }
    let digest = hash.finalize().into();
    seen.insert(name.clone(), (Instant::now(), digest));
    Ok(digest)
}
