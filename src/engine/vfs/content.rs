//! The bytes of one file of the upper layer: chunks that were written, over a lower file that is
//! read when it is needed, over nothing (a hole).
//!
//! A clone shares everything, and a write after it copies one chunk. That is what makes a fork and
//! a one-byte change of a large file cheap.

use super::VfsResult;
use super::lower::LowerFile;
use imbl::OrdMap;
use std::sync::Arc;

/// Bytes of one chunk: the unit of copy-on-write.
pub const CHUNK: u64 = 64 << 10;

/// Chunk `n` covers the bytes from `n * CHUNK`. A chunk may be shorter than its range: what is
/// missing reads as zeros. It hides the lower file in all of its range.
pub type Chunk = Arc<Vec<u8>>;

#[derive(Clone, Default)]
pub struct Content {
    len: u64,
    chunks: OrdMap<u64, Chunk>,
    lower: Option<Beneath>,
}

/// The part of a lower file that still shows through.
#[derive(Clone)]
struct Beneath {
    file: Arc<LowerFile>,
    /// Bytes from here on are hidden: the file was once truncated to this length.
    visible: u64,
}

/// How a write ended.
pub struct Written {
    pub bytes: usize,
    /// Growth of what the upper layer holds.
    pub grown: u64,
}

impl Content {
    pub fn from_lower(file: Arc<LowerFile>) -> Content {
        let len = file.size();
        Content { len, chunks: OrdMap::new(), lower: Some(Beneath { file, visible: len }) }
    }

    pub fn from_bytes(bytes: &[u8]) -> Content {
        let chunks = bytes
            .chunks(CHUNK as usize)
            .enumerate()
            .map(|(n, part)| (n as u64, Arc::new(part.to_vec())))
            .collect();
        Content { len: bytes.len() as u64, chunks, lower: None }
    }

    /// From saved parts.
    pub fn from_parts(len: u64, chunks: OrdMap<u64, Chunk>, lower: Option<(Arc<LowerFile>, u64)>) -> Content {
        Content { len, chunks, lower: lower.map(|(file, visible)| Beneath { file, visible }) }
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that the upper layer holds for this file.
    pub fn held(&self) -> u64 {
        self.chunks.values().map(|c| c.len() as u64).sum()
    }

    pub fn chunks(&self) -> &OrdMap<u64, Chunk> {
        &self.chunks
    }

    /// The lower file and how many of its bytes show through where no chunk hides them.
    pub fn lower(&self) -> Option<(&Arc<LowerFile>, u64)> {
        self.lower.as_ref().map(|b| (&b.file, b.visible))
    }

    /// Fills `buf` from `offset`, unless the file ends first.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> VfsResult<usize> {
        let n = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
        let buf = &mut buf[..n];
        let end = offset + n as u64;
        let mut at = offset;
        while at < end {
            let index = at / CHUNK;
            let to = match self.chunks.get(&index) {
                Some(chunk) => {
                    let to = end.min((index + 1) * CHUNK);
                    let out = &mut buf[(at - offset) as usize..(to - offset) as usize];
                    copy_or_zero(out, chunk, (at - index * CHUNK) as usize);
                    to
                }
                None => {
                    let next = self.chunks.range(index..).next().map_or(u64::MAX, |(n, _)| n * CHUNK);
                    let to = end.min(next);
                    self.read_beneath(&mut buf[(at - offset) as usize..(to - offset) as usize], at)?;
                    to
                }
            };
            at = to;
        }
        Ok(n)
    }

    /// All bytes.
    pub fn to_vec(&self) -> VfsResult<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.len).map_err(|_| super::Errno::EFBIG)?];
        let n = self.read_at(&mut bytes, 0)?;
        bytes.truncate(n);
        Ok(bytes)
    }

    /// Writes at `offset`, growing the file, as long as at most `room` more bytes have to be held.
    /// Fewer bytes than given are written if the room ends; the caller has checked the file's
    /// maximum length.
    pub fn write_at(&mut self, data: &[u8], offset: u64, room: u64) -> VfsResult<Written> {
        let mut done = Written { bytes: 0, grown: 0 };
        while done.bytes < data.len() {
            let at = offset + done.bytes as u64;
            let index = at / CHUNK;
            let within = (at % CHUNK) as usize;
            let n = (data.len() - done.bytes).min(CHUNK as usize - within);
            let part = &data[done.bytes..done.bytes + n];
            let grown = match self.chunks.get(&index).map(|c| c.len()) {
                Some(held) => {
                    let grown = (within + n).saturating_sub(held) as u64;
                    if done.grown + grown > room {
                        break;
                    }
                    if let Some(chunk) = self.chunks.get_mut(&index) {
                        overwrite(Arc::make_mut(chunk), part, within);
                    }
                    grown
                }
                None => {
                    let beneath = self.beneath_chunk_len(index);
                    let grown = (within + n).max(beneath) as u64;
                    if done.grown + grown > room {
                        break;
                    }
                    let mut chunk = Vec::with_capacity(grown as usize);
                    if beneath > 0 && !(within == 0 && n >= beneath) {
                        chunk.resize(beneath, 0);
                        self.read_beneath(&mut chunk, index * CHUNK)?;
                    }
                    overwrite(&mut chunk, part, within);
                    self.chunks.insert(index, Arc::new(chunk));
                    grown
                }
            };
            done.grown += grown;
            done.bytes += n;
            self.len = self.len.max(at + n as u64);
        }
        Ok(done)
    }

    /// Sets the length; what is added reads as zeros. Returns how many held bytes were let go.
    pub fn set_len(&mut self, len: u64) -> u64 {
        let mut freed = 0;
        if len < self.len {
            let gone: Vec<u64> = self.chunks.range(len.div_ceil(CHUNK)..).map(|(n, _)| *n).collect();
            for index in gone {
                freed += self.chunks.remove(&index).map_or(0, |c| c.len() as u64);
            }
            let last = len / CHUNK;
            let within = (len % CHUNK) as usize;
            if let Some(chunk) = self.chunks.get_mut(&last)
                && chunk.len() > within
            {
                freed += (chunk.len() - within) as u64;
                Arc::make_mut(chunk).truncate(within);
            }
            if let Some(lower) = &mut self.lower {
                lower.visible = lower.visible.min(len);
            }
            if len == 0 {
                self.lower = None;
            }
        }
        self.len = len;
        freed
    }

    /// How many bytes would have to be held for `[offset, offset + len)` to be all written.
    pub fn missing(&self, offset: u64, len: u64) -> u64 {
        let end = offset.saturating_add(len);
        let held: u64 = self
            .chunks
            .range(offset / CHUNK..end.div_ceil(CHUNK))
            .map(|(n, c)| {
                let start = n * CHUNK;
                (start + c.len() as u64).min(end).saturating_sub(start.max(offset))
            })
            .sum();
        len.saturating_sub(held)
    }

    /// Whether both hold the same bytes. Reads no more than the chunks that may differ.
    pub fn equal(&self, other: &Content) -> VfsResult<bool> {
        if self.len != other.len {
            return Ok(false);
        }
        let shared_lower = match (&self.lower, &other.lower) {
            (Some(a), Some(b)) => a.visible == b.visible && a.file.same(&b.file),
            (None, None) => true,
            _ => false,
        };
        let (mut mine, mut theirs) = (vec![0; CHUNK as usize], vec![0; CHUNK as usize]);
        let mut check = |index: u64| -> VfsResult<bool> {
            if let (Some(a), Some(b)) = (self.chunks.get(&index), other.chunks.get(&index))
                && Arc::ptr_eq(a, b)
            {
                return Ok(true);
            }
            let n = self.read_at(&mut mine, index * CHUNK)?;
            let m = other.read_at(&mut theirs, index * CHUNK)?;
            Ok(mine[..n] == theirs[..m])
        };
        if shared_lower {
            for index in self.chunks.keys().chain(other.chunks.keys()) {
                if !check(*index)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        for index in 0..self.len.div_ceil(CHUNK) {
            if !check(index)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn beneath_chunk_len(&self, index: u64) -> usize {
        let visible = self.lower.as_ref().map_or(0, |b| b.visible);
        visible.saturating_sub(index * CHUNK).min(CHUNK) as usize
    }

    /// What shows through at `offset` where no chunk is.
    fn read_beneath(&self, out: &mut [u8], offset: u64) -> VfsResult<()> {
        let mut n = 0;
        if let Some(lower) = &self.lower
            && offset < lower.visible
        {
            let want = usize::try_from(lower.visible - offset).unwrap_or(usize::MAX).min(out.len());
            n = lower.file.read_at(&mut out[..want], offset)?;
        }
        out[n..].fill(0);
        Ok(())
    }
}

fn copy_or_zero(out: &mut [u8], chunk: &[u8], from: usize) {
    let n = chunk.len().saturating_sub(from).min(out.len());
    out[..n].copy_from_slice(&chunk[chunk.len().min(from)..][..n]);
    out[n..].fill(0);
}

fn overwrite(chunk: &mut Vec<u8>, part: &[u8], at: usize) {
    if chunk.len() < at {
        chunk.resize(at, 0);
    }
    let inside = part.len().min(chunk.len() - at);
    chunk[at..at + inside].copy_from_slice(&part[..inside]);
    chunk.extend_from_slice(&part[inside..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_read_as_zeros_and_hold_nothing() {
        let mut c = Content::default();
        let w = c.write_at(b"end", 10 * CHUNK + 5, u64::MAX).expect("no lower file");
        assert_eq!((w.bytes, w.grown, c.held()), (3, 8, 8));
        assert_eq!(c.len(), 10 * CHUNK + 8);
        let mut buf = [1; 4];
        assert_eq!(c.read_at(&mut buf, 3 * CHUNK - 2), Ok(4));
        assert_eq!(buf, [0; 4]);
        let all = c.to_vec().expect("no lower file");
        assert_eq!(&all[all.len() - 4..], b"\0end");
    }

    #[test]
    fn what_was_cut_off_does_not_come_back() {
        let mut c = Content::from_bytes(&vec![7; 3 * CHUNK as usize]);
        assert_eq!(c.set_len(CHUNK + 10), 2 * CHUNK - 10);
        assert_eq!(c.set_len(3 * CHUNK), 0);
        let all = c.to_vec().expect("no lower file");
        assert!(all[..CHUNK as usize + 10].iter().all(|b| *b == 7));
        assert!(all[CHUNK as usize + 10..].iter().all(|b| *b == 0));
        assert_eq!(c.held(), CHUNK + 10);
    }

    #[test]
    fn a_clone_is_not_changed_by_a_write() {
        let a = Content::from_bytes(&vec![1; 2 * CHUNK as usize]);
        let mut b = a.clone();
        b.write_at(b"x", CHUNK, u64::MAX).expect("no lower file");
        assert!(Arc::ptr_eq(&a.chunks[&0], &b.chunks[&0]), "an untouched chunk stays shared");
        assert!(!Arc::ptr_eq(&a.chunks[&1], &b.chunks[&1]));
        assert_eq!(a.equal(&b), Ok(false));
        b.write_at(&[1], CHUNK, u64::MAX).expect("no lower file");
        assert_eq!(a.equal(&b), Ok(true));
    }

    #[test]
    fn a_write_stops_where_the_room_ends() {
        let mut c = Content::default();
        let w = c.write_at(&vec![1; 3 * CHUNK as usize], 0, 2 * CHUNK + 1).expect("no lower file");
        assert_eq!((w.bytes as u64, w.grown), (2 * CHUNK, 2 * CHUNK));
        assert_eq!(c.len(), 2 * CHUNK);
    }

    #[test]
    fn missing_counts_what_is_not_held() {
        let mut c = Content::from_bytes(&[1; 100]);
        assert_eq!(c.missing(0, 100), 0);
        assert_eq!(c.missing(50, 100), 50);
        c.write_at(b"x", 5 * CHUNK, u64::MAX).expect("no lower file");
        assert_eq!(c.missing(0, 5 * CHUNK + 1), 5 * CHUNK - 100);
    }
}
