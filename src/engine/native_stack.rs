//! The stacks that calls into guests run on: a guest has one while it lives, the next guest takes it
//! over.
//!
//! A new stack is a mapping, a guard and page faults, all of which take locks that the threads of a
//! process share. What an earlier guest's frames have left on a stack is seen by compiled code and
//! host functions alone, which write before they read: a guest's own data lies in its linear memory.

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};
use std::io;
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};
use wasmtime::{StackCreator, StackMemory};

/// Stacks that a process keeps.
const IDLE_MAX: usize = 8;

/// What a kept stack may hold at its top, bytes. Deeper calls give their pages back.
const KEPT: usize = 128 << 10;

const GUARD: usize = 4096;

static IDLE: Mutex<Vec<Stack>> = Mutex::new(Vec::new());

/// A mapping: a guard, and above it `size` bytes.
struct Stack {
    base: *mut u8,
    size: usize,
}

// SAFETY: the mapping belongs to this object alone; nothing in it is tied to a thread while no call
// runs on it.
unsafe impl Send for Stack {}
// SAFETY: shared access reads plain fields.
unsafe impl Sync for Stack {}

impl Stack {
    fn new(size: usize) -> io::Result<Stack> {
        // SAFETY: a fresh anonymous mapping at an address that the kernel chooses.
        let base = unsafe {
            mmap_anonymous(
                null_mut(),
                GUARD + size,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )?
        };
        let stack = Stack { base: base.cast(), size };
        // SAFETY: the lowest page of our own mapping, which nothing uses yet.
        unsafe { mprotect(base, GUARD, MprotectFlags::empty())? };
        Ok(stack)
    }

    fn range(&self) -> Range<usize> {
        let start = self.base.addr() + GUARD;
        start..start + self.size
    }

    fn keep(self) {
        let deep = self.size.saturating_sub(KEPT);
        // SAFETY: the lower part of our own mapping; no call runs on it any more.
        let trimmed = unsafe { madvise(self.base.add(GUARD).cast(), deep, Advice::LinuxDontNeed) };
        if trimmed.is_ok() {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MAX {
                idle.push(self);
            }
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: what `mmap_anonymous` returned and got. Failure leaves addresses mapped, nothing
        // worse.
        let _ = unsafe { munmap(self.base.cast(), GUARD + self.size) };
    }
}

/// Makes stacks for an engine.
pub(super) struct Stacks;

// SAFETY: a stack is handed out once at a time, lives until it is given back, and has a guard below.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, zeroed: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        let size = size.next_multiple_of(GUARD);
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.pop_if(|stack| stack.size == size && !zeroed);
        drop(idle);
        let stack = match kept {
            Some(stack) => stack,
            None => Stack::new(size)?,
        };
        Ok(Box::new(Lent(Some(stack))))
    }
}

/// A stack in use.
struct Lent(Option<Stack>);

impl Lent {
    fn range(&self) -> Range<usize> {
        self.0.as_ref().map_or(0..0, Stack::range)
    }
}

// SAFETY: the range is mapped, readable and writable, page-aligned, and has an inaccessible page below.
unsafe impl StackMemory for Lent {
    fn top(&self) -> *mut u8 {
        self.0.as_ref().map_or(null_mut(), |stack| stack.base.wrapping_add(GUARD + stack.size))
    }

    fn range(&self) -> Range<usize> {
        Lent::range(self)
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let base = self.0.as_ref().map_or(null_mut(), |stack| stack.base);
        base..base.wrapping_add(GUARD)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(stack) = self.0.take() {
            stack.keep();
        }
    }
}

/// Unmaps every stack that is kept.
pub(super) fn drop_idle() {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
