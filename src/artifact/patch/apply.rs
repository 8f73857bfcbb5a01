//! Carrying one block out on the content of one file: exactly, without fuzz.

use super::binary::{MAX_LITERAL, decode_literal};
use super::object::{NO_BLOB, blob_id};
use super::parse::{Content, FilePatch, Hunk};

/// Why a block does not fit a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// The file is not the one that the patch was made for. Make the patch again.
    #[error("the file is not the one that the patch was made for")]
    OtherBase,
    /// The hunk at this line of the file does not find its lines there.
    #[error("the lines at {0} are not those that the patch expects")]
    OtherLines(usize),
    /// The result is not the one that the patch promises, or its binary content is damaged.
    #[error("the patch does not give the content that it promises")]
    OtherResult,
    /// The binary content says that it is larger than any that is inflated.
    #[error("its binary content would have {0} bytes; at most {MAX_LITERAL} are inflated")]
    TooLarge(u64),
}

/// The content afterwards. `old` is empty for a file that comes into being; the result is empty
/// for one that goes.
pub fn apply(patch: &[u8], block: &FilePatch, old: &[u8]) -> Result<Vec<u8>, Misfit> {
    if let Some((before, _)) = &block.ids
        && !is_blob(before, block.old_path.as_ref().map(|_| old))
    {
        return Err(Misfit::OtherBase);
    }
    let new = match &block.content {
        Content::Same if block.new_path.is_none() && !old.is_empty() => return Err(Misfit::OtherBase),
        Content::Same => old.to_vec(),
        Content::Hunks(hunks) => apply_hunks(patch, hunks, old)?,
        Content::Literal { lines, size } => {
            // A binary patch without ids could be put over any file.
            if block.ids.is_none() {
                return Err(Misfit::OtherBase);
            }
            if *size > MAX_LITERAL {
                return Err(Misfit::TooLarge(*size));
            }
            let lines = patch[lines.clone()].split(|b| *b == b'\n').filter(|l| !l.is_empty());
            decode_literal(lines, *size).ok_or(Misfit::OtherResult)?
        }
    };
    if let Some((_, after)) = &block.ids
        && !is_blob(after, block.new_path.as_ref().map(|_| new.as_slice()))
    {
        return Err(Misfit::OtherResult);
    }
    if block.new_path.is_none() && !new.is_empty() {
        return Err(Misfit::OtherResult);
    }
    Ok(new)
}

/// Whether an id, perhaps shortened, is that of these bytes; of no file, if there are none.
fn is_blob(id: &str, bytes: Option<&[u8]>) -> bool {
    let actual = bytes.map_or_else(|| NO_BLOB.to_owned(), blob_id);
    // Repositories with sha256 ids: nothing to compare with, the lines decide.
    id.len() > actual.len() || actual.starts_with(id)
}

fn apply_hunks(patch: &[u8], hunks: &[Hunk], old: &[u8]) -> Result<Vec<u8>, Misfit> {
    let mut lines = Lines { rest: old, number: 0 };
    let mut new = Vec::with_capacity(old.len());
    for hunk in hunks {
        // An empty range names the line before it.
        let first = if hunk.old.1 == 0 { hunk.old.0 } else { hunk.old.0 - 1 };
        new.extend_from_slice(lines.up_to(first).ok_or(Misfit::OtherLines(hunk.old.0))?);
        for line in &hunk.lines {
            let text = &patch[line.text.clone()];
            if line.sign != b'+' && lines.next() != Some(text) {
                return Err(Misfit::OtherLines(lines.number));
            }
            if line.sign != b'-' {
                // Only the last line of a file may lack its line feed.
                if !new.is_empty() && !new.ends_with(b"\n") {
                    return Err(Misfit::OtherResult);
                }
                new.extend_from_slice(text);
            }
        }
    }
    if !lines.rest.is_empty() && !new.is_empty() && !new.ends_with(b"\n") {
        return Err(Misfit::OtherResult);
    }
    new.extend_from_slice(lines.rest);
    Ok(new)
}

/// The lines of a file, with their line feeds, without a list of them: a file of line feeds has as
/// many lines as bytes.
struct Lines<'a> {
    rest: &'a [u8],
    /// Of the line that was last looked at, from 1.
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        self.number += 1;
        let end = self.rest.iter().position(|b| *b == b'\n').map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!line.is_empty()).then_some(line)
    }

    /// What comes before the line after this many; `None` if there are fewer, or we are beyond.
    fn up_to(&mut self, count: usize) -> Option<&'a [u8]> {
        let before = self.rest;
        for _ in 0..count.checked_sub(self.number)? {
            self.next()?;
        }
        Some(&before[..before.len() - self.rest.len()])
    }
}
