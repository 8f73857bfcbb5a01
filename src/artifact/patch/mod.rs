//! Unified diffs with git's extended headers: written, read, filtered.
//!
//! In: the two states of a file. Out: bytes that `git apply` and `git am` take and that give
//! byte-identical files, modes and names.
//!
//! Invariants:
//! * What [`Block::render`] writes is valid UTF-8: names beyond ASCII are quoted, content that is
//!   not UTF-8 travels as a binary patch.
//! * Every path is mount-relative (or prefixed as told), never absolute, never with `..`, never
//!   beneath anything that git could take for its own directory.

mod apply;
mod base85;
mod binary;
mod block;
mod conflicts;
mod dotgit;
mod hunks;
mod object;
mod parse;
mod quote;
mod rename;

pub use apply::{Misfit, apply};
pub use block::{Block, Body, Side, is_text};
pub use conflicts::{check_conflicts, directories_above};
pub use dotgit::{is_git_internal, is_gitmodules};
pub use hunks::DiffBudget;
pub use object::{GitMode, blob_id};
pub use parse::{Content, FilePatch, Hunk, HunkLine, PatchError, check_path, parse};
pub use quote::{quote, unquote};
pub use rename::{Rename, RenameCandidate, detect_renames};
