//! Why there is no sandbox.

use super::policy::Violation;
use crate::contract::{Code, Refusal};
use crate::engine::EngineError;
use crate::engine::pack::PackError;
use crate::engine::vfs::VfsError;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The pack cannot be used: see [`PackError`].
    #[error(transparent)]
    Pack(#[from] PackError),
    /// No guest could be made: see [`EngineError`].
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A mount cannot be attached: its source is gone, or two mounts want one place.
    #[error("cannot mount {target}: {source}")]
    Mount { target: String, source: VfsError },
    /// The core's directory holds no WordPress. Point `wp` or ABSPATH at one.
    #[error("{path} holds no WordPress core: {missing} is missing", path = path.display())]
    Core { path: PathBuf, missing: &'static str },
    /// A caller's core has a link to somewhere else. Put the file itself there.
    #[error("{path} is not used as a WordPress core: {stray} in it is a link that leads out of it", path = path.display())]
    CoreStrays { path: PathBuf, stray: &'static str },
    /// A file of the pack cannot be read. Rebuild the pack.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The cache directory cannot be written. Make it writable or configure another.
    #[error("cannot write the cache directory {path}: {source}", path = path.display())]
    Cache { path: PathBuf, source: std::io::Error },
    /// WordPress did not install in the sandbox.
    #[error("WordPress could not be installed in the sandbox: {0}")]
    Install(String),
    /// The host's own files do not fit into the overlay. Raise the disk limit.
    #[error("cannot place {path} in the sandbox: {errno}")]
    Place { path: String, errno: String },
    /// The policy does not allow it. Nothing was done.
    #[error(transparent)]
    Policy(#[from] Violation),
    /// Another process makes what this one waits for, and was not ready by the deadline. Try again.
    #[error("another process is preparing this sandbox's image and was not ready in time ({path})", path = path.display())]
    Waited { path: PathBuf },
    /// The process may not start another thread, which a command with somebody there needs. Raise
    /// the limit on threads.
    #[error("cannot start a thread for the command: {0}")]
    NoThread(std::io::Error),
    /// The deadline passed, or the parent was interrupted, before the sandbox was ready.
    #[error("{0}{during}", during = during(.0))]
    Stopped(crate::engine::Stop),
}

/// What a stop interrupted; one that is over interrupts nothing.
fn during(stop: &crate::engine::Stop) -> &'static str {
    match stop {
        crate::engine::Stop::AlreadyStopped => "",
        _ => " while the sandbox was being prepared",
    }
}

impl From<SandboxError> for Refusal {
    fn from(error: SandboxError) -> Refusal {
        let text = error.to_string();
        match error {
            SandboxError::Pack(error) => error.into(),
            SandboxError::Engine(error) => error.into(),
            SandboxError::Policy(violation) => violation.into(),
            SandboxError::Mount { target, .. } => {
                Refusal::new(Code::MountInvalid, text).with("target", target)
            }
            SandboxError::Core { .. }
            | SandboxError::CoreStrays { .. }
            | SandboxError::Install(_)
            | SandboxError::Place { .. } => Refusal::new(Code::BootFailed, text),
            SandboxError::Read { .. } => Refusal::new(Code::RuntimeInvalid, text),
            SandboxError::Cache { .. } => Refusal::new(Code::CacheUnwritable, text),
            SandboxError::Waited { .. } => Refusal::new(Code::RunTimeout, text),
            SandboxError::NoThread(_) => Refusal::new(Code::ResourcesExhausted, text),
            SandboxError::Stopped(stop) => Refusal::new(stop.code(), text),
        }
    }
}
