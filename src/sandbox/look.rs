//! Looking at a sandbox's files from outside, without running anything inside.

use super::site::Sandbox;
use crate::contract::{digest_hex, is_default};
use crate::engine::vfs::{Errno, Vfs};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

/// Entries of a directory that are shown.
const ENTRIES_MAX: usize = 10_000;
/// Largest file whose digest or content is shown, bytes.
const FILE_MAX: u64 = 16 << 20;

const S_IFMT: u32 = 0o170_000;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    pub path: String,
    pub kind: LookKind,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Permission bits, octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Of a directory, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<LookEntry>>,
    /// Entries that were too many to show.
    #[serde(skip_serializing_if = "is_default")]
    pub entries_dropped: usize,
    /// Of a file that is not too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Of a text, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The same of what is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_base64: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LookKind {
    File,
    Directory,
    Symlink,
    Other,
    Missing,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LookEntry {
    pub name: String,
    pub kind: LookKind,
}

impl LookKind {
    fn of_mode(mode: u32) -> LookKind {
        match mode & S_IFMT {
            0o100_000 => LookKind::File,
            0o040_000 => LookKind::Directory,
            0o120_000 => LookKind::Symlink,
            _ => LookKind::Other,
        }
    }

    /// Of a directory's entry: `DT_*`.
    fn of_entry(kind: u8) -> LookKind {
        match kind {
            8 => LookKind::File,
            4 => LookKind::Directory,
            10 => LookKind::Symlink,
            _ => LookKind::Other,
        }
    }
}

impl Sandbox {
    /// What is at `path`, an absolute path of the sandbox. A link in the last place is not followed.
    pub fn look(&self, path: &str, content: bool) -> Result<Look, Errno> {
        look(&mut self.files(), path, content)
    }
}

fn look(vfs: &mut Vfs, path: &str, content: bool) -> Result<Look, Errno> {
    let mut look = Look {
        path: path.to_owned(),
        kind: LookKind::Missing,
        size: None,
        mode: None,
        entries: None,
        entries_dropped: 0,
        sha256: None,
        content: None,
        content_base64: None,
    };
    let stat = match vfs.host_stat(path) {
        Ok(stat) => stat,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(look),
        Err(errno) => return Err(errno),
    };
    look.kind = LookKind::of_mode(stat.mode);
    look.mode = Some(format!("{:04o}", stat.mode & 0o7777));
    match look.kind {
        LookKind::File => {
            look.size = Some(stat.size);
            if stat.size <= FILE_MAX {
                let bytes = vfs.host_read(path, FILE_MAX)?;
                look.sha256 = Some(digest_hex([bytes.as_slice()]));
                if content {
                    match String::from_utf8(bytes) {
                        Ok(text) => look.content = Some(text),
                        Err(other) => look.content_base64 = Some(STANDARD.encode(other.as_bytes())),
                    }
                }
            }
        }
        LookKind::Directory => {
            let mut entries = vfs.host_list(path)?;
            look.entries_dropped = entries.len().saturating_sub(ENTRIES_MAX);
            entries.truncate(ENTRIES_MAX);
            let entry = |entry: crate::engine::vfs::DirEntry| LookEntry {
                name: String::from_utf8_lossy(&entry.name).into_owned(),
                kind: LookKind::of_entry(entry.kind),
            };
            look.entries = Some(entries.into_iter().map(entry).collect());
        }
        LookKind::Symlink | LookKind::Other | LookKind::Missing => {}
    }
    Ok(look)
}
