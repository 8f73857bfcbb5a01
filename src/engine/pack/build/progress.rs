//! One line a step on stderr: what is being done, then how long it took.

use super::BuildError;
use std::io::{self, Write};
use std::time::Instant;

pub(super) struct Progress {
    start: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        Progress { start: Instant::now() }
    }

    /// Runs `work`. Progress is a courtesy: that stderr is closed must not end a build.
    pub(super) fn step<T>(
        &mut self,
        what: &str,
        work: impl FnOnce() -> Result<T, BuildError>,
    ) -> Result<T, BuildError> {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "[{:6.1} s] {what} … ", self.start.elapsed().as_secs_f32());
        let _ = stderr.flush();
        let start = Instant::now();
        let result = work();
        let word = if result.is_ok() { "" } else { "failed after " };
        let _ = writeln!(stderr, "{word}{:.1} s", start.elapsed().as_secs_f32());
        result
    }
}
