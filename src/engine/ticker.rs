//! The thread that lets a running guest come up for air: it advances the engine's epoch every few
//! milliseconds while a guest runs, and the guest yields to the loop in `drive`.
//!
//! Invariant: no thread before the first guest of a process runs; after a fork the child starts
//! its own and never touches the parent's; none is left after [`stop`].

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use wasmtime::{Engine, EngineWeak};

const TICK: Duration = Duration::from_millis(5);

/// The ticker of one process.
struct Ticker {
    pid: u32,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    work: Mutex<Work>,
    changed: Condvar,
}

#[derive(Default)]
struct Work {
    /// Engines with running guests, one entry a guest.
    running: Vec<(u64, EngineWeak)>,
    next: u64,
    stopping: bool,
}

/// The current ticker. A forked child finds its parent's here, sees the foreign pid and leaves it
/// alone for ever: its locks may be held by a thread that does not exist in the child.
static CURRENT: AtomicPtr<Ticker> = AtomicPtr::new(std::ptr::null_mut());

fn lock(work: &Mutex<Work>) -> std::sync::MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

fn current() -> Option<&'static Ticker> {
    // SAFETY: the pointer is null or a leaked box, which lives for ever.
    let ticker = unsafe { CURRENT.load(Ordering::Acquire).as_ref() }?;
    (ticker.pid == std::process::id()).then_some(ticker)
}

/// Keeps the ticker running for one guest.
pub(super) struct Ticking {
    ticker: &'static Ticker,
    id: u64,
}

impl Ticking {
    pub(super) fn start(engine: &Engine) -> std::io::Result<Ticking> {
        let ticker = match current() {
            Some(ticker) => ticker,
            None => Ticker::install(),
        };
        ticker.ensure_thread()?;
        let mut work = lock(&ticker.shared.work);
        let id = work.next;
        work.next += 1;
        work.running.push((id, engine.weak()));
        drop(work);
        ticker.shared.changed.notify_one();
        Ok(Ticking { ticker, id })
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        // A child that was forked while a guest ran must not touch the parent's lock.
        if self.ticker.pid == std::process::id() {
            lock(&self.ticker.shared.work).running.retain(|(id, _)| *id != self.id);
        }
    }
}

impl Ticker {
    fn install() -> &'static Ticker {
        let fresh: &'static Ticker = Box::leak(Box::new(Ticker {
            pid: std::process::id(),
            shared: Arc::default(),
            thread: Mutex::new(None),
        }));
        let old = CURRENT.load(Ordering::Acquire);
        let new = std::ptr::from_ref(fresh).cast_mut();
        match CURRENT.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            Err(_) => current().unwrap_or(fresh),
        }
    }

    fn ensure_thread(&self) -> std::io::Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            lock(&self.shared.work).stopping = false;
            let shared = Arc::clone(&self.shared);
            // Signals are the PHP thread's business: the helper inherits a full mask.
            let started = with_signals_blocked(|| {
                std::thread::Builder::new().name("wp-codebox-tick".into()).spawn(move || tick(&shared))
            });
            *thread = Some(started?);
        }
        Ok(())
    }
}

fn tick(shared: &Shared) {
    let mut work = lock(&shared.work);
    while !work.stopping {
        if work.running.is_empty() {
            work = shared.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let (next, _) = shared.changed.wait_timeout(work, TICK).unwrap_or_else(PoisonError::into_inner);
        work = next;
        for (_, engine) in &work.running {
            if let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
            }
        }
    }
}

/// Ends the thread of this process, if there is one. A later guest starts another.
pub(super) fn stop() {
    let Some(ticker) = current() else { return };
    lock(&ticker.shared.work).stopping = true;
    ticker.shared.changed.notify_all();
    if let Some(thread) = ticker.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // The thread only fails by panicking, and then it is gone as well.
        let _ = thread.join();
    }
}

fn with_signals_blocked<T>(run: impl FnOnce() -> T) -> T {
    // SAFETY: plain calls on initialised sets of this thread.
    unsafe {
        let mut all = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let value = run();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        value
    }
}
