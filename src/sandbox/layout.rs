//! Where things are inside a sandbox.
//!
//! ```text
//! /wordpress              core: read-only files of the pack or of the parent
//! /wordpress/wp-content   the sandbox's own; themes from the pack
//! /workspace              the coding root
//! /internal               the host's files, the database, WP-CLI, the SQLite integration
//! /tmp                    scratch
//! ```

use super::error::SandboxError;
use super::files;
use super::files::Salts;
use super::spec::{Core, HostMount, MountKind, Spec};
use crate::engine::vfs::{Errno, Lower, Mount, MountMode, Vfs, VfsLimits};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Largest outcome that a command may leave, bytes.
pub(super) const OUTCOME_MAX: u64 = 16 << 20;

/// Where components that load as must-use plugins are mounted.
pub const MUST_USE_DIR: &str = "/wordpress/wp-content/mu-plugins/contained-runtime";

/// The core's directories and files. Whatever else lies beside them in a parent's ABSPATH (its
/// configuration, backups, other programs) is not the sandbox's business.
const CORE_DIRECTORIES: [&str; 2] = ["wp-admin", "wp-includes"];
const CORE_FILES: [&str; 13] = [
    "index.php",
    "wp-activate.php",
    "wp-blog-header.php",
    "wp-comments-post.php",
    "wp-cron.php",
    "wp-links-opml.php",
    "wp-load.php",
    "wp-login.php",
    "wp-mail.php",
    "wp-settings.php",
    "wp-signup.php",
    "wp-trackback.php",
    "xmlrpc.php",
];

/// Those without which it is no WordPress.
const NEEDED_FILES: [&str; 2] = ["wp-load.php", "wp-settings.php"];

/// Where the pack's themes are. More can be added, as plugins can.
pub const THEMES: &str = "/wordpress/wp-content/themes";

/// Directories that exist in every sandbox.
const DIRECTORIES: [&str; 10] = [
    "/tmp",
    "/workspace",
    "/internal/codebox",
    "/internal/codebox/commands",
    "/internal/database",
    "/wordpress/wp-content/mu-plugins/contained-runtime",
    "/wordpress/wp-content/plugins",
    THEMES,
    "/wordpress/wp-content/upgrade",
    "/wordpress/wp-content/uploads",
];

/// When the host's files were made, as PHP sees it: so long ago that opcache keeps them.
const LONG_AGO: i64 = 1_000_000_000 * 1_000_000_000;

/// A filesystem with WordPress and the host's files. `database` is the installed database that the
/// sandbox starts from; without one it starts empty.
pub(super) fn filesystem(spec: &Spec, database: Option<&Path>) -> Result<Vfs, SandboxError> {
    let limits = file_limits(spec);
    let mut mounts = core_mounts(spec)?;
    let pack = &spec.pack;
    let themes = resolved(&pack.wordpress().join("wp-content/themes"))?;
    mounts.push(Mount { mode: MountMode::ReadWrite, ..pack_mount(THEMES, Lower::HostDir(themes)) });
    mounts.push(pack_mount(files::SQLITE, Lower::HostDir(resolved(pack.sqlite_integration())?)));
    mounts.push(pack_mount(files::WP_CLI, Lower::HostFile(resolved(pack.wp_cli())?)));
    if let Some(database) = database {
        mounts.push(Mount {
            target: files::DATABASE.to_owned(),
            lower: Lower::HostFile(resolved(database)?),
            mode: MountMode::ReadWrite,
            immutable: true,
        });
    }
    let mut vfs = Vfs::new(Vec::new(), limits).map_err(|source| mount_error("/", source))?;
    for mount in mounts {
        let target = mount.target.clone();
        vfs.add_mount(mount).map_err(|source| SandboxError::Mount { target, source })?;
    }
    place(spec, &mut vfs)?;
    vfs.outcome.set_limit(OUTCOME_MAX);
    Ok(vfs)
}

fn file_limits(spec: &Spec) -> VfsLimits {
    VfsLimits {
        max_upper_bytes: spec.limits.disk,
        max_upper_files: spec.limits.files,
        max_open_files: spec.limits.open_files,
        max_file_bytes: spec.limits.file_size,
    }
}

/// Adds the spec's own: limits, what is captured, and its mounts, as far as they `belong`.
pub(super) fn attach(
    spec: &Spec,
    vfs: &mut Vfs,
    belongs: impl Fn(&HostMount) -> bool,
) -> Result<(), SandboxError> {
    vfs.set_limits(file_limits(spec));
    vfs.stdout.set_limit(spec.limits.output);
    vfs.stderr.set_limit(spec.limits.output);
    spec.mounts.iter().filter(|one| belongs(one)).try_for_each(|one| mount(vfs, one))
}

/// Adds a mount.
pub(super) fn mount(vfs: &mut Vfs, mount: &HostMount) -> Result<(), SandboxError> {
    vfs.add_mount(host_mount(mount)).map_err(|source| mount_error(&mount.target, source))
}

/// Puts the spec's source beneath a mount that an image has already.
pub(super) fn replace(vfs: &mut Vfs, mount: &HostMount) -> Result<(), SandboxError> {
    vfs.replace_lower(host_mount(mount)).map_err(|source| mount_error(&mount.target, source))
}

/// Puts nothing beneath a mount, so that an image does not depend on the sandbox that it was made for.
pub(super) fn stand_in(vfs: &mut Vfs, mount: &HostMount) -> Result<(), SandboxError> {
    let nothing = Mount { lower: Lower::Empty, immutable: true, ..host_mount(mount) };
    vfs.replace_lower(nothing).map_err(|source| mount_error(&mount.target, source))
}

fn mount_error(target: &str, source: crate::engine::vfs::VfsError) -> SandboxError {
    SandboxError::Mount { target: target.to_owned(), source }
}

/// Where the core's files are on the host.
pub(super) fn core_directory(spec: &Spec) -> PathBuf {
    spec.core.directory().unwrap_or(spec.pack.wordpress()).to_owned()
}

/// The host's files and directories that are the core inside.
pub(super) fn core_sources(spec: &Spec) -> Vec<PathBuf> {
    let root = core_directory(spec);
    let directories = CORE_DIRECTORIES.iter().map(|name| root.join(name));
    let files = CORE_FILES.iter().map(|name| root.join(name)).filter(|path| path.is_file());
    // As they are mounted: what a link leads to.
    directories.chain(files).map(|path| path.canonicalize().unwrap_or(path)).collect()
}

/// Whether a directory holds what a sandbox needs of a WordPress.
pub fn is_core(directory: &Path) -> bool {
    CORE_DIRECTORIES.iter().all(|name| directory.join(name).is_dir())
        && NEEDED_FILES.iter().all(|name| directory.join(name).is_file())
}

/// What of a core is a link that does not lead to another place in its directory, a real path.
pub fn stray(core: &Path) -> Option<&'static str> {
    let strays = |name: &&&str| {
        let path = core.join(name);
        path.symlink_metadata().is_ok() && !path.canonicalize().is_ok_and(|real| real.starts_with(core))
    };
    CORE_DIRECTORIES.iter().chain(&CORE_FILES).find(strays).copied()
}

/// Whether something of the sandbox's own is there, so that nothing of this kind can be mounted.
pub fn is_own_place(target: &str, kind: MountKind) -> bool {
    let is_file = |place: &str| {
        let core = place.strip_prefix("/wordpress/").is_some_and(|name| CORE_FILES.contains(&name));
        core || files::is_placed(place)
    };
    let is_above = |directory: &&str| {
        directory.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    target == THEMES
        || Path::new(target).ancestors().filter_map(Path::to_str).any(is_file)
        || kind == MountKind::File && DIRECTORIES.iter().any(is_above)
}

/// Whether a path of a WordPress belongs to its core.
pub fn is_core_path(path: &str) -> bool {
    CORE_FILES.contains(&path) || path.split_once('/').is_some_and(|(top, _)| CORE_DIRECTORIES.contains(&top))
}

fn core_mounts(spec: &Spec) -> Result<Vec<Mount>, SandboxError> {
    let root = core_directory(spec);
    // A pack never changes; a parent may be updated while this process lives.
    let immutable = spec.core == Core::Pack;
    if let Core::Confined(directory) = &spec.core
        && let Some(stray) = stray(directory)
    {
        return Err(SandboxError::CoreStrays { path: root, stray });
    }
    let mut mounts = Vec::new();
    let mut add = |name: &str, lower: Lower| {
        let target = format!("/wordpress/{name}");
        mounts.push(Mount { target, lower, mode: MountMode::ReadOnly, immutable });
    };
    for name in CORE_DIRECTORIES {
        let path = root.join(name);
        if !path.is_dir() {
            return Err(SandboxError::Core { path: root, missing: name });
        }
        add(name, Lower::HostDir(resolved(&path)?));
    }
    for name in CORE_FILES {
        let path = root.join(name);
        match name {
            name if NEEDED_FILES.contains(&name) && !path.is_file() => {
                return Err(SandboxError::Core { path: root, missing: name });
            }
            _ if path.is_file() => add(name, Lower::HostFile(resolved(&path)?)),
            _ => {}
        }
    }
    Ok(mounts)
}

/// The path without symbolic links: those of the pack, the cache and the core are the operator's.
fn resolved(path: &Path) -> Result<PathBuf, SandboxError> {
    path.canonicalize().map_err(|source| SandboxError::Read { path: path.to_owned(), source })
}

fn pack_mount(target: &str, lower: Lower) -> Mount {
    Mount { target: target.to_owned(), lower, mode: MountMode::ReadOnly, immutable: true }
}

fn host_mount(mount: &HostMount) -> Mount {
    Mount {
        target: mount.target.clone(),
        lower: match mount.kind {
            MountKind::Directory => Lower::HostDir(mount.source.clone()),
            MountKind::File => Lower::HostFile(mount.source.clone()),
        },
        mode: if mount.writable { MountMode::ReadWrite } else { MountMode::ReadOnly },
        immutable: false,
    }
}

/// Writes the host's own files.
fn place(spec: &Spec, vfs: &mut Vfs) -> Result<(), SandboxError> {
    for directory in DIRECTORIES {
        vfs.host_mkdir_all(directory).map_err(|errno| cannot_place(directory, errno))?;
    }
    for (path, content) in files::fixed() {
        write(vfs, path, content.as_bytes())?;
    }
    write(vfs, files::INI_FILE, files::php_ini(spec).into_bytes())?;
    let drop_in = drop_in(spec)?;
    write(vfs, files::DROP_IN, drop_in.into_bytes())?;
    for path in files::fixed().map(|(path, _)| path).chain([files::INI_FILE, files::DROP_IN]) {
        vfs.host_date(path, LONG_AGO).map_err(|errno| cannot_place(path, errno))?;
    }
    Ok(())
}

/// Writes what differs from sandbox to sandbox: wp-config.php's constants and what else loads.
pub(super) fn configure(spec: &Spec, salts: &Salts, vfs: &mut Vfs) -> Result<(), SandboxError> {
    write_json(vfs, files::DEFINES_FILE, &Value::Object(files::defines(spec, salts)))?;
    write_json(vfs, files::COMPONENTS_FILE, &Value::from(spec.must_use.clone()))
}

/// WordPress's database drop-in.
pub(super) fn drop_in(spec: &Spec) -> Result<String, SandboxError> {
    let path = spec.pack.sqlite_integration().join("db.copy");
    let template = std::fs::read_to_string(&path).map_err(|source| SandboxError::Read { path, source })?;
    Ok(files::database_drop_in(&template))
}

fn write_json(vfs: &mut Vfs, path: &str, value: &Value) -> Result<(), SandboxError> {
    write(vfs, path, value.to_string().into_bytes())
}

pub(super) fn write(vfs: &mut Vfs, path: &str, content: impl AsRef<[u8]>) -> Result<(), SandboxError> {
    vfs.host_write(path, content, 0o644).map_err(|errno| cannot_place(path, errno))
}

fn cannot_place(path: &str, errno: Errno) -> SandboxError {
    SandboxError::Place { path: path.to_owned(), errno: errno.to_string() }
}
