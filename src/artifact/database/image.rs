//! A database file as pages, with the write-ahead log laid over it.
//!
//! <https://www.sqlite.org/fileformat2.html>

use super::Unreadable;
use std::collections::HashMap;

const MAGIC: &[u8] = b"SQLite format 3\0";
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

pub struct Image<'a> {
    file: &'a [u8],
    /// Pages that the log holds, the last committed version of each.
    logged: HashMap<u32, &'a [u8]>,
    page_size: usize,
    /// Bytes of a page that trees may use.
    pub usable: usize,
}

impl<'a> Image<'a> {
    pub fn open(file: &'a [u8], log: &'a [u8]) -> Result<Image<'a>, Unreadable> {
        if file.is_empty() {
            return Err(Unreadable::Missing);
        }
        if file.len() < 100 || !file.starts_with(MAGIC) {
            return Err(Unreadable::Damaged("it does not begin like one"));
        }
        let page_size = match u16::from_be_bytes([file[16], file[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        if page_size < 512 || !page_size.is_power_of_two() {
            return Err(Unreadable::Damaged("its pages have an impossible size"));
        }
        let usable = page_size - usize::from(file[20]);
        if usable < 480 {
            return Err(Unreadable::Damaged("its pages have no room"));
        }
        let logged = logged(log, page_size);
        let image = Image { file, logged, page_size, usable };
        match image.page(1).and_then(|first| first.get(56..60)) {
            Some([0, 0, 0, 0 | 1]) => Ok(image),
            Some(_) => Err(Unreadable::Unsupported("encodings other than UTF-8")),
            None => Err(Unreadable::Damaged("its first page is missing")),
        }
    }

    /// Pages count from 1.
    pub fn page(&self, number: u32) -> Option<&'a [u8]> {
        if let Some(page) = self.logged.get(&number) {
            return Some(page);
        }
        let start = (number.checked_sub(1)? as usize).checked_mul(self.page_size)?;
        self.file.get(start..start.checked_add(self.page_size)?)
    }
}

/// The pages of every transaction in the log that was committed. What follows the last commit, or
/// is left of an earlier round, is not the database's.
fn logged(log: &[u8], page_size: usize) -> HashMap<u32, &[u8]> {
    let mut pages = HashMap::new();
    let word = |bytes: &[u8], at: usize| {
        u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    };
    if log.len() < LOG_HEADER || word(log, 0) & !1 != 0x377f_0682 || word(log, 8) as usize != page_size {
        return pages;
    }
    let salts = &log[16..24];
    let mut open = Vec::new();
    for frame in log[LOG_HEADER..].chunks_exact(FRAME_HEADER + page_size) {
        if frame[8..16] != *salts {
            break;
        }
        open.push((word(frame, 0), &frame[FRAME_HEADER..]));
        if word(frame, 4) != 0 {
            pages.extend(open.drain(..));
        }
    }
    pages
}
