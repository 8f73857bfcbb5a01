//! The runtime pack: a directory with PHP compiled for this machine, a WordPress, its SQLite
//! integration and WP-CLI, and a manifest that accounts for every byte of it.
//!
//! In: a directory. Out: a [`Pack`], whose files may be used, or a [`PackError`] that says why not
//! and which command helps. [`build`] (feature `compiler`) makes packs.
//!
//! Invariant: an open pack was compiled for this architecture, this wasmtime and these engine
//! settings. A manifest names only files beneath its own directory.

#[cfg(feature = "compiler")]
pub mod build;
mod difference;
mod error;
mod exports;
mod hash;
mod manifest;
mod open;
mod path;
mod verify;

pub use difference::Difference;
pub use error::PackError;
pub use exports::{HOLD, USED};
pub use manifest::{
    INVENTORY_SCHEMA, Inventory, MANIFEST, MANIFEST_DIGEST, MANIFEST_SCHEMA, Manifest, PackFile, Part, Php,
    Settings, Source, Target, Tool, Tree,
};
pub use open::{Pack, build_command, rebuild_command};
pub use path::PackPath;
