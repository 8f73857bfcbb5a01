//! Linear memory that begins as a copy-on-write view of an image file.
//!
//! The pack folds PHP's data segments into one file; a frozen sandbox is another such file. A new
//! instance maps it privately: pages cost nothing until they are written. Pages of an image beyond the
//! memory's size can be reached until it has grown to the image's: nothing runs in it before that.
//!
//! Invariant: an image file is never written after it was made, and outlives every mapping of it.

mod image;
mod pagemap;
mod slot;

pub use image::MemoryImage;

use slot::Slot;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

const PAGE: usize = 4096;

fn page_up(bytes: usize) -> usize {
    bytes.div_ceil(PAGE) * PAGE
}

/// What the next guest memory on this thread is: its image, and where its guest says later that it
/// did not end well.
struct Next {
    image: Arc<MemoryImage>,
    fit: Arc<AtomicBool>,
}

thread_local! {
    static NEXT: RefCell<Option<Next>> = const { RefCell::new(None) };
}

/// Sets the image for the instantiation that follows on this thread; cleared on drop, so that a
/// failed instantiation leaves nothing behind. A memory whose `fit` is false when it is dropped is
/// not used again.
pub(super) struct NextImage;

impl NextImage {
    pub(super) fn set(image: Arc<MemoryImage>, fit: Arc<AtomicBool>) -> NextImage {
        NEXT.with(|next| *next.borrow_mut() = Some(Next { image, fit }));
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

// SAFETY: `new_memory` reserves `capacity + guard` bytes; what lies behind the image and the memory's
// size stays inaccessible until `grow_to` opens it, and the mapping lives as long as the returned object.
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
        let next = if ty.minimum() > 0 { NEXT.with(|next| next.borrow_mut().take()) } else { None };
        let (image, fit) = match next {
            Some(next) => (Some(next.image), next.fit),
            None => (None, Arc::default()),
        };
        let slot = Slot::of(capacity, guard, image).and_then(|mut slot| {
            slot.open_to(minimum)?;
            Ok(slot)
        });
        match slot {
            Ok(slot) => Ok(Box::new(ImageMemory { slot: Some(slot), size: minimum, fit })),
            Err(error) => Err(format!(
                "cannot reserve {} MiB of addresses for a sandbox: {error}; raise the address space \
                 limit (ulimit -v) of this process",
                (capacity + guard) >> 20
            )),
        }
    }
}

struct ImageMemory {
    /// None once dropped.
    slot: Option<Slot>,
    size: usize,
    /// Whether the guest ended well.
    fit: Arc<AtomicBool>,
}

impl Drop for ImageMemory {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take()
            && (self.fit.load(Ordering::Relaxed) || slot.is_closed())
        {
            slot.recycle();
        }
    }
}

// SAFETY: `as_ptr` never moves; `[0, byte_size)` is readable and writable; everything up to the
// reservation and the guard stays inaccessible.
unsafe impl LinearMemory for ImageMemory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.slot.as_ref().map_or(0, |slot| slot.capacity)
    }

    fn grow_to(&mut self, size: usize) -> wasmtime::Result<()> {
        let slot = self.slot.as_mut().filter(|slot| size <= slot.capacity);
        let slot = slot.ok_or_else(|| wasmtime::Error::msg("linear memory is at its reservation"))?;
        slot.open_to(size)?;
        self.size = size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.slot.as_ref().map_or(std::ptr::null_mut(), Slot::base)
    }
}

/// Makes what guests have left fit for those to come.
pub(super) fn tidy() {
    slot::tidy();
}

/// Unmaps what is kept for guests to come.
pub(super) fn drop_idle() {
    slot::drop_idle();
}
