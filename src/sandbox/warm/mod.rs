//! Warm images: a WordPress that is loaded already, frozen, and forked for each sandbox.
//!
//! In: a [`Spec`]. Out: a [`Warm`]: guests frozen with the opcode cache filled, one between two
//! requests and one in a request in which WordPress is loaded, from this process, from disk, or made
//! now.
//!
//! There are three layers. The base depends on the pack, the core and the settings, and is made once.
//! On top of it comes an image for each set of components, which takes as long as WordPress takes to
//! load. A sandbox that commands have made ready can be kept as a [`prepared`] image.
//!
//! Invariant: an image is used only for what it was made from. What could change it is in its key:
//! where that cannot be told, it serves one sandbox and is forgotten.

mod at_hand;
mod build;
mod fingerprint;
mod key;
mod list;
pub(super) mod prepared;
mod store;

pub(super) use build::load;
pub(super) use key::installed as installed_key;
pub use list::{ImageInfo, Pruned, Retention, list, prune};

use super::error::SandboxError;
use super::files::Salts;
use super::layout;
use super::spec::{HostMount, Spec};
use crate::engine::vfs::Vfs;
use crate::engine::{GuestImage, Runtime, Watch};
use at_hand::{AtHand, Name};
use std::sync::Arc;

/// Names of the images of a base, in their order.
const BASE: [&str; 2] = ["closed", "open"];
/// The same for what stands on a base.
const PARTICULAR: [&str; 1] = ["open"];

/// Frozen guests that a sandbox starts from.
#[derive(Clone)]
pub(super) struct Warm {
    /// Between two requests, and in an open one with a bare WordPress loaded.
    base: Arc<[GuestImage]>,
    /// In an open request with the spec's components loaded.
    particular: Particular,
}

#[derive(Clone)]
enum Particular {
    /// The base is all there is to it.
    None,
    /// Made for others as well: what is mounted where no code is loaded from is a stand-in.
    Shared(GuestImage),
    /// Made with this very spec's mounts.
    Own(GuestImage),
    /// Loading fails, or must not be shared: each command loads WordPress itself.
    Unloaded,
}

impl Warm {
    /// Between two requests.
    pub(super) fn closed(&self) -> &GuestImage {
        &self.base[0]
    }

    /// In an open request with WordPress loaded.
    pub(super) fn open(&self) -> Option<&GuestImage> {
        match &self.particular {
            Particular::None => Some(&self.base[1]),
            Particular::Shared(image) | Particular::Own(image) => Some(image),
            Particular::Unloaded => None,
        }
    }

    /// The files of a sandbox that is forked from the image between two requests.
    pub(super) fn closed_files(&self, spec: &Spec, salts: &Salts) -> Result<Vfs, SandboxError> {
        files(self.closed(), spec, salts)
    }

    /// The files of a sandbox that is forked from the image in an open request.
    pub(super) fn open_files(&self, spec: &Spec, salts: &Salts) -> Result<Option<Vfs>, SandboxError> {
        match &self.particular {
            Particular::None => files(&self.base[1], spec, salts).map(Some),
            Particular::Unloaded => Ok(None),
            Particular::Shared(image) | Particular::Own(image) => {
                let mut vfs = image.vfs().clone();
                layout::attach(spec, &mut vfs, |_| false)?;
                if matches!(self.particular, Particular::Shared(_)) {
                    for mount in spec.mounts.iter().filter(|mount| !is_loaded(mount)) {
                        layout::replace(&mut vfs, mount)?;
                    }
                }
                layout::configure(spec, salts, &mut vfs)?;
                Ok(Some(vfs))
            }
        }
    }
}

/// An image's files with the spec's own.
fn files(image: &GuestImage, spec: &Spec, salts: &Salts) -> Result<Vfs, SandboxError> {
    let mut vfs = image.vfs().clone();
    layout::attach(spec, &mut vfs, |_| true)?;
    layout::configure(spec, salts, &mut vfs)?;
    Ok(vfs)
}

/// Whether WordPress may load code from a mount while it boots.
fn is_loaded(mount: &HostMount) -> bool {
    mount.target.starts_with("/wordpress/")
}

/// Whether the base is not enough.
fn is_particular(spec: &Spec) -> bool {
    !spec.must_use.is_empty()
        || !spec.defines.is_empty()
        || !spec.ini.loaded.is_empty()
        || spec.mounts.iter().any(is_loaded)
}

/// Images of this process.
static IMAGES: AtHand<Arc<[GuestImage]>> = AtHand::new();

/// The images for `spec`, made now where there are none.
pub(super) fn of(spec: &Spec, runtime: &Arc<Runtime>, watch: &Watch<'_>) -> Result<Warm, SandboxError> {
    let base = base(spec, runtime, watch)?;
    if !is_particular(spec) {
        return Ok(Warm { base, particular: Particular::None });
    }
    let make = || build::particular(spec, &base, runtime, watch);
    let found = match key::particular(&key::base(spec)?, spec)? {
        Some(key) => get(&key, &PARTICULAR, store::About::particular(spec), spec, runtime, watch, make)?,
        None => Found::of(make()?),
    };
    let particular = match found {
        Found::Shared(images) => Particular::Shared(images[0].clone()),
        Found::Own(images) => Particular::Own(images[0].clone()),
        Found::Nothing => Particular::Unloaded,
    };
    Ok(Warm { base, particular })
}

/// The images of the base, made now where there are none.
fn base(spec: &Spec, runtime: &Arc<Runtime>, watch: &Watch<'_>) -> Result<Arc<[GuestImage]>, SandboxError> {
    let about = store::About::base(spec);
    let made = get(&key::base(spec)?, &BASE, about, spec, runtime, watch, || {
        build::base(spec, runtime, watch).map(build::Made::Shareable)
    })?;
    match made {
        Found::Shared(base) => Ok(base),
        Found::Own(_) | Found::Nothing => Err(SandboxError::Install("WordPress does not load".to_owned())),
    }
}

/// Forgets this process's images: the next sandbox looks on disk again.
pub fn forget() {
    IMAGES.clear();
    prepared::forget();
}

/// Images, and who may use them.
enum Found {
    Shared(Arc<[GuestImage]>),
    Own(Arc<[GuestImage]>),
    Nothing,
}

impl Found {
    /// What is made for one sandbox alone.
    fn of(made: build::Made) -> Found {
        match made {
            build::Made::Shareable(images) => Found::Shared(images.into()),
            build::Made::Private(images) => Found::Own(images.into()),
            build::Made::Broken => Found::Nothing,
        }
    }
}

/// From this process, from disk, or made by one process while the others wait.
fn get(
    key: &str,
    names: &[&str],
    about: store::About,
    spec: &Spec,
    runtime: &Arc<Runtime>,
    watch: &Watch<'_>,
    make: impl FnOnce() -> Result<build::Made, SandboxError>,
) -> Result<Found, SandboxError> {
    let name = (spec.cache_dir.clone(), key.to_owned());
    if let Some(images) = IMAGES.find(&name) {
        return Ok(Found::Shared(images));
    }
    let store = store::Store::open(&spec.cache_dir)?;
    if let Some(images) = store.find(key, names, runtime) {
        return Ok(Found::Shared(keep(&name, images)));
    }
    let _lock = store.lock(key, watch)?;
    if let Some(images) = store.find(key, names, runtime) {
        return Ok(Found::Shared(keep(&name, images)));
    }
    match make()? {
        build::Made::Shareable(mut images) => {
            // A full disk costs others the time to make it again.
            let _ = store.put(key, names, &mut images, &[], &about, runtime);
            Ok(Found::Shared(keep(&name, images)))
        }
        other => Ok(Found::of(other)),
    }
}

fn keep(name: &Name, made: Vec<GuestImage>) -> Arc<[GuestImage]> {
    let made: Arc<[GuestImage]> = made.into();
    IMAGES.keep(name, Arc::clone(&made));
    made
}
