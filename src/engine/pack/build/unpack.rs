//! Taking files out of an npm archive: a gzipped tar of regular files beneath `package/`.
//!
//! Everything else is refused, also in files that are not wanted: symbolic and hard links, devices,
//! paths that climb, duplicates, more bytes or entries than such an archive has. No link is ever
//! made and no file is opened that was there before, so nothing can be written through one.

use super::BuildError;
use crate::engine::pack::hash::hex;
use crate::engine::pack::{PackFile, PackPath};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
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

/// Decides by the path beneath `package/` whether and where (beneath the destination) a file goes.
pub type Place<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// [`unpack`] of the file at `archive` within the default limits.
pub(super) fn unpack_files(
    archive: &Path,
    dest: &Path,
    place: &mut Place<'_>,
) -> Result<Vec<PackFile>, BuildError> {
    let file = File::open(archive).map_err(|e| BuildError::io("open", archive, e))?;
    unpack(file, archive, dest, Limits::default(), place)
}

/// Unpacks the wanted files of `reader` into `dest`. `archive` is what errors call it.
pub fn unpack(
    reader: impl Read,
    archive: &Path,
    dest: &Path,
    limits: Limits,
    place: &mut Place<'_>,
) -> Result<Vec<PackFile>, BuildError> {
    let refuse = |reason: String| BuildError::Archive { path: archive.to_owned(), reason };
    let broken = |error: io::Error| refuse(error.to_string());
    let bounded = Bounded { inner: GzDecoder::new(reader), left: limits.bytes };
    let mut tar = tar::Archive::new(bounded);
    let mut unpacked = Vec::new();
    let mut entries = 0;
    for entry in tar.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        entries += 1;
        if entries > limits.entries {
            return Err(refuse(format!("it has more than {} entries", limits.entries)));
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            // A directory is made when a file needs it; a global header carries no file.
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            other => return Err(refuse(format!("{name:?} is of the type {other:?}"))),
        }
        let path = PackPath::new(name).map_err(refuse)?;
        let Some(path) = path.as_str().strip_prefix("package/") else {
            return Err(refuse(format!("{path} lies outside package/")));
        };
        let Some(target) = place(path) else { continue };
        let target = PackPath::new(target).map_err(refuse)?;
        unpacked.push(write(&mut entry, dest, target, broken)?);
    }
    Ok(unpacked)
}

/// Writes one file, new, and describes it.
fn write(
    reader: &mut impl Read,
    dest: &Path,
    target: PackPath,
    broken: impl Fn(io::Error) -> BuildError,
) -> Result<PackFile, BuildError> {
    let path = target.beneath(dest);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| BuildError::io("create", parent, e))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&path)
        .map_err(|e| BuildError::io("create", &path, e))?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let n = reader.read(&mut piece).map_err(&broken)?;
        if n == 0 {
            break;
        }
        hash.update(&piece[..n]);
        size += n as u64;
        file.write_all(&piece[..n]).map_err(|e| BuildError::io("write", &path, e))?;
    }
    Ok(PackFile { path: target, size, sha256: hex(&hash.finalize()) })
}

/// A reader that fails once it has yielded its share.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| {
            io::Error::other("it unpacks to more bytes than such an archive has")
        })?;
        Ok(n)
    }
}
