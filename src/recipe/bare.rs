//! What every sandbox is made of before it has anything of its own: the operator's settings as a spec.

use crate::contract::{Code, Refusal};
use crate::engine::net::NetworkLimits;
use crate::engine::pack::Pack;
use crate::host::Settings;
use crate::sandbox::{Core, Ini, Limits, Policy, Spec};
use serde_json::Map;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Deadline where none is named.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Deadline that nothing can exceed unless the operator configures another.
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// A sandbox with nothing of its own, and no leave to do anything.
pub fn bare(pack: Arc<Pack>, core: Core, settings: &Settings) -> Result<Spec, Refusal> {
    Ok(Spec {
        pack,
        cache_dir: cache_dir(settings)?,
        core,
        mounts: Vec::new(),
        must_use: Vec::new(),
        defines: Map::new(),
        ini: Ini::default(),
        environment: Vec::new(),
        secrets: Vec::new(),
        host_tools: Vec::new(),
        limits: limits(settings),
        policy: Policy::allowing([""; 0]),
    })
}

pub fn pack(settings: &Settings) -> Result<Arc<Pack>, Refusal> {
    let Some(directory) = &settings.runtime_dir else {
        return Err(Refusal::new(
            Code::RuntimeMissing,
            "No runtime pack is configured. Build one with `wp-codebox-runtime build --out DIR` and set \
             wp_codebox.runtime_dir (or WP_CODEBOX_RUNTIME_DIR) to DIR.",
        ));
    };
    Ok(Pack::shared(directory)?)
}

/// Where images are kept.
pub fn cache_dir(settings: &Settings) -> Result<PathBuf, Refusal> {
    settings.cache_dir.clone().ok_or_else(|| {
        Refusal::new(
            Code::CacheUnwritable,
            "No cache directory is configured: set wp_codebox.cache_dir (or WP_CODEBOX_CACHE_DIR).",
        )
    })
}

/// The WordPress that the sandbox runs: the parent's own unless the task names the pack's version.
pub fn core(wanted: Option<&str>, settings: &Settings, pack: &Pack) -> Result<Core, Refusal> {
    match wanted.map(str::trim) {
        None | Some("") => Ok(match &settings.wordpress_dir {
            Some(directory) => Core::Directory(directory.clone()),
            None => Core::Pack,
        }),
        Some(wanted) if has_wordpress(pack, wanted) => Ok(Core::Pack),
        Some(version) => Err(Refusal::field(
            Code::InputInvalid,
            "wp",
            format_args!(
                "WordPress {version} is not in the runtime pack, which has {}; leave it out for the parent's own",
                pack.wordpress_version()
            ),
        )),
    }
}

/// Whether the pack's WordPress is the one that `wanted` names: `latest`, `pack`, or a version with as
/// many parts as the author cares about.
pub fn has_wordpress(pack: &Pack, wanted: &str) -> bool {
    matches!(wanted, "latest" | "pack") || is_version(pack.wordpress_version(), wanted)
}

/// Whether `version` is `wanted`, or one of its releases: `8.3.33` is `8.3`.
pub fn is_version(version: &str, wanted: &str) -> bool {
    version
        .strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || (!wanted.is_empty() && rest.starts_with('.')))
}

fn limits(settings: &Settings) -> Limits {
    let default = Limits::default();
    Limits {
        memory: settings.memory_limit.unwrap_or(default.memory),
        output: settings.output_limit.unwrap_or(default.output),
        disk: settings.disk_limit.unwrap_or(default.disk),
        files: settings.files_limit.unwrap_or(default.files),
        file_size: settings.file_size_limit.unwrap_or(default.file_size),
        open_files: settings.open_files_limit.unwrap_or(default.open_files),
        network: NetworkLimits {
            connections: settings.network_connections_limit.unwrap_or(default.network.connections),
            bytes: settings.network_bytes_limit.unwrap_or(default.network.bytes),
            ..default.network
        },
    }
}

/// The deadline, within what the operator allows.
pub fn timeout(seconds: Option<u64>, settings: &Settings) -> Duration {
    let wanted = seconds.map(Duration::from_secs).or(settings.timeout).unwrap_or(TIMEOUT);
    wanted.min(max_timeout(settings))
}

/// The longest deadline that the operator allows.
pub fn max_timeout(settings: &Settings) -> Duration {
    settings.max_timeout.unwrap_or(TIMEOUT_MAX)
}
