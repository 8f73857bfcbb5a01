//! Finds configured values in text.
//!
//! Every occurrence of a pattern of at least `m` bytes holds a group of four bytes that begins at a
//! multiple of `m - 3`. So only these groups are looked at: one bit tells whether a group can
//! belong to a pattern, which for ordinary text it does not.

use super::credential::looks_random;
use super::mask::Hit;
use super::secret::Secret;
use super::skeleton::{self, Skeleton};
use super::spell::spellings;
use std::collections::BTreeSet;

pub const KIND: &str = "configured-secret-value";

/// A longer line of a value is cut into pieces, each of them a pattern. Bytes.
const LONGEST_PIECE: usize = 64;
const PIECE: usize = 48;
/// What a pattern needs to mean something. Bytes of skeleton.
const SHORTEST_PATTERN: usize = 6;
/// PHP shows so much of an argument in a stack trace.
const SHOWN_IN_TRACES: usize = 15;
/// The most bytes that an occurrence may take, what lies in between included.
const WIDEST: usize = 8 << 10;

const GROUP: usize = 4;
const HASH_BITS: u32 = 17;

/// The patterns of all values, ready to be searched for.
pub struct Configured {
    /// In order.
    patterns: Vec<Box<[u8]>>,
    /// Distance between the groups that are looked at.
    stride: usize,
    /// Whether a group of this hash begins at one of the first `stride` bytes of a pattern.
    filter: Box<[u64]>,
    /// `places[starts[h]..starts[h + 1]]` for the hash `h`.
    starts: Box<[u32]>,
    places: Box<[Place]>,
}

/// A group's place in a pattern.
#[derive(Clone, Copy)]
struct Place {
    pattern: u32,
    offset: u32,
}

impl Configured {
    /// `None` without a secret.
    pub fn new(secrets: &[Secret]) -> Option<Configured> {
        let patterns: BTreeSet<Vec<u8>> = secrets
            .iter()
            .flat_map(|secret| pieces(secret.value()))
            .flat_map(|piece| patterns(&piece))
            .collect();
        let patterns: Vec<Box<[u8]>> = patterns.into_iter().map(Vec::into_boxed_slice).collect();
        let shortest = patterns.iter().map(|pattern| pattern.len()).min()?;
        let stride = shortest - (GROUP - 1);

        let mut rows: Vec<(usize, Place)> = Vec::with_capacity(patterns.len() * stride);
        for (index, pattern) in patterns.iter().enumerate() {
            for (offset, group) in pattern.windows(GROUP).take(stride).enumerate() {
                // Values are few and short: see `Secret`.
                rows.push((hash(group), Place { pattern: index as u32, offset: offset as u32 }));
            }
        }
        rows.sort_by_key(|(hash, _)| *hash);
        let mut filter = vec![0u64; (1 << HASH_BITS) / 64];
        let mut starts = vec![0u32; (1 << HASH_BITS) + 1];
        for (hash, _) in &rows {
            filter[hash / 64] |= 1 << (hash % 64);
            starts[hash + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let places = rows.into_iter().map(|(_, place)| place).collect();
        Some(Configured { patterns, stride, filter: filter.into(), starts: starts.into(), places })
    }

    /// Every occurrence that begins in the first `owned` bytes of `raw`, of which `skeleton` is one.
    pub fn find(&self, raw: &[u8], owned: usize, skeleton: &Skeleton, hits: &mut Vec<Hit>) {
        let bones = skeleton.as_bytes();
        let mut at = 0;
        while let Some(group) = bones.get(at..at + GROUP) {
            let hash = hash(group);
            if self.filter[hash / 64] >> (hash % 64) & 1 == 1 {
                let (from, to) = (self.starts[hash] as usize, self.starts[hash + 1] as usize);
                for place in &self.places[from..to] {
                    let pattern = &self.patterns[place.pattern as usize];
                    let Some(first) = at.checked_sub(place.offset as usize) else { continue };
                    if bones.get(first..first + pattern.len()) != Some(pattern) {
                        continue;
                    }
                    let start = skeleton.raw_index(raw, first);
                    let end = skeleton.raw_index(raw, first + pattern.len() - 1) + 1;
                    if start < owned && end - start <= WIDEST {
                        hits.push(Hit { start, end, kind: KIND });
                    }
                }
            }
            at += self.stride;
        }
    }
}

impl Configured {
    /// Where in `raw` an occurrence may have begun of which more is to come; its end, if nowhere.
    pub fn settled(&self, raw: &[u8], skeleton: &Skeleton) -> usize {
        let bones = skeleton.as_bytes();
        let longest = self.patterns.iter().map(|pattern| pattern.len()).max().unwrap_or_default();
        let mut places = bones.len().saturating_sub(longest)..bones.len();
        let begun = places.find(|at| self.begins_with(&bones[*at..]));
        begun.map_or(raw.len(), |at| skeleton.raw_index(raw, at))
    }

    /// Whether a pattern begins with `part`: they are in order.
    fn begins_with(&self, part: &[u8]) -> bool {
        let first = self.patterns.partition_point(|pattern| **pattern < *part);
        self.patterns.get(first).is_some_and(|pattern| pattern.starts_with(part))
    }
}

fn hash(group: &[u8]) -> usize {
    let group = u32::from_le_bytes([group[0], group[1], group[2], group[3]]);
    (group.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

/// What of a value is searched for: the value, or the parts of it that no ordinary text has.
fn pieces(value: &str) -> Vec<String> {
    let value = value.trim();
    let lines: Vec<&str> = value.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut parts: Vec<String> = lines.iter().flat_map(|line| cut(line)).collect();
    if lines.len() > 1 {
        // `"type": "service_account",` is a line of many a key file and gives nothing away.
        let telling: Vec<String> = parts.iter().filter(|part| is_telling(part)).cloned().collect();
        if telling.is_empty() {
            parts.retain(|part| part.len() >= 12);
            parts.push(value.to_owned());
        } else {
            parts = telling;
        }
    }
    if let Some(shown) = parts.first().and_then(|part| part.get(..SHOWN_IN_TRACES))
        && looks_random(shown.as_bytes())
    {
        parts.push(shown.to_owned());
    }
    parts
}

fn is_telling(line: &str) -> bool {
    let one_word = line.len() >= 16 && !line.contains(char::is_whitespace);
    one_word || looks_random(line.as_bytes()) && !line.contains(": ")
}

/// Pieces of at most [`LONGEST_PIECE`] bytes, none much shorter than [`PIECE`] unless it is alone.
fn cut(line: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while rest.len() > LONGEST_PIECE {
        let mut at = PIECE.min(rest.len() / 2);
        while !rest.is_char_boundary(at) {
            at -= 1;
        }
        let (piece, after) = rest.split_at(at);
        pieces.push(piece.to_owned());
        rest = after;
    }
    pieces.push(rest.to_owned());
    pieces
}

fn patterns(piece: &str) -> Vec<Vec<u8>> {
    let mut patterns = Vec::new();
    for spelling in spellings(piece) {
        let pattern = skeleton::of(spelling.as_bytes());
        // After a backslash that belongs to the text before it, the skeleton lacks such a letter.
        if matches!(pattern.first(), Some(b'n' | b'r')) {
            patterns.push(pattern[1..].to_vec());
        }
        patterns.push(pattern);
    }
    patterns.retain(|pattern| pattern.len() >= SHORTEST_PATTERN);
    patterns
}
