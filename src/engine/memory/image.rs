//! Files that linear memory begins as.

use super::{PAGE, page_up};
use rustix::fs::{MemfdFlags, SeekFrom, ftruncate, memfd_create, seek};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::ptr::{null_mut, slice_from_raw_parts};
use std::sync::OnceLock;

/// The first bytes of a linear memory, in a file or a memfd.
#[derive(Debug)]
pub struct MemoryImage {
    file: File,
    len: usize,
    /// Memory that it takes whether it is used or not, bytes: none if it is a file on disk.
    held: u64,
    /// The whole file, readable, from the first time somebody asks.
    view: OnceLock<View>,
}

impl MemoryImage {
    /// Opens an image that was written before.
    pub fn open(path: &Path) -> io::Result<MemoryImage> {
        MemoryImage::from_file(File::open(path)?)
    }

    /// An image that is open already.
    pub fn from_file(file: File) -> io::Result<MemoryImage> {
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        Ok(MemoryImage { file, len, held: 0, view: OnceLock::new() })
    }

    /// Copies `bytes` into anonymous memory, leaving zero pages as holes.
    pub fn from_bytes(bytes: &[u8]) -> io::Result<MemoryImage> {
        let fd = memfd_create("wp-codebox-image", MemfdFlags::CLOEXEC)?;
        ftruncate(&fd, page_up(bytes.len()) as u64)?;
        let file = File::from(fd);
        write_sparse(&file, bytes)?;
        let held = file.metadata()?.blocks() * 512;
        Ok(MemoryImage { file, len: bytes.len(), held, view: OnceLock::new() })
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn held(&self) -> u64 {
        self.held
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The image's bytes.
    pub(super) fn bytes(&self) -> io::Result<&View> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let view = View::of(&self.file, self.len)?;
        Ok(self.view.get_or_init(|| view))
    }

    /// Copies the image into an empty file, with its holes, and gives the digest of what was
    /// written.
    pub fn copy_to(&self, file: &File) -> io::Result<String> {
        ftruncate(file, self.len as u64)?;
        self.pages(|at, bytes| file.write_all_at(bytes, at))
    }

    /// The digest of every page that is not all zero and of its place.
    pub fn digest(&self) -> io::Result<String> {
        self.pages(|_, _| Ok(()))
    }

    /// Shows each part that is not a hole to `see`, and gives the digest.
    fn pages(&self, mut see: impl FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<String> {
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut at = 0;
        let end = self.len as u64;
        while at < end {
            at = match seek(&self.file, SeekFrom::Data(at)) {
                Ok(data) => data / PAGE as u64 * PAGE as u64,
                // No data from here on.
                Err(rustix::io::Errno::NXIO) => break,
                Err(errno) => return Err(errno.into()),
            };
            let hole = seek(&self.file, SeekFrom::Hole(at)).map_err(io::Error::from)?.min(end);
            while at < hole {
                let wanted = buffer.len().min(usize::try_from(hole - at).unwrap_or(usize::MAX));
                let part = &mut buffer[..wanted];
                self.file.read_exact_at(part, at)?;
                for (index, page) in part.chunks(PAGE).enumerate() {
                    let place = at + (index * PAGE) as u64;
                    // A file system may keep zeros where another keeps a hole.
                    if page.iter().any(|byte| *byte != 0) {
                        digest.update(place.to_le_bytes());
                        digest.update(page);
                        see(place, page)?;
                    }
                }
                at += wanted as u64;
            }
        }
        Ok(format!("{:x}", digest.finalize()))
    }
}

/// Writes the pages of `bytes` that are not all zero to `file`, each at its place.
pub(super) fn write_sparse(file: &File, bytes: &[u8]) -> io::Result<()> {
    for (index, page) in bytes.chunks(PAGE).enumerate() {
        if page.iter().any(|byte| *byte != 0) {
            file.write_all_at(page, (index * PAGE) as u64)?;
        }
    }
    Ok(())
}

/// A file, mapped to be read.
#[derive(Debug)]
pub(super) struct View {
    base: *const u8,
    len: usize,
}

// SAFETY: nobody writes the bytes; nothing is tied to a thread.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    fn of(file: &File, len: usize) -> io::Result<View> {
        let len = page_up(len);
        // SAFETY: a fresh mapping at an address that the kernel chooses.
        let base = unsafe { mmap(null_mut(), len.max(PAGE), ProtFlags::READ, MapFlags::SHARED, file, 0)? };
        Ok(View { base: base.cast(), len })
    }

    /// Some pages.
    ///
    /// # Safety
    /// The file must be unchanged and as long as when it was opened: image files are never written
    /// after they were made.
    pub(super) unsafe fn page_range(&self, at: usize, len: usize) -> &[u8] {
        assert!(at + len <= self.len, "a page of the image");
        // SAFETY: inside the mapping, which lives as long as `self`.
        unsafe { &*slice_from_raw_parts(self.base.add(at), len) }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: what `mmap` returned and got. Failure leaves addresses mapped, nothing worse.
        let _ = unsafe { munmap(self.base.cast_mut().cast(), self.len.max(PAGE)) };
    }
}
