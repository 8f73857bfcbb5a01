//! Whether the rows of changed-files.json, whose paths are what gets approved, the blocks of the
//! patch that are written for them, and the mounts that the bundle records speak of the same files
//! and the same changes. Whoever makes a bundle writes all three.
//!
//! In: all rows and all blocks. Out: every disagreement, by its row. A row with a `kind` is of our
//! making, or says so: it is held to exactly what we write. What is absent agrees with nothing.

mod change;
mod names;

pub use names::{Mount, mount_target};

use super::rows::ChangedRow;
use crate::artifact::patch::{FilePatch, directories_above};
use names::Prefixes;
use std::collections::{HashMap, HashSet};

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The row, if it is one row's.
    pub row: Option<usize>,
    pub why: String,
}

/// Holds all rows of a bundle against all blocks of its patch.
pub fn disagreements(rows: &[ChangedRow], blocks: &[FilePatch], mounts: &[Mount]) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let mut add = |row, why: String| found.push(Disagreement { row, why });
    let mut prefixes = Prefixes::default();
    let mut owners: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    let mut paths = HashSet::new();
    let sources: HashSet<&str> = rows.iter().filter_map(|row| row.renamed_from.as_deref()).collect();
    for (i, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_unnamed()) {
        if !paths.insert(row.path.as_str()) || row.kind.is_some() && sources.contains(row.path.as_str()) {
            add(Some(i), "the path is that of another row too".into());
        }
        if let Err(why) = names::check(row, mounts, &mut prefixes) {
            add(Some(i), why.into());
        }
        for name in row.patch_paths() {
            owners.entry(name).or_default().push(i);
        }
    }
    if let Err(why) = prefixes.check() {
        add(None, why.into());
    }
    let mut of_row: Vec<Vec<&FilePatch>> = vec![Vec::new(); rows.len()];
    for block in blocks {
        match owners.get(block.path()).map(Vec::as_slice) {
            Some([row]) => of_row[*row].push(block),
            // Mounts of another making may have files of one name. None of them is applied.
            Some(several) if several.iter().all(|row| rows[*row].kind.is_none()) => {}
            Some(several) => add(several.last().copied(), "another row has its name in the patch".into()),
            None => add(None, format!("no row names {:?}, which the patch changes", shown(block.path()))),
        }
    }
    for (i, (row, blocks)) in rows.iter().zip(&of_row).enumerate() {
        let source = |path: &[u8]| owners.get(path).and_then(|of| of.first()).map(|at| &rows[*at]);
        let checked = match row.kind {
            Some(_) => change::check(row, blocks),
            None => change::check_foreign(row, blocks, source),
        };
        if let Err(why) = checked {
            add(Some(i), why.into());
        }
    }
    let made: HashSet<&[u8]> = blocks.iter().filter_map(|block| block.new_path.as_deref()).collect();
    for path in made.iter().filter(|path| directories_above(path).any(|above| made.contains(above))) {
        add(None, format!("{:?} would be beneath a file", shown(path)));
    }
    found
}

fn shown(path: &[u8]) -> String {
    crate::contract::shown(&String::from_utf8_lossy(path), 200)
}
