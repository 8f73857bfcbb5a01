//! Reading and unpacking a zip archive that may have been made to do harm.
//!
//! Only what every archiver writes is read: stored and deflated entries, one disk, no zip64, no
//! encryption. The central directory and the local headers must agree, entries must not overlap,
//! and sizes are limits, not hints. So two readers cannot see two archives in one file, and a bomb
//! is noticed before it is unpacked.

use crate::artifact::confined::Dir;
use crate::artifact::path::is_bundle_path;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Entries of one archive.
const MAX_ENTRIES: u16 = 20_000;
/// Bytes of one entry, and of all, unpacked.
const MAX_ENTRY: u64 = 256 << 20;
const MAX_TOTAL: u64 = 1 << 30;
/// Unpacked bytes for one packed byte, over the whole archive, beyond `RATIO_FREE` bytes.
const MAX_RATIO: u64 = 100;
const RATIO_FREE: u64 = 16 << 20;
/// Bytes of the directory at the archive's end, which is read as a whole.
const MAX_DIRECTORY: u64 = 32 << 20;

const END: u32 = 0x0605_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;
const END_SIZE: u64 = 22;

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// Cut off, zip64, or in several parts. Pack it again with any zip tool.
    #[error("it is cut off, or in the zip64 format")]
    Zip64OrTruncated,
    /// The headers contradict each other or the data.
    #[error("it is damaged: {0}")]
    InvalidArchive(&'static str),
    /// No entry, or more than can be unpacked.
    #[error("it has {0} entries")]
    EntryCount(u64),
    /// A name that leads elsewhere or is there twice, a symlink or another special file, encryption.
    #[error("the entry {0:?} is not safe to unpack")]
    UnsafeEntry(String),
    /// Unpacked it is larger than what can be taken.
    #[error("unpacked it is too large")]
    UncompressedSize,
    /// It unpacks to more than its size can honestly hold.
    #[error("it is compressed beyond what is honest")]
    CompressionRatio,
    /// It cannot be read, or what is in it cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ZipError {
    /// A stable word.
    pub fn reason(&self) -> &'static str {
        match self {
            ZipError::Zip64OrTruncated => "zip64_or_truncated",
            ZipError::InvalidArchive(_) => "invalid_archive",
            ZipError::EntryCount(_) => "entry_count",
            ZipError::UnsafeEntry(_) => "unsafe_entry",
            ZipError::UncompressedSize => "uncompressed_size",
            ZipError::CompressionRatio => "compression_ratio",
            ZipError::Io(_) => "staging_failed",
        }
    }
}

#[derive(Debug)]
struct Entry {
    name: String,
    directory: bool,
    deflated: bool,
    crc: u32,
    packed: u64,
    unpacked: u64,
    /// Of the local header.
    offset: u64,
    streamed: bool,
}

/// The names of the files in an archive that can be unpacked, as far as its headers tell.
pub fn names(mut archive: &File) -> Result<Vec<String>, ZipError> {
    let (entries, _) = examined(&mut archive)?;
    Ok(entries.into_iter().filter(|entry| !entry.directory).map(|entry| entry.name).collect())
}

/// Unpacks the archive into `into`. If everything lies in one directory, that directory is dropped.
pub fn unpack(archive: &mut &File, into: &Dir) -> Result<(), ZipError> {
    let (entries, ranges) = examined(archive)?;
    let top = common_directory(&entries);
    for (entry, data) in entries.iter().zip(ranges).filter(|(entry, _)| !entry.directory) {
        let path = &entry.name[top.len()..];
        extract(archive, entry, data, into, path)?;
    }
    Ok(())
}

/// Unpacks the files to which `place` gives a path, there beneath `into`, a directory of ours.
pub fn unpack_some(
    mut archive: &File,
    into: &Path,
    place: impl for<'n> Fn(&'n str) -> Option<&'n str>,
) -> Result<(), ZipError> {
    let into = Dir::open_trusted(into)?;
    let (entries, ranges) = examined(&mut archive)?;
    for (entry, data) in entries.iter().zip(ranges).filter(|(entry, _)| !entry.directory) {
        if let Some(path) = place(&entry.name) {
            extract(&mut archive, entry, data, &into, path)?;
        }
    }
    Ok(())
}

/// Every entry, and where its data begins.
fn examined(archive: &mut &File) -> Result<(Vec<Entry>, Vec<u64>), ZipError> {
    let size = archive.seek(SeekFrom::End(0))?;
    let (start, bytes, count) = end_record(archive, size)?;
    let entries = central_directory(archive, start, bytes, count)?;
    check(&entries)?;
    let ranges = local_headers(archive, &entries, start)?;
    Ok((entries, ranges))
}

/// Where the central directory is, how large, and how many entries it has.
fn end_record(archive: &mut &File, size: u64) -> Result<(u64, u64, u16), ZipError> {
    if size < END_SIZE {
        return Err(ZipError::Zip64OrTruncated);
    }
    let tail_size = size.min(END_SIZE + u64::from(u16::MAX));
    let tail = read_at(archive, size - tail_size, tail_size)?;
    // The record whose comment ends with the file; from the back, as all readers do.
    let at = (0..=tail.len() - END_SIZE as usize)
        .rev()
        .find(|&at| u32_at(&tail, at) == END)
        .ok_or(ZipError::Zip64OrTruncated)?;
    let record = &tail[at..];
    if END_SIZE as usize + usize::from(u16_at(record, 20)) != record.len() {
        return Err(ZipError::InvalidArchive("data follows its end"));
    }
    let (disk, start_disk) = (u16_at(record, 4), u16_at(record, 6));
    let (here, count) = (u16_at(record, 8), u16_at(record, 10));
    let (bytes, start) = (u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
    if count == u16::MAX || bytes == u64::from(u32::MAX) || start == u64::from(u32::MAX) {
        return Err(ZipError::Zip64OrTruncated);
    }
    if disk != 0 || start_disk != 0 || here != count {
        return Err(ZipError::Zip64OrTruncated);
    }
    if count == 0 || count > MAX_ENTRIES {
        return Err(ZipError::EntryCount(count.into()));
    }
    if bytes > MAX_DIRECTORY {
        return Err(ZipError::InvalidArchive("its directory is too large"));
    }
    if start + bytes != size - tail_size + at as u64 {
        return Err(ZipError::InvalidArchive("its directory is not where it says"));
    }
    Ok((start, bytes, count))
}

fn central_directory(
    archive: &mut &File,
    start: u64,
    bytes: u64,
    count: u16,
) -> Result<Vec<Entry>, ZipError> {
    let directory = read_at(archive, start, bytes)?;
    let damaged = ZipError::InvalidArchive("its directory is cut off");
    let mut entries = Vec::with_capacity(count.into());
    let mut at = 0;
    for _ in 0..count {
        let Some(head) = directory.get(at..at + 46).filter(|head| u32_at(head, 0) == CENTRAL) else {
            return Err(damaged);
        };
        let lengths = [28, 30, 32].map(|field| usize::from(u16_at(head, field)));
        let Some(name) = directory.get(at + 46..at + 46 + lengths[0]) else { return Err(damaged) };
        entries.push(entry(head, name)?);
        at += 46 + lengths.iter().sum::<usize>();
    }
    if at != directory.len() {
        return Err(ZipError::InvalidArchive("its directory has more in it than it says"));
    }
    Ok(entries)
}

fn entry(head: &[u8], name: &[u8]) -> Result<Entry, ZipError> {
    let shown = || String::from_utf8_lossy(name).into_owned();
    let (made_by, flags, method) = (u16_at(head, 4) >> 8, u16_at(head, 8), u16_at(head, 10));
    let mode = u32_at(head, 38) >> 16;
    // Encryption, patched data, strong encryption, masked headers.
    let unreadable = flags & 0b10_0000_0110_0001 != 0;
    let kind_is_plain = match (made_by, mode & 0o170_000) {
        (3, 0o100_000 | 0o040_000 | 0) => mode & 0o7000 == 0,
        (3, _) => false,
        _ => true,
    };
    let text = std::str::from_utf8(name).map_err(|_| ZipError::UnsafeEntry(shown()))?;
    let directory = text.ends_with('/');
    let plain = text.strip_suffix('/').unwrap_or(text);
    // A name that says directory and a mode that says file, or the other way round.
    let two_kinds = made_by == 3 && mode & 0o170_000 != 0 && (mode & 0o170_000 == 0o040_000) != directory;
    if unreadable || !kind_is_plain || two_kinds || !is_bundle_path(plain) {
        return Err(ZipError::UnsafeEntry(shown()));
    }
    let sizes = (u64::from(u32_at(head, 20)), u64::from(u32_at(head, 24)));
    let offset = u64::from(u32_at(head, 42));
    if [sizes.0, sizes.1, offset].contains(&u64::from(u32::MAX)) || u16_at(head, 34) != 0 {
        return Err(ZipError::Zip64OrTruncated);
    }
    let deflated = match method {
        0 => false,
        8 => true,
        _ => return Err(ZipError::InvalidArchive("it uses another compression than deflate")),
    };
    if directory && sizes.1 != 0 || !deflated && sizes.0 != sizes.1 {
        return Err(ZipError::InvalidArchive("the sizes of an entry contradict each other"));
    }
    Ok(Entry {
        name: text.to_owned(),
        directory,
        deflated,
        crc: u32_at(head, 16),
        packed: sizes.0,
        unpacked: sizes.1,
        offset,
        streamed: flags & 8 != 0,
    })
}

/// Sizes, and names that would be one file.
fn check(entries: &[Entry]) -> Result<(), ZipError> {
    let mut names = HashSet::new();
    let mut directories = HashSet::new();
    for entry in entries {
        let name = entry.name.trim_end_matches('/').to_lowercase();
        if !names.insert(name.clone()) {
            return Err(ZipError::UnsafeEntry(entry.name.clone()));
        }
        let above = name.match_indices('/').map(|(slash, _)| name[..slash].to_owned());
        directories.extend(above);
    }
    let file_as_directory =
        entries.iter().find(|entry| !entry.directory && directories.contains(&entry.name.to_lowercase()));
    if let Some(entry) = file_as_directory {
        return Err(ZipError::UnsafeEntry(entry.name.clone()));
    }
    let packed: u64 = entries.iter().map(|entry| entry.packed).sum();
    let unpacked: u64 = entries.iter().map(|entry| entry.unpacked).sum();
    if unpacked > MAX_TOTAL || entries.iter().any(|entry| entry.unpacked > MAX_ENTRY) {
        return Err(ZipError::UncompressedSize);
    }
    if unpacked > RATIO_FREE.max(packed.saturating_mul(MAX_RATIO)) {
        return Err(ZipError::CompressionRatio);
    }
    Ok(())
}

/// Where each entry's data begins. The local headers say the same as the directory, and nothing
/// lies over another entry or over the directory.
fn local_headers(archive: &mut &File, entries: &[Entry], directory: u64) -> Result<Vec<u64>, ZipError> {
    let mut starts = Vec::with_capacity(entries.len());
    let mut taken: Vec<(u64, u64)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let head = read_at(archive, entry.offset, 30)?;
        let name_length = u64::from(u16_at(&head, 26));
        let start = entry.offset + 30 + name_length + u64::from(u16_at(&head, 28));
        let name = read_at(archive, entry.offset + 30, name_length)?;
        let sizes_later = entry.streamed && u32_at(&head, 18) == 0 && u32_at(&head, 22) == 0;
        let same = u32_at(&head, 0) == LOCAL
            && name == entry.name.as_bytes()
            && (u16_at(&head, 8) == 8) == entry.deflated
            && u16_at(&head, 6) & 1 == 0
            && (sizes_later
                || u64::from(u32_at(&head, 18)) == entry.packed
                    && u64::from(u32_at(&head, 22)) == entry.unpacked);
        if !same {
            return Err(ZipError::InvalidArchive("an entry is not what the directory says"));
        }
        taken.push((entry.offset, start + entry.packed));
        starts.push(start);
    }
    taken.sort_unstable();
    let first = taken.first().is_some_and(|(start, _)| *start == 0);
    let apart = taken.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    let before_directory = taken.last().is_some_and(|(_, end)| *end <= directory);
    if first && apart && before_directory {
        Ok(starts)
    } else {
        Err(ZipError::InvalidArchive("its entries lie over each other"))
    }
}

/// `top/` if every entry lies in the directory `top`, and `top` is not where the manifest is.
fn common_directory(entries: &[Entry]) -> String {
    let top = entries.first().and_then(|entry| entry.name.split_once('/')).map(|(top, _)| top);
    match top.map(|top| format!("{top}/")) {
        Some(top) if entries.iter().all(|entry| entry.name.starts_with(&top)) => top,
        _ => String::new(),
    }
}

fn extract(archive: &mut &File, entry: &Entry, start: u64, into: &Dir, path: &str) -> Result<(), ZipError> {
    archive.seek(SeekFrom::Start(start))?;
    let packed = BufReader::new(Read::take(&mut *archive, entry.packed));
    let mut data: Box<dyn Read + '_> =
        if entry.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
    into.create_parents(path)?;
    let mut file = into.create_file(path)?;
    let mut crc = Crc::new();
    let mut buffer = vec![0; 64 << 10];
    let mut left = entry.unpacked;
    loop {
        let read = data.read(&mut buffer).map_err(|e| match e.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                ZipError::InvalidArchive("the data of an entry is damaged")
            }
            _ => ZipError::Io(e),
        })?;
        if read == 0 {
            break;
        }
        left = left
            .checked_sub(read as u64)
            .ok_or(ZipError::InvalidArchive("an entry is larger than it says"))?;
        crc.update(&buffer[..read]);
        file.write_all(&buffer[..read])?;
    }
    if left > 0 || crc.sum() != entry.crc {
        return Err(ZipError::InvalidArchive("an entry is not what it says"));
    }
    Ok(())
}

fn read_at(archive: &mut &File, at: u64, count: u64) -> Result<Vec<u8>, ZipError> {
    archive.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    Read::take(&mut *archive, count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(ZipError::Zip64OrTruncated) }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
