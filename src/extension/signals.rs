//! Ctrl-C while a run goes on: a flag, in place of the end of the process.
//!
//! Invariant: handlers are in place only where nobody else has one, and only as long as the guard.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};

/// Signals that ask for a stop.
const SIGNALS: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

static REQUESTED: AtomicU8 = AtomicU8::new(0);

extern "C" fn request(_signal: libc::c_int) {
    REQUESTED.store(1, Ordering::Relaxed);
}

/// As long as it lives, a signal that would end the process asks for a stop instead.
pub struct StopOnSignal {
    /// The signals, with what was there before.
    before: Vec<(libc::c_int, libc::sigaction)>,
}

impl StopOnSignal {
    pub fn new() -> StopOnSignal {
        REQUESTED.store(0, Ordering::Relaxed);
        StopOnSignal { before: SIGNALS.into_iter().filter_map(|signal| Some((signal, replace(signal)?))).collect() }
    }

    /// Not 0 as soon as a signal has come.
    pub fn flag(&self) -> &AtomicU8 {
        &REQUESTED
    }
}

impl Drop for StopOnSignal {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            // SAFETY: `before` is what sigaction() gave for this very signal.
            unsafe { libc::sigaction(*signal, before, ptr::null_mut()) };
        }
    }
}

/// Sets our handler where there is none, and gives what was there.
fn replace(signal: libc::c_int) -> Option<libc::sigaction> {
    let mut before = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: asks for what is set, and sets nothing; there is room for the answer.
    if unsafe { libc::sigaction(signal, ptr::null(), before.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: sigaction() has filled it in.
    let before = unsafe { before.assume_init() };
    if before.sa_sigaction != libc::SIG_DFL {
        return None;
    }
    let mut ours = before;
    ours.sa_sigaction = request as extern "C" fn(libc::c_int) as libc::sighandler_t;
    ours.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler stores one atomic, which is safe in a signal's handler, and has the type
    // that goes without SA_SIGINFO.
    (unsafe { libc::sigaction(signal, &raw const ours, ptr::null_mut()) } == 0).then_some(before)
}
