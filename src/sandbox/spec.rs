//! What a sandbox is made of.

use super::command::command_ids;
use super::policy::Policy;
use crate::engine::net::NetworkLimits;
use crate::engine::pack::Pack;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that [`Sandbox::create`](super::Sandbox::create) needs, as plain data.
#[derive(Clone)]
pub struct Spec {
    pub pack: Arc<Pack>,
    /// Where base images are kept.
    pub cache_dir: PathBuf,
    pub core: Core,
    pub mounts: Vec<HostMount>,
    /// Guest paths of PHP files that load as must-use plugins, in this order.
    pub must_use: Vec<String>,
    /// Constants for wp-config.php.
    pub defines: Map<String, Value>,
    /// Settings of PHP.
    pub ini: Ini,
    /// The process environment inside.
    pub environment: Vec<(String, String)>,
    /// Names in `environment` whose values are secrets.
    pub secrets: Vec<String>,
    /// Names of tools of the parent's that commands can call.
    pub host_tools: Vec<String>,
    pub limits: Limits,
    pub policy: Policy,
}

impl Spec {
    /// The same WordPress without anything of this sandbox's own.
    pub(super) fn without_particulars(&self) -> Spec {
        Spec {
            mounts: Vec::new(),
            must_use: Vec::new(),
            defines: Map::new(),
            ini: Ini { loaded: BTreeMap::new(), ..self.ini.clone() },
            environment: Vec::new(),
            secrets: Vec::new(),
            host_tools: Vec::new(),
            policy: Policy::allowing(command_ids()),
            ..self.clone()
        }
    }
}

/// Settings of PHP, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ini {
    /// In php.ini, after the sandbox's own. Each set of them has a base image.
    pub started: BTreeMap<String, String>,
    /// Set before WordPress loads.
    pub loaded: BTreeMap<String, String>,
}

/// Which WordPress core the sandbox runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Core {
    /// The pack's.
    Pack,
    /// Core files of an installed WordPress of the operator's. Its wp-config.php and wp-content stay
    /// outside.
    Directory(PathBuf),
    /// The same of a caller's, by its real path: nothing of it may be a link that leads elsewhere.
    Confined(PathBuf),
}

impl Core {
    /// Where it is on the host, if it is not the pack's.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Core::Pack => None,
            Core::Directory(directory) | Core::Confined(directory) => Some(directory),
        }
    }
}

/// A host file or directory inside the sandbox, beneath a copy-on-write layer.
#[derive(Debug, Clone)]
pub struct HostMount {
    /// Absolute, without symbolic links.
    pub source: PathBuf,
    /// Absolute, normalised sandbox path.
    pub target: String,
    pub kind: MountKind,
    /// Whether the guest may write (to the upper layer; the host is never written).
    pub writable: bool,
    /// Whether changes beneath it belong to the result.
    pub capture: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountKind {
    Directory,
    File,
}

/// What one sandbox may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory, bytes. PHP's own `memory_limit` is a quarter of it.
    pub memory: u64,
    /// Captured output of one command, bytes, for stdout and stderr each.
    pub output: u64,
    /// What the overlay may hold, bytes.
    pub disk: u64,
    /// Files, directories and links that the overlay may hold.
    pub files: u64,
    /// Length of one file, bytes.
    pub file_size: u64,
    /// Descriptors open at a time.
    pub open_files: u32,
    pub network: NetworkLimits,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory: 1 << 30,
            output: 8 << 20,
            disk: 512 << 20,
            files: 100_000,
            file_size: 512 << 20,
            open_files: 1024,
            network: NetworkLimits::default(),
        }
    }
}
