//! Who may touch a guest's linear memory now.
//!
//! A running guest is stopped by taking its memory away: the watchdog's thread makes the pages
//! inaccessible, and the guest's next access traps. In the guest's own code such a trap is the end
//! of the guest; in host code it would be the end of the process. So host code asks the gate before
//! it touches the memory: while it holds the gate, the watchdog only leaves word, and the memory is
//! taken away as soon as the gate is let go of.
//!
//! Invariant: memory is revoked only while nobody holds the gate, and held only while it is not
//! revoked. Revocation is final.

use super::Stop;
use rustix::mm::{MprotectFlags, mprotect};
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

/// Nobody but the guest itself touches the memory.
const FREE: u8 = 0;
/// Host code does.
const HELD: u8 = 1;
/// Host code does, for the last time.
const CONDEMNED: u8 = 2;
/// The memory is inaccessible, or is about to become so.
const REVOKED: u8 = 3;

/// Why a memory was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Deadline,
    Interrupted,
}

/// The gate of one guest.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: AtomicU8,
    /// 0 until there is a [`Reason`].
    reason: AtomicU8,
    /// The addresses of the linear memory, all that its reservation spans.
    memory: OnceLock<Range<usize>>,
}

/// Leave to touch the memory, as long as it lives. Without it, the memory is to be taken for empty.
#[derive(Debug)]
pub(super) struct Held(Arc<Gate>);

impl Gate {
    /// Says which addresses are to be revoked. Called once, before the guest runs.
    ///
    /// # Safety
    ///
    /// The range must be the linear memory's own and stay mapped while the guest is watched.
    pub(super) unsafe fn guard(&self, memory: Range<usize>) {
        // A gate belongs to one guest for good.
        let _ = self.memory.set(memory);
    }

    /// Keeps the memory from being revoked. `None`: it has been.
    pub(super) fn hold(self: &Arc<Self>) -> Option<Held> {
        let held = self.state.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Acquire);
        debug_assert!(!matches!(held, Err(HELD | CONDEMNED)), "host code holds the gate already");
        held.is_ok().then(|| Held(Arc::clone(self)))
    }

    /// Takes the memory away, now or as soon as host code lets go of it. Tries again what has
    /// failed before.
    pub(super) fn revoke(&self, reason: Reason) {
        // Only the first reason counts.
        let _ = self.reason.compare_exchange(0, reason as u8 + 1, Ordering::AcqRel, Ordering::Acquire);
        let change =
            |from, to| self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if change(FREE, REVOKED) {
            self.close();
        } else {
            change(HELD, CONDEMNED);
        }
    }

    /// Why the guest has been stopped, if it has.
    pub(super) fn stop(&self) -> Option<Stop> {
        match self.reason.load(Ordering::Acquire) {
            0 => None,
            reason if reason == Reason::Deadline as u8 + 1 => Some(Stop::Deadline),
            _ => Some(Stop::Interrupted),
        }
    }

    /// Makes the memory inaccessible. The state is [`REVOKED`].
    fn close(&self) {
        let Some(memory) = self.memory.get() else { return };
        let base: *mut std::ffi::c_void = std::ptr::with_exposed_provenance_mut(memory.start);
        // SAFETY: the range is a guest's linear memory (`guard`). Nobody in host code uses it: that
        // takes a `Held`, and there is none while the state is REVOKED. The guest's own accesses
        // trap.
        let closed = unsafe { mprotect(base, memory.len(), MprotectFlags::empty()) };
        if closed.is_err() {
            // The kernel was short of memory: the watchdog comes again.
            self.state.store(FREE, Ordering::Release);
        }
    }
}

impl Held {
    /// Whether the guest has been told to stop: what the caller still does for it is in vain.
    pub(super) fn is_condemned(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) == CONDEMNED
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let free = self.0.state.compare_exchange(HELD, FREE, Ordering::Release, Ordering::Acquire);
        if free.is_err() {
            self.0.state.store(REVOKED, Ordering::Release);
            self.0.close();
        }
    }
}
