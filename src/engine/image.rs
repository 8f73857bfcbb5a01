//! Frozen guests on disk: a file with linear memory, which forks map as it is, and a file with the
//! rest.
//!
//! In: a [`GuestImage`] and a directory. Out: the same guest, in this process or another one.
//!
//! Invariant: bytes that are mapped are those that were written. Within one boot of the machine the
//! kernel says so: the file is still the one that was sealed, by device, inode, size and time of
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

/// Says that a memory file is the one whose digest was taken.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    boot: String,
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Seal {
    fn of(file: &File) -> io::Result<Seal> {
        let metadata = file.metadata()?;
        Ok(Seal {
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default(),
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
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
        write_sealed(&state_file(directory, name), &body)?;
        seal(&file, &seal_file(directory, name))?;
        self.memory = Arc::new(MemoryImage::open(&path)?);
        Ok(())
    }

    /// Reads an image that was saved with the same pack.
    pub fn load(runtime: &Runtime, directory: &Path, name: &str) -> Result<GuestImage, ImageError> {
        let path = state_file(directory, name);
        let contents = read_state(&path)?;
        let damaged = |why| ImageError::Damaged { path: path.clone(), why };
        if contents.pack != runtime.pack_id() {
            return Err(damaged("it was made with another runtime pack"));
        }
        if contents.frozen.globals.len() != runtime.mutable_globals.len() {
            return Err(damaged("it has other globals"));
        }
        let memory = memory_file(directory, name);
        let read = |source| ImageError::Read { path: memory.clone(), source };
        let file = File::open(&memory).map_err(read)?;
        owned(&file, &memory)?;
        let now = Seal::of(&file).map_err(read)?;
        if now.size != contents.memory_len {
            return Err(ImageError::Damaged { path: memory.clone(), why: "it has another size" });
        }
        let image = MemoryImage::from_file(file).map_err(read)?;
        let sealed = fs::read(seal_file(directory, name)).ok();
        let sealed = sealed.and_then(|bytes| postcard::from_bytes::<Seal>(&bytes).ok());
        if !sealed.is_some_and(|sealed| sealed.holds(&now)) {
            if image.digest().map_err(read)? != contents.memory_digest {
                return Err(ImageError::Damaged { path: memory.clone(), why: "its bytes have changed" });
            }
            // Without the seal the next process reads every byte as well.
            let _ = write_seal(&now, &seal_file(directory, name));
        }
        Ok(GuestImage { memory: Arc::new(image), frozen: contents.frozen, vfs: contents.vfs })
    }
}

fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(true).mode(0o600);
    options
}

fn seal(file: &File, path: &Path) -> io::Result<()> {
    write_seal(&Seal::of(file)?, path)
}

/// In its place: half a seal is none, and all who write one for the same file write the same.
fn write_seal(seal: &Seal, path: &Path) -> io::Result<()> {
    let bytes = postcard::to_stdvec(seal).map_err(io::Error::other)?;
    private().open(path)?.write_all(&bytes)
}

pub(super) fn read_state(path: &Path) -> Result<Contents, ImageError> {
    // The bytes are ours: what does not attach any more are the files of the host.
    let why = "its files are not there any more";
    let damaged = |_| ImageError::Damaged { path: path.to_owned(), why };
    postcard::from_bytes(&read_sealed(path)?).map_err(damaged)
}

/// Writes bytes with their digest, for [`read_sealed`].
pub fn write_sealed(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut file = private().open(path)?;
    file.write_all(MAGIC)?;
    file.write_all(digest_hex([body]).as_bytes())?;
    file.write_all(body)
}

/// The bytes that were written, by this user and by this version.
pub fn read_sealed(path: &Path) -> Result<Vec<u8>, ImageError> {
    let read = |source| ImageError::Read { path: path.to_owned(), source };
    let damaged = |why| ImageError::Damaged { path: path.to_owned(), why };
    let file = File::open(path).map_err(read)?;
    owned(&file, path)?;
    let mut bytes = Vec::new();
    file.take(STATE_MAX + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > STATE_MAX {
        return Err(damaged("it is too large"));
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or(damaged("it is of another version"))?;
    let (digest, body) = rest.split_at_checked(64).ok_or(damaged("it is cut short"))?;
    if digest_hex([body]).as_bytes() != digest {
        return Err(damaged("its bytes have changed"));
    }
    Ok(body.to_vec())
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
