//! Ctrl-C while a run goes on: a flag, in place of the end of the process.
//!
//! Invariant: handlers are in place only where nobody else has one, and only as long as the guard, or
//! until the first signal: the second one does end the process.

use libc::{SA_RESETHAND, SA_RESTART, SIG_DFL, c_int, sighandler_t};
use std::mem::zeroed;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU8, Ordering};

/// Signals that ask for a stop.
const SIGNALS: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

static REQUESTED: AtomicU8 = AtomicU8::new(0);

extern "C" fn request(_signal: c_int) {
    REQUESTED.store(1, Ordering::Relaxed);
}

/// As long as it lives, a signal that would end the process asks for a stop instead.
pub struct StopOnSignal {
    change: SigAction,
    /// The signals that are ours.
    ours: Vec<c_int>,
}

/// `sigaction()`, or what PHP has in its place.
type SigAction = unsafe extern "C" fn(c_int, *const libc::sigaction, *mut libc::sigaction) -> c_int;

impl StopOnSignal {
    pub fn new() -> StopOnSignal {
        let mut guard = StopOnSignal { change: sigaction(), ours: Vec::new() };
        // Not beneath a call that is ending for a signal: what it has seen is still to be seen.
        if REQUESTED.load(Ordering::Relaxed) == 0 {
            guard.ours = SIGNALS.into_iter().filter(|signal| guard.handler(*signal) == SIG_DFL).collect();
            guard.ours.iter().for_each(|signal| guard.set(*signal, handler(), SA_RESTART | SA_RESETHAND));
        }
        guard
    }

    /// Not 0 as soon as a signal has come, to this guard or to one above it.
    pub fn flag(&self) -> &AtomicU8 {
        &REQUESTED
    }

    fn handler(&self, signal: c_int) -> sighandler_t {
        // SAFETY: all zero is a valid sigaction, which the call fills; nothing is set.
        unsafe {
            let mut now: libc::sigaction = zeroed();
            (self.change)(signal, null(), &raw mut now);
            now.sa_sigaction
        }
    }

    fn set(&self, signal: c_int, handler: sighandler_t, flags: c_int) {
        // SAFETY: the handler stores one atomic, which is safe in a signal's handler, and has the type
        // that goes without SA_SIGINFO.
        unsafe {
            let mut action: libc::sigaction = zeroed();
            action.sa_sigaction = handler;
            action.sa_flags = flags;
            (self.change)(signal, &raw const action, null_mut());
        }
    }
}

impl Drop for StopOnSignal {
    fn drop(&mut self) {
        for signal in &self.ours {
            // Somebody may have set one of their own meanwhile.
            if self.handler(*signal) == handler() {
                self.set(*signal, SIG_DFL, 0);
            }
        }
        if !self.ours.is_empty() {
            REQUESTED.store(0, Ordering::Relaxed);
        }
    }
}

fn handler() -> sighandler_t {
    request as extern "C" fn(c_int) as sighandler_t
}

/// PHP that defers signals has a handler of its own for each, and keeps those of others in a table:
/// it has to be asked, and not the kernel.
fn sigaction() -> SigAction {
    // SAFETY: a look-up by a terminated name among what is loaded already.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"zend_sigaction".as_ptr()) };
    if found.is_null() {
        return libc::sigaction;
    }
    // SAFETY: PHP declares it like sigaction().
    unsafe { std::mem::transmute::<*mut libc::c_void, SigAction>(found) }
}
