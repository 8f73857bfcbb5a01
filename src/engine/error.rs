//! What can go wrong in the engine.

use crate::contract::{Code, Refusal};
use std::path::PathBuf;

/// Why a guest did not finish what it was asked. It is discarded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stop {
    /// The deadline passed. Give the task more time, or less to do.
    #[error("stopped at its deadline")]
    Deadline,
    /// The parent was told to stop: its own time limit, or a cancelled request.
    #[error("stopped because the parent was interrupted")]
    Interrupted,
    /// The heap's limit did not allow even the call's own data.
    #[error("out of memory")]
    HeapExhausted,
    /// PHP's or wasm's stack ran out: endless or very deep recursion.
    #[error("stack overflow: the recursion is too deep")]
    StackOverflow,
    /// The process called exit() below PHP.
    #[error("the process exited with status {0}")]
    Exited(i32),
    /// The module called abort(), or asked for what this build does not have.
    #[error("{0}")]
    Aborted(String),
    /// A wasm trap.
    #[error("trapped: {0}")]
    Trapped(String),
    /// The guest had been stopped before.
    #[error("the guest was stopped earlier and cannot run again")]
    AlreadyStopped,
}

impl Stop {
    /// The stable code that a run stopped like this reports.
    pub fn code(&self) -> Code {
        match self {
            Stop::Deadline => Code::RunTimeout,
            Stop::Interrupted => Code::RunCancelled,
            Stop::HeapExhausted => Code::RunMemoryExhausted,
            Stop::StackOverflow | Stop::Aborted(_) | Stop::Trapped(_) | Stop::AlreadyStopped => {
                Code::RunTrapped
            }
            Stop::Exited(_) => Code::RunExited,
        }
    }
}

/// Why there is no guest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// wasmtime refused the configuration or the compiled module. Rebuild the pack.
    #[error("the runtime pack cannot be loaded: {0:#}")]
    Setup(wasmtime::Error),
    /// The memory image of the pack cannot be read. Rebuild the pack.
    #[error("cannot read the memory image {path}: {source}", path = path.display())]
    Image { path: PathBuf, source: std::io::Error },
    /// No room for another instance: addresses, memory or descriptors. Raise `ulimit -v`, or run
    /// fewer sandboxes at once.
    #[error("no room for another sandbox: {0:#}")]
    Instantiate(wasmtime::Error),
    /// The module is not the PHP build that this version knows. Rebuild the pack.
    #[error("the module does not export {missing}")]
    Shape { missing: &'static str },
    /// PHP did not start.
    #[error("PHP did not start: {0}")]
    Boot(Stop),
    /// No room for a copy of the guest's memory.
    #[error("cannot freeze the guest: {0}")]
    Freeze(std::io::Error),
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Refusal {
        let code = match &error {
            EngineError::Setup(_) | EngineError::Image { .. } | EngineError::Shape { .. } => {
                Code::RuntimeInvalid
            }
            EngineError::Instantiate(_) | EngineError::Freeze(_) => Code::ResourcesExhausted,
            EngineError::Boot(stop) => match stop {
                Stop::Deadline | Stop::Interrupted => stop.code(),
                _ => Code::BootFailed,
            },
        };
        Refusal::new(code, error.to_string())
    }
}
