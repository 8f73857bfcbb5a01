//! The loop that runs a guest: polls the call on the thread that made it, and between two polls
//! looks at the deadline and at the parent. While the guest computes there is no poll: then the
//! watchdog looks at both.
//!
//! The guest runs on a stack of its own. Nothing of the parent is called while a wasm frame lies
//! below it, so a parent's exception, `exit()` or time limit cannot tear through the guest.

use super::Stop;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// How long the thread sleeps at most before it looks at the parent again.
const GLANCE: Duration = Duration::from_millis(10);

/// What can end a call from outside.
pub struct Watch<'a> {
    /// The call returns by then.
    pub deadline: Instant,
    /// Asked at least every few hundredths of a second, also from another thread: it must answer at
    /// once and call nothing of the parent's.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl Watch<'_> {
    /// A watch that only keeps time.
    pub fn until(deadline: Instant) -> Watch<'static> {
        Watch { deadline, interrupted: &|| false }
    }
}

/// Where a sleeping guest says until when it sleeps.
#[derive(Debug, Default)]
pub(super) struct Parking {
    sleeper: Mutex<Sleeper>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Sleeper {
    #[default]
    Awake,
    Until(Instant),
    Forever,
}

impl Parking {
    /// A future that is ready at `until`; without one it never is.
    pub(super) fn sleep(self: &Arc<Self>, until: Option<Instant>) -> Sleep {
        Sleep { parking: Arc::clone(self), until }
    }

    fn set(&self, sleeper: Sleeper) {
        *self.sleeper.lock().unwrap_or_else(PoisonError::into_inner) = sleeper;
    }

    fn get(&self) -> Sleeper {
        *self.sleeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Sleep {
    parking: Arc<Parking>,
    until: Option<Instant>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        match self.until {
            Some(until) if Instant::now() >= until => {
                self.parking.set(Sleeper::Awake);
                Poll::Ready(())
            }
            Some(until) => {
                self.parking.set(Sleeper::Until(until));
                Poll::Pending
            }
            None => {
                self.parking.set(Sleeper::Forever);
                Poll::Pending
            }
        }
    }
}

/// Runs `call` to its end, or stops it. A stopped call's guest must not be used again.
pub(super) fn drive<T>(
    parking: &Parking,
    watch: &Watch<'_>,
    call: impl Future<Output = T>,
) -> Result<T, Stop> {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    parking.set(Sleeper::Awake);
    loop {
        if let Poll::Ready(value) = call.as_mut().poll(&mut context) {
            return Ok(value);
        }
        let now = Instant::now();
        if now >= watch.deadline {
            return Err(Stop::Deadline);
        }
        if (watch.interrupted)() {
            return Err(Stop::Interrupted);
        }
        let pause = match parking.get() {
            Sleeper::Awake => continue,
            Sleeper::Until(until) => until.saturating_duration_since(now),
            Sleeper::Forever => GLANCE,
        };
        std::thread::sleep(pause.min(GLANCE).min(watch.deadline - now));
    }
}
