//! What no two blocks of one patch may do together.

use super::object::GitMode;
use super::parse::{FilePatch, PatchError};
use std::collections::{HashMap, HashSet};

/// Refuses patches whose meaning depends on the order or on the file system: a path touched twice
/// (but for a file that turns into a symlink or back: gone and come), and anything beneath a
/// symlink that the patch makes, moves or may move (CVE-2023-23946), also where only case tells the
/// names apart (CVE-2024-32002), and a file beneath another that is there afterwards.
pub fn check_conflicts(blocks: &[FilePatch]) -> Result<(), PatchError> {
    let conflict = |path: &[u8]| PatchError::Conflict(String::from_utf8_lossy(path).into_owned());
    let mut left: HashSet<&[u8]> = HashSet::new();
    let mut made: HashSet<&[u8]> = HashSet::new();
    for block in blocks {
        let (old, new) = (block.old_path.as_deref(), block.new_path.as_deref());
        if let Some(old) = old.filter(|_| new.is_none() || block.is_rename())
            && !left.insert(old)
        {
            return Err(conflict(old));
        }
        if let Some(new) = new
            && !made.insert(new)
        {
            return Err(conflict(new));
        }
    }
    // A path that is left and made: only as deletion first, creation second.
    let all = blocks.iter().enumerate();
    let deletions = all.clone().filter(|(_, b)| b.new_path.is_none());
    let deletions: HashMap<&[u8], usize> = deletions.map(|(i, b)| (b.path(), i)).collect();
    for (i, block) in all {
        let Some(new) = block.new_path.as_deref().filter(|new| left.contains(new)) else { continue };
        let replaces = block.old_path.is_none() && deletions.get(new).is_some_and(|d| *d < i);
        if !replaces {
            return Err(conflict(new));
        }
    }
    // A symlink's name, before or after, is no directory for any other block.
    let links: HashSet<Vec<u8>> = blocks
        .iter()
        .filter(|b| {
            b.new_mode.is_some_and(GitMode::is_symlink)
                || b.is_rename() && b.old_mode.is_none_or(GitMode::is_symlink)
        })
        .filter(|b| b.new_path.is_some())
        .flat_map(|b| b.paths().map(fold))
        .collect();
    for path in blocks.iter().filter(|b| b.new_path.is_some()).flat_map(FilePatch::paths) {
        if directories_above(&fold(path)).any(|above| links.contains(above)) {
            return Err(conflict(path));
        }
    }
    let files: HashSet<Vec<u8>> = made.iter().map(|path| fold(path)).collect();
    match made.iter().find(|path| directories_above(&fold(path)).any(|above| files.contains(above))) {
        Some(path) => Err(conflict(path)),
        None => Ok(()),
    }
}

/// The directories that a path is beneath, the outermost first.
pub fn directories_above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(slash, _)| &path[..slash])
}

/// The name as a file system that ignores case sees it.
fn fold(path: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(path) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => path.to_ascii_lowercase(),
    }
}
