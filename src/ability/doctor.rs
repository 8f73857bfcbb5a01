//! Is everything there that a run needs? Each answer with its fix.

use crate::host::{Host, Settings};
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

/// Looks, and changes nothing.
pub fn doctor(host: &dyn Host) -> Vec<Check> {
    let mut checks = vec![ok(
        "extension",
        "Extension",
        concat!("wp_codebox ", env!("CARGO_PKG_VERSION")).to_owned(),
    )];
    match host.settings() {
        Ok(settings) => {
            checks.push(ok("settings", "Settings", "All settings can be used.".to_owned()));
            checks.push(runtime(&settings));
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
        }
        Err(refusal) => checks.push(Check {
            id: "settings",
            label: "Settings",
            status: Status::Error,
            message: refusal.message,
            fix: "Correct the setting that the message names.".to_owned(),
        }),
    }
    checks
}

fn ok(id: &'static str, label: &'static str, message: String) -> Check {
    Check { id, label, status: Status::Ok, message, fix: String::new() }
}

fn runtime(settings: &Settings) -> Check {
    let (id, label) = ("runtime", "Runtime pack");
    match &settings.runtime_dir {
        Some(dir) if dir.is_dir() => ok(id, label, format!("{} is there.", dir.display())),
        Some(dir) => Check {
            id,
            label,
            status: Status::Error,
            message: format!("There is no runtime pack at {}.", dir.display()),
            fix: format!("Build one: wp-codebox-runtime build {}", dir.display()),
        },
        None => Check {
            id,
            label,
            status: Status::Error,
            message: "No runtime pack is configured.".to_owned(),
            fix: "Set wp_codebox.runtime_dir in php.ini or WP_CODEBOX_RUNTIME_DIR in the \
                  environment to the directory of a pack."
                .to_owned(),
        },
    }
}

/// A directory that runs write to, or the nearest one above it in which it can be made.
fn directory(
    id: &'static str,
    label: &'static str,
    dir: Option<&Path>,
    setting: &'static str,
) -> Check {
    let Some(dir) = dir else {
        return Check {
            id,
            label,
            status: Status::Error,
            message: format!("No {} is configured.", label.to_lowercase()),
            fix: format!("Set {setting} in php.ini."),
        };
    };
    let error =
        |message: String, fix: String| Check { id, label, status: Status::Error, message, fix };
    let Some(present) = nearest(dir) else {
        return error(
            format!("{} cannot be reached.", dir.display()),
            format!("Give PHP's user access, or set {setting} to another directory."),
        );
    };
    if !present.is_dir() {
        return error(
            format!("{} is not a directory.", present.display()),
            format!("Move it away, or set {setting} to another directory."),
        );
    }
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    let writable =
        rustix::fs::accessat(rustix::fs::CWD, &present, access, rustix::fs::AtFlags::EACCESS)
            .is_ok();
    if !writable {
        return error(
            format!("{} cannot be written by PHP's user.", present.display()),
            format!("Give PHP's user the right to write, or set {setting} to another directory."),
        );
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
