//! Why a pack cannot be used.

use super::{Difference, build_command, rebuild_command};
use crate::contract::{Code, Refusal};
use std::path::PathBuf;

/// A refusal of a runtime pack. Every message ends with the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// There is no pack at the configured place. Remedy: build one there, or configure another
    /// directory.
    #[error("no runtime pack at {}; build one with: {}", dir.display(), build_command(dir))]
    Missing { dir: PathBuf },

    /// A file of the pack could not be read. Remedy: give the reading user access.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },

    /// The manifest or an inventory is not what this version writes. Remedy: rebuild.
    #[error(
        "the runtime pack's {} is not usable: {reason}; rebuild it with: {}",
        path.display(), build_command(dir)
    )]
    Malformed { dir: PathBuf, path: PathBuf, reason: String },

    /// The manifest's schema is another one: the pack is of another version of WP Codebox.
    #[error(
        "the runtime pack at {} has the schema {found:?}, this version reads {:?}; rebuild it with: {}",
        dir.display(), super::MANIFEST_SCHEMA, build_command(dir)
    )]
    Schema { dir: PathBuf, found: String },

    /// Compiled for another processor architecture or operating system.
    #[error(
        "the runtime pack at {} was compiled for {found}, this machine is {expected}; rebuild it with: {}",
        dir.display(), build_command(dir)
    )]
    Cpu { dir: PathBuf, found: String, expected: String },

    /// Compiled by another wasmtime, as after an update of the extension.
    #[error(
        "the runtime pack at {} was compiled by wasmtime {found}, this build has {expected}; rebuild it with: {}",
        dir.display(), build_command(dir)
    )]
    Wasmtime { dir: PathBuf, found: String, expected: String },

    /// Compiled with other engine settings, as after an update of the extension.
    #[error(
        "the runtime pack at {} was compiled with other engine settings; rebuild it with: {}",
        dir.display(), build_command(dir)
    )]
    Configuration { dir: PathBuf },

    /// A file is missing, or its length is not the recorded one.
    #[error(
        "the runtime pack at {} is damaged: {path} {reason}; rebuild it with: {}",
        dir.display(), build_command(dir)
    )]
    Part { dir: PathBuf, path: String, reason: String },

    /// Bytes differ from what the manifest records.
    #[error(
        "the runtime pack at {} departs from its manifest ({}); rebuild it with: {}",
        dir.display(), list(differences), rebuild_command(dir)
    )]
    Damaged { dir: PathBuf, differences: Vec<Difference> },
}

/// Differences that a message names; the rest are counted.
const NAMED: usize = 20;

fn list(differences: &[Difference]) -> String {
    let named: Vec<_> = differences.iter().take(NAMED).map(Difference::to_string).collect();
    match differences.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{}, and {more} more", named.join(", ")),
    }
}

impl From<PackError> for Refusal {
    fn from(error: PackError) -> Refusal {
        let (code, dir) = match &error {
            PackError::Missing { dir } => (Code::RuntimeMissing, dir),
            PackError::Schema { dir, .. }
            | PackError::Cpu { dir, .. }
            | PackError::Wasmtime { dir, .. }
            | PackError::Configuration { dir } => (Code::RuntimeIncompatible, dir),
            PackError::Unreadable { path, .. } => (Code::RuntimeInvalid, path),
            PackError::Malformed { dir, .. }
            | PackError::Part { dir, .. }
            | PackError::Damaged { dir, .. } => (Code::RuntimeInvalid, dir),
        };
        let path = dir.to_string_lossy().into_owned();
        let refusal = Refusal::new(code, error.to_string()).with("path", path);
        match &error {
            PackError::Unreadable { .. } => refusal,
            PackError::Damaged { .. } => refusal.with("command", rebuild_command(dir)),
            _ => refusal.with("command", build_command(dir)),
        }
    }
}
