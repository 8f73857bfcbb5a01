//! `manifest.json`: what a pack consists of, where it came from and what it was compiled for.
//!
//! It holds no time and no path of the machine that built it: the same sources give the same bytes.

use super::{PackError, PackPath};
use crate::contract::{digest_hex, stable_json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Schema id of [`Manifest`].
pub const MANIFEST_SCHEMA: &str = "wp-codebox/runtime-pack/v1";
/// Schema id of [`Inventory`].
pub const INVENTORY_SCHEMA: &str = "wp-codebox/runtime-pack-inventory/v1";
/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";
/// The file with the manifest's own sha256, as `sha256sum` writes and checks it.
pub const MANIFEST_DIGEST: &str = "manifest.sha256";

/// Largest manifest and inventory that are read, bytes.
pub(super) const MAX_MANIFEST: u64 = 1 << 20;
const MAX_INVENTORY: u64 = 32 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// Digest of what the build was made from; a build that would repeat it has nothing to do.
    pub recipe: String,
    pub target: Target,
    pub engine: Settings,
    /// The PHP versions in this pack, the default one first.
    pub php: Vec<Php>,
    pub parts: Vec<Part>,
    /// Programs that shaped the parts and are not in the pack.
    pub tools: Vec<Tool>,
}

/// The machine that the native code is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// As compilers name it, e.g. `x86_64-unknown-linux-gnu`.
    pub triple: String,
    /// As [`std::env::consts::ARCH`] names it, e.g. `x86_64`.
    pub arch: String,
    /// As [`std::env::consts::OS`] names it.
    pub os: String,
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("PHP runs on x86_64 and aarch64: engine::config has no target for this processor");

impl Target {
    /// The machine that this program runs on.
    pub fn here() -> Self {
        Target {
            triple: crate::engine::config::TARGET.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            os: std::env::consts::OS.to_owned(),
        }
    }
}

/// The engine that can load the compiled modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// wasmtime's version.
    pub wasmtime: String,
    /// [`crate::engine::config::fingerprint`].
    pub configuration: String,
}

impl Settings {
    /// The engine in this program.
    pub fn here() -> Self {
        Settings {
            wasmtime: crate::engine::config::WASMTIME.to_owned(),
            configuration: crate::engine::config::fingerprint(),
        }
    }
}

/// One PHP: a module and the initial content of its linear memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Php {
    /// E.g. `8.3.33`.
    pub version: String,
    /// The compiled module. It has no data segments of its own.
    pub module: PackPath,
    /// Linear memory from address 0 up to the last byte that is not zero at start.
    pub memory: PackPath,
}

/// One thing with one origin: its files, a tree of files, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    pub version: String,
    /// SPDX.
    pub license: String,
    pub source: Source,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PackFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Tree>,
}

/// A program that the build used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub name: String,
    pub version: String,
    /// SPDX.
    pub license: String,
    pub source: Source,
}

/// An npm package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub package: String,
    pub version: String,
    /// Subresource integrity of the package's archive: `sha512-` and base64.
    pub integrity: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    /// Relative to the pack.
    pub path: PackPath,
    /// Bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

/// A directory whose files are listed apart, so that opening a pack does not read thousands of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Relative to the pack.
    pub root: PackPath,
    /// Number of files beneath the root, and their bytes.
    pub files: u64,
    pub bytes: u64,
    /// The file that holds the [`Inventory`].
    pub inventory: PackFile,
}

/// Every file of a [`Tree`], sorted by path. Paths are relative to the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// [`INVENTORY_SCHEMA`].
    pub schema: String,
    pub files: Vec<PackFile>,
}

/// The names of the parts that every pack has.
pub(super) const WORDPRESS: &str = "wordpress";
pub(super) const SQLITE: &str = "sqlite-database-integration";
pub(super) const WP_CLI: &str = "wp-cli";

impl Manifest {
    /// Reads and checks the manifest of the pack at `dir`, whatever machine the pack is for.
    pub fn read(dir: &Path) -> Result<Self, PackError> {
        let path = dir.join(MANIFEST);
        let bytes = read_bounded(dir, &path, MAX_MANIFEST).map_err(|error| match error {
            PackError::Part { dir, .. } => PackError::Missing { dir },
            other => other,
        })?;

        let recorded = read_bounded(dir, &dir.join(MANIFEST_DIGEST), 256)?;
        if recorded != digest_line(&bytes).as_bytes() {
            let reason = format!("its digest is not the one in {MANIFEST_DIGEST}");
            return Err(malformed(dir, &path, reason));
        }

        // The schema first: a manifest of another version has other fields.
        #[derive(Deserialize)]
        struct Versioned {
            schema: String,
        }
        let versioned: Versioned = parse(dir, &path, &bytes)?;
        if versioned.schema != MANIFEST_SCHEMA {
            return Err(PackError::Schema { dir: dir.to_owned(), found: versioned.schema });
        }
        let manifest: Manifest = parse(dir, &path, &bytes)?;
        manifest.check().map_err(|reason| malformed(dir, &path, reason))?;
        Ok(manifest)
    }

    /// The digest over the canonical JSON: it names this very pack.
    pub fn id(&self) -> String {
        let value = serde_json::to_value(self)
            .expect("a manifest is made of strings, numbers and lists: nothing that JSON lacks");
        digest_hex([stable_json(&value).as_bytes()])
    }

    /// The part of that name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// Every file that the manifest itself lists: those of the parts, and the inventories.
    pub fn listed(&self) -> impl Iterator<Item = &PackFile> {
        self.parts
            .iter()
            .flat_map(|part| part.files.iter().chain(part.tree.iter().map(|tree| &tree.inventory)))
    }

    /// Every directory that an inventory describes.
    pub fn trees(&self) -> impl Iterator<Item = &Tree> {
        self.parts.iter().filter_map(|part| part.tree.as_ref())
    }

    /// What the types cannot say.
    pub(super) fn check(&self) -> Result<(), String> {
        let mut names = HashSet::new();
        if let Some(part) = self.parts.iter().find(|part| !names.insert(&part.name)) {
            return Err(format!("two parts are named {:?}", part.name));
        }
        let mut files = HashSet::new();
        if let Some(file) = self.listed().find(|file| !files.insert(&file.path)) {
            return Err(format!("{} is listed twice", file.path));
        }
        if self.php.is_empty() {
            return Err("it has no PHP".to_owned());
        }
        for php in &self.php {
            for path in [&php.module, &php.memory] {
                if !files.contains(path) {
                    return Err(format!("{path} of PHP {} belongs to no part", php.version));
                }
            }
        }
        self.tree(WORDPRESS)?;
        self.tree(SQLITE)?;
        self.file(WP_CLI)?;
        Ok(())
    }

    /// The root of the part `name`, which is a tree.
    pub(super) fn tree(&self, name: &str) -> Result<&PackPath, String> {
        let tree = self.part(name).and_then(|part| part.tree.as_ref());
        tree.map(|tree| &tree.root).ok_or_else(|| format!("it has no tree {name:?}"))
    }

    /// The one file that is the part `name`.
    pub(super) fn file(&self, name: &str) -> Result<&PackPath, String> {
        let file = self.part(name).and_then(|part| part.files.first());
        file.map(|file| &file.path).ok_or_else(|| format!("it has no file of {name:?}"))
    }
}

impl Tree {
    /// The files of this tree in the pack at `dir`.
    pub fn read_inventory(&self, dir: &Path) -> Result<Inventory, PackError> {
        let path = self.inventory.path.beneath(dir);
        let bytes = read_bounded(dir, &path, MAX_INVENTORY)?;
        if digest_hex([bytes.as_slice()]) != self.inventory.sha256 {
            return Err(malformed(dir, &path, "its digest is not the manifest's".to_owned()));
        }
        let inventory: Inventory = parse(dir, &path, &bytes)?;
        if inventory.schema != INVENTORY_SCHEMA {
            return Err(malformed(dir, &path, format!("its schema is {:?}", inventory.schema)));
        }
        if let Some(file) = inventory.files.iter().find(|file| !file.path.is_beneath(&self.root)) {
            return Err(malformed(dir, &path, format!("{} lies outside {}", file.path, self.root)));
        }
        let bytes = inventory.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.size));
        if (inventory.files.len() as u64, bytes) != (self.files, self.bytes) {
            return Err(malformed(dir, &path, "its sums are not the manifest's".to_owned()));
        }
        Ok(inventory)
    }
}

/// The content of [`MANIFEST_DIGEST`] for a manifest of these bytes.
pub(super) fn digest_line(manifest: &[u8]) -> String {
    format!("{}  {MANIFEST}\n", digest_hex([manifest]))
}

fn malformed(dir: &Path, path: &Path, reason: String) -> PackError {
    PackError::Malformed { dir: dir.to_owned(), path: path.to_owned(), reason }
}

fn parse<T: DeserializeOwned>(dir: &Path, path: &Path, bytes: &[u8]) -> Result<T, PackError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| malformed(dir, path, error.to_string()))?;
    json.end().map_err(|error| malformed(dir, path, error.to_string()))?;
    Ok(value)
}

/// Reads a file of the pack at `dir`, which may not be absent nor longer than `limit`.
fn read_bounded(dir: &Path, path: &Path, limit: u64) -> Result<Vec<u8>, PackError> {
    let unreadable = |source: io::Error| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => PackError::Part {
            dir: dir.to_owned(),
            path: path.strip_prefix(dir).unwrap_or(path).to_string_lossy().into_owned(),
            reason: "is missing".to_owned(),
        },
        _ => PackError::Unreadable { path: path.to_owned(), source },
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(malformed(dir, path, format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}
