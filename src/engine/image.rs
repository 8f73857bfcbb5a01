//! Frozen guests on disk: a file with linear memory, which forks map as it is, and a file with the
//! rest.
//!
//! In: a [`GuestImage`] and a directory. Out: the same guest, in this process or another one.
//!
//! Invariant: bytes that are used are those that were written. Within one boot of the machine the
//! kernel says so: the files are still those that were sealed, by device, inode, size and time of
//! change, which nobody can set back. Otherwise every byte is read and compared with its digest.

use super::fork::{Frozen, GuestImage};
use super::memory::MemoryImage;
use super::runtime::Runtime;
use super::vfs::{Vfs, VfsError};
use crate::contract::digest_hex;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Changes with every change of what follows it in a state file.
pub(super) const MAGIC: &[u8; 16] = b"wpcb-image/v1\0\0\0";

/// Largest state file that is read, bytes.
const STATE_MAX: u64 = 1 << 30;

/// Why an image on disk is not used. It is made again.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("cannot read the image {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    /// Written by another version, cut short, changed since, or never finished.
    #[error("the image {path} is damaged: {why}", path = path.display())]
    Damaged { path: PathBuf, why: &'static str },
    /// Belongs to another user, or others may write it.
    #[error("the image {path} is not this user's own", path = path.display())]
    Foreign { path: PathBuf },
    /// A directory or file beneath its filesystem is gone or is another one.
    #[error("the image {path} cannot be attached to its files: {source}", path = path.display())]
    Files { path: PathBuf, source: VfsError },
}

/// What a state file holds behind its head.
#[derive(Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) pack: String,
    pub(super) frozen: Frozen,
    pub(super) vfs: Vfs,
    pub(super) memory_len: u64,
    pub(super) memory_digest: String,
}

/// Says that an image's files are those whose digests were taken.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    boot: String,
    memory: Identity,
    state: Identity,
}

/// One file in one condition: nobody can set the time of change back.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Identity {
    fn of(file: &File) -> io::Result<Identity> {
        let metadata = file.metadata()?;
        Ok(Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl Seal {
    fn of(memory: &File, state: &File) -> io::Result<Seal> {
        Ok(Seal {
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default(),
            memory: Identity::of(memory)?,
            state: Identity::of(state)?,
        })
    }

    fn read(path: &Path) -> Option<Seal> {
        postcard::from_bytes(&fs::read(path).ok()?).ok()
    }

    /// In its place: half a seal is none, and all who write one for the same files write the same.
    fn write(&self, path: &Path) -> io::Result<()> {
        let bytes = postcard::to_stdvec(self).map_err(io::Error::other)?;
        private().open(path)?.write_all(&bytes)
    }

    /// Without the name of a boot nothing is known.
    fn holds(&self, now: &Seal) -> bool {
        !self.boot.is_empty() && self == now
    }
}

fn memory_file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.memory"))
}

fn state_file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.state"))
}

fn seal_file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.seal"))
}

impl GuestImage {
    /// Writes the image under `name` and goes on with the written memory, which every process can
    /// share. Sealed only when complete.
    pub fn save(&mut self, runtime: &Runtime, directory: &Path, name: &str) -> io::Result<()> {
        let path = memory_file(directory, name);
        let file = private().open(&path)?;
        let digest = self.memory.copy_to(&file)?;
        let contents = Contents {
            pack: runtime.pack_id().to_owned(),
            frozen: self.frozen.clone(),
            vfs: self.vfs.clone(),
            memory_len: self.memory.len() as u64,
            memory_digest: digest,
        };
        let body = postcard::to_stdvec(&contents).map_err(io::Error::other)?;
        let state = write_sealed(&state_file(directory, name), &body)?;
        Seal::of(&file, &state)?.write(&seal_file(directory, name))?;
        self.memory = Arc::new(MemoryImage::open(&path)?);
        Ok(())
    }

    /// Reads an image that was saved with the same pack.
    pub fn load(runtime: &Runtime, directory: &Path, name: &str) -> Result<GuestImage, ImageError> {
        let (path, memory) = (state_file(directory, name), memory_file(directory, name));
        let damaged = |why| ImageError::Damaged { path: path.clone(), why };
        let read = |source| ImageError::Read { path: memory.clone(), source };
        let (state, file) = (open(&path)?, open(&memory)?);
        let now = Seal::of(&file, &state).map_err(read)?;
        let sealed = Seal::read(&seal_file(directory, name)).is_some_and(|sealed| sealed.holds(&now));
        let contents = contents(&path, Framed::read(&path, state)?, sealed)?;
        if contents.pack != runtime.pack_id() {
            return Err(damaged("it was made with another runtime pack"));
        }
        if contents.frozen.globals.len() != runtime.mutable_globals.len() {
            return Err(damaged("it has other globals"));
        }
        if now.memory.size != contents.memory_len {
            return Err(ImageError::Damaged { path: memory.clone(), why: "it has another size" });
        }
        let image = MemoryImage::from_file(file).map_err(read)?;
        if !sealed {
            if image.digest().map_err(read)? != contents.memory_digest {
                return Err(ImageError::Damaged { path: memory.clone(), why: "its bytes have changed" });
            }
            // Without the seal the next process reads every byte as well.
            let _ = now.write(&seal_file(directory, name));
        }
        Ok(GuestImage { memory: Arc::new(image), frozen: contents.frozen, vfs: contents.vfs })
    }
}

fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(true).mode(0o600);
    options
}

/// What a state file holds, whoever has sealed it.
#[cfg(any(fuzzing, feature = "compiler"))]
pub(super) fn read_state(path: &Path) -> Result<Contents, ImageError> {
    contents(path, Framed::read(path, open(path)?)?, false)
}

fn contents(path: &Path, framed: Framed, sealed: bool) -> Result<Contents, ImageError> {
    // The bytes are ours: what does not attach any more are the files of the host.
    let why = "its files are not there any more";
    let body = if sealed { framed.body() } else { framed.verified(path)? };
    postcard::from_bytes(body).map_err(|_| ImageError::Damaged { path: path.to_owned(), why })
}

/// Writes bytes with their digest, for [`read_sealed`].
pub fn write_sealed(path: &Path, body: &[u8]) -> io::Result<File> {
    let mut file = private().open(path)?;
    file.write_all(MAGIC)?;
    file.write_all(digest_hex([body]).as_bytes())?;
    file.write_all(body)?;
    Ok(file)
}

/// The bytes that were written, by this user and by this version.
pub fn read_sealed(path: &Path) -> Result<Vec<u8>, ImageError> {
    Framed::read(path, open(path)?)?.verified(path).map(<[u8]>::to_vec)
}

/// A magic word, a digest, and the bytes that it is of.
struct Framed(Vec<u8>);

impl Framed {
    const HEAD: usize = MAGIC.len() + 64;

    fn read(path: &Path, file: File) -> Result<Framed, ImageError> {
        let read = |source| ImageError::Read { path: path.to_owned(), source };
        let damaged = |why| ImageError::Damaged { path: path.to_owned(), why };
        let size = file.metadata().map_err(read)?.len().min(STATE_MAX);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        file.take(STATE_MAX + 1).read_to_end(&mut bytes).map_err(read)?;
        if bytes.len() as u64 > STATE_MAX {
            return Err(damaged("it is too large"));
        }
        if !bytes.starts_with(MAGIC) {
            return Err(damaged("it is of another version"));
        }
        if bytes.len() < Framed::HEAD {
            return Err(damaged("it is cut short"));
        }
        Ok(Framed(bytes))
    }

    fn body(&self) -> &[u8] {
        &self.0[Framed::HEAD..]
    }

    fn verified(&self, path: &Path) -> Result<&[u8], ImageError> {
        if digest_hex([self.body()]).as_bytes() != &self.0[MAGIC.len()..Framed::HEAD] {
            return Err(ImageError::Damaged { path: path.to_owned(), why: "its bytes have changed" });
        }
        Ok(self.body())
    }
}

/// A file that is believed as far as its owner goes.
fn open(path: &Path) -> Result<File, ImageError> {
    let file = File::open(path).map_err(|source| ImageError::Read { path: path.to_owned(), source })?;
    owned(&file, path)?;
    Ok(file)
}

/// An image is code: it is believed only if nobody else can have written it.
fn owned(file: &File, path: &Path) -> Result<(), ImageError> {
    let metadata = file.metadata().map_err(|source| ImageError::Read { path: path.to_owned(), source })?;
    let own = metadata.uid() == rustix::process::geteuid().as_raw();
    if own && metadata.mode() & 0o022 == 0 && metadata.is_file() {
        Ok(())
    } else {
        Err(ImageError::Foreign { path: path.to_owned() })
    }
}
