//! Reading a patch: strictly, by counting the lines of each hunk, so that content which looks like
//! a header is content.

use super::object::GitMode;
use super::{dotgit, quote};
use std::ops::Range;

/// A patch may have this many blocks.
const MAX_BLOCKS: usize = 100_000;
/// And its hunks so many lines: of an empty line, what we keep of it is many times its size.
const MAX_LINES: usize = 4_000_000;

/// Why a patch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// It is not a patch in git's format, or one with parts that we do not apply: copies, deltas
    /// without their content, fuzz. Make it again with `git diff --binary`.
    #[error("line {line} of the patch: {why}")]
    Malformed { line: usize, why: &'static str },

    /// It has more files or more lines than are read. Make several patches.
    #[error("line {line} of the patch: {why}")]
    TooLarge { line: usize, why: &'static str },

    /// A path leaves the tree, or reaches into git's own directory. Never applied.
    #[error("the patch names {0:?}, which no patch may touch")]
    UnsafePath(String),

    /// Two blocks cannot both be meant: they touch one path, or one lies beneath a symlink that
    /// the other makes. Never applied.
    #[error("the patch touches {0:?} in two ways")]
    Conflict(String),
}

/// One file's block, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePatch {
    /// Where in the patch the block is.
    pub span: Range<usize>,
    /// `None` for a file that comes into being.
    pub old_path: Option<Vec<u8>>,
    /// `None` for a file that goes.
    pub new_path: Option<Vec<u8>>,
    /// Modes where the block names them.
    pub old_mode: Option<GitMode>,
    pub new_mode: Option<GitMode>,
    /// Git's blob ids, as long as the block gives them.
    pub ids: Option<(String, String)>,
    pub content: Content,
}

/// What the block says of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It stays, or is empty.
    Same,
    Hunks(Vec<Hunk>),
    /// The bytes afterwards, in a binary patch: where its lines are, and the inflated size.
    Literal {
        lines: Range<usize>,
        size: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// First line and count, from 1; a count of 0 names the line before.
    pub old: (usize, usize),
    pub new: (usize, usize),
    /// The lines with their signs, in the patch.
    pub lines: Vec<HunkLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HunkLine {
    /// ` `, `-` or `+`.
    pub sign: u8,
    /// The text in the patch, with its line feed unless the file has none there.
    pub text: Range<usize>,
}

impl FilePatch {
    pub fn is_rename(&self) -> bool {
        matches!((&self.old_path, &self.new_path), (Some(old), Some(new)) if old != new)
    }

    /// Every path that the block touches.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        let new = self.new_path.as_deref().filter(|new| self.old_path.as_deref() != Some(*new));
        self.old_path.as_deref().into_iter().chain(new)
    }

    /// The path afterwards, or before if the file goes.
    pub fn path(&self) -> &[u8] {
        self.new_path.as_deref().or(self.old_path.as_deref()).unwrap_or_default()
    }
}

/// Reads all blocks of a patch. Blank lines between them are allowed, nothing else.
pub fn parse(patch: &[u8]) -> Result<Vec<FilePatch>, PatchError> {
    let mut reader = Reader { patch, at: 0, line: 1, hunk_lines: 0 };
    let mut blocks = Vec::new();
    loop {
        while reader.peek() == Some(b"\n") {
            reader.next();
        }
        if reader.peek().is_none() {
            break;
        }
        if blocks.len() == MAX_BLOCKS {
            return Err(PatchError::TooLarge { line: reader.line, why: "too many files" });
        }
        let block = block(&mut reader)?;
        block.paths().try_for_each(check_path)?;
        blocks.push(block);
    }
    Ok(blocks)
}

/// Refuses a path that leaves the tree or is git's own.
pub fn check_path(path: &[u8]) -> Result<(), PatchError> {
    let bad_segment = |s: &[u8]| s.is_empty() || s == b"." || s == b".." || s.contains(&0);
    if path.split(|b| *b == b'/').any(bad_segment) || dotgit::is_git_internal(path) {
        return Err(PatchError::UnsafePath(String::from_utf8_lossy(path).into_owned()));
    }
    Ok(())
}

struct Reader<'a> {
    patch: &'a [u8],
    at: usize,
    /// Of the line that comes next, from 1.
    line: usize,
    /// How many lines of hunks there were.
    hunk_lines: usize,
}

impl<'a> Reader<'a> {
    /// The next line with its line feed.
    fn peek(&self) -> Option<&'a [u8]> {
        let rest = &self.patch[self.at..];
        match rest.iter().position(|b| *b == b'\n') {
            Some(end) => Some(&rest[..=end]),
            None => (!rest.is_empty()).then_some(rest),
        }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.peek()?;
        self.at += line.len();
        self.line += 1;
        Some(line)
    }

    /// The next line's text, if it begins so: without the beginning and the line feed.
    fn take(&mut self, lead: &str) -> Option<&'a [u8]> {
        let rest = self.peek()?.strip_prefix(lead.as_bytes())?;
        self.next();
        Some(rest.strip_suffix(b"\n").unwrap_or(rest))
    }

    fn error(&self, why: &'static str) -> PatchError {
        PatchError::Malformed { line: self.line, why }
    }

    /// An error of the line that was just read.
    fn error_before(&self, why: &'static str) -> PatchError {
        PatchError::Malformed { line: self.line - 1, why }
    }
}

/// What the extended header lines say.
#[derive(Default)]
struct Headers {
    old_mode: Option<GitMode>,
    new_mode: Option<GitMode>,
    created: bool,
    deleted: bool,
    rename: (Option<Vec<u8>>, Option<Vec<u8>>),
    ids: Option<(String, String)>,
}

fn block(reader: &mut Reader<'_>) -> Result<FilePatch, PatchError> {
    let start = reader.at;
    let names = reader.take("diff --git ").ok_or(reader.error("a block begins with `diff --git`"))?;
    let names_error = reader.error_before("the two names cannot be told apart");
    let headers = headers(reader)?;

    let renamed = match headers.rename.clone() {
        (None, None) => None,
        (Some(from), Some(to)) => Some((from, to)),
        _ => return Err(reader.error("a rename needs both names")),
    };
    let named = match &renamed {
        // The line must be what these names give, however it is quoted.
        Some((from, to)) => split_names(names, Some((from.as_slice(), to.as_slice()))),
        None => split_names(names, None),
    };
    let (old, new) = named.ok_or(names_error)?;

    let content = content(reader, &headers, &old, &new)?;
    let (old_mode, new_mode) = (headers.old_mode, headers.new_mode);
    if let (Some(a), Some(b)) = (old_mode, new_mode)
        && a.is_symlink() != b.is_symlink()
    {
        return Err(reader.error("a file does not turn into a symlink in one block"));
    }
    Ok(FilePatch {
        span: start..reader.at,
        old_path: (!headers.created).then_some(old),
        new_path: (!headers.deleted).then_some(new),
        old_mode,
        new_mode,
        ids: headers.ids,
        content,
    })
}

fn headers(reader: &mut Reader<'_>) -> Result<Headers, PatchError> {
    let mut headers = Headers::default();
    loop {
        let mode = |text: &[u8], reader: &Reader<'_>| {
            let mode = std::str::from_utf8(text).ok().and_then(GitMode::parse);
            mode.ok_or(reader.error_before("not a mode that a file may have"))
        };
        if let Some(text) = reader.take("old mode ") {
            headers.old_mode = Some(mode(text, reader)?);
        } else if let Some(text) = reader.take("new mode ") {
            headers.new_mode = Some(mode(text, reader)?);
        } else if let Some(text) = reader.take("deleted file mode ") {
            headers.old_mode = Some(mode(text, reader)?);
            headers.deleted = true;
        } else if let Some(text) = reader.take("new file mode ") {
            headers.new_mode = Some(mode(text, reader)?);
            headers.created = true;
        } else if let Some(text) = reader.take("rename from ") {
            headers.rename.0 = Some(plain_name(text).ok_or(reader.error_before("not a name"))?);
        } else if let Some(text) = reader.take("rename to ") {
            headers.rename.1 = Some(plain_name(text).ok_or(reader.error_before("not a name"))?);
        } else if reader.take("similarity index ").is_some() || reader.take("dissimilarity index ").is_some()
        {
        } else if let Some(text) = reader.take("index ") {
            let ids = index_line(text, &mut headers).ok_or(reader.error_before("not an index line"))?;
            headers.ids = Some(ids);
        } else if reader.peek().is_some_and(|line| line.starts_with(b"copy ")) {
            return Err(reader.error("copies are not applied"));
        } else {
            break;
        }
    }
    if headers.created && headers.deleted
        || headers.rename.0.is_some() && (headers.created || headers.deleted)
    {
        return Err(reader.error("the header contradicts itself"));
    }
    Ok(headers)
}

/// `<old>..<new>[ <mode>]`
fn index_line(text: &[u8], headers: &mut Headers) -> Option<(String, String)> {
    let text = std::str::from_utf8(text).ok()?;
    let (ids, mode) = match text.split_once(' ') {
        Some((ids, mode)) => (ids, Some(GitMode::parse(mode)?)),
        None => (text, None),
    };
    if let Some(mode) = mode {
        headers.old_mode.get_or_insert(mode);
        headers.new_mode.get_or_insert(mode);
    }
    let (old, new) = ids.split_once("..")?;
    let is_id =
        |id: &str| (4..=64).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (is_id(old) && is_id(new)).then(|| (old.to_owned(), new.to_owned()))
}

fn content(
    reader: &mut Reader<'_>,
    headers: &Headers,
    old: &[u8],
    new: &[u8],
) -> Result<Content, PatchError> {
    let Some(line) = reader.peek() else { return Ok(Content::Same) };
    if line.starts_with(b"--- ") {
        let before = reader.take("--- ").unwrap_or_default();
        check_side(before, "a/", old, headers.created)
            .ok_or(reader.error_before("another name than in the header"))?;
        let after = reader.take("+++ ").ok_or(reader.error("`+++` must follow"))?;
        check_side(after, "b/", new, headers.deleted)
            .ok_or(reader.error_before("another name than in the header"))?;
        return hunks(reader).map(Content::Hunks);
    }
    if line == b"GIT binary patch\n" {
        reader.next();
        let content = literal(reader)?;
        // How to go back follows, if it is there.
        if reader.peek().is_some_and(|l| l.starts_with(b"literal ") || l.starts_with(b"delta ")) {
            skip_binary(reader)?;
        }
        return Ok(content);
    }
    if line.starts_with(b"Binary files ") {
        return Err(reader.error("the content of a binary file is not in the patch"));
    }
    Ok(Content::Same)
}

/// `a/name`, `"a/na\303\244me"` or `/dev/null`, perhaps with a tab and a date.
fn check_side(text: &[u8], prefix: &str, name: &[u8], absent: bool) -> Option<()> {
    let found = if text.first() == Some(&b'"') {
        quote::unquote(text)?.0
    } else {
        text.split(|b| *b == b'\t').next().unwrap_or_default().to_vec()
    };
    if absent {
        return (found == b"/dev/null").then_some(());
    }
    (found.strip_prefix(prefix.as_bytes())? == name).then_some(())
}

fn hunks(reader: &mut Reader<'_>) -> Result<Vec<Hunk>, PatchError> {
    let mut hunks: Vec<Hunk> = Vec::new();
    while reader.peek().is_some_and(|line| line.starts_with(b"@@ ")) {
        let hunk = hunk(reader)?;
        if let Some(last) = hunks.last()
            && (hunk.old.0 < last.old.0 + last.old.1 || hunk.new.0 < last.new.0 + last.new.1)
        {
            return Err(reader.error("hunks overlap"));
        }
        hunks.push(hunk);
    }
    if hunks.is_empty() {
        return Err(reader.error("a hunk must follow"));
    }
    Ok(hunks)
}

fn hunk(reader: &mut Reader<'_>) -> Result<Hunk, PatchError> {
    let head = reader.take("@@ -").and_then(hunk_ranges);
    let (old, new) = head.ok_or(reader.error_before("not the head of a hunk"))?;
    let (mut old_left, mut new_left) = (old.1, new.1);
    let mut lines: Vec<HunkLine> = Vec::new();
    loop {
        if reader.peek().is_some_and(|line| line.starts_with(b"\\ ")) {
            // The line before ends the file without a line feed.
            let Some(last) = lines.last_mut().filter(|l| !l.text.is_empty()) else {
                return Err(reader.error("no line stands before this"));
            };
            last.text.end -= 1;
            reader.next();
            continue;
        }
        if old_left == 0 && new_left == 0 {
            return Ok(Hunk { old, new, lines });
        }
        let start = reader.at;
        let Some(line) = reader.next() else {
            return Err(reader.error("the hunk ends early"));
        };
        let (sign, text) = match line {
            // Mailers strip the blank of an empty context line.
            b"\n" => (b' ', start..start + 1),
            [sign @ (b' ' | b'-' | b'+'), ..] => (*sign, start + 1..start + line.len()),
            _ => return Err(reader.error_before("not a line of a hunk")),
        };
        if !line.ends_with(b"\n") {
            return Err(reader.error_before("the patch ends within a line"));
        }
        let takes = (usize::from(sign != b'+'), usize::from(sign != b'-'));
        if takes.0 > old_left || takes.1 > new_left {
            return Err(reader.error_before("more lines than the head of the hunk says"));
        }
        reader.hunk_lines += 1;
        if reader.hunk_lines > MAX_LINES {
            return Err(PatchError::TooLarge { line: reader.line, why: "too many lines" });
        }
        old_left -= takes.0;
        new_left -= takes.1;
        lines.push(HunkLine { sign, text });
    }
}

/// `1,2 +3,4 @@…`
fn hunk_ranges(text: &[u8]) -> Option<((usize, usize), (usize, usize))> {
    let end = text.windows(3).position(|w| w == b" @@")?;
    let text = std::str::from_utf8(&text[..end]).ok()?;
    let (old, new) = text.split_once(" +")?;
    let range = |text: &str| {
        let (first, count) = text.split_once(',').unwrap_or((text, "1"));
        let number = |t: &str| {
            (t.len() <= 9 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<usize>().ok())?
        };
        let (first, count) = (number(first)?, number(count)?);
        (first > 0 || count == 0).then_some((first, count))
    };
    Some((range(old)?, range(new)?))
}

fn literal(reader: &mut Reader<'_>) -> Result<Content, PatchError> {
    let size =
        reader.take("literal ").ok_or(reader.error("only whole binary content is applied, no delta"))?;
    let size = std::str::from_utf8(size).ok().and_then(|t| t.parse().ok());
    let size = size.ok_or(reader.error_before("not a size"))?;
    let start = reader.at;
    while reader.peek().is_some_and(|line| line != b"\n") {
        reader.next();
    }
    let lines = start..reader.at;
    reader.next().ok_or(reader.error("a blank line must follow"))?;
    Ok(Content::Literal { lines, size })
}

fn skip_binary(reader: &mut Reader<'_>) -> Result<(), PatchError> {
    reader.next();
    while reader.peek().is_some_and(|line| line != b"\n") {
        reader.next();
    }
    reader.next().map(drop).ok_or(reader.error("a blank line must follow"))
}

/// A name that stands alone on a line.
fn plain_name(text: &[u8]) -> Option<Vec<u8>> {
    if text.first() == Some(&b'"') {
        quote::unquote(text).filter(|(_, taken)| *taken == text.len()).map(|(name, _)| name)
    } else {
        Some(text.to_vec())
    }
}

/// The two names of a `diff --git` line, without `a/` and `b/`. If they are not known, they must be
/// equal: only a rename has two.
fn split_names(text: &[u8], known: Option<(&[u8], &[u8])>) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut splits = Vec::new();
    if text.first() == Some(&b'"') {
        let (first, taken) = quote::unquote(text)?;
        splits.push((first, plain_name(text.get(taken..)?.strip_prefix(b" ")?)?));
    } else {
        for (at, _) in text.iter().enumerate().filter(|(_, b)| **b == b' ') {
            if let Some(second) = plain_name(&text[at + 1..]) {
                splits.push((text[..at].to_vec(), second));
            }
        }
    }
    splits.into_iter().find_map(|(a, b)| {
        let (a, b) = (a.strip_prefix(b"a/")?, b.strip_prefix(b"b/")?);
        let fits = known.map_or(a == b, |(from, to)| a == from && b == to);
        fits.then(|| (a.to_vec(), b.to_vec()))
    })
}
