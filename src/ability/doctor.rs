//! Is everything there that a run needs? Each answer with its fix.

use crate::engine::config;
use crate::engine::pack::{Pack, build_command};
use crate::host::Host;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable, for scripts.
    pub id: &'static str,
    pub label: &'static str,
    pub status: Status,
    /// What was found.
    pub message: String,
    /// What to do about it; empty if there is nothing to do.
    pub fix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// Works, with a reservation.
    Warning,
    /// Runs will be refused.
    Error,
}

/// Looks, and changes nothing. Reads every byte of the runtime pack.
pub fn doctor(host: &dyn Host) -> Vec<Check> {
    look(host, Depth::Bytes)
}

/// What would keep a run from starting, without reading the runtime pack's bytes.
pub(super) fn unready(host: &dyn Host) -> Option<Check> {
    look(host, Depth::Presence).into_iter().find(|check| check.status == Status::Error)
}

#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Presence,
    Bytes,
}

fn look(host: &dyn Host, depth: Depth) -> Vec<Check> {
    let mut checks = vec![ok(
        "extension",
        "Extension",
        format!("wp_codebox {}, wasmtime {}", env!("CARGO_PKG_VERSION"), config::WASMTIME),
    )];
    let settings = match host.settings() {
        Ok(settings) => settings,
        Err(refusal) => {
            let fix = "Correct the setting that the message names.";
            checks.push(error("settings", "Settings", refusal.message, fix));
            return checks;
        }
    };
    checks.push(ok("settings", "Settings", "All settings can be used.".to_owned()));
    checks.extend(runtime(settings.runtime_dir.as_deref(), depth));
    checks.push(directory(
        "artifacts_dir",
        "Artifacts directory",
        settings.artifacts_dir.as_deref(),
        "wp_codebox.artifacts_dir",
    ));
    checks.push(directory(
        "cache_dir",
        "Cache directory",
        settings.cache_dir.as_deref(),
        "wp_codebox.cache_dir",
    ));
    checks
}

fn ok(id: &'static str, label: &'static str, message: String) -> Check {
    Check { id, label, status: Status::Ok, message, fix: String::new() }
}

fn error(id: &'static str, label: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Check {
    Check { id, label, status: Status::Error, message: message.into(), fix: fix.into() }
}

/// The pack can be used, and its bytes are those of its manifest.
fn runtime(dir: Option<&Path>, depth: Depth) -> Vec<Check> {
    let (id, label) = ("runtime", "Runtime pack");
    let Some(dir) = dir else {
        let fix = "Set wp_codebox.runtime_dir in php.ini or WP_CODEBOX_RUNTIME_DIR in the \
                   environment to the directory of a pack.";
        return vec![error(id, label, "No runtime pack is configured.", fix)];
    };
    let fix = || format!("Build it: {}", build_command(dir));
    let pack = match Pack::open(dir) {
        Ok(pack) => pack,
        Err(refusal) => return vec![error(id, label, refusal.to_string(), fix())],
    };
    let found = format!(
        "{}: PHP {}, WordPress {}",
        pack.dir().display(),
        pack.php_version(),
        pack.wordpress_version()
    );
    let mut checks = vec![ok(id, label, found)];
    if depth == Depth::Bytes {
        let (id, label) = ("runtime_bytes", "Runtime pack's integrity");
        checks.push(match pack.verify() {
            Ok(()) => ok(id, label, "Every file is as the manifest says.".to_owned()),
            Err(refusal) => error(id, label, refusal.to_string(), fix()),
        });
    }
    checks
}

/// A directory that runs write to, or the nearest one above it in which it can be made.
fn directory(id: &'static str, label: &'static str, dir: Option<&Path>, setting: &'static str) -> Check {
    let elsewhere = |fix: &str| format!("{fix}, or set {setting} to another directory.");
    let Some(dir) = dir else {
        let message = format!("No {} is configured.", label.to_lowercase());
        return error(id, label, message, format!("Set {setting} in php.ini."));
    };
    let Some(present) = nearest(dir) else {
        let message = format!("{} cannot be reached.", dir.display());
        return error(id, label, message, elsewhere("Give PHP's user access"));
    };
    if !present.is_dir() {
        let message = format!("{} is not a directory.", present.display());
        return error(id, label, message, elsewhere("Move it away"));
    }
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    let writable =
        rustix::fs::accessat(rustix::fs::CWD, &present, access, rustix::fs::AtFlags::EACCESS).is_ok();
    if !writable {
        let message = format!("{} cannot be written by PHP's user.", present.display());
        return error(id, label, message, elsewhere("Give PHP's user the right to write"));
    }
    if present == dir {
        ok(id, label, format!("{} can be written.", dir.display()))
    } else {
        ok(id, label, format!("{} will be made when it is needed.", dir.display()))
    }
}

/// The path itself or the nearest one above it that exists.
fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|above| above.symlink_metadata().is_ok()).map(Path::to_owned)
}
