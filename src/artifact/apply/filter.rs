//! The part of a patch that concerns some files, and nothing else.

use super::error::ApplyError;
use super::rows::ChangedRow;
use crate::artifact::patch::{FilePatch, check_conflicts, parse};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The blocks of `patch` that are of these rows, unchanged and in their order.
///
/// A block is kept if its file is one of the rows', and only if every path that it touches is: a
/// block that moves a file which is not approved is not kept by half, it is refused. That rows and
/// blocks agree has been verified; `others` are the rows that are not approved.
pub fn filter(patch: &[u8], rows: &[ChangedRow], others: &[&ChangedRow]) -> Result<Vec<u8>, ApplyError> {
    let blocks = parse(patch)?;
    if blocks.is_empty() {
        return Err(ApplyError::Unfilterable("it has no blocks".into()));
    }
    let names = Names::of(rows)?;
    names.are_not_of(others)?;
    let mut found = HashSet::new();
    let mut torn = BTreeSet::new();
    let mut kept: Vec<FilePatch> = Vec::new();
    let total = blocks.len();
    for block in blocks {
        let of: Vec<usize> = block.paths().filter_map(|path| names.main.get(path).copied()).collect();
        if of.is_empty() {
            continue;
        }
        if block.paths().all(|path| names.covered.contains(path)) {
            // A file that moves to a name which is not approved is not moved by half.
            if !names.main.contains_key(block.path()) {
                torn.extend(of);
                continue;
            }
            found.extend(of);
            kept.push(block);
        } else {
            torn.extend(of);
        }
    }
    let lost = |row: &usize| !found.contains(row) || torn.contains(row);
    let lost: Vec<String> = (0..rows.len()).filter(lost).map(|i| rows[i].path.clone()).collect();
    if !lost.is_empty() {
        return Err(ApplyError::NotInPatch(lost));
    }
    check_conflicts(&kept)?;
    let filtered = match kept.len() == total {
        true => patch.to_vec(),
        false => kept.iter().flat_map(|block| &patch[block.span.clone()]).copied().collect(),
    };
    if filtered.trim_ascii().is_empty() {
        return Err(ApplyError::Empty);
    }
    Ok(filtered)
}

/// What the approved files are called in the patch.
struct Names {
    /// The row that a path belongs to.
    main: HashMap<Vec<u8>, usize>,
    /// These, and the names from which approved files were moved.
    covered: HashSet<Vec<u8>>,
}

impl Names {
    fn of(rows: &[ChangedRow]) -> Result<Names, ApplyError> {
        let mut names = Names { main: HashMap::new(), covered: HashSet::new() };
        let mut nameless = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            let paths = row.patch_paths();
            if paths.is_empty() {
                nameless.push(row.path.clone());
            }
            for path in paths {
                names.covered.insert(path.clone());
                if names.main.insert(path.clone(), i).is_some_and(|other| other != i) {
                    return Err(two_files(&path));
                }
            }
            names.covered.extend(row.renamed_patch_path());
        }
        match nameless.is_empty() {
            true => Ok(names),
            false if rows.iter().any(ChangedRow::is_carried) => Err(ApplyError::NotInPatch(nameless)),
            false => Err(ApplyError::NoPatchPath(nameless)),
        }
    }

    /// A block whose name could be that of a file which is not approved is nobody's.
    fn are_not_of(&self, others: &[&ChangedRow]) -> Result<(), ApplyError> {
        let mut shared = others.iter().flat_map(|row| row.patch_paths());
        match shared.find(|path| self.main.contains_key(path)) {
            None => Ok(()),
            Some(path) => Err(two_files(&path)),
        }
    }
}

fn two_files(path: &[u8]) -> ApplyError {
    ApplyError::Unfilterable(format!("{:?} stands for two files in it", String::from_utf8_lossy(path)))
}
