//! What git calls a file's mode and its blob.

use crate::contract::FileKind;
use sha1::{Digest, Sha1};

/// The three modes that a git tree gives to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GitMode {
    Regular,
    Executable,
    Symlink,
}

impl GitMode {
    /// `None` for a directory: git has no mode for one that a patch could carry.
    pub fn of(kind: FileKind, permissions: u32) -> Option<Self> {
        match kind {
            FileKind::Regular if permissions & 0o100 != 0 => Some(GitMode::Executable),
            FileKind::Regular => Some(GitMode::Regular),
            FileKind::Symlink => Some(GitMode::Symlink),
            FileKind::Directory => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            GitMode::Regular => "100644",
            GitMode::Executable => "100755",
            GitMode::Symlink => "120000",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "100644" => Some(GitMode::Regular),
            "100755" => Some(GitMode::Executable),
            "120000" => Some(GitMode::Symlink),
            _ => None,
        }
    }

    /// Git keeps files and symlinks apart: a change from one to the other is a deletion and a
    /// creation.
    pub fn is_symlink(self) -> bool {
        self == GitMode::Symlink
    }
}

/// The id of "no such file".
pub const NO_BLOB: &str = "0000000000000000000000000000000000000000";

/// The (sha1) id that git gives to a blob of these bytes.
pub fn blob_id(bytes: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
