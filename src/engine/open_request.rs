//! Requests that stay open: what their script has loaded is there for the next script.
//!
//! While the module's global `hold` is set, the function that ends a request returns at once. The
//! guest can be frozen then, with no wasm frame on its stack, and a fork runs a script in the
//! request that it finds open.

use super::guest::{Guest, Phase};
use super::request::{Request, Response};
use super::{Stop, Watch};
use wasmtime::Val;

/// Size of PHP's `zend_file_handle` and some room, bytes.
const FILE_HANDLE: i32 = 256;

/// What a script has to `exit()` with for [`Guest::learn_exit_status`]: a number that nothing else
/// in the executor's globals holds.
pub const EXIT_MARK: i32 = 0x5EED_C0DE;

/// How far beyond the address of the executor's globals their exit status is looked for, bytes.
const EXECUTOR_GLOBALS: usize = 4096;

impl Guest {
    /// Handles a request and leaves it open.
    pub fn open(&mut self, request: &Request, watch: &Watch<'_>) -> Result<Response, Stop> {
        let _watched = self.watched(watch)?;
        self.close(watch)?;
        self.set_hold(true);
        let response = self.handle(request, watch);
        self.set_hold(false);
        if response.is_ok() {
            self.phase = Phase::Open;
        }
        response
    }

    /// Whether a request is open in which a script can run.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Runs a script in the open request, then what runs at a request's end: shutdown functions,
    /// destructors, output buffers. The request's own memory stays until the next one begins.
    pub fn execute(&mut self, script: &str, watch: &Watch<'_>) -> Result<Response, Stop> {
        if self.phase != Phase::Open {
            return Err(Stop::Aborted("no request is open".to_owned()));
        }
        let _watched = self.watched(watch)?;
        let path = self.place(script.as_bytes(), watch)?;
        let handle = self.call("malloc", &[FILE_HANDLE], watch)?;
        if handle == 0 {
            return Err(Stop::HeapExhausted);
        }
        self.call("zend_stream_init_filename", &[handle, path], watch)?;
        // It catches fatal errors and exit() itself.
        self.call("php_execute_script", &[handle], watch)?;
        self.call("zend_destroy_file_handle", &[handle], watch)?;
        self.call("free", &[handle], watch)?;
        self.call("free", &[path], watch)?;
        self.phase = Phase::Ended;
        self.call("php_call_shutdown_functions", &[], watch)?;
        self.call("zend_call_destructors", &[], watch)?;
        self.call("php_output_end_all", &[], watch)?;
        let status = self.exit_status().unwrap_or(0);
        Ok(self.response(status))
    }

    /// Ends the open request, if there is one.
    pub(super) fn close(&mut self, watch: &Watch<'_>) -> Result<(), Stop> {
        match self.phase {
            Phase::Idle => return Ok(()),
            Phase::Open => {}
            // They have run. Ending the request would run them once more.
            Phase::Ended => {
                self.call("php_free_shutdown_functions", &[], watch)?;
            }
        }
        self.phase = Phase::Idle;
        self.call("wasm_sapi_request_shutdown", &[], watch)?;
        Ok(())
    }

    /// Finds out where PHP keeps its exit status: `script` calls `exit(EXIT_MARK)`, and the mark is
    /// looked for. The address differs from build to build.
    pub fn learn_exit_status(&mut self, script: &str, watch: &Watch<'_>) -> Result<(), Stop> {
        let response = self.request(&Request::script(script), watch)?;
        if response.exit_status != EXIT_MARK {
            return Ok(());
        }
        let Some(globals) = self.global("executor_globals") else { return Ok(()) };
        let from = globals as u32 as usize;
        let Some(_held) = self.gate().hold() else { return Err(self.revoked()) };
        let memory = self.memory.data(&self.store);
        let Some(bytes) = memory.get(from..from + EXECUTOR_GLOBALS) else { return Ok(()) };
        let mut found =
            bytes.chunks_exact(4).enumerate().filter(|(_, word)| *word == EXIT_MARK.to_le_bytes());
        self.exit_status_at = match (found.next(), found.next()) {
            (Some((index, _)), None) => u32::try_from(from + 4 * index).ok(),
            _ => None,
        };
        Ok(())
    }

    pub(super) fn exit_status(&self) -> Option<i32> {
        let at = self.exit_status_at? as usize;
        let _held = self.gate().hold()?;
        let word = self.memory.data(&self.store).get(at..at + 4)?;
        Some(i32::from_le_bytes(word.try_into().ok()?))
    }

    fn set_hold(&mut self, hold: bool) {
        // A pack's module has the global: the transform adds it.
        if let Some(global) = self.instance.get_global(&mut self.store, super::pack::HOLD) {
            let set = global.set(&mut self.store, Val::I32(i32::from(hold)));
            debug_assert!(set.is_ok(), "hold is a mutable i32");
        }
    }
}
