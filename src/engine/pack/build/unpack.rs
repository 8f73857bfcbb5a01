//! Taking files out of an npm archive: a gzipped tar of regular files beneath `package/`.
//!
//! Everything else is refused, also in files that are not wanted: symbolic and hard links, devices,
//! paths that climb or are not UTF-8, duplicates, more bytes or entries than such an archive has. No
//! link is ever made and no file is opened that was there before, so nothing is written through one.

use super::BuildError;
use crate::engine::pack::hash::hex;
use crate::engine::pack::{PackFile, PackPath};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::rc::Rc;
use tar::EntryType;

/// Bounds on one archive.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub entries: u64,
    /// Bytes of the whole archive after decompression, headers included.
    pub bytes: u64,
}

impl Default for Limits {
    /// Three to four times what the largest pinned archive has.
    fn default() -> Self {
        Limits { entries: 40_000, bytes: 1 << 30 }
    }
}

/// Bytes of headers between the contents of two entries.
const MAX_HEADERS: u64 = 64 << 10;

/// Decides by the path beneath `package/` whether and where (beneath the destination) a file goes.
pub type Place<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// Unpacks the wanted files of `reader` into `dest`. `archive` is what errors call it.
pub fn unpack(
    reader: impl Read,
    archive: &str,
    dest: &Path,
    limits: Limits,
    place: &mut Place<'_>,
) -> Result<Vec<PackFile>, BuildError> {
    let refuse = |reason: String| BuildError::Archive { archive: archive.to_owned(), reason };
    let broken = |error: io::Error| refuse(error.to_string());
    let headers = Rc::new(Cell::new(MAX_HEADERS));
    let bounded = Bounded { inner: GzDecoder::new(reader), left: limits.bytes, headers: Rc::clone(&headers) };
    let mut tar = tar::Archive::new(bounded);
    let mut tar_entries = tar.entries().map_err(broken)?;
    let mut unpacked = Vec::new();
    let mut entries = 0;
    loop {
        headers.set(MAX_HEADERS);
        let Some(entry) = tar_entries.next() else { return Ok(unpacked) };
        headers.set(u64::MAX);
        let mut entry = entry.map_err(broken)?;
        entries += 1;
        if entries > limits.entries {
            return Err(refuse(format!("it has more than {} entries", limits.entries)));
        }
        if let Some(target) = target(&entry, place).map_err(refuse)? {
            unpacked.push(write(&mut entry, archive, dest, target)?);
        }
        // What is left of the entry is not a header.
        io::copy(&mut entry, &mut io::sink()).map_err(broken)?;
    }
}

/// Where the entry goes, if it is wanted; an error if no archive of ours has such an entry.
fn target<R: Read>(entry: &tar::Entry<'_, R>, place: &mut Place<'_>) -> Result<Option<PackPath>, String> {
    let bytes = entry.path_bytes();
    let Ok(name) = str::from_utf8(&bytes) else {
        return Err(format!("the name {:?} is not UTF-8", String::from_utf8_lossy(&bytes)));
    };
    match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous => {}
        // A directory is made when a file needs it; a global header carries no file.
        EntryType::Directory | EntryType::XGlobalHeader => return Ok(None),
        other => return Err(format!("{name:?} is of the type {other:?}")),
    }
    let path = PackPath::new(name)?;
    match path.as_str().strip_prefix("package/") {
        Some(path) => place(path).map(PackPath::new).transpose(),
        None => Err(format!("{path} lies outside package/")),
    }
}

/// Writes one file, new, and describes it.
fn write(
    reader: &mut impl Read,
    archive: &str,
    dest: &Path,
    target: PackPath,
) -> Result<PackFile, BuildError> {
    let refuse = |reason| BuildError::Archive { archive: archive.to_owned(), reason };
    let path = target.beneath(dest);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| BuildError::io("create", parent, e))?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path).map_err(
        |error| match error.kind() {
            ErrorKind::AlreadyExists => refuse(format!("it has {target} twice")),
            _ => BuildError::io("create", &path, error),
        },
    )?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let n = reader.read(&mut piece).map_err(|error| refuse(error.to_string()))?;
        if n == 0 {
            break;
        }
        hash.update(&piece[..n]);
        size += n as u64;
        file.write_all(&piece[..n]).map_err(|e| BuildError::io("write", &path, e))?;
    }
    Ok(PackFile { path: target, size, sha256: hex(&hash.finalize()) })
}

/// A reader that fails once it has yielded its share: of everything, and of headers, which the tar
/// reader holds in memory whole (a "long name" may claim any length).
struct Bounded<R> {
    inner: R,
    left: u64,
    headers: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let rest = |left: u64| left.checked_sub(n as u64);
        match (rest(self.left), rest(self.headers.get())) {
            (Some(left), Some(headers)) => {
                self.left = left;
                self.headers.set(headers);
                Ok(n)
            }
            (None, _) => Err(io::Error::other("it unpacks to more bytes than such an archive has")),
            (_, None) => Err(io::Error::other("it has larger headers than such an archive has")),
        }
    }
}
