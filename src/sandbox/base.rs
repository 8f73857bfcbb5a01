//! The base image: a database with WordPress installed, made once and kept.
//!
//! Invariant: a base file is complete and unchanged since it was made (its digest stands beside
//! it), or it is made again. However many processes ask, one makes it.

use super::command::Command;
use super::error::SandboxError;
use super::files::{self, Salts};
use super::layout;
use super::lock;
use super::machine;
use super::spec::{Ini, Spec};
use super::warm;
use crate::contract::digest_hex;
use crate::engine::{Runtime, Stop, Watch};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The installed database for `spec`, made now if the cache has none.
pub(super) fn database(
    spec: &Spec,
    runtime: &Arc<Runtime>,
    watch: &Watch<'_>,
) -> Result<PathBuf, SandboxError> {
    let directory = spec.cache_dir.join("base");
    let cache = |source: io::Error| SandboxError::Cache { path: directory.clone(), source };
    lock::directory(&directory)?;
    let key = warm::installed_key(spec)?;
    if let Some(path) = find(&directory, &key) {
        return Ok(path);
    }
    let _lock = lock::acquire(&directory.join(format!("{key}.lock")), watch)?;
    if let Some(path) = find(&directory, &key) {
        return Ok(path);
    }
    let bytes = install(spec, runtime, watch)?;
    store(&directory, &key, &bytes).map_err(cache)
}

/// `<key>-<sha256>.sqlite`: the digest in the name tells whether the bytes are those that were
/// written. A damaged file is removed.
fn find(directory: &Path, key: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(directory).ok()?.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(key)) else { continue };
        let Some(digest) = rest.strip_prefix('-').and_then(|rest| rest.strip_suffix(".sqlite")) else {
            continue;
        };
        let path = entry.path();
        if fs::read(&path).is_ok_and(|bytes| digest_hex([bytes.as_slice()]) == digest) {
            return Some(path);
        }
        // Another process may have removed it first; either way it is not used.
        let _ = fs::remove_file(&path);
    }
    None
}

/// Only the lock's holder does so: what one left that died is written over.
fn store(directory: &Path, key: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let digest = digest_hex([bytes]);
    let path = directory.join(format!("{key}-{digest}.sqlite"));
    let unfinished = directory.join(format!("{key}.unfinished"));
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

fn install(spec: &Spec, runtime: &Arc<Runtime>, watch: &Watch<'_>) -> Result<Vec<u8>, SandboxError> {
    // For every sandbox with this core, whatever settings of PHP its own base has.
    let bare = Spec { ini: Ini::default(), ..spec.without_particulars() };
    let mut files = layout::filesystem(&bare, None)?;
    layout::configure(&bare, &Salts::random(), &mut files)?;
    let mut guest = machine::boot(runtime, files, &bare, watch)?;
    let script = Command::RunScript { path: files::INSTALL_SCRIPT.to_owned(), bootstrap: false };
    let execution = machine::carry_out(&mut guest, &script, watch)?;
    if let Err(failure) = execution.outcome {
        return Err(match failure.code {
            crate::contract::Code::RunTimeout => SandboxError::Stopped(Stop::Deadline),
            crate::contract::Code::RunCancelled => SandboxError::Stopped(Stop::Interrupted),
            _ => SandboxError::Install(format!("{} {}", failure.message, execution.record.stderr.trim())),
        });
    }
    guest
        .vfs()
        .host_read(files::DATABASE, files::DATABASE_MAX)
        .map_err(|errno| SandboxError::Install(format!("no database was written: {errno}")))
}
