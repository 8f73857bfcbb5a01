//! Threads that wait for what cannot be waited for in slices: the system's resolver, and blocking
//! I/O of the HTTP client.
//!
//! Invariant: such a thread holds nothing of a guest's; whoever started it may go away at any time.

use crate::engine::watchdog::with_signals_blocked;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Threads at once: of one guest, which may leave work behind, and of the whole process.
const CREW_MAX: usize = 16;
const THREADS_MAX: usize = 256;

/// How long the end of the process waits for these threads. Reads and writes are interrupted when
/// their guest goes; the system's resolver cannot be.
const PATIENCE: Duration = Duration::from_millis(200);

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// The threads that work for one guest.
#[derive(Debug, Clone, Default)]
pub(super) struct Crew(Arc<AtomicUsize>);

/// One of them, counted as long as this lives.
struct Counted(Crew);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Crew {
    /// Runs `work` on a thread of its own, which receives no signal of the process. `WouldBlock`:
    /// there are too many of them already.
    pub(super) fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let own = self.0.fetch_add(1, Ordering::AcqRel);
        let all = RUNNING.fetch_add(1, Ordering::AcqRel);
        let counted = Counted(self.clone());
        if own >= CREW_MAX || all >= THREADS_MAX {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(1 << 20);
        // Signals are the PHP thread's business.
        let started = with_signals_blocked(|| {
            thread.spawn(move || {
                work();
                drop(counted);
            })
        });
        started.map(drop)
    }
}

/// Waits until no such thread is left, for a while.
pub fn settle() {
    let end = Instant::now() + PATIENCE;
    while RUNNING.load(Ordering::Acquire) > 0 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}
