//! PHP in wasmtime: the runtime pack, the module and its imports, the virtual filesystem, limits.
//!
//! In: a pack, mounts, a script. Out: stdout, stderr, headers, an exit, and the overlay's changes.
//! No WordPress in here: it runs PHP.
//!
//! Invariant: the guest reaches the host through `abi/` alone, and `abi/` reaches files through
//! `vfs/` alone; a host tree is never written.

pub mod config;
pub mod pack;
pub mod vfs;

/// The end of a PHP request: nothing that belongs to it may stay.
pub fn shutdown_request() {}

/// The end of the process, or of the extension in it.
pub fn shutdown_process() {}
