//! Being there while a command runs: the command runs on a thread of its own, and whoever asked for
//! it hears what it prints and can end it.
//!
//! Invariant: the attendant is called on the thread that asked, with no frame of a guest below it.

use crate::engine::{Channel, Tap, Watch, with_signals_blocked};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the attendant looks in when nothing is printed.
const GLANCE: Duration = Duration::from_millis(10);

/// Who is there while a command runs. `Break` ends the command; nothing is asked after it.
pub trait Attendant {
    /// The command printed this.
    fn printed(&mut self, channel: Channel, bytes: &[u8]) -> ControlFlow<()>;

    /// A hundredth of a second has passed, or something was printed.
    fn glance(&mut self) -> ControlFlow<()>;
}

/// Does the work on another thread, with the attendant on this one.
pub(super) fn attend<T: Send>(
    attendant: &mut dyn Attendant,
    watch: &Watch<'_>,
    work: impl FnOnce(&Watch<'_>, &Arc<Tap>) -> T + Send,
) -> std::io::Result<T> {
    let tap = Arc::new(Tap::default());
    let ended = AtomicBool::new(false);
    let interrupted = || ended.load(Ordering::Relaxed) || (watch.interrupted)();
    let watch = Watch { deadline: watch.deadline, interrupted: &interrupted };
    let worker = || {
        let _heard = Closing(&tap);
        work(&watch, &tap)
    };
    std::thread::scope(|scope| {
        let name = "wp-codebox-command".to_owned();
        let thread =
            with_signals_blocked(|| std::thread::Builder::new().name(name).spawn_scoped(scope, worker))?;
        let mut listening = true;
        while let Some(chunks) = tap.take(GLANCE) {
            if listening && listen(attendant, chunks).is_break() {
                listening = false;
                ended.store(true, Ordering::Relaxed);
            }
            // Nobody waits for a listener who is gone, nor beyond the deadline.
            if !listening || Instant::now() >= watch.deadline {
                tap.close();
            }
        }
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn listen(attendant: &mut dyn Attendant, chunks: Vec<(Channel, Vec<u8>)>) -> ControlFlow<()> {
    chunks.iter().try_for_each(|(channel, bytes)| attendant.printed(*channel, bytes))?;
    attendant.glance()
}

/// Closes the tap, however the work ends.
struct Closing<'a>(&'a Tap);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
