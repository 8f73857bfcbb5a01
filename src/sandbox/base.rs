//! The base image: a database with WordPress installed, made once and kept.
//!
//! Invariant: a base file is complete and unchanged since it was made (its digest stands beside
//! it), or it is made again. However many processes ask, one makes it.

use super::command::Command;
use super::error::SandboxError;
use super::files;
use super::layout;
use super::machine::Machine;
use super::policy::Policy;
use super::spec::Spec;
use crate::contract::digest_hex;
use crate::engine::{Runtime, Stop, Watch};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The installed database for `spec`, made now if the cache has none.
pub(super) fn database(
    spec: &Spec,
    runtime: &Arc<Runtime>,
    watch: &Watch<'_>,
) -> Result<PathBuf, SandboxError> {
    let directory = spec.cache_dir.join("base");
    let cache = |source: io::Error| SandboxError::Cache { path: directory.clone(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(cache)?;
    let key = key(spec)?;
    if let Some(path) = find(&directory, &key) {
        return Ok(path);
    }
    let lock = open_lock(&directory.join(format!("{key}.lock"))).map_err(cache)?;
    acquire(&lock, watch, &directory)?;
    if let Some(path) = find(&directory, &key) {
        return Ok(path);
    }
    let bytes = install(spec, runtime, watch)?;
    store(&directory, &key, &bytes).map_err(cache)
}

/// What the installed database depends on.
fn key(spec: &Spec) -> Result<String, SandboxError> {
    let version_file = layout::core_directory(spec).join("wp-includes/version.php");
    let version = fs::read(&version_file)
        .map_err(|source| SandboxError::Read { path: version_file, source })?;
    let mut parts: Vec<&[u8]> = vec![b"wp-codebox/base/v1", spec.pack.id().as_bytes(), &version];
    let inputs = files::base_inputs();
    parts.extend(inputs.iter().map(|text| text.as_bytes()));
    Ok(digest_hex(parts))
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

fn store(directory: &Path, key: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let digest = digest_hex([bytes]);
    let path = directory.join(format!("{key}-{digest}.sqlite"));
    let mut file = tempfile::Builder::new().prefix(".base-").tempfile_in(directory)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(path)
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Waits for the lock as long as the watch allows. The kernel frees it when its holder dies.
fn acquire(lock: &File, watch: &Watch<'_>, directory: &Path) -> Result<(), SandboxError> {
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(errno) => {
                return Err(SandboxError::Cache { path: directory.to_owned(), source: errno.into() });
            }
        }
        if Instant::now() >= watch.deadline {
            return Err(SandboxError::Stopped(Stop::Deadline));
        }
        if (watch.interrupted)() {
            return Err(SandboxError::Stopped(Stop::Interrupted));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn install(spec: &Spec, runtime: &Arc<Runtime>, watch: &Watch<'_>) -> Result<Vec<u8>, SandboxError> {
    let bare = Spec {
        mounts: Vec::new(),
        must_use: Vec::new(),
        defines: serde_json::Map::new(),
        environment: Vec::new(),
        secrets: Vec::new(),
        policy: Policy::allowing(Command::NAMES),
        ..spec.clone()
    };
    let mut machine = Machine::boot(runtime, layout::filesystem(&bare, None)?, &bare, watch)?;
    let script = Command::RunScript { path: files::INSTALL_SCRIPT.to_owned(), bootstrap: false };
    let execution = machine.execute(&script, watch)?;
    if let Err(failure) = execution.outcome {
        return Err(match failure.code {
            crate::contract::Code::RunTimeout => SandboxError::Stopped(Stop::Deadline),
            crate::contract::Code::RunCancelled => SandboxError::Stopped(Stop::Interrupted),
            _ => SandboxError::Install(format!("{} {}", failure.message, execution.record.stderr.trim())),
        });
    }
    machine
        .vfs()
        .host_read(files::DATABASE, files::DATABASE_MAX)
        .map_err(|errno| SandboxError::Install(format!("no database was written: {errno}")))
}
