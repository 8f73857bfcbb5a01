//! Why a virtual filesystem could not be set up. What the guest meets later is an [`Errno`].

use super::Errno;
use crate::contract::{Code, Refusal};
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VfsError {
    /// A target is not `/` or an absolute path without `.`, `..`, empty segments and NUL.
    /// Remedy: normalise it.
    #[error("mount target {0:?} must be an absolute path without `.`, `..`, empty segments or NUL")]
    BadTarget(String),
    /// Two mounts have one target. Remedy: drop one.
    #[error("mount target {0:?} is already taken by another mount")]
    TargetTaken(String),
    /// Something that is not an empty directory of the upper layer, or of the other kind (file
    /// against directory), is at the target. Remedy: choose another target, or mount before writing.
    #[error("mount target {0:?} is occupied")]
    TargetOccupied(String),
    /// A segment of the target is neither a directory nor absent. Remedy: choose another target.
    #[error("mount target {target:?} cannot be created: {why}")]
    TargetUnreachable { target: String, why: Errno },
    /// A host path is missing, of the wrong kind or unreadable. Remedy: name an existing directory
    /// (or regular file) that this process may read.
    #[error("mount source {path:?} cannot be used: {why}")]
    Source { path: PathBuf, why: Errno },
    /// A saved state contradicts itself. Remedy: discard the image and build it again.
    #[error("the saved filesystem state is damaged: {0}")]
    Damaged(&'static str),
}

impl From<VfsError> for Refusal {
    fn from(error: VfsError) -> Refusal {
        let code = match &error {
            VfsError::BadTarget(_)
            | VfsError::TargetTaken(_)
            | VfsError::TargetOccupied(_)
            | VfsError::TargetUnreachable { .. } => Code::MountTargetInvalid,
            VfsError::Source { .. } => Code::MountSourceInvalid,
            VfsError::Damaged(_) => Code::Internal,
        };
        Refusal::new(code, error.to_string())
    }
}
