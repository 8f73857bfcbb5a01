//! What a rule for a shape sees of the text.

use super::REACH;
use super::mask::Hit;

/// A place where a shape may be.
pub struct Sight<'a> {
    pub raw: &'a [u8],
    /// Where the shape begins, and where the bytes end that gave it away.
    pub start: usize,
    pub end: usize,
    /// The byte before the shape; 0 at the beginning.
    pub before: u8,
}

impl Sight<'_> {
    /// What follows, as far as a rule may look.
    pub fn after(&self) -> &[u8] {
        let to = self.raw.len().min(self.start + REACH);
        &self.raw[self.end.min(to)..to]
    }

    /// The `len` bytes that begin `offset` bytes into [`Sight::after`].
    pub fn hit(&self, offset: usize, len: usize, kind: &'static str) -> Hit {
        Hit { start: self.end + offset, end: self.end + offset + len, kind }
    }
}
