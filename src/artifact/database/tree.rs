//! The b-tree of one table: its leaves, and the rows on them.

use super::Unreadable;
use super::image::Image;
use std::collections::HashSet;

/// What one comparison may read. Bytes.
const MOST: usize = 64 << 20;
/// Levels of a tree. SQLite itself gives up at 20.
const DEEPEST: usize = 20;

/// How much may still be read.
pub struct Budget {
    left: usize,
}

impl Budget {
    pub fn new() -> Budget {
        Budget { left: MOST }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Unreadable> {
        self.left = self.left.checked_sub(bytes).ok_or(Unreadable::TooMuch)?;
        Ok(())
    }
}

/// A row as it lies in a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub key: i64,
    pub payload: Vec<u8>,
}

/// The numbers of the pages that hold the rows of the tree at `root`.
pub fn leaves(image: &Image<'_>, root: u32) -> Result<Vec<u32>, Unreadable> {
    let mut leaves = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![(root, 0)];
    while let Some((number, depth)) = waiting.pop() {
        if depth > DEEPEST || !seen.insert(number) {
            return Err(Unreadable::Damaged("a tree meets itself"));
        }
        let page = Page::of(image, number)?;
        match page.kind()? {
            Kind::Leaf => leaves.push(number),
            Kind::Inner => {
                waiting.push((page.word(page.start + 8)?, depth + 1));
                for cell in page.cells(12)? {
                    waiting.push((page.word(cell)?, depth + 1));
                }
            }
        }
    }
    Ok(leaves)
}

/// Whether all rows of a leaf lie on it, so that equal pages mean equal rows.
pub fn is_self_contained(image: &Image<'_>, leaf: u32) -> Result<bool, Unreadable> {
    let page = Page::of(image, leaf)?;
    for cell in page.cells(8)? {
        let (size, _) = varint(page.bytes, cell)?;
        if usize::try_from(size).map_or(true, |size| local(size, image.usable) < size) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Appends the rows of a leaf.
pub fn read(
    image: &Image<'_>,
    leaf: u32,
    budget: &mut Budget,
    rows: &mut Vec<Row>,
) -> Result<(), Unreadable> {
    let page = Page::of(image, leaf)?;
    budget.take(page.bytes.len())?;
    for cell in page.cells(8)? {
        let (size, at) = varint(page.bytes, cell)?;
        let (key, at) = varint(page.bytes, at)?;
        let size = usize::try_from(size).map_err(|_| Unreadable::Damaged("a row has an impossible size"))?;
        // What a row costs beside its bytes counts too: a page can claim thousands of empty ones.
        budget.take(size.saturating_add(64))?;
        let here = local(size, image.usable);
        let mut payload = page.slice(at, here)?.to_vec();
        if here < size {
            follow(image, page.word(at + here)?, size, &mut payload)?;
        }
        rows.push(Row { key, payload });
    }
    Ok(())
}

/// Reads the pages that a long row goes on in. Each gives some bytes, so a loop ends too.
fn follow(image: &Image<'_>, mut next: u32, size: usize, payload: &mut Vec<u8>) -> Result<(), Unreadable> {
    while payload.len() < size {
        let page = image.page(next).ok_or(Unreadable::Damaged("a row leads out of the file"))?;
        next = u32::from_be_bytes([page[0], page[1], page[2], page[3]]);
        let part = (image.usable - 4).min(size - payload.len());
        payload.extend(&page[4..4 + part]);
    }
    Ok(())
}

/// How many bytes of a row of `size` bytes lie on the leaf itself.
fn local(size: usize, usable: usize) -> usize {
    let most = usable - 35;
    if size <= most {
        return size;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let rest = least + (size - least) % (usable - 4);
    if rest <= most { rest } else { least }
}

enum Kind {
    Inner,
    Leaf,
}

struct Page<'a> {
    bytes: &'a [u8],
    /// Where the tree's part begins: behind the file's header on the first page.
    start: usize,
}

impl<'a> Page<'a> {
    fn of(image: &Image<'a>, number: u32) -> Result<Page<'a>, Unreadable> {
        let bytes = image.page(number).ok_or(Unreadable::Damaged("a tree leads out of the file"))?;
        Ok(Page { bytes: &bytes[..image.usable], start: if number == 1 { 100 } else { 0 } })
    }

    fn kind(&self) -> Result<Kind, Unreadable> {
        match self.bytes[self.start] {
            5 => Ok(Kind::Inner),
            13 => Ok(Kind::Leaf),
            2 | 10 => Err(Unreadable::Unsupported("tables WITHOUT ROWID")),
            _ => Err(Unreadable::Damaged("a page of a tree is none")),
        }
    }

    /// Where each cell begins; `header` is the length of what precedes the pointers to them.
    fn cells(&self, header: usize) -> Result<Vec<usize>, Unreadable> {
        let count = usize::from(u16::from_be_bytes([self.bytes[self.start + 3], self.bytes[self.start + 4]]));
        let pointers = self.slice(self.start + header, count * 2)?;
        Ok(pointers.chunks_exact(2).map(|at| usize::from(u16::from_be_bytes([at[0], at[1]]))).collect())
    }

    fn slice(&self, at: usize, len: usize) -> Result<&'a [u8], Unreadable> {
        let end = at.checked_add(len);
        end.and_then(|end| self.bytes.get(at..end)).ok_or(Unreadable::Damaged("a page points beyond its end"))
    }

    fn word(&self, at: usize) -> Result<u32, Unreadable> {
        let bytes = self.slice(at, 4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

/// SQLite's integers of one to nine bytes, and where the next thing begins.
pub fn varint(bytes: &[u8], at: usize) -> Result<(i64, usize), Unreadable> {
    let mut value = 0u64;
    for index in 0..9 {
        let byte = *bytes.get(at + index).ok_or(Unreadable::Damaged("a number is cut"))?;
        if index == 8 {
            return Ok(((value << 8 | u64::from(byte)).cast_signed(), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((value.cast_signed(), at + index + 1));
        }
    }
    Err(Unreadable::Damaged("a number is cut"))
}
