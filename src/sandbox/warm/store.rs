//! Images on disk: `<cache>/images-<user id>/<key>/`.
//!
//! Invariant: a directory under its key is complete; what is being made has another name until then.
//! One process makes an image while the others wait for its lock. Nothing that is found is believed
//! before the engine has: whatever it refuses is made again and replaced.

use super::list;
use crate::contract::iso8601;
use crate::engine::{GuestImage, Runtime, Watch, write_sealed};
use crate::sandbox::error::SandboxError;
use crate::sandbox::layout;
use crate::sandbox::lock;
use crate::sandbox::spec::Spec;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// `about.json` of an image: for people and for `list`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    pub schema: String,
    /// `base`, `components` or `prepared`.
    pub kind: String,
    pub php_version: String,
    /// The core's directory.
    pub wordpress: String,
    pub pack: String,
    /// Sources of what is loaded on top of the core.
    pub components: Vec<String>,
    pub created_at: String,
}

/// Schema of `about.json`.
const ABOUT_SCHEMA: &str = "wp-codebox/warm-image/v1";
pub(super) const ABOUT: &str = "about.json";

/// Prefix of directories that are being made or removed.
const UNFINISHED: &str = ".unfinished-";

/// Keys that share a lock: those with the same first two digits.
fn family(key: &str) -> &str {
    &key[..2]
}

fn unfinished(key: &str) -> String {
    format!("{UNFINISHED}{}-", family(key))
}

impl About {
    pub(super) fn base(spec: &Spec) -> About {
        About {
            schema: ABOUT_SCHEMA.to_owned(),
            kind: "base".to_owned(),
            php_version: spec.pack.php_version().to_owned(),
            wordpress: layout::core_directory(spec).display().to_string(),
            pack: spec.pack.id().to_owned(),
            components: Vec::new(),
            created_at: iso8601(SystemTime::now()),
        }
    }

    pub(super) fn particular(spec: &Spec) -> About {
        let loaded = spec.mounts.iter().filter(|mount| super::is_loaded(mount));
        About {
            kind: "components".to_owned(),
            components: loaded.map(|mount| mount.source.display().to_string()).collect(),
            ..About::base(spec)
        }
    }

    pub(super) fn prepared(spec: &Spec) -> About {
        About { kind: "prepared".to_owned(), ..About::particular(spec) }
    }
}

/// Where a user's images are: nobody believes another's.
pub(super) fn root(cache: &Path) -> PathBuf {
    cache.join(format!("images-{}", rustix::process::geteuid().as_raw()))
}

pub(super) struct Store {
    root: PathBuf,
}

/// A directory that is being made or removed, or was when its process died.
struct Unfinished {
    family: String,
    directory: PathBuf,
}

impl Unfinished {
    fn clear(self) {
        // What cannot be removed is left for the next time.
        let _ = fs::remove_dir_all(self.directory);
    }
}

impl Store {
    pub(super) fn open(cache: &Path) -> Result<Store, SandboxError> {
        let root = root(cache);
        lock::directory(&root)?;
        let store = Store { root };
        store.sweep();
        Ok(store)
    }

    /// Where the images under `key` are, if there are any.
    pub(super) fn place(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.place(key).is_dir()
    }

    /// The images under `key`, all of them or none.
    pub(super) fn find(&self, key: &str, names: &[&str], runtime: &Runtime) -> Option<Vec<GuestImage>> {
        let directory = self.place(key);
        if !self.holds(key) {
            return None;
        }
        let images: Result<Vec<_>, _> =
            names.iter().map(|name| GuestImage::load(runtime, &directory, name)).collect();
        // Damaged, foreign, or its files are gone: who makes another one puts it in its place.
        let images = images.ok()?;
        touch(&directory);
        Some(images)
    }

    /// Only its holder makes the image.
    pub(super) fn lock(&self, key: &str, watch: &Watch<'_>) -> Result<File, SandboxError> {
        let held = lock::acquire(&self.lock_file(family(key)), watch)?;
        // Who held it before may have died.
        for left in self.all_unfinished().filter(|left| left.family == family(key)) {
            left.clear();
        }
        Ok(held)
    }

    /// Few files, which are never removed: removing a lock file would let two in.
    fn lock_file(&self, family: &str) -> PathBuf {
        self.root.join(format!(".lock-{family}"))
    }

    /// Removes what processes that died have left half made or half removed: whose lock nobody holds.
    fn sweep(&self) {
        for left in self.all_unfinished() {
            if let Ok(Some(_held)) = lock::try_acquire(&self.lock_file(&left.family)) {
                left.clear();
            }
        }
    }

    fn all_unfinished(&self) -> impl Iterator<Item = Unfinished> {
        fs::read_dir(&self.root).into_iter().flatten().flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (family, _) = name.strip_prefix(UNFINISHED)?.split_once('-')?;
            Some(Unfinished { family: family.to_owned(), directory: entry.path() })
        })
    }

    /// Writes images and goes on with what was written. Where that fails, they serve this process.
    pub(super) fn put(
        &self,
        key: &str,
        names: &[&str],
        images: &mut [GuestImage],
        more: &[(&str, &[u8])],
        about: &About,
        runtime: &Runtime,
    ) -> Result<(), SandboxError> {
        let cache = |source: io::Error| SandboxError::Cache { path: self.root.clone(), source };
        let made = tempfile::Builder::new().prefix(&unfinished(key)).tempdir_in(&self.root).map_err(cache)?;
        for (name, image) in names.iter().zip(images) {
            image.save(runtime, made.path(), name).map_err(cache)?;
        }
        for (name, bytes) in more {
            write_sealed(&made.path().join(name), bytes).map_err(cache)?;
        }
        let text = serde_json::to_vec_pretty(about).map_err(|error| cache(error.into()))?;
        fs::write(made.path().join(ABOUT), text).map_err(cache)?;
        let place = self.place(key);
        if place.exists() {
            self.remove(&place).map_err(cache)?;
        }
        fs::rename(made.path(), &place).map_err(cache)?;
        // It is not there any more under the name that would be removed.
        drop(made.keep());
        list::tidy(&self.root);
        Ok(())
    }

    fn remove(&self, directory: &Path) -> io::Result<()> {
        remove(&self.root, directory)
    }
}

/// Takes an image out of sight, then away. Who has it mapped keeps it.
pub(super) fn remove(root: &Path, directory: &Path) -> io::Result<()> {
    let key = directory.file_name().and_then(|name| name.to_str()).ok_or(io::ErrorKind::InvalidInput)?;
    let aside = tempfile::Builder::new().prefix(&unfinished(key)).tempdir_in(root)?;
    // Over the empty directory, or where it was: somebody may be sweeping.
    fs::rename(directory, aside.path())
}

/// Notes that an image was used.
fn touch(directory: &Path) {
    if let Ok(file) = File::options().write(true).open(directory.join(ABOUT)) {
        // Only the order of pruning depends on it.
        let _ = file.set_times(FileTimes::new().set_modified(SystemTime::now()));
    }
}
