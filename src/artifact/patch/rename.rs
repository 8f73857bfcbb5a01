//! Which deleted file came back under another name.

use super::block::is_text;
use super::object::blob_id;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Files this alike, in percent, are taken for one (git's default).
const THRESHOLD: u64 = 50;
/// Content is compared only for files up to this size. Larger ones must be identical. Bytes.
const MAX_BYTES: usize = 1 << 20;
/// Content is compared only while all comparisons together look at no more lines than this.
const MAX_WORK: usize = 20_000_000;
/// Shorter files must be identical: a few common lines prove nothing. Bytes.
const MIN_BYTES: usize = 32;

/// A regular file that was deleted or added.
#[derive(Debug)]
pub struct RenameCandidate {
    index: usize,
    id: String,
    size: usize,
    executable: bool,
    /// Bytes by line; `None` if only identity counts.
    lines: Option<HashMap<u64, u64>>,
}

impl RenameCandidate {
    /// `index` is the caller's own name for the file.
    pub fn new(index: usize, bytes: &[u8], executable: bool) -> Self {
        let comparable = (MIN_BYTES..=MAX_BYTES).contains(&bytes.len()) && is_text(bytes);
        let lines = comparable.then(|| {
            let mut lines = HashMap::new();
            for line in bytes.split_inclusive(|b| *b == b'\n') {
                *lines.entry(hash(line)).or_insert(0) += line.len() as u64;
            }
            lines
        });
        RenameCandidate { index, id: blob_id(bytes), size: bytes.len(), executable, lines }
    }
}

/// `from` and `to` are the candidates' indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rename {
    pub from: usize,
    pub to: usize,
    /// Percent; 100 for identical content.
    pub similarity: u8,
}

/// Pairs each deleted file with at most one added file: identical content first, in the order
/// given (an empty file is never a rename), then the most similar.
pub fn detect_renames(deleted: Vec<RenameCandidate>, added: Vec<RenameCandidate>) -> Vec<Rename> {
    let mut renames = Vec::new();
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, candidate) in deleted.iter().enumerate().filter(|(_, c)| c.size > 0).rev() {
        by_id.entry(&candidate.id).or_default().push(i);
    }
    let mut used = vec![false; deleted.len()];
    let mut open = Vec::new();
    for to in &added {
        match by_id.get_mut(to.id.as_str()).and_then(Vec::pop) {
            Some(from) => {
                used[from] = true;
                renames.push(Rename { from: deleted[from].index, to: to.index, similarity: 100 });
            }
            None => open.push(to),
        }
    }
    let gone: Vec<_> = deleted.iter().zip(used).filter(|(_, used)| !used).map(|(c, _)| c).collect();
    renames.extend(similar(&gone, &open));
    renames
}

fn similar(gone: &[&RenameCandidate], open: &[&RenameCandidate]) -> Vec<Rename> {
    let lines = |all: &[&RenameCandidate]| -> usize {
        all.iter().map(|c| 1 + c.lines.as_ref().map_or(0, HashMap::len)).sum()
    };
    let work = (lines(gone).saturating_mul(open.len())).min(lines(open).saturating_mul(gone.len()));
    if work > MAX_WORK {
        return Vec::new();
    }
    let mut scored = Vec::new();
    for from in gone {
        for to in open {
            if let Some(percent) = similarity(from, to) {
                let mode_differs = from.executable != to.executable;
                scored.push((std::cmp::Reverse(percent), mode_differs, from.index, to.index));
            }
        }
    }
    scored.sort_unstable();
    let mut renames: Vec<Rename> = Vec::new();
    let (mut from_used, mut to_used) = (HashSet::new(), HashSet::new());
    for (percent, _, from, to) in scored {
        if !from_used.contains(&from) && !to_used.contains(&to) {
            from_used.insert(from);
            to_used.insert(to);
            renames.push(Rename { from, to, similarity: percent.0 });
        }
    }
    renames
}

/// How much of the larger file's bytes lies in lines that both have.
fn similarity(a: &RenameCandidate, b: &RenameCandidate) -> Option<u8> {
    let larger = a.size.max(b.size) as u64;
    if (a.size.min(b.size) as u64) * 100 < larger * THRESHOLD {
        return None;
    }
    let (a, b) = (a.lines.as_ref()?, b.lines.as_ref()?);
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let common: u64 = a.iter().map(|(line, bytes)| b.get(line).map_or(0, |n| *n.min(bytes))).sum();
    let percent = common * 100 / larger;
    // Only identical files are 100 percent alike.
    (percent >= THRESHOLD).then_some(percent.min(99) as u8)
}

fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}
