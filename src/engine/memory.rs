//! Linear memory that begins as a copy-on-write view of an image file.
//!
//! The pack folds PHP's data segments into one file; a frozen sandbox is another such file. A new
//! instance maps it privately: pages cost nothing until they are written.
//!
//! Invariant: an image file is never written after it was made, and outlives every mapping of it.

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::Arc;
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

const PAGE: usize = 4096;

fn page_up(bytes: usize) -> usize {
    bytes.div_ceil(PAGE) * PAGE
}

/// The first bytes of a linear memory, in a file or a memfd.
#[derive(Debug)]
pub struct MemoryImage {
    file: OwnedFd,
    len: usize,
}

impl MemoryImage {
    /// Opens an image that was written before.
    pub fn open(path: &Path) -> io::Result<MemoryImage> {
        let file = File::open(path)?;
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        Ok(MemoryImage { file: file.into(), len })
    }

    /// Copies `bytes` into anonymous memory, leaving zero pages as holes.
    pub fn from_bytes(bytes: &[u8]) -> io::Result<MemoryImage> {
        let fd = memfd_create("wp-codebox-image", MemfdFlags::CLOEXEC)?;
        ftruncate(&fd, page_up(bytes.len()) as u64)?;
        let file = File::from(fd);
        write_sparse(&file, bytes)?;
        Ok(MemoryImage { file: file.into(), len: bytes.len() })
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

thread_local! {
    /// The image that the next guest memory on this thread starts from.
    static NEXT: RefCell<Option<Arc<MemoryImage>>> = const { RefCell::new(None) };
}

/// Sets the image for the instantiation that follows on this thread; cleared on drop, so that a
/// failed instantiation leaves nothing behind.
pub(super) struct NextImage;

impl NextImage {
    pub(super) fn set(image: Arc<MemoryImage>) -> NextImage {
        NEXT.with(|next| *next.borrow_mut() = Some(image));
        NextImage
    }
}

impl Drop for NextImage {
    fn drop(&mut self) {
        NEXT.with(|next| *next.borrow_mut() = None);
    }
}

/// Makes memories for an engine. The guest's memory (the first one that is not empty) takes the
/// thread's pending image; any other memory starts zeroed.
pub(super) struct ImageMemories;

// SAFETY: `new_memory` reserves `capacity + guard` bytes that stay inaccessible until `grow_to`
// opens them, and the mapping lives as long as the returned object.
unsafe impl MemoryCreator for ImageMemories {
    fn new_memory(
        &self,
        ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reservation: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let capacity = reservation.unwrap_or(0).max(minimum);
        let image = if ty.minimum() > 0 { NEXT.with(|next| next.borrow_mut().take()) } else { None };
        ImageMemory::reserve(capacity, guard, minimum, image)
            .map(|memory| Box::new(memory) as Box<dyn LinearMemory>)
            .map_err(|error| {
                format!(
                    "cannot reserve {} MiB of addresses for a sandbox: {error}; raise the address space \
                     limit (ulimit -v) of this process",
                    (capacity + guard) >> 20
                )
            })
    }
}

struct ImageMemory {
    base: *mut u8,
    reserved: usize,
    capacity: usize,
    size: usize,
    /// Keeps the mapped file open.
    _image: Option<Arc<MemoryImage>>,
}

// SAFETY: the mapping belongs to this object alone; nothing in it is tied to a thread.
unsafe impl Send for ImageMemory {}
// SAFETY: shared access reads plain fields.
unsafe impl Sync for ImageMemory {}

impl ImageMemory {
    fn reserve(
        capacity: usize,
        guard: usize,
        minimum: usize,
        image: Option<Arc<MemoryImage>>,
    ) -> io::Result<ImageMemory> {
        let reserved = page_up(capacity) + page_up(guard);
        // SAFETY: a fresh anonymous mapping at an address that the kernel chooses.
        let base = unsafe {
            mmap_anonymous(
                null_mut(),
                reserved.max(PAGE),
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )?
        };
        let mut memory =
            ImageMemory { base: base.cast(), reserved: reserved.max(PAGE), capacity, size: 0, _image: image };
        if let Some(image) = memory._image.clone() {
            let len = page_up(image.len);
            if len > page_up(capacity) {
                return Err(io::Error::other("the image is larger than the memory"));
            }
            // SAFETY: the range lies inside our own reservation; the file is at least as long, to
            // the page; nothing else points into it yet. Pages beyond `size` are closed again below.
            unsafe {
                mmap(
                    base,
                    len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                    &image.file,
                    0,
                )?;
                if len > page_up(minimum) {
                    let beyond = base.byte_add(page_up(minimum));
                    mprotect(beyond, len - page_up(minimum), MprotectFlags::empty())?;
                }
            }
        }
        memory.open(minimum)?;
        Ok(memory)
    }

    /// Makes the pages up to `size` accessible. Image pages in the range keep their content.
    fn open(&mut self, size: usize) -> io::Result<()> {
        let (from, to) = (page_up(self.size), page_up(size));
        if to > from {
            // SAFETY: the range lies inside the reservation (checked by the callers).
            unsafe {
                mprotect(self.base.add(from).cast(), to - from, MprotectFlags::READ | MprotectFlags::WRITE)?;
            }
        }
        self.size = size;
        Ok(())
    }
}

impl Drop for ImageMemory {
    fn drop(&mut self) {
        // SAFETY: `base` and `reserved` are what `mmap_anonymous` returned and got; wasmtime drops
        // a memory after the last access to it. Failure leaves addresses reserved, nothing worse.
        let _ = unsafe { munmap(self.base.cast(), self.reserved) };
    }
}

// SAFETY: `as_ptr` never moves; `[0, byte_size)` is readable and writable; everything up to the
// reservation and the guard stays inaccessible.
unsafe impl LinearMemory for ImageMemory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, size: usize) -> wasmtime::Result<()> {
        if size > self.capacity {
            return Err(wasmtime::Error::msg("linear memory is at its reservation"));
        }
        self.open(size).map_err(wasmtime::Error::from)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base
    }
}
