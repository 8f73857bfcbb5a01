//! The host's files and directories that a sandbox is to have, and how the bundle records them.

use crate::artifact::MountRecord;
use crate::contract::{Code, Refusal};
use crate::sandbox::{HostMount, MountKind, Policy, is_own_place};
use serde_json::Value;
use std::path::Path;

/// Mounting here would replace what the sandbox itself consists of.
const RESERVED: [&str; 6] =
    ["/internal", "/dev", "/request", "/wordpress/wp-admin", "/wordpress/wp-includes", MUST_USE];
const MUST_USE: &str = "/wordpress/wp-content/mu-plugins/contained-runtime";
/// Mounting exactly here would hide the sandbox's own files beneath.
const RESERVED_ROOTS: [&str; 4] =
    ["/wordpress", "/wordpress/wp-content", "/wordpress/wp-content/mu-plugins", "/wordpress/wp-config.php"];

/// Mounts in the order in which they are attached: as they come, but none after one that lies beneath it.
/// Each with its record.
#[derive(Default)]
pub struct Mounts {
    pub host: Vec<HostMount>,
    pub records: Vec<MountRecord>,
}

impl Mounts {
    /// Adds a mount. `metadata` is its author's, or null.
    pub fn attach(&mut self, mount: HostMount, metadata: Value) {
        let beneath = |other: &HostMount| {
            other.target.strip_prefix(&mount.target).is_some_and(|rest| rest.starts_with('/'))
        };
        // What lies beneath it comes after it, or its place would not be empty.
        let at = self.host.iter().position(beneath).unwrap_or(self.host.len());
        self.records.insert(at, mount_record(&mount, metadata));
        self.host.insert(at, mount);
    }

    pub fn is_taken(&self, target: &str) -> bool {
        self.host.iter().any(|mount| mount.target == target)
    }

    /// Whether the policy lets the mounts be.
    pub fn check(&self, policy: &Policy) -> Result<(), Refusal> {
        self.host.iter().try_for_each(|mount| Ok(policy.admit_mount(mount.clone()).map(drop)?))
    }
}

/// How a bundle records a mount.
pub fn mount_record(mount: &HostMount, metadata: Value) -> MountRecord {
    MountRecord {
        kind: match mount.kind {
            MountKind::Directory => "directory".to_owned(),
            MountKind::File => "file".to_owned(),
        },
        source: Some(mount.source.to_string_lossy().into_owned()),
        target: mount.target.clone(),
        mode: if mount.writable { "readwrite" } else { "readonly" }.to_owned(),
        capture_artifacts: Some(mount.capture && mount.writable),
        metadata,
    }
}

/// What a path is, if a sandbox can have it.
pub fn kind_of(path: &Path) -> Option<MountKind> {
    let kind = std::fs::metadata(path).ok()?.file_type();
    if kind.is_dir() {
        Some(MountKind::Directory)
    } else if kind.is_file() {
        Some(MountKind::File)
    } else {
        None
    }
}

/// Refuses targets that are the sandbox's own.
pub fn refuse_reserved(field: &str, target: &str, kind: MountKind) -> Result<(), Refusal> {
    let beneath =
        |root: &&str| target == *root || target.strip_prefix(*root).is_some_and(|rest| rest.starts_with('/'));
    if RESERVED_ROOTS.contains(&target) || RESERVED.iter().any(beneath) || is_own_place(target, kind) {
        return Err(Refusal::field(
            Code::MountTargetInvalid,
            field,
            format_args!(
                "{target} is the sandbox's own; mount beneath /workspace or a plugin's or theme's directory"
            ),
        ));
    }
    Ok(())
}
