//! PHP in wasmtime: the runtime pack, the module and its imports, the virtual filesystem, limits.
//!
//! In: a pack, mounts, a script. Out: stdout, stderr, headers, an exit status, and the overlay's
//! changes. No WordPress in here: it runs PHP.
//!
//! Invariant: the guest reaches the host through `abi/` alone, and `abi/` reaches files through
//! `vfs/` and the network through `net/` alone; a host tree is never written.

mod abi;
pub mod config;
mod drive;
mod error;
mod fork;
#[cfg(any(fuzzing, feature = "compiler"))]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod guest;
mod image;
mod memory;
mod native_stack;
pub mod net;
mod open_request;
pub mod pack;
mod request;
mod runtime;
mod stack;
mod state;
mod tap;
pub mod vfs;
mod watchdog;

pub use drive::Watch;
pub use error::{EngineError, Stop};
pub use fork::{Fork, GuestImage};
pub use guest::{Boot, Guest, Limits};
pub use image::{ImageError, read_sealed, write_sealed};
pub use open_request::EXIT_MARK;
pub use request::{Request, Response};
pub use runtime::Runtime;
pub use tap::{Channel, Tap};
pub use watchdog::with_signals_blocked;

/// The end of a PHP request: nothing outlives it yet that would have to be reaped.
pub fn shutdown_request() {}

/// Has the memory of ended guests made ready for the next ones, so that none of them waits for it.
pub fn tidy() {
    memory::tidy();
}

/// The end of the process: no helper thread and no loaded pack is left.
pub fn shutdown_process() {
    net::settle();
    watchdog::stop();
    memory::drop_idle();
    native_stack::drop_idle();
    runtime::unload();
}
