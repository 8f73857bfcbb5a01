//! Waiting, in slices: a waiting call sleeps in [`Parking`](crate::engine::drive), so that the deadline
//! and the parent are looked at meanwhile.

use crate::engine::state::State;
use std::time::{Duration, Instant};
use wasmtime::Caller;

/// The first sleep of a waiting call, and the longest.
const SLICE_MIN: Duration = Duration::from_micros(200);
const SLICE_MAX: Duration = Duration::from_millis(5);

/// Sleeps until `ready`, or until `ends`; says which.
pub(super) async fn wait(
    caller: &mut Caller<'_, State>,
    ends: Option<Instant>,
    mut ready: impl FnMut(&mut State) -> bool,
) -> bool {
    let mut slices = Slices::default();
    loop {
        if ready(caller.data_mut()) {
            return true;
        }
        let next = slices.next();
        if ends.is_some_and(|ends| Instant::now() >= ends) {
            return false;
        }
        let pause = caller.data().parking().sleep(Some(ends.map_or(next, |ends| next.min(ends))));
        pause.await;
    }
}

/// Sleeps that begin short, for what answers at once, and grow.
pub(super) struct Slices(Duration);

impl Default for Slices {
    fn default() -> Slices {
        Slices(SLICE_MIN)
    }
}

impl Slices {
    /// The end of the next sleep, if it begins now.
    pub(super) fn next(&mut self) -> Instant {
        let slice = self.0;
        self.0 = (slice * 2).min(SLICE_MAX);
        Instant::now() + slice
    }
}
