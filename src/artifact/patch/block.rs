//! One file's part of a patch.

use super::hunks::{self, DiffBudget};
use super::object::{GitMode, NO_BLOB, blob_id};
use super::{binary, quote};

/// A file's state on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub mode: GitMode,
    /// Git's blob id.
    pub id: String,
}

/// How the content changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// It does not.
    None,
    /// Unified hunks.
    Hunks(Vec<u8>),
    /// A `GIT binary patch`, that line included.
    Binary(Vec<u8>),
}

/// One `diff --git` block. Paths are raw bytes without a prefix; they differ only for a rename.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub old_path: Vec<u8>,
    pub new_path: Vec<u8>,
    pub old: Option<Side>,
    pub new: Option<Side>,
    /// Percent, for a rename.
    pub similarity: Option<u8>,
    pub body: Body,
}

impl Block {
    /// A file that comes into being.
    pub fn added(path: &[u8], mode: GitMode, bytes: &[u8], budget: &mut DiffBudget) -> Self {
        Block {
            old_path: path.to_vec(),
            new_path: path.to_vec(),
            old: None,
            new: Some(Side { mode, id: blob_id(bytes) }),
            similarity: None,
            body: body(b"", bytes, budget),
        }
    }

    /// A file that goes.
    pub fn deleted(path: &[u8], mode: GitMode, bytes: &[u8], budget: &mut DiffBudget) -> Self {
        Block {
            old_path: path.to_vec(),
            new_path: path.to_vec(),
            old: Some(Side { mode, id: blob_id(bytes) }),
            new: None,
            similarity: None,
            body: body(bytes, b"", budget),
        }
    }

    /// A file whose mode or content differs; `similarity` if its name does too. The modes must be
    /// of one kind ([`GitMode::is_symlink`]).
    pub fn changed(
        paths: (&[u8], &[u8]),
        modes: (GitMode, GitMode),
        old: &[u8],
        new: &[u8],
        similarity: Option<u8>,
        budget: &mut DiffBudget,
    ) -> Self {
        Block {
            old_path: paths.0.to_vec(),
            new_path: paths.1.to_vec(),
            old: Some(Side { mode: modes.0, id: blob_id(old) }),
            new: Some(Side { mode: modes.1, id: blob_id(new) }),
            similarity,
            body: body(old, new, budget),
        }
    }

    /// How many lines go and how many come.
    pub fn line_counts(&self) -> (u64, u64) {
        let Body::Hunks(hunks) = &self.body else { return (0, 0) };
        let lines = || hunks.split(|b| *b == b'\n');
        let count = |sign| lines().filter(|line| line.first() == Some(&sign)).count() as u64;
        (count(b'-'), count(b'+'))
    }

    /// Appends the block, with `prefix` (empty, or ending in `/`) before each path.
    pub fn render(&self, prefix: &str, out: &mut Vec<u8>) {
        let name = |side: &str, path: &[u8]| quote(&[side.as_bytes(), prefix.as_bytes(), path].concat());
        let mut line = |text: String| {
            out.extend(text.bytes());
            out.push(b'\n');
        };
        line(format!("diff --git {} {}", name("a/", &self.old_path), name("b/", &self.new_path)));
        match (&self.old, &self.new) {
            (None, Some(new)) => line(format!("new file mode {}", new.mode.as_str())),
            (Some(old), None) => line(format!("deleted file mode {}", old.mode.as_str())),
            (Some(old), Some(new)) if old.mode != new.mode => {
                line(format!("old mode {}", old.mode.as_str()));
                line(format!("new mode {}", new.mode.as_str()));
            }
            _ => {}
        }
        if let Some(percent) = self.similarity {
            line(format!("similarity index {percent}%"));
            line(format!("rename from {}", name("", &self.old_path)));
            line(format!("rename to {}", name("", &self.new_path)));
        }
        let id = |side: &Option<Side>| side.as_ref().map_or(NO_BLOB.into(), |s| s.id.clone());
        let (old_id, new_id) = (id(&self.old), id(&self.new));
        if old_id != new_id {
            let mode = match (&self.old, &self.new) {
                (Some(old), Some(new)) if old.mode == new.mode => format!(" {}", old.mode.as_str()),
                _ => String::new(),
            };
            line(format!("index {old_id}..{new_id}{mode}"));
        }
        match &self.body {
            Body::None => {}
            Body::Binary(bytes) => out.extend(bytes),
            Body::Hunks(bytes) => {
                for (sign, side, path, exists) in [
                    ("---", "a/", &self.old_path, self.old.is_some()),
                    ("+++", "b/", &self.new_path, self.new.is_some()),
                ] {
                    let name = if exists { name(side, path) } else { "/dev/null".into() };
                    // Git ends a name that has white space with a tab, so that it cannot be taken
                    // for a name and a date.
                    let end = if name.contains(' ') && !name.starts_with('"') { "\t\n" } else { "\n" };
                    out.extend(format!("{sign} {name}{end}").bytes());
                }
                out.extend(bytes);
            }
        }
    }
}

fn body(old: &[u8], new: &[u8], budget: &mut DiffBudget) -> Body {
    if old == new {
        Body::None
    } else if is_text(old) && is_text(new) {
        Body::Hunks(hunks::unified(old, new, budget))
    } else {
        Body::Binary(binary::write(old, new))
    }
}

/// Whether hunks can carry the content and the patch remain UTF-8.
pub fn is_text(bytes: &[u8]) -> bool {
    !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}
