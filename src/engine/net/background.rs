//! Threads that wait for what cannot be waited for in slices: the system's resolver, and blocking
//! I/O of the HTTP client.
//!
//! Invariant: such a thread holds nothing of a guest's; whoever started it may go away at any time.

use crate::engine::watchdog::with_signals_blocked;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads at once, in the whole process.
const THREADS_MAX: usize = 64;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

struct Running;

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Runs `work` on a thread of its own, which receives no signal of the process.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let running = Running;
    if RUNNING.fetch_add(1, Ordering::AcqRel) >= THREADS_MAX {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(1 << 20);
    // Signals are the PHP thread's business: a new thread inherits the mask.
    with_signals_blocked(|| {
        thread.spawn(move || {
            work();
            drop(running);
        })
    })
    .map(drop)
}
