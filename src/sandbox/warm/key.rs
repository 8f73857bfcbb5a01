//! What an image was made from, as a digest.

use super::fingerprint::{self, Fingerprint};
use super::is_loaded;
use crate::sandbox::error::SandboxError;
use crate::sandbox::files;
use crate::sandbox::layout;
use crate::sandbox::policy::Approvals;
use crate::sandbox::spec::{HostMount, MountKind, Spec};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Changes when images of an earlier version of this room must not be used.
const VERSION: &[u8] = b"wp-codebox/warm-image/v1";

/// A digest over parts of which each is told apart from the next.
struct Key(Sha256);

impl Key {
    fn new(kind: &str) -> Key {
        let mut key = Key(Sha256::new());
        key.part(VERSION);
        key.part(kind.as_bytes());
        key
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> String {
        format!("{:x}", self.0.finalize())
    }
}

/// The files that are the same in every sandbox: digested once, not for each of them.
static FIXED: LazyLock<String> = LazyLock::new(|| {
    let mut key = Key::new("fixed");
    for (path, text) in files::fixed() {
        key.part(path.as_bytes());
        key.part(text.as_bytes());
    }
    key.finish()
});

/// The key of the base: the pack, the core, the settings and the files that the host places.
pub(super) fn base(spec: &Spec) -> Result<String, SandboxError> {
    let mut key = Key::new("base");
    code(&mut key, spec)?;
    key.part(files::php_ini(spec).as_bytes());
    Ok(key.finish())
}

/// The key of a database with WordPress installed. The settings that are not in it are not there while
/// it is made.
pub(in crate::sandbox) fn installed(spec: &Spec) -> Result<String, SandboxError> {
    let mut key = Key::new("installed");
    code(&mut key, spec)?;
    for text in files::base_inputs() {
        key.part(text.as_bytes());
    }
    Ok(key.finish())
}

/// The pack, the core and the files that the host places.
fn code(key: &mut Key, spec: &Spec) -> Result<(), SandboxError> {
    key.part(spec.pack.id().as_bytes());
    key.part(spec.pack.dir().as_os_str().as_encoded_bytes());
    match spec.core.directory() {
        None => key.part(b"pack"),
        Some(directory) => {
            key.part(directory.as_os_str().as_encoded_bytes());
            let read = |source| SandboxError::Read { path: directory.to_owned(), source };
            key.part(&fingerprint::core(&layout::core_sources(spec)).map_err(read)?);
        }
    }
    key.part(FIXED.as_bytes());
    Ok(())
}

/// The key of what stands on a base: components, what is mounted where WordPress loads code from,
/// and constants. None: it has too many files to look at each time, or one changed just now, or the
/// code can see variables that no file may hold.
pub(super) fn particular(base: &str, spec: &Spec) -> Result<Option<String>, SandboxError> {
    if !spec.environment.is_empty() {
        return Ok(None);
    }
    let mut key = Key::new("particular");
    key.part(base.as_bytes());
    configured(&mut key, spec);
    for mount in &spec.mounts {
        shape(&mut key, mount);
        if is_loaded(mount) && !content(&mut key, mount)? {
            return Ok(None);
        }
    }
    Ok(Some(key.finish()))
}

/// The key of what commands, given by their digest, make of it, judged in this way. They may have looked
/// at every mount.
pub(super) fn prepared(
    base: &str,
    spec: &Spec,
    commands: &str,
    judged: &str,
) -> Result<Option<String>, SandboxError> {
    // Who has to approve commands wants to be asked each time.
    if !spec.environment.is_empty() || spec.policy.approvals != Approvals::Never {
        return Ok(None);
    }
    let mut key = Key::new("prepared");
    key.part(base.as_bytes());
    configured(&mut key, spec);
    key.part(commands.as_bytes());
    key.part(judged.as_bytes());
    for mount in &spec.mounts {
        shape(&mut key, mount);
        key.part(if mount.capture { b"captured" } else { b"not" });
        if !content(&mut key, mount)? {
            return Ok(None);
        }
    }
    Ok(Some(key.finish()))
}

fn configured(key: &mut Key, spec: &Spec) {
    key.part(&(spec.must_use.len() as u64).to_le_bytes());
    for path in &spec.must_use {
        key.part(path.as_bytes());
    }
    key.part(serde_json::Value::Object(spec.defines.clone()).to_string().as_bytes());
    key.part(format!("{:?}", spec.ini.loaded).as_bytes());
}

/// Adds what is beneath a mount. False: nobody can say what that is.
fn content(key: &mut Key, mount: &HostMount) -> Result<bool, SandboxError> {
    key.part(mount.source.as_os_str().as_encoded_bytes());
    let read = |source| SandboxError::Read { path: mount.source.clone(), source };
    match fingerprint::tree(&mount.source).map_err(read)? {
        Fingerprint::Of(digest) => key.part(&digest),
        Fingerprint::TooMany | Fingerprint::TooRecent => return Ok(false),
    }
    Ok(true)
}

/// What a request can see of a mount without looking into it.
fn shape(key: &mut Key, mount: &HostMount) {
    key.part(mount.target.as_bytes());
    key.part(match mount.kind {
        MountKind::Directory => b"directory",
        MountKind::File => b"file",
    });
    key.part(if mount.writable { b"rw" } else { b"ro" });
}
