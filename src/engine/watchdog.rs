//! The thread that stops guests: it looks at every running guest's deadline and at its parent, and
//! takes the memory away from the guest whose time is over (see `gate`).
//!
//! The guest's code has no checks of its own for this. They would cost a tenth of its time, and
//! PHP's regular expressions three quarters of theirs.
//!
//! Invariant: no thread before the first guest of a process runs; after a fork the child starts
//! its own and never touches the parent's; none is left after [`stop`]. A guest's memory is touched
//! only while its [`Watched`] lives.

use super::drive::Watch;
use super::gate::{Gate, Reason};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often parents are looked at while a guest runs.
const GLANCE: Duration = Duration::from_millis(10);

/// For how long the thread goes on glancing after the last guest. A guest that begins meanwhile
/// need not wake it, which would cost more than a short call does.
const LINGER: Duration = Duration::from_secs(1);

/// The watchdog of one process.
struct Watchdog {
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
    guests: Vec<Entry>,
    next: u64,
    /// When the thread wakes by itself; `None`: only when it is told to.
    wakes: Option<Instant>,
    stopping: bool,
}

struct Entry {
    id: u64,
    gate: Arc<Gate>,
    deadline: Instant,
    interrupted: Interrupted,
}

/// The parent's answer to "have you been told to stop?", for as long as the guest is watched.
struct Interrupted(*const (dyn Fn() -> bool + Sync));

// SAFETY: what is behind the pointer is `Sync`, so it may be called from another thread.
unsafe impl Send for Interrupted {}

/// The current watchdog. A forked child finds its parent's here, sees the foreign pid and leaves it
/// alone for ever: its locks may be held by a thread that does not exist in the child.
static CURRENT: AtomicPtr<Watchdog> = AtomicPtr::new(std::ptr::null_mut());

fn lock(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

fn current() -> Option<&'static Watchdog> {
    // SAFETY: the pointer is null or a leaked box, which lives for ever.
    let watchdog = unsafe { CURRENT.load(Ordering::Acquire).as_ref() }?;
    (watchdog.pid == std::process::id()).then_some(watchdog)
}

/// Keeps a guest under watch. When it has been dropped, the guest's memory is revoked or will not
/// be.
pub(super) struct Watched<'a> {
    watchdog: &'static Watchdog,
    id: u64,
    _watch: std::marker::PhantomData<&'a Watch<'a>>,
}

impl<'a> Watched<'a> {
    pub(super) fn begin(gate: Arc<Gate>, watch: &'a Watch<'a>) -> std::io::Result<Watched<'a>> {
        let watchdog = match current() {
            Some(watchdog) => watchdog,
            None => Watchdog::install(),
        };
        watchdog.ensure_thread()?;
        let interrupted: *const (dyn Fn() -> bool + Sync + 'a) = watch.interrupted;
        // SAFETY: only the lifetime changes. The entry is removed when the `Watched` is dropped,
        // which the lifetime `'a` puts before the end of the closure; it is private to this room
        // and never leaked.
        let interrupted = unsafe {
            std::mem::transmute::<
                *const (dyn Fn() -> bool + Sync + 'a),
                *const (dyn Fn() -> bool + Sync + 'static),
            >(interrupted)
        };
        let mut work = lock(&watchdog.shared.work);
        let id = work.next;
        work.next += 1;
        let deadline = watch.deadline;
        work.guests.push(Entry { id, gate, deadline, interrupted: Interrupted(interrupted) });
        let due = deadline.min(Instant::now() + GLANCE);
        let asleep = work.wakes.is_none_or(|wakes| wakes > due);
        drop(work);
        if asleep {
            watchdog.shared.changed.notify_one();
        }
        Ok(Watched { watchdog, id, _watch: std::marker::PhantomData })
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // A child that was forked while a guest ran must not touch the parent's lock.
        if self.watchdog.pid == std::process::id() {
            lock(&self.watchdog.shared.work).guests.retain(|entry| entry.id != self.id);
        }
    }
}

impl Watchdog {
    fn install() -> &'static Watchdog {
        let fresh: &'static Watchdog = Box::leak(Box::new(Watchdog {
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
                std::thread::Builder::new().name("wp-codebox-watch".into()).spawn(move || watch(&shared))
            });
            *thread = Some(started?);
        }
        Ok(())
    }
}

fn watch(shared: &Shared) {
    let mut work = lock(&shared.work);
    let mut last_guest = Instant::now();
    while !work.stopping {
        let now = Instant::now();
        if !work.guests.is_empty() {
            last_guest = now;
        } else if now - last_guest >= LINGER {
            work.wakes = None;
            work = shared.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
            last_guest = Instant::now();
            continue;
        }
        let wakes = work.guests.iter().map(|entry| look(entry, now)).fold(now + GLANCE, Instant::min);
        work.wakes = Some(wakes);
        let (next, _) =
            shared.changed.wait_timeout(work, wakes - now).unwrap_or_else(PoisonError::into_inner);
        work = next;
    }
    work.wakes = None;
}

/// Stops a guest whose time is over. Returns when it has to be looked at again.
fn look(entry: &Entry, now: Instant) -> Instant {
    if now >= entry.deadline {
        entry.gate.revoke(Reason::Deadline);
        return now + GLANCE;
    }
    // SAFETY: the entry is in the list, under the lock: its `Watched` lives, and so does what the
    // pointer points to.
    if unsafe { (*entry.interrupted.0)() } {
        entry.gate.revoke(Reason::Interrupted);
    }
    entry.deadline
}

/// Ends the thread of this process, if there is one. A later guest starts another.
pub(super) fn stop() {
    let Some(watchdog) = current() else { return };
    lock(&watchdog.shared.work).stopping = true;
    watchdog.shared.changed.notify_all();
    if let Some(thread) = watchdog.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // The thread only fails by panicking, and then it is gone as well.
        let _ = thread.join();
    }
}

/// A thread that `run` starts receives no signal of the process. Its own faults it does receive:
/// a guest's trap is one.
pub fn with_signals_blocked<T>(run: impl FnOnce() -> T) -> T {
    // SAFETY: plain calls on initialised sets of this thread.
    unsafe {
        let mut all = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigfillset(&mut all);
        for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
            libc::sigdelset(&mut all, fault);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let value = run();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        value
    }
}
