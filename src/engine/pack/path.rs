//! A path beneath a pack's directory, checked when it is made.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// Longest path that a manifest may name, bytes.
const MAX_LENGTH: usize = 1024;

/// Relative, `/` between segments; no empty, `.` or `..` segment, no backslash, no control
/// character. Joined to a directory it stays beneath it (a pack has no symbolic links).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackPath(String);

impl PackPath {
    pub fn new(path: impl Into<String>) -> Result<Self, String> {
        let path = path.into();
        let fault = if path.is_empty() {
            Some("is empty")
        } else if path.len() > MAX_LENGTH {
            Some("is too long")
        } else if path.starts_with('/') {
            Some("is absolute")
        } else if path.contains('\\') || path.chars().any(char::is_control) {
            Some("has a backslash or a control character")
        } else if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            Some("has an empty, `.` or `..` segment")
        } else {
            None
        };
        match fault {
            Some(fault) => Err(format!("the path {path:?} {fault}")),
            None => Ok(PackPath(path)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this path lies beneath the directory `root`.
    pub fn is_beneath(&self, root: &PackPath) -> bool {
        self.0.strip_prefix(&root.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The place in the file system.
    pub fn beneath(&self, dir: &Path) -> PathBuf {
        dir.join(&self.0)
    }

    /// `self`/`rest`.
    pub fn join(&self, rest: &PackPath) -> Result<Self, String> {
        PackPath::new(format!("{self}/{rest}"))
    }
}

impl TryFrom<String> for PackPath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        PackPath::new(path)
    }
}

impl From<PackPath> for String {
    fn from(path: PackPath) -> String {
        path.0
    }
}

impl fmt::Display for PackPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
