//! Why a pack could not be built.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A program that the build runs is not installed, or not on PATH.
    #[error(
        "{program} was not found on PATH; install Node.js 18 or newer with npm (Debian: apt-get install nodejs npm)"
    )]
    ToolMissing { program: &'static str },

    /// The program on PATH is older than the build needs.
    #[error("{program} {found} is too old; install {program} {least} or newer")]
    ToolTooOld { program: &'static str, found: String, least: u32 },

    /// A program ended with an error. Its last words are in `output`.
    #[error("{program} failed ({status}): {output}")]
    ToolFailed { program: String, status: String, output: String },

    /// An earlier download's bytes are not the pinned ones. Remedy: delete it.
    #[error(
        "{} has the integrity {found}, expected {expected}; delete it and build again",
        path.display()
    )]
    Download { path: PathBuf, found: String, expected: String },

    /// A freshly fetched archive's bytes are not the pinned ones; it was not kept. Remedy: see which
    /// registry npm is configured to use.
    #[error(
        "npm fetched {package} with the integrity {found}, expected {expected}; check npm's registry setting"
    )]
    Integrity { package: String, found: String, expected: String },

    /// An archive holds something that these archives never hold.
    #[error("the archive {archive} is refused: {reason}")]
    Archive { archive: String, reason: String },

    /// A source does not have the version that is pinned for it.
    #[error("{part} has the version {found:?}, expected {expected:?}")]
    Version { part: &'static str, found: String, expected: String },

    /// The PHP module is not shaped as the transformation needs it.
    #[error("the PHP module cannot be used: {0}")]
    Module(String),

    /// The module did not compile.
    #[error("the PHP module does not compile: {0}")]
    Compile(String),

    /// The place asked for holds something that is not a pack. Remedy: remove it or name another
    /// directory.
    #[error("{} is not a runtime pack and not empty, so it is not replaced; remove it or name another directory", .0.display())]
    NotAPack(PathBuf),

    /// The parts do not make a manifest.
    #[error("the pack is incomplete: {0}")]
    Assembly(String),

    /// The file system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl BuildError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        BuildError::Io { action, path: path.to_owned(), source }
    }
}
