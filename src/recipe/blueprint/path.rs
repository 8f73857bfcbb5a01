//! Paths that a blueprint names inside the sandbox.

use crate::sandbox::sandbox_path;
use serde::{Deserialize, Serialize};

/// What the sandbox itself consists of. Nothing at or beneath these is a blueprint's.
const OWN: [&str; 7] = [
    "/internal",
    "/request",
    "/dev",
    "/proc",
    "/wordpress/wp-config.php",
    "/wordpress/wp-content/db.php",
    "/wordpress/wp-content/mu-plugins/0-wp-codebox",
];

/// An absolute, normalised path of the sandbox that is not one of its own places. Written relative,
/// it is beneath `/wordpress`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SandboxPath(String);

/// Why a path is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Empty or longer than 4096 bytes.
    #[error("a path has 1 to 4096 bytes")]
    Length,
    /// It is no path of a sandbox: `..`, control characters.
    #[error("{0}")]
    Unfit(&'static str),
    /// Something of the sandbox's is there. Use another place.
    #[error("the sandbox itself needs this place")]
    Own,
}

impl SandboxPath {
    pub fn parse(path: &str) -> Result<SandboxPath, PathError> {
        if path.is_empty() || path.len() > 4096 {
            return Err(PathError::Length);
        }
        let path = path.strip_prefix("./").unwrap_or(path);
        let absolute = if path.starts_with('/') { path.to_owned() } else { format!("/wordpress/{path}") };
        let plain = sandbox_path(&absolute).map_err(PathError::Unfit)?;
        if OWN.iter().any(|own| is_own(own, &plain)) {
            return Err(PathError::Own);
        }
        Ok(SandboxPath(plain))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether moving or removing it would take one of the sandbox's own places along.
    pub fn holds_own(&self) -> bool {
        let beneath = format!("{}/", self.0.trim_end_matches('/'));
        OWN.iter().any(|own| own.starts_with(&beneath))
            || ["/wordpress", "/workspace", "/tmp"].contains(&self.0.as_str())
    }
}

/// At `own`, beneath it, or, since a program of ours can have many files, beginning with it.
fn is_own(own: &str, path: &str) -> bool {
    path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '-']))
}

impl TryFrom<String> for SandboxPath {
    type Error = PathError;

    fn try_from(path: String) -> Result<SandboxPath, PathError> {
        SandboxPath::parse(&path)
    }
}

impl From<SandboxPath> for String {
    fn from(path: SandboxPath) -> String {
        path.0
    }
}
