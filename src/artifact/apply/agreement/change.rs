//! The blocks of a row do what the row says, and nothing else.

use crate::artifact::apply::rows::ChangedRow;
use crate::artifact::digest::is_sha256_hex;
use crate::artifact::patch::{Content, FilePatch, GitMode};

type Checked = Result<(), &'static str>;

const OTHER_STATUS: &str = "the patch does not do what the status says";
const OTHER_KIND: &str = "the patch makes or removes another kind of file";
const OTHER_MODE: &str = "the patch gives another mode than the row";

/// A row of our making: everything that we write is there, and nothing that we do not.
pub fn check(row: &ChangedRow, blocks: &[&FilePatch]) -> Checked {
    if row.omitted.is_some() {
        return match (blocks.is_empty(), &row.patch_path) {
            (true, None) => Ok(()),
            _ => Err("the patch has a change that is said to be left out"),
        };
    }
    let (before, after) = (Side::before(row)?, Side::after(row)?);
    match (row.status.as_deref(), blocks) {
        (_, []) => return Err("the patch does not have the change"),
        (Some("added"), [block]) => creation(block, before, after)?,
        (Some("deleted"), [block]) => deletion(block, before, after)?,
        (Some("modified"), [block]) if before == Side::Directory => creation(block, Side::Nothing, after)?,
        (Some("modified"), [block]) if after == Side::Directory => deletion(block, before, Side::Nothing)?,
        (Some("modified"), [block]) if !block.is_rename() => change(block, before, after)?,
        (Some("modified"), [gone, come]) => {
            deletion(gone, before, Side::Nothing)?;
            creation(come, Side::Nothing, after)?;
        }
        (Some("renamed"), [block]) if block.is_rename() => {
            if block.old_path.is_none() || block.old_path != row.renamed_patch_path() {
                return Err("the patch moves another file than renamedFrom");
            }
            change(block, before, after)?;
        }
        _ => return Err(OTHER_STATUS),
    }
    if row.renamed_from.is_some() != (row.status.as_deref() == Some("renamed")) {
        return Err("renamedFrom and status disagree");
    }
    check_kind(row, before, after)?;
    // A marker can have another number of lines than the secret had. Such a row is never applied.
    if row.redacted { Ok(()) } else { check_lines(row, blocks, before) }
}

/// What a row says of the file on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Nothing,
    Directory,
    File(GitMode),
}

impl Side {
    fn before(row: &ChangedRow) -> Result<Side, &'static str> {
        Side::of(row.before_mode.as_deref(), row.before_sha256.as_deref())
    }

    fn after(row: &ChangedRow) -> Result<Side, &'static str> {
        Side::of(row.after_mode.as_deref(), row.after_sha256.as_deref())
    }

    fn of(mode: Option<&str>, sha256: Option<&str>) -> Result<Side, &'static str> {
        let octal = |mode: &str| mode.len() == 6 && mode.bytes().all(|b| matches!(b, b'0'..=b'7'));
        let mode = match mode {
            None => None,
            Some(mode) if octal(mode) => u32::from_str_radix(mode, 8).ok(),
            Some(_) => return Err("a mode is none"),
        };
        let has_hash = match sha256 {
            None => false,
            Some(sha256) if is_sha256_hex(sha256) => true,
            Some(_) => return Err("a hash is none"),
        };
        match (mode.map(|mode| (mode & 0o170_000, mode & 0o100)), has_hash) {
            (None, false) => Ok(Side::Nothing),
            (Some((0o040_000, _)), false) => Ok(Side::Directory),
            (Some((0o100_000, 0)), true) => Ok(Side::File(GitMode::Regular)),
            (Some((0o100_000, _)), true) => Ok(Side::File(GitMode::Executable)),
            (Some((0o120_000, _)), true) => Ok(Side::File(GitMode::Symlink)),
            _ => Err("mode and hash of one side disagree"),
        }
    }
}

fn creation(block: &FilePatch, before: Side, after: Side) -> Checked {
    match (&block.old_path, &block.new_path, before, after) {
        (None, Some(_), Side::Nothing, Side::File(mode)) => same_mode(block.new_mode, Some(mode)),
        _ => Err(OTHER_STATUS),
    }
}

fn deletion(block: &FilePatch, before: Side, after: Side) -> Checked {
    match (&block.old_path, &block.new_path, before, after) {
        (Some(_), None, Side::File(mode), Side::Nothing) => same_mode(block.old_mode, Some(mode)),
        _ => Err(OTHER_STATUS),
    }
}

fn change(block: &FilePatch, before: Side, after: Side) -> Checked {
    let (Some(_), Some(_), Side::File(before), Side::File(after)) =
        (&block.old_path, &block.new_path, before, after)
    else {
        return Err(OTHER_STATUS);
    };
    if before.is_symlink() != after.is_symlink() {
        return Err(OTHER_KIND);
    }
    match (block.old_mode, block.new_mode) {
        (None, None) if before == after => Ok(()),
        modes => same_mode(modes.0, Some(before)).and_then(|()| same_mode(modes.1, Some(after))),
    }
}

fn same_mode(of_block: Option<GitMode>, of_row: Option<GitMode>) -> Checked {
    let is_symlink = |mode: Option<GitMode>| mode.map(GitMode::is_symlink);
    match of_block == of_row {
        true => Ok(()),
        false if of_block.is_some() && is_symlink(of_block) != is_symlink(of_row) => Err(OTHER_KIND),
        false => Err(OTHER_MODE),
    }
}

/// `kind` is of what is there afterwards, or was if nothing is.
fn check_kind(row: &ChangedRow, before: Side, after: Side) -> Checked {
    let side = if after == Side::Nothing { before } else { after };
    let kind = match side {
        Side::File(GitMode::Symlink) => "symlink",
        Side::File(_) => "file",
        Side::Directory => "directory",
        Side::Nothing => return Err(OTHER_STATUS),
    };
    if row.kind.as_deref() == Some(kind) { Ok(()) } else { Err(OTHER_KIND) }
}

/// How many lines the patch takes from and gives to a file of text is what a reviewer was told.
fn check_lines(row: &ChangedRow, blocks: &[&FilePatch], before: Side) -> Checked {
    let lines = Lines::of(blocks);
    let told = [row.before_lines, row.replaced_lines, row.added_lines];
    if row.binary {
        // A symlink is text, whatever the file is that takes its place.
        let silent = told.iter().all(Option::is_none) && (lines.binary || !lines.hunks);
        return if silent { Ok(()) } else { Err("binary: the patch changes lines of text") };
    }
    let had_text = matches!(before, Side::File(_));
    if lines.binary
        || row.replaced_lines.unwrap_or_default() != lines.replaced
        || row.added_lines.unwrap_or_default() != lines.added
    {
        return Err("the patch changes another number of lines");
    }
    match row.before_lines {
        Some(before) if had_text && lines.last <= before => Ok(()),
        None if !had_text => Ok(()),
        _ => Err("beforeLines is not how many lines there were"),
    }
}

/// What the blocks of one row do to lines.
#[derive(Debug, Default)]
struct Lines {
    replaced: u64,
    added: u64,
    /// The last line of the old file that is named.
    last: u64,
    hunks: bool,
    binary: bool,
}

impl Lines {
    fn of(blocks: &[&FilePatch]) -> Lines {
        let mut all = Lines::default();
        for block in blocks {
            let hunks = match &block.content {
                Content::Same => continue,
                Content::Literal { .. } => {
                    all.binary = true;
                    continue;
                }
                Content::Hunks(hunks) => hunks,
            };
            all.hunks = true;
            for hunk in hunks {
                let (first, count) = hunk.old;
                all.last = all.last.max((first + count.saturating_sub(1)) as u64);
                all.replaced += hunk.lines.iter().filter(|line| line.sign == b'-').count() as u64;
                all.added += hunk.lines.iter().filter(|line| line.sign == b'+').count() as u64;
            }
        }
        all
    }
}

/// A row of another making: what it says must be so, and it may be silent. `row_of`: the row of a name
/// in the patch.
pub fn check_foreign<'r>(
    row: &ChangedRow,
    blocks: &[&FilePatch],
    row_of: impl Fn(&[u8]) -> Option<&'r ChangedRow>,
) -> Checked {
    if blocks.iter().any(|block| block.path() != blocks[0].path()) {
        return Err("the patch has both names that the row could have there");
    }
    let comes_back = blocks.iter().any(|block| block.old_path.is_none());
    for block in blocks {
        if block.is_rename() {
            let source = block.old_path.as_deref().and_then(&row_of);
            match (&row.renamed_from, source) {
                (Some(_), _) if row.status.as_deref() != Some("renamed") => {
                    return Err("the patch moves a file, the status is not renamed");
                }
                (None, Some(source)) => may_go(source)?,
                _ => {}
            }
        }
        match block.new_path {
            None if comes_back => {}
            None => may_go(row)?,
            Some(_) => may_come(row, block)?,
        }
    }
    let lines = Lines::of(blocks);
    let differs = |stated: Option<u64>, actual| stated.is_some_and(|stated| stated != actual);
    if !blocks.is_empty()
        && (differs(row.replaced_lines, lines.replaced) || differs(row.added_lines, lines.added))
    {
        return Err("the patch changes another number of lines");
    }
    Ok(())
}

fn may_go(row: &ChangedRow) -> Checked {
    match row.after_sha256.is_some() || row.status.is_some() && !row.makes_room() {
        true => Err("the patch deletes a file that the row keeps"),
        false => Ok(()),
    }
}

fn may_come(row: &ChangedRow, block: &FilePatch) -> Checked {
    if row.is_deletion() {
        return Err("the patch keeps a file whose status is deleted");
    }
    let is_new = row.status.as_deref() == Some("added");
    if is_new && block.old_path.is_some() && !block.is_rename() {
        return Err(OTHER_STATUS);
    }
    let stated = row.after_mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
    let (Some(stated), Some(mode)) = (stated, block.new_mode) else { return Ok(()) };
    let is_other_type = stated & 0o170_000 != 0 && (stated & 0o170_000 == 0o120_000) != mode.is_symlink();
    match (is_other_type, mode) {
        (true, _) => Err(OTHER_KIND),
        (_, GitMode::Symlink) => Ok(()),
        (_, mode) if (stated & 0o100 != 0) != (mode == GitMode::Executable) => Err(OTHER_MODE),
        _ => Ok(()),
    }
}
