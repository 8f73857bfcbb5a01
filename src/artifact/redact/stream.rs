//! Redaction of input that comes bit by bit, in constant memory.

use super::mask::{self, CLOSE, Hit};
use super::skeleton::Skeleton;
use super::tally::Found;
use super::{REACH, Redactor, shapes};

/// How much is searched at once. Bytes.
const BLOCK: usize = 256 << 10;

/// Takes bytes and gives redacted bytes. A block is searched when it and the [`REACH`] bytes after
/// it are there, so that the result does not depend on how the input was cut.
pub struct Stream<'r> {
    redactor: &'r Redactor,
    waiting: Vec<u8>,
    /// The byte before `waiting`.
    before: u8,
    /// Secrets in `waiting` that what came before it has shown.
    shown: Vec<Hit>,
    skeleton: Skeleton,
    found: Found,
    block: usize,
}

impl<'r> Stream<'r> {
    pub(super) fn new(redactor: &'r Redactor) -> Self {
        Stream {
            redactor,
            waiting: Vec::new(),
            before: 0,
            shown: Vec::new(),
            skeleton: Skeleton::default(),
            found: Found::default(),
            block: BLOCK,
        }
    }

    /// Searches `bytes` at once instead of 256 KiB. The result is the same; tests use it to have
    /// many seams.
    pub fn with_block(mut self, bytes: usize) -> Self {
        self.block = bytes.max(1);
        self
    }

    /// Takes `bytes` and appends to `out` what can be given already.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        let full = self.block + REACH;
        while !bytes.is_empty() {
            let room = full.saturating_sub(self.waiting.len()).min(bytes.len());
            self.waiting.extend(&bytes[..room]);
            bytes = &bytes[room..];
            if self.waiting.len() >= full {
                self.block(self.block, out);
            }
        }
    }

    /// Appends to `out` what will be no secret whatever comes next, for output that is shown while it
    /// is made. Configured values are found wherever the input is cut. What only looks like a
    /// credential is found if its line comes in one piece, for which an incomplete line waits unless
    /// `all`.
    pub fn settle(&mut self, all: bool, out: &mut Vec<u8>) {
        let mut settled = self.settled();
        if !all {
            let line = self.waiting.iter().rposition(|b| matches!(b, b'\n' | b'\r'));
            settled = settled.min(line.map_or(0, |line| line + 1));
        }
        if settled > 0 {
            self.block(settled, out);
        }
    }

    /// Appends to `out` what is certainly no head of a secret, and drops the rest: more was printed,
    /// and will not come.
    pub fn cut(mut self, out: &mut Vec<u8>) -> Found {
        let settled = self.settled().min(shapes::unfinished(&self.waiting));
        if settled > 0 {
            self.block(settled, out);
        }
        self.found
    }

    fn settled(&mut self) -> usize {
        self.redactor.settled(&self.waiting, self.before, self.shown.clone(), &mut self.skeleton)
    }

    /// Appends the rest to `out` and tells what was found.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Found {
        self.block(self.waiting.len(), out);
        self.found
    }

    /// Gives the first `owned` bytes, or fewer if a secret lies across their end, or more if one
    /// begins with them and ends beyond.
    fn block(&mut self, mut owned: usize, out: &mut Vec<u8>) {
        let shown = std::mem::take(&mut self.shown);
        let (hits, end) = loop {
            let mut hits = shown.clone();
            self.redactor.hits(&self.waiting, self.before, owned, &mut self.skeleton, &mut hits);
            let mut hits = mask::merge(&self.waiting, hits);
            if owned == self.waiting.len() {
                break (hits, owned);
            }
            let mut across = hits.split_off(hits.partition_point(|hit| hit.end + CLOSE < owned));
            let first = across.first().map_or(owned, |hit| hit.start.min(owned));
            if first > 0 {
                self.shown = across;
                break (hits, first);
            }
            owned = across[0].end + CLOSE + 1;
            if owned + REACH / 2 > self.waiting.len() {
                // Nothing but secrets: they cannot all wait.
                let whole = across.remove(0);
                let end = whole.end;
                self.shown = across;
                break (vec![whole], end);
            }
        };
        if end == 0 {
            return;
        }
        mask::replace(&self.waiting[..end], &hits, &mut self.found, out);
        self.before = self.waiting[end - 1];
        self.waiting.drain(..end);
        for hit in &mut self.shown {
            hit.start -= end;
            hit.end -= end;
        }
    }
}
