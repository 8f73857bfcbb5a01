//! Making images.

use super::is_loaded;
use crate::engine::vfs::Vfs;
use crate::engine::{EXIT_MARK, Fork, Guest, GuestImage, Request, Runtime, Stop, Watch};
use crate::sandbox::base;
use crate::sandbox::error::SandboxError;
use crate::sandbox::files::{self, Salts};
use crate::sandbox::layout;
use crate::sandbox::machine;
use crate::sandbox::spec::{HostMount, MountKind, Spec};
use std::sync::Arc;

/// Requests that fill the opcode cache with what most need.
const WARM_UP: [&str; 2] = ["/", "/wp-json/"];

/// A step that does nothing, in a loaded WordPress.
const NO_STEP: &str = r#"{"kind":"probe","type":"filter","name":"init"}"#;

/// What was made.
pub(super) enum Made {
    /// Other sandboxes may start from it.
    Shareable(Vec<GuestImage>),
    /// One sandbox may.
    Private(Vec<GuestImage>),
    /// WordPress does not load with these components.
    Broken,
}

/// A WordPress without components, between two requests and in an open one.
pub(super) fn base(
    spec: &Spec,
    runtime: &Arc<Runtime>,
    watch: &Watch<'_>,
) -> Result<Vec<GuestImage>, SandboxError> {
    let bare = spec.without_particulars();
    let database = base::database(&bare, runtime, watch)?;
    let salts = Salts::random();
    let mut files = layout::filesystem(&bare, Some(&database))?;
    layout::configure(&bare, &salts, &mut files)?;
    let mut guest = machine::boot(runtime, files, &bare, watch)?;
    let stopped = SandboxError::Stopped;
    guest.vfs_mut().set_step(EXIT_MARK.to_string().into_bytes());
    guest.learn_exit_status(files::CALIBRATE_SCRIPT, watch).map_err(stopped)?;
    let before = guest.vfs().clone();
    guest.vfs_mut().set_step(NO_STEP.as_bytes().to_vec());
    guest.request(&Request::script(files::STEP_SCRIPT), watch).map_err(stopped)?;
    for uri in WARM_UP {
        let request = Request { uri: uri.to_owned(), ..Request::script("/wordpress/index.php") };
        guest.request(&request, watch).map_err(stopped)?;
    }
    // The cache is what was wanted. What the pages wrote is no sandbox's business.
    guest.restore_files(before);
    let closed = guest.freeze(&salts.bytes())?;
    let Some(open) = load(&mut guest, &salts.bytes(), watch)? else {
        let said = String::from_utf8_lossy(&guest.response(0).stderr).trim().to_owned();
        return Err(SandboxError::Install(said));
    };
    Ok(vec![closed, open])
}

/// A WordPress with the spec's components loaded, on a base.
pub(super) fn particular(
    spec: &Spec,
    base: &Arc<[GuestImage]>,
    runtime: &Arc<Runtime>,
    watch: &Watch<'_>,
) -> Result<Made, SandboxError> {
    if !spec.environment.is_empty() {
        return Ok(Made::Broken);
    }
    let salts = Salts::random();
    let files = super::files(&base[0], spec, &salts)?;
    let late: Vec<&HostMount> = spec.mounts.iter().filter(|mount| !is_loaded(mount)).collect();
    let looks = |vfs: &Vfs| -> u64 { late.iter().filter_map(|mount| vfs.host_calls_of(&mount.target)).sum() };
    let before = looks(&files);
    let fork = Fork { vfs: files, instead: &salts.bytes(), limits: machine::limits(spec) };
    let mut guest = Guest::fork(runtime, &base[0], fork, watch)?;
    let Some(mut open) = load(&mut guest, &salts.bytes(), watch)? else { return Ok(Made::Broken) };
    // Code that has looked into the workspace while it loaded may do otherwise with another one.
    let looked = looks(guest.vfs()) != before;
    if looked || !late.iter().all(|mount| can_stand_in(mount, &late)) {
        return Ok(Made::Private(vec![open]));
    }
    for mount in late {
        layout::stand_in(open.vfs_mut(), mount)?;
    }
    Ok(Made::Shareable(vec![open]))
}

/// Whether another directory can take the mount's place later: nobody can tell whether a file was
/// read, and a mount in a mount would be hidden.
fn can_stand_in(mount: &HostMount, all: &[&HostMount]) -> bool {
    let holds = |other: &HostMount| {
        other.target.strip_prefix(&mount.target).is_some_and(|rest| rest.starts_with('/'))
    };
    mount.kind == MountKind::Directory && !all.iter().any(|other| holds(other))
}

/// Loads WordPress in a request that stays open, and freezes it there.
///
/// `marks` are what forks have their own of. None: it does not load.
pub(in crate::sandbox) fn load(
    guest: &mut Guest,
    marks: &[Vec<u8>],
    watch: &Watch<'_>,
) -> Result<Option<GuestImage>, SandboxError> {
    guest.vfs_mut().set_step(Vec::new());
    match guest.open(&Request::script(files::BOOT_SCRIPT), watch) {
        // What it would have got from the network is another policy's business.
        Ok(response) if !response.network.is_empty() => return Ok(None),
        Ok(_) => {}
        Err(stop @ (Stop::Deadline | Stop::Interrupted)) => return Err(SandboxError::Stopped(stop)),
        Err(_) => return Ok(None),
    }
    let (outcome, _) = guest.vfs_mut().outcome.take();
    if outcome.is_empty() {
        return Ok(None);
    }
    // What it said while it loaded belongs to no command.
    guest.response(0);
    Ok(Some(guest.freeze(marks)?))
}
