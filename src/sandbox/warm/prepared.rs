//! Images of sandboxes that commands have made ready: plugins activated and set up.
//!
//! Invariant: an image serves only a spec and commands that would have led to the same sandbox. What
//! could make a difference is in its key, and where that cannot be told there is none.

use super::at_hand::{AtHand, Name};
use super::{base, key, store};
use crate::contract::digest_hex;
use crate::engine::vfs::Vfs;
use crate::engine::{GuestImage, Runtime, Watch, read_sealed};
use crate::sandbox::error::SandboxError;
use crate::sandbox::files::Salts;
use crate::sandbox::spec::Spec;
use crate::sandbox::{Command, ContentTask};
use serde::{Deserialize, Serialize};
use std::iter;
use std::path::Path;
use std::sync::Arc;

/// Names of the images.
const IMAGES: [&str; 1] = ["open"];
/// The files between two requests, and what else is kept.
const REST: &str = "prepared";

/// A sandbox that is ready.
pub(in crate::sandbox) struct Prepared {
    /// Between two requests.
    pub closed: GuestImage,
    /// With WordPress loaded in an open request, and the files that are there then.
    pub open: GuestImage,
    pub rest: Rest,
}

/// What there is beside guests.
#[derive(Serialize, Deserialize)]
pub(in crate::sandbox) struct Rest {
    /// The files between two requests.
    pub files: Vfs,
    /// Secrets that WordPress may have signed things with by now: they stay.
    pub salts: Salts,
    /// What whoever prepared it wants to know later.
    pub record: Vec<u8>,
}

/// Images of this process.
static AT_HAND: AtHand<Arc<Prepared>> = AtHand::new();

pub(super) fn forget() {
    AT_HAND.clear();
}

/// The key of the image of `spec` after `commands`, and of a record that `judged` decides over too, if
/// there can be one.
pub(in crate::sandbox) fn key_of(
    spec: &Spec,
    commands: &[Command],
    judged: &str,
) -> Result<Option<String>, SandboxError> {
    if commands.iter().any(holds_password) {
        return Ok(None);
    }
    key::prepared(&key::base(spec)?, spec, &digest(commands), judged)
}

/// No file may hold one, and an image would.
fn holds_password(command: &Command) -> bool {
    matches!(command, Command::Content(content) if matches!(content.task, ContentTask::MakeUser { .. }))
}

/// The commands with the files that they bring, which are no part of what they show.
fn digest(commands: &[Command]) -> String {
    let shown = format!("{commands:?}");
    let brought = commands.iter().flat_map(|command| match command {
        Command::Content(content) => content.files.as_slice(),
        _ => &[],
    });
    // Their lengths are shown.
    digest_hex(iter::once(shown.as_bytes()).chain(brought.map(|file| &*file.bytes)))
}

/// The image under `key`, from this process or from disk.
pub(in crate::sandbox) fn find(
    key: &str,
    spec: &Spec,
    runtime: &Arc<Runtime>,
    watch: &Watch<'_>,
) -> Result<Option<Arc<Prepared>>, SandboxError> {
    let name: Name = (spec.cache_dir.clone(), key.to_owned());
    if let Some(prepared) = AT_HAND.find(&name) {
        return Ok(Some(prepared));
    }
    let store = store::Store::open(&spec.cache_dir)?;
    let Some(open) = store.find(key, &IMAGES, runtime).and_then(|images| images.into_iter().next()) else {
        return Ok(None);
    };
    let Some(rest) = read(&store.place(key)) else { return Ok(None) };
    let closed = base(spec, runtime, watch)?[0].clone();
    let prepared = Arc::new(Prepared { closed, open, rest });
    AT_HAND.keep(&name, Arc::clone(&prepared));
    Ok(Some(prepared))
}

fn read(directory: &Path) -> Option<Rest> {
    // Damaged or of another version: it is made again.
    let bytes = read_sealed(&directory.join(REST)).ok()?;
    postcard::from_bytes(&bytes).ok()
}

/// Keeps the image for others, on disk as well unless somebody was faster.
pub(in crate::sandbox) fn keep(
    key: &str,
    spec: &Spec,
    mut prepared: Prepared,
    runtime: &Arc<Runtime>,
    watch: &Watch<'_>,
) -> Result<Arc<Prepared>, SandboxError> {
    let store = store::Store::open(&spec.cache_dir)?;
    let _lock = store.lock(key, watch)?;
    if !store.holds(key)
        && let Ok(rest) = postcard::to_stdvec(&prepared.rest)
    {
        let images = std::slice::from_mut(&mut prepared.open);
        let about = store::About::prepared(spec);
        // A full disk costs others the time to make it again.
        let _ = store.put(key, &IMAGES, images, &[(REST, &rest)], &about, runtime);
    }
    let prepared = Arc::new(prepared);
    AT_HAND.keep(&(spec.cache_dir.clone(), key.to_owned()), Arc::clone(&prepared));
    Ok(prepared)
}
