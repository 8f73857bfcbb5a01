//! Directories and limits: INI first, then the environment, then WordPress's options and filters,
//! then a default.

use super::host::{PhpHost, WordPress};
use super::ini;
use crate::contract::{Code, Refusal};
use crate::host::{Host, Settings};
use serde_json::Value;
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub fn resolve(host: &PhpHost) -> Result<Settings, Refusal> {
    let wordpress = host.wordpress();
    let default_base = default_base(host, wordpress.as_ref());
    let artifacts_dir = artifacts_dir(host, wordpress.as_ref(), &default_base)?;
    let cache_dir = match directory(host, ini::CACHE_DIR)? {
        Some(dir) => Some(dir),
        None => default_base.usable()?.map(|base| base.cache),
    };
    Ok(Settings {
        runtime_dir: directory(host, ini::RUNTIME_DIR)?,
        cache_dir,
        artifact_roots: artifact_roots(host, wordpress.as_ref())?,
        artifacts_dir,
        mount_roots: mount_roots(host, wordpress.as_ref())?,
        network_hosts: network_hosts(host, wordpress.as_ref())?,
        memory_limit: size(host, ini::MEMORY_LIMIT)?,
        output_limit: size(host, ini::OUTPUT_LIMIT)?,
        disk_limit: size(host, ini::DISK_LIMIT)?,
        apply_targets: directory(host, ini::APPLY_TARGETS)?,
        git: directory(host, ini::GIT)?,
        files_limit: count(host, ini::FILES_LIMIT, 1, 10_000_000)?,
        file_size_limit: size(host, ini::FILE_SIZE_LIMIT)?,
        // PHP needs its three streams, and the sandbox some more to begin.
        open_files_limit: count(host, ini::OPEN_FILES_LIMIT, 32, 65_536)?.map(|files| files as u32),
        network_connections_limit: count(host, ini::NETWORK_CONNECTIONS_LIMIT, 1, 10_000_000)?,
        network_bytes_limit: size(host, ini::NETWORK_BYTES_LIMIT)?,
        timeout: seconds(host, ini::TIMEOUT)?,
        max_timeout: seconds(host, ini::MAX_TIMEOUT)?,
        operator: host.operator(),
        wordpress_dir: wordpress.map(|wordpress| wordpress.root),
    })
}

/// INI, environment, option `wp_codebox_artifacts_root`, default; then the filter of that name.
fn artifacts_dir(
    host: &PhpHost,
    wordpress: Option<&WordPress>,
    default_base: &DefaultBase,
) -> Result<Option<PathBuf>, Refusal> {
    const NAME: &str = "wp_codebox_artifacts_root";
    let mut dir = directory(host, ini::ARTIFACTS_DIR)?;
    if dir.is_none() && wordpress.is_some() {
        dir = match host.option(NAME) {
            None => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(value) => Some(path_from(&value, &format!("the option {NAME}"))?),
        };
    }
    if dir.is_none() {
        dir = default_base.usable()?.map(|base| base.artifacts);
    }
    if wordpress.is_none() {
        return Ok(dir);
    }
    let before = dir.as_deref().map_or(Value::from(""), path_value);
    let after = host.apply_filters(NAME, before, std::slice::from_ref(host.input()))?;
    path_from(&after, &format!("the filter {NAME}")).map(Some)
}

/// INI, then the filter `wp_codebox_allowed_artifact_roots`.
fn artifact_roots(host: &PhpHost, wordpress: Option<&WordPress>) -> Result<Vec<PathBuf>, Refusal> {
    let roots = directories(host, ini::ARTIFACT_ROOTS)?;
    filtered_roots(host, wordpress, "wp_codebox_allowed_artifact_roots", roots)
}

/// INI, the parent's own directories, the option `wp_codebox_workspaces_root`; then the filter
/// `wp_codebox_allowed_mount_roots`.
fn mount_roots(host: &PhpHost, wordpress: Option<&WordPress>) -> Result<Vec<PathBuf>, Refusal> {
    const WORKSPACES: &str = "wp_codebox_workspaces_root";
    let mut roots = directories(host, ini::MOUNT_ROOTS)?;
    if let Some(wordpress) = wordpress {
        roots.push(wordpress.root.clone());
        roots.extend(wordpress.content.clone());
        match host.option(WORKSPACES) {
            None => {}
            Some(Value::String(text)) if text.trim().is_empty() => {}
            Some(value) => roots.push(path_from(&value, &format!("the option {WORKSPACES}"))?),
        }
    }
    filtered_roots(host, wordpress, "wp_codebox_allowed_mount_roots", roots)
}

fn filtered_roots(
    host: &PhpHost,
    wordpress: Option<&WordPress>,
    filter: &str,
    roots: Vec<PathBuf>,
) -> Result<Vec<PathBuf>, Refusal> {
    if wordpress.is_none() {
        return Ok(roots);
    }
    let before = Value::Array(roots.iter().map(|root| path_value(root)).collect());
    let after = host.apply_filters(filter, before, std::slice::from_ref(host.input()))?;
    let what = format!("the filter {filter}");
    match after {
        Value::Array(roots) => roots.iter().map(|root| path_from(root, &what)).collect(),
        // A filter that removed an entry leaves gaps in the keys.
        Value::Object(roots) => roots.values().map(|root| path_from(root, &what)).collect(),
        _ => Err(unusable(&what, "a list of absolute paths")),
    }
}

/// INI; then the filter `wp_codebox_allowed_network_hosts`.
fn network_hosts(host: &PhpHost, wordpress: Option<&WordPress>) -> Result<Vec<String>, Refusal> {
    const FILTER: &str = "wp_codebox_allowed_network_hosts";
    let listed = text(host, ini::NETWORK_HOSTS).map_or_else(String::new, |(value, _)| value);
    let hosts: Vec<String> =
        listed.split([',', ' ']).filter(|host| !host.is_empty()).map(str::to_owned).collect();
    if wordpress.is_none() {
        return Ok(hosts);
    }
    let after = host.apply_filters(FILTER, hosts.into(), std::slice::from_ref(host.input()))?;
    let entries = match after {
        Value::Array(hosts) => hosts,
        // A filter that removed an entry leaves gaps in the keys.
        Value::Object(hosts) => hosts.into_iter().map(|(_, host)| host).collect(),
        _ => return Err(unusable(&format!("the filter {FILTER}"), "a list of hosts")),
    };
    let texts = entries.into_iter().map(|host| match host {
        Value::String(host) => Ok(host),
        _ => Err(unusable(&format!("the filter {FILTER}"), "a list of hosts")),
    });
    texts.collect()
}

/// What is used where nothing is configured.
enum DefaultBase {
    Beneath {
        artifacts: PathBuf,
        cache: PathBuf,
    },
    /// In the directory for temporary files, which others can write to.
    Temporary(PathBuf),
}

struct Defaults {
    artifacts: PathBuf,
    cache: PathBuf,
}

impl DefaultBase {
    fn usable(&self) -> Result<Option<Defaults>, Refusal> {
        match self {
            DefaultBase::Beneath { artifacts, cache } => {
                Ok(Some(Defaults { artifacts: artifacts.clone(), cache: cache.clone() }))
            }
            DefaultBase::Temporary(base) => {
                private(base)?;
                Ok(Some(Defaults { artifacts: base.join("artifacts"), cache: base.join("cache") }))
            }
        }
    }
}

/// `WP_CONTENT_DIR/wp-codebox`; on the command line the user's own data and cache directories;
/// otherwise a directory of the user's own among the temporary files.
fn default_base(host: &PhpHost, wordpress: Option<&WordPress>) -> DefaultBase {
    if let Some(content) = wordpress.and_then(|wordpress| wordpress.content.as_ref()) {
        let base = content.join("wp-codebox");
        return DefaultBase::Beneath { artifacts: base.join("artifacts"), cache: base.join("cache") };
    }
    let absolute = |name: &str| host.env(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    if host.command_line()
        && let Some(home) = absolute("HOME")
    {
        let data = absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
        let cache = absolute("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
        return DefaultBase::Beneath {
            artifacts: data.join("wp-codebox/artifacts"),
            cache: cache.join("wp-codebox"),
        };
    }
    let user = rustix::process::geteuid().as_raw();
    DefaultBase::Temporary(std::env::temp_dir().join(format!("wp-codebox-{user}")))
}

/// Whoever can write to the directory for temporary files may have made this one first.
fn private(dir: &Path) -> Result<(), Refusal> {
    use std::os::unix::fs::MetadataExt;
    let Ok(found) = dir.symlink_metadata() else {
        return Ok(());
    };
    let ours =
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0;
    if ours {
        return Ok(());
    }
    Err(Refusal::new(
        Code::SettingInvalid,
        format!(
            "{} is not PHP's own private directory; set wp_codebox.artifacts_dir and \
             wp_codebox.cache_dir in php.ini.",
            dir.display()
        ),
    )
    .with("setting", "wp_codebox.artifacts_dir"))
}

/// A setting's text and where it comes from.
fn text(host: &PhpHost, name: &'static CStr) -> Option<(String, String)> {
    let ini_name = name.to_str().expect("names of INI entries are ASCII");
    if let Some(value) = ini::get(name) {
        return Some((value, ini_name.to_owned()));
    }
    let variable = ini_name.replace('.', "_").to_uppercase();
    let value = host.env(&variable)?.trim().to_owned();
    (!value.is_empty()).then_some((value, variable))
}

fn directory(host: &PhpHost, name: &'static CStr) -> Result<Option<PathBuf>, Refusal> {
    text(host, name).map(|(value, what)| absolute(&value, &what)).transpose()
}

/// Several, separated by colons.
fn directories(host: &PhpHost, name: &'static CStr) -> Result<Vec<PathBuf>, Refusal> {
    let Some((value, what)) = text(host, name) else {
        return Ok(Vec::new());
    };
    value.split(':').filter(|dir| !dir.is_empty()).map(|dir| absolute(dir, &what)).collect()
}

fn path_from(value: &Value, what: &str) -> Result<PathBuf, Refusal> {
    match value {
        Value::String(text) => absolute(text.trim(), what),
        _ => Err(unusable(what, "an absolute path")),
    }
}

fn absolute(path: &str, what: &str) -> Result<PathBuf, Refusal> {
    if path.starts_with('/') && !path.contains('\0') {
        Ok(PathBuf::from(path))
    } else {
        Err(unusable(what, "an absolute path"))
    }
}

fn path_value(path: &Path) -> Value {
    Value::from(path.to_string_lossy())
}

/// Bytes, with PHP's suffixes K, M and G.
fn size(host: &PhpHost, name: &'static CStr) -> Result<Option<u64>, Refusal> {
    let Some((value, what)) = text(host, name) else {
        return Ok(None);
    };
    let (digits, shift) = match value.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => (&value[..value.len() - 1], 10),
        Some(b'M') => (&value[..value.len() - 1], 20),
        Some(b'G') => (&value[..value.len() - 1], 30),
        _ => (value.as_str(), 0),
    };
    match whole(digits).and_then(|number| number.checked_mul(1 << shift)) {
        Some(bytes) if bytes > 0 => Ok(Some(bytes)),
        _ => Err(unusable(&what, "a size such as 512M")),
    }
}

/// A whole number from `least` to `most`.
fn count(host: &PhpHost, name: &'static CStr, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
    let Some((value, what)) = text(host, name) else {
        return Ok(None);
    };
    match whole(&value) {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(unusable(&what, &format!("a number from {least} to {most}"))),
    }
}

fn seconds(host: &PhpHost, name: &'static CStr) -> Result<Option<Duration>, Refusal> {
    let Some((value, what)) = text(host, name) else {
        return Ok(None);
    };
    match whole(&value) {
        Some(seconds) if (1..=86_400).contains(&seconds) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(unusable(&what, "a number of seconds from 1 to 86400")),
    }
}

/// Digits only: `parse` alone would take a sign.
fn whole(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn unusable(what: &str, wanted: &str) -> Refusal {
    Refusal::new(Code::SettingInvalid, format!("{what} must be {wanted}.")).with("setting", what)
}
