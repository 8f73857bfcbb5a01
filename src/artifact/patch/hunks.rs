//! Line differences as unified hunks with three lines of context.

use similar::{Algorithm, DiffOp};
use std::collections::HashMap;
use std::time::{Duration, Instant};

const CONTEXT: usize = 3;

/// Beyond this many differing lines on both sides together the changed region is replaced as a
/// whole: the search for a short difference could take quadratic time.
const MAX_LINES: usize = 200_000;

/// The wall-clock time that all differences of one patch may take together. When it is used up,
/// what is left is written as whole-region replacements: longer, and still exact.
#[derive(Debug)]
pub struct DiffBudget {
    left: Duration,
}

impl DiffBudget {
    pub fn new(total: Duration) -> Self {
        DiffBudget { left: total }
    }
}

impl Default for DiffBudget {
    fn default() -> Self {
        DiffBudget::new(Duration::from_secs(10))
    }
}

/// A run of lines that differ: `old.0..old.1` is replaced by `new.0..new.1`.
#[derive(Debug, Clone, Copy)]
struct Edit {
    old: (usize, usize),
    new: (usize, usize),
}

/// The hunks that turn `old` into `new`; nothing if they are equal.
pub fn unified(old: &[u8], new: &[u8], budget: &mut DiffBudget) -> Vec<u8> {
    let old: Vec<&[u8]> = lines(old);
    let new: Vec<&[u8]> = lines(new);
    let edits = edits(&old, &new, budget);
    let mut out = Vec::new();
    let mut rest = edits.as_slice();
    while !rest.is_empty() {
        let joined = rest.windows(2).take_while(|pair| pair[1].old.0 - pair[0].old.1 <= 2 * CONTEXT).count();
        let (hunk, later) = rest.split_at(joined + 1);
        write_hunk(&old, &new, hunk, &mut out);
        rest = later;
    }
    out
}

/// Split after each line feed; the last line may lack it.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|b| *b == b'\n').collect()
}

fn edits(old: &[&[u8]], new: &[&[u8]], budget: &mut DiffBudget) -> Vec<Edit> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let (a, b) = (&old[head..old_end], &new[head..new_end]);
    let whole = Edit { old: (head, old_end), new: (head, new_end) };
    if a.is_empty() && b.is_empty() {
        return Vec::new();
    }
    if a.is_empty() || b.is_empty() || a.len() + b.len() > MAX_LINES || budget.left.is_zero() {
        return vec![whole];
    }

    let mut names = HashMap::new();
    let a: Vec<u32> = a.iter().map(|line| number(&mut names, line)).collect();
    let b: Vec<u32> = b.iter().map(|line| number(&mut names, line)).collect();

    let started = Instant::now();
    let ops = similar::capture_diff_slices_deadline(Algorithm::Myers, &a, &b, Some(started + budget.left));
    budget.left = budget.left.saturating_sub(started.elapsed());

    // Only the lengths are used: the position that an insertion names in the old text (and a
    // deletion in the new) is not kept up to date by the library when it tidies its result.
    let (mut old_at, mut new_at) = (head, head);
    let mut edits: Vec<Edit> = Vec::new();
    for op in ops {
        let (o, n) = (op.old_range().len(), op.new_range().len());
        let edit = Edit { old: (old_at, old_at + o), new: (new_at, new_at + n) };
        (old_at, new_at) = (edit.old.1, edit.new.1);
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        match edits.last_mut() {
            Some(last) if last.old.1 == edit.old.0 && last.new.1 == edit.new.0 => {
                last.old.1 = old_at;
                last.new.1 = new_at;
            }
            _ => edits.push(edit),
        }
    }
    edits
}

/// Equal lines get equal numbers.
fn number<'a>(names: &mut HashMap<&'a [u8], u32>, line: &'a [u8]) -> u32 {
    let next = names.len() as u32;
    *names.entry(line).or_insert(next)
}

fn write_hunk(old: &[&[u8]], new: &[&[u8]], edits: &[Edit], out: &mut Vec<u8>) {
    let (first, last) = (edits[0], edits[edits.len() - 1]);
    let before = first.old.0.min(CONTEXT);
    let after = (old.len() - last.old.1).min(CONTEXT);
    let old_range = (first.old.0 - before, last.old.1 + after);
    let new_range = (first.new.0 - before, last.new.1 + after);
    out.extend(format!("@@ -{} +{} @@\n", range(old_range), range(new_range)).bytes());

    let mut at = old_range.0;
    for edit in edits {
        old[at..edit.old.0].iter().for_each(|l| line(b' ', l, out));
        old[edit.old.0..edit.old.1].iter().for_each(|l| line(b'-', l, out));
        new[edit.new.0..edit.new.1].iter().for_each(|l| line(b'+', l, out));
        at = edit.old.1;
    }
    old[at..old_range.1].iter().for_each(|l| line(b' ', l, out));
}

/// `first,count`; an empty range names the line before it, and a count of one is left out.
fn range((from, to): (usize, usize)) -> String {
    match to - from {
        0 => format!("{from},0"),
        1 => format!("{}", from + 1),
        n => format!("{},{n}", from + 1),
    }
}

fn line(sign: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(sign);
    out.extend(text);
    if !text.ends_with(b"\n") {
        out.extend(b"\n\\ No newline at end of file\n");
    }
}
