//! A place in the address space that holds one linear memory after another.
//!
//! Mapping a memory anew costs a page fault for each page that is touched, and a lock that all
//! threads share. So a memory whose guest ended well is not unmapped: the pages that it wrote get
//! the image's bytes again, and the next guest of the same image finds everything in place.
//!
//! That is not done while somebody waits for a guest's answer: few slots may stay as their guests left
//! them until there is time, or until a guest needs one of them.
//!
//! Invariant: a slot that is taken, and an idle one, reads as its image does and holds no byte of the
//! guest before.

use super::image::MemoryImage;
use super::{PAGE, page_up, pagemap};
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap,
};
use std::io;
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, PoisonError};

/// Idle slots that a process keeps.
const IDLE_MAX: usize = 8;

/// Written pages that an idle slot keeps for the next guest. Beyond it they are given back.
const KEPT_PAGES: usize = 1024;

/// Slots that stay as their guests left them.
const LEFT_MAX: usize = 2;

/// Slots of no image: nobody has put a byte into one of these.
static EMPTY: Mutex<Vec<Slot>> = Mutex::new(Vec::new());
static IDLE: Mutex<Vec<Slot>> = Mutex::new(Vec::new());
static LEFT: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

pub(super) struct Slot {
    base: *mut u8,
    reserved: usize,
    pub(super) capacity: usize,
    /// Bytes from the start that can be read and written.
    open: usize,
    image: Option<Arc<MemoryImage>>,
}

// SAFETY: the mapping belongs to this object alone; nothing in it is tied to a thread.
unsafe impl Send for Slot {}
// SAFETY: shared access reads plain fields.
unsafe impl Sync for Slot {}

impl Slot {
    /// An idle slot of the image, or a new one.
    pub(super) fn of(capacity: usize, guard: usize, image: Option<Arc<MemoryImage>>) -> io::Result<Slot> {
        let reserved = (page_up(capacity) + page_up(guard)).max(PAGE);
        if let Some(image) = &image {
            let fits = |slot: &Slot| {
                slot.reserved == reserved
                    && slot.image.as_ref().is_some_and(|other| Arc::ptr_eq(other, image))
            };
            if let Some(slot) = take(&IDLE, fits) {
                return Ok(slot);
            }
            // Where that fails the slot is dropped.
            if let Some(mut slot) = take(&LEFT, fits)
                && slot.reset().is_ok()
            {
                return Ok(slot);
            }
        } else if let Some(slot) = take(&EMPTY, |slot| (slot.reserved, slot.capacity) == (reserved, capacity))
        {
            return Ok(slot);
        }
        Slot::reserve(capacity, reserved, image)
    }

    fn reserve(capacity: usize, reserved: usize, image: Option<Arc<MemoryImage>>) -> io::Result<Slot> {
        // SAFETY: a fresh anonymous mapping at an address that the kernel chooses.
        let base = unsafe {
            mmap_anonymous(null_mut(), reserved, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE)?
        };
        let mut slot = Slot { base: base.cast(), reserved, capacity, open: 0, image };
        if let Some(image) = slot.image.clone() {
            let len = page_up(image.len());
            if len > page_up(capacity) {
                return Err(io::Error::other("the image is larger than the memory"));
            }
            // SAFETY: the range lies inside our own reservation; the file is at least as long, to
            // the page; nothing else points into it yet.
            unsafe {
                mmap(
                    base,
                    len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                    image.file(),
                    0,
                )?;
            }
            slot.open = len;
        }
        Ok(slot)
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Makes at least the first `size` bytes accessible. The caller has checked the capacity.
    pub(super) fn open_to(&mut self, size: usize) -> io::Result<()> {
        let to = page_up(size);
        if to > self.open {
            // SAFETY: the range lies inside the reservation.
            unsafe {
                mprotect(self.at(self.open), to - self.open, MprotectFlags::READ | MprotectFlags::WRITE)?;
            }
            self.open = to;
        }
        Ok(())
    }

    /// Whether nothing can have been written.
    pub(super) fn is_closed(&self) -> bool {
        self.open == 0
    }

    /// Keeps the slot for the next guest of its image.
    pub(super) fn recycle(self) {
        if self.image.is_none() {
            let mut empty = EMPTY.lock().unwrap_or_else(PoisonError::into_inner);
            if self.is_closed() && empty.len() < IDLE_MAX {
                empty.push(self);
            }
            return;
        }
        let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        left.push(self);
        let surplus = (left.len() > LEFT_MAX).then(|| left.remove(0));
        drop(left);
        if let Some(slot) = surplus {
            slot.tidy();
        }
    }

    /// Makes the slot what it was when it was new, for the next guest.
    fn tidy(mut self) {
        // Where that fails the slot is dropped, and the next guest gets a new one.
        if self.reset().is_ok() {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() >= IDLE_MAX {
                idle.remove(0);
            }
            idle.push(self);
        }
    }

    fn reset(&mut self) -> io::Result<()> {
        let Some(image) = self.image.clone() else { return Ok(()) };
        let len = page_up(image.len());
        let from = self.base as usize;
        if self.open > len {
            // SAFETY: the range is ours and lies behind the image: an anonymous mapping, which
            // reads as zeros once its pages are gone. No guest uses it any more.
            unsafe {
                madvise(self.at(len), self.open - len, Advice::LinuxDontNeed)?;
                mprotect(self.at(len), self.open - len, MprotectFlags::empty())?;
            }
            self.open = len;
        }
        let bytes = image.bytes()?;
        let mut kept = 0;
        let mut given_back: Vec<Range<usize>> = Vec::new();
        let scanned = pagemap::written(from..from + len, |range| {
            let pages = range.len() / PAGE;
            let at = range.start - from;
            if kept + pages > KEPT_PAGES {
                given_back.push(at..at + range.len());
                return;
            }
            kept += pages;
            // SAFETY: the kernel named a range inside what was asked for, which is mapped readable
            // and writable and belongs to this slot alone; the image is as long, to the page.
            let (page, source) = unsafe {
                (
                    std::slice::from_raw_parts_mut(self.base.add(at), range.len()),
                    bytes.page_range(at, range.len()),
                )
            };
            page.copy_from_slice(source);
        });
        if scanned.is_err() {
            // A process that has changed its user may not ask the kernel: all its pages go.
            given_back = std::iter::once(0..len).collect();
        }
        for range in given_back {
            // SAFETY: as above. A private file mapping reads as the file once its own pages are
            // gone.
            unsafe { madvise(self.at(range.start), range.len(), Advice::LinuxDontNeed)? };
        }
        Ok(())
    }

    fn at(&self, offset: usize) -> *mut std::ffi::c_void {
        // SAFETY: offsets lie inside the reservation.
        unsafe { self.base.add(offset).cast() }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: `base` and `reserved` are what `mmap_anonymous` returned and got; nothing uses the
        // memory any more. Failure leaves addresses reserved, nothing worse.
        let _ = unsafe { munmap(self.base.cast(), self.reserved) };
    }
}

/// The slot that was put there last of those that fit.
fn take(slots: &Mutex<Vec<Slot>>, fits: impl Fn(&Slot) -> bool) -> Option<Slot> {
    let mut slots = slots.lock().unwrap_or_else(PoisonError::into_inner);
    slots.iter().rposition(fits).map(|index| slots.remove(index))
}

/// Makes what guests have left fit for those to come.
pub(super) fn tidy() {
    let left = std::mem::take(&mut *LEFT.lock().unwrap_or_else(PoisonError::into_inner));
    left.into_iter().for_each(Slot::tidy);
}

/// Unmaps every slot that no guest is in.
pub(super) fn drop_idle() {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).clear();
    EMPTY.lock().unwrap_or_else(PoisonError::into_inner).clear();
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
