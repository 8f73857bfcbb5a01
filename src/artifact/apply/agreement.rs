//! Whether a row of changed-files.json, whose path is what gets approved, and the block of the patch
//! that is written for it speak of one file and one change. Whoever makes a bundle writes both.

use super::error::ApplyError;
use super::rows::ChangedRow;
use crate::artifact::patch::{Content, FilePatch, GitMode};

/// All names in a row are names of the file that its `path` names.
pub fn check_names(row: &ChangedRow) -> Result<(), ApplyError> {
    let path = row.bytes(&row.path);
    let refuse = |field: &str| Err(disagree(row, &format!("{field} names another file")));
    let relative = row.relative();
    if let Some(relative) = &relative {
        let in_mount = |target: &str| {
            let target = row.bytes(target.trim_end_matches('/'));
            // A mount that is itself a file has its own name for a relative path.
            path == target || path == [target.as_slice(), b"/", relative].concat()
        };
        if !ends_in(&path, relative) || !row.mount_target.as_deref().is_none_or(in_mount) {
            return refuse("relativePath");
        }
    }
    // Without a kind `patchPath` says nothing, and nothing is looked up by it.
    if row.kind.is_some()
        && let Some(in_patch) = row.patch_path.as_deref().map(|name| row.bytes(name))
    {
        let agrees = match &relative {
            Some(relative) => ends_in(&in_patch, relative),
            None => ends_in(&path, &in_patch),
        };
        if !agrees {
            return refuse("patchPath");
        }
    }
    Ok(())
}

/// The block does what the row says. `row` is that of the block's path, `old` that of the name from
/// which it moves a file. `made_anew`: another block makes the path again, as where a file becomes
/// a symlink.
pub fn check_block(
    block: &FilePatch,
    row: &ChangedRow,
    old: Option<&ChangedRow>,
    made_anew: bool,
) -> Result<(), ApplyError> {
    if block.is_rename() {
        match (&row.renamed_from, old) {
            (Some(_), _) if row.status.as_deref() != Some("renamed") => {
                return Err(disagree(row, "the patch moves a file, the status is not renamed"));
            }
            (None, Some(old)) => check_deletion(old)?,
            _ => {}
        }
    }
    if block.new_path.is_none() {
        return match made_anew {
            true => Ok(()),
            false => check_deletion(row),
        };
    }
    check_kind(row, block.new_mode, &row.after_mode)?;
    if row.is_deletion() {
        return Err(disagree(row, "the patch keeps a file whose status is deleted"));
    }
    let stated = row.after_mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
    match (stated, block.new_mode) {
        (_, Some(mode)) if mode.is_symlink() => Ok(()),
        (Some(stated), Some(mode)) if (stated & 0o100 != 0) != (mode == GitMode::Executable) => {
            Err(disagree(row, "the patch gives another mode than afterMode"))
        }
        _ => Ok(()),
    }
}

/// How many lines the patch takes from and gives to a file of text is what a reviewer was told.
pub fn check_lines(row: &ChangedRow, lines: &Lines) -> Result<(), ApplyError> {
    let differs = |stated: Option<u64>, actual| stated.is_some_and(|stated| stated != actual);
    let told = row.replaced_lines.is_some() || row.added_lines.is_some();
    if told && lines.binary
        || differs(row.replaced_lines, lines.replaced)
        || differs(row.added_lines, lines.added)
    {
        return Err(disagree(row, "the patch changes another number of lines"));
    }
    Ok(())
}

/// What the blocks of one row do to lines.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    replaced: u64,
    added: u64,
    binary: bool,
}

impl Lines {
    pub fn add(&mut self, block: &FilePatch) {
        match &block.content {
            Content::Same => {}
            Content::Literal { .. } => self.binary = true,
            Content::Hunks(hunks) => {
                for line in hunks.iter().flat_map(|hunk| &hunk.lines) {
                    self.replaced += u64::from(line.sign == b'-');
                    self.added += u64::from(line.sign == b'+');
                }
            }
        }
    }
}

/// A symlink is called one. `stated` is the mode that the row gives to that side.
fn check_kind(row: &ChangedRow, mode: Option<GitMode>, stated: &Option<String>) -> Result<(), ApplyError> {
    let Some(is_link) = mode.map(GitMode::is_symlink) else { return Ok(()) };
    let stated = stated.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
    let type_of = |mode: u32| mode & 0o170_000;
    let other_kind = row.kind.as_deref().is_some_and(|kind| (kind == "symlink") != is_link);
    let other_mode =
        stated.is_some_and(|stated| type_of(stated) != 0 && (type_of(stated) == 0o120_000) != is_link);
    match other_kind || other_mode {
        true => Err(disagree(row, "the patch makes or removes another kind of file")),
        false => Ok(()),
    }
}

fn check_deletion(row: &ChangedRow) -> Result<(), ApplyError> {
    match row.after_sha256.is_some() || row.status.is_some() && !row.makes_room() {
        true => Err(disagree(row, "the patch deletes a file that the row keeps")),
        false => Ok(()),
    }
}

/// Whether the last segments of `path` are `end`.
fn ends_in(path: &[u8], end: &[u8]) -> bool {
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
}

fn disagree(row: &ChangedRow, why: &str) -> ApplyError {
    ApplyError::ChangedFilesInvalid(format!("{}: {why}", row.path))
}
