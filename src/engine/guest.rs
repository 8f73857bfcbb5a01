//! One PHP: an instance of the module with its memory, its filesystem and its limits.
//!
//! Invariant: a guest that was stopped (deadline, trap, abort) never runs again; its filesystem
//! can still be read.

use super::config::MEMORY_RESERVATION;
use super::drive::{Watch, drive};
use super::gate::Gate;
use super::memory::{MemoryImage, NextImage};
use super::net::Network;
use super::pack::USED;
use super::request::{Request, Response};
use super::runtime::Runtime;
use super::stack;
use super::state::{Leave, State};
use super::vfs::Vfs;
use super::watchdog::Watched;
use super::{EngineError, Stop};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wasmtime::{Instance, Memory, Store, Trap, Val};

/// Nearer than this to its end, a trapped guest's stack is taken to have overflown, bytes.
const C_STACK_SPENT: i32 = 64 << 10;

/// Longest string that a request may put into `$_SERVER`, bytes.
const SERVER_ENTRY_MAX: usize = 1 << 20;

/// Limits on one guest.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory, bytes. PHP's own `memory_limit` lies below it.
    pub heap: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { heap: 512 << 20 }
    }
}

/// How a guest's PHP is set up.
#[derive(Debug, Clone)]
pub struct Boot {
    /// Guest path of php.ini, which must exist in the filesystem.
    pub ini_path: String,
    /// `PHP_SAPI` inside.
    pub sapi: String,
    /// `NAME=value` pairs of the process environment.
    pub environment: Vec<(String, String)>,
}

/// Where PHP stands between two calls from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// No request is open.
    Idle,
    /// A request is open: its script has ended, what it loaded is still there.
    Open,
    /// A request is open, and what runs at a request's end has run in it.
    Ended,
}

pub struct Guest {
    pub(super) runtime: Arc<Runtime>,
    pub(super) store: Store<State>,
    pub(super) instance: Instance,
    pub(super) memory: Memory,
    /// Highest address of PHP's own stack.
    stack_top: i32,
    pub(super) phase: Phase,
    /// Address of the executor's exit status, once [`Guest::learn_exit_status`] has found it.
    pub(super) exit_status_at: Option<u32>,
    /// Whether another guest may have its memory after it.
    fit: Arc<AtomicBool>,
    stopped: bool,
}

impl Guest {
    /// Makes an instance and starts PHP in it.
    pub fn boot(
        runtime: &Arc<Runtime>,
        vfs: Vfs,
        boot: &Boot,
        limits: &Limits,
        watch: &Watch<'_>,
    ) -> Result<Guest, EngineError> {
        let environment = boot.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let state = State::new(vfs, environment, limits.heap, Duration::ZERO);
        let mut guest = Guest::instantiate(runtime, state, Arc::clone(&runtime.pristine), watch)?;
        guest.start(boot, watch).map_err(EngineError::Boot)?;
        Ok(guest)
    }

    pub(super) fn instantiate(
        runtime: &Arc<Runtime>,
        state: State,
        image: Arc<MemoryImage>,
        watch: &Watch<'_>,
    ) -> Result<Guest, EngineError> {
        let parking = Arc::clone(state.parking());
        let fit = Arc::new(AtomicBool::new(true));
        let mut store = Store::new(&runtime.engine, state);
        store.limiter(|state| state);
        let instance = {
            let _next = NextImage::set(image, Arc::clone(&fit));
            drive(&parking, watch, runtime.instances.instantiate_async(&mut store))
                .map_err(EngineError::Boot)?
                .map_err(EngineError::Instantiate)?
        };
        let missing = |name: &'static str| EngineError::Shape { missing: name };
        let memory = instance.get_memory(&mut store, "memory").ok_or(missing("memory"))?;
        let memalign = instance
            .get_typed_func(&mut store, "emscripten_builtin_memalign")
            .map_err(|_| missing("emscripten_builtin_memalign"))?;
        let base = memory.data_ptr(&store).expose_provenance();
        // SAFETY: the engine's memories span their whole reservation, and this one lives as long as
        // the store, which a watched guest keeps.
        unsafe { store.data().gate().guard(base..base + MEMORY_RESERVATION as usize) };
        store.data_mut().attach(memory, memalign);
        let mut guest = Guest {
            runtime: Arc::clone(runtime),
            store,
            instance,
            memory,
            stack_top: 0,
            phase: Phase::Idle,
            exit_status_at: None,
            fit,
            stopped: false,
        };
        let top = guest.global("__stack_pointer").ok_or(missing("__stack_pointer"))?;
        guest.stack_top = top;
        Ok(guest)
    }

    fn start(&mut self, boot: &Boot, watch: &Watch<'_>) -> Result<(), Stop> {
        let _watched = self.watched(watch)?;
        self.call("__set_stack_limits", &[self.stack_top, stack::end(self.stack_top)], watch)?;
        self.call("__wasm_call_ctors", &[], watch)?;
        self.call_with_strings("wasm_set_phpini_path", &[&boot.ini_path], watch)?;
        self.call_with_strings("wasm_set_sapi_name", &[&boot.sapi], watch)?;
        match self.call("php_wasm_init", &[], watch)? {
            0 => Ok(()),
            status => Err(Stop::Aborted(format!("PHP did not start (php_wasm_init returned {status})"))),
        }
    }

    /// Handles a request from its start to its shutdown. Output that was captured before belongs
    /// to the response as well.
    pub fn request(&mut self, request: &Request, watch: &Watch<'_>) -> Result<Response, Stop> {
        let _watched = self.watched(watch)?;
        self.close(watch)?;
        self.handle(request, watch)
    }

    pub(super) fn handle(&mut self, request: &Request, watch: &Watch<'_>) -> Result<Response, Stop> {
        self.describe(request, watch)?;
        let body = self.place_body(&request.body, watch)?;
        let before_shutdown = self.call("wasm_sapi_handle_request", &[], watch)?;
        if let Some(pointer) = body {
            self.call("free", &[pointer], watch)?;
        }
        // A shutdown function or a destructor can still change it.
        let exit_status = self.exit_status().unwrap_or(before_shutdown);
        Ok(self.response(exit_status))
    }

    /// What was captured since the last response: for a guest that was stopped.
    pub fn response(&mut self, exit_status: i32) -> Response {
        let state = self.store.data_mut();
        let (stdout, stdout_dropped) = state.vfs.stdout.take();
        let (stderr, stderr_dropped) = state.vfs.stderr.take();
        let (headers, _) = state.vfs.headers.take();
        state.forget_closed_sockets();
        let (network, network_dropped) = state.network.take_records();
        Response {
            exit_status,
            stdout,
            stdout_dropped,
            stderr,
            stderr_dropped,
            headers,
            heap_exhausted: state.take_heap_refused(),
            denied: state.take_denied(),
            network,
            network_dropped,
        }
    }

    fn describe(&mut self, request: &Request, watch: &Watch<'_>) -> Result<(), Stop> {
        let query = request.uri.split_once('?').map_or("", |(_, query)| query);
        let path = request.uri.split_once('?').map_or(request.uri.as_str(), |(path, _)| path);
        self.call_with_strings("wasm_set_path_translated", &[&request.script], watch)?;
        self.call_with_strings("wasm_set_request_uri", &[&request.uri], watch)?;
        self.call_with_strings("wasm_set_query_string", &[query], watch)?;
        self.call_with_strings("wasm_set_request_method", &[&request.method], watch)?;
        self.call_with_strings("wasm_set_request_host", &[&request.host], watch)?;
        let port = request.host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80);
        self.call("wasm_set_request_port", &[port], watch)?;
        if !request.cookies.is_empty() {
            self.call_with_strings("wasm_set_cookies", &[&request.cookies], watch)?;
        }
        if !request.content_type.is_empty() {
            self.call_with_strings("wasm_set_content_type", &[&request.content_type], watch)?;
        }
        let name = request.host.rsplit_once(':').map_or(request.host.as_str(), |(name, _)| name);
        let fixed = [
            ("HTTP_HOST", request.host.as_str()),
            ("SERVER_NAME", name),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("REMOTE_ADDR", "127.0.0.1"),
            ("SCRIPT_FILENAME", request.script.as_str()),
            ("SCRIPT_NAME", path),
            ("PHP_SELF", path),
        ];
        let given = request.server.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in fixed.into_iter().chain(given) {
            self.call_with_strings("wasm_add_SERVER_entry", &[name, value], watch)?;
        }
        Ok(())
    }

    /// Copies the request's body into guest memory. PHP keeps the pointer, so it is freed after
    /// the request only.
    fn place_body(&mut self, body: &[u8], watch: &Watch<'_>) -> Result<Option<i32>, Stop> {
        if body.is_empty() {
            return Ok(None);
        }
        let len = i32::try_from(body.len()).map_err(|_| Stop::HeapExhausted)?;
        let pointer = self.place(body, watch)?;
        self.call("wasm_set_request_body", &[pointer], watch)?;
        self.call("wasm_set_content_length", &[len], watch)?;
        Ok(Some(pointer))
    }

    /// The guest's filesystem.
    pub fn vfs(&self) -> &Vfs {
        &self.store.data().vfs
    }

    /// Puts the files back to what they were. Where other descriptors are open now than then, PHP
    /// counts on them: the files stay as they are.
    pub fn restore_files(&mut self, before: Vfs) {
        let vfs = self.vfs_mut();
        if vfs.open_descriptors().eq(before.open_descriptors()) {
            *vfs = before;
        }
    }

    pub fn vfs_mut(&mut self) -> &mut Vfs {
        &mut self.store.data_mut().vfs
    }

    /// The guest's network: what it may reach, and what it did.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.store.data_mut().network
    }

    /// How often `bytes` stand in linear memory. For tests of what must not be there.
    pub fn count_in_memory(&self, bytes: &[u8]) -> usize {
        let Some(_held) = self.gate().hold() else { return 0 };
        memchr::memmem::find_iter(self.memory.data(&self.store), bytes).count()
    }

    /// Bytes of linear memory in use, and whether the guest may still run.
    pub fn heap_size(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped || self.gate().stop().is_some()
    }

    /// Has the guest stopped at the deadline, or when the parent is interrupted, whatever it does.
    pub(super) fn watched<'w>(&self, watch: &'w Watch<'w>) -> Result<Watched<'w>, Stop> {
        Watched::begin(Arc::clone(self.gate()), watch)
            .map_err(|error| Stop::Aborted(format!("the engine's helper thread did not start: {error}")))
    }

    /// Whoever reads or writes the guest's memory from outside a call holds this gate meanwhile.
    pub(super) fn gate(&self) -> &Arc<Gate> {
        self.store.data().gate()
    }

    pub(super) fn global(&mut self, name: &str) -> Option<i32> {
        self.instance.get_global(&mut self.store, name)?.get(&mut self.store).i32()
    }

    /// Calls an export of i32 parameters and at most one i32 result.
    pub(super) fn call(
        &mut self,
        name: &'static str,
        arguments: &[i32],
        watch: &Watch<'_>,
    ) -> Result<i32, Stop> {
        if self.stopped {
            return Err(Stop::AlreadyStopped);
        }
        // Time may have run out since the last call.
        if let Some(stop) = self.gate().stop() {
            self.stopped = true;
            return Err(stop);
        }
        let outcome = self.call_unguarded(name, arguments, watch);
        // Whatever came of it: the memory is gone, or about to go.
        let outcome = self.gate().stop().map_or(outcome, Err);
        self.stopped = outcome.is_err();
        outcome
    }

    fn call_unguarded(
        &mut self,
        name: &'static str,
        arguments: &[i32],
        watch: &Watch<'_>,
    ) -> Result<i32, Stop> {
        debug_assert!(USED.contains(&name), "packs export what stands in the list");
        let Some(function) = self.instance.get_func(&mut self.store, name) else {
            return Err(Stop::Aborted(format!("this build of PHP does not export {name}")));
        };
        let mut results = [Val::I32(0)];
        let count = function.ty(&self.store).results().len().min(1);
        let arguments: Vec<Val> = arguments.iter().map(|value| Val::I32(*value)).collect();
        let parking = Arc::clone(self.store.data().parking());
        let call = function.call_async(&mut self.store, &arguments, &mut results[..count]);
        match drive(&parking, watch, call)? {
            Ok(()) => Ok(results[0].i32().unwrap_or(0)),
            Err(error) => Err(self.why(&error)),
        }
    }

    /// What a failed call means.
    fn why(&mut self, error: &wasmtime::Error) -> Stop {
        match error.downcast_ref::<Leave>() {
            Some(Leave::Exit(status)) => return Stop::Exited(*status),
            Some(leave) => return Stop::Aborted(leave.to_string()),
            None => {}
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => Stop::StackOverflow,
            Some(Trap::UnreachableCodeReached) if self.stack_is_spent() => Stop::StackOverflow,
            Some(trap) => Stop::Trapped(trap.to_string()),
            None => Stop::Trapped(error.root_cause().to_string()),
        }
    }

    /// Why the memory is not to be touched any more.
    pub(super) fn revoked(&mut self) -> Stop {
        self.stopped = true;
        self.gate().stop().unwrap_or(Stop::AlreadyStopped)
    }

    fn stack_is_spent(&mut self) -> bool {
        let end = stack::end(self.stack_top);
        self.global("__stack_pointer").is_some_and(|pointer| pointer - end < C_STACK_SPENT)
    }

    /// Copies bytes and a terminator into fresh guest memory.
    pub(super) fn place(&mut self, bytes: &[u8], watch: &Watch<'_>) -> Result<i32, Stop> {
        let size = i32::try_from(bytes.len() + 1).map_err(|_| Stop::HeapExhausted)?;
        let pointer = self.call("malloc", &[size], watch)?;
        let at = pointer as u32 as usize;
        let Some(_held) = self.gate().hold() else { return Err(self.revoked()) };
        let target = self.memory.data_mut(&mut self.store).get_mut(at..at + bytes.len() + 1);
        match target {
            Some(target) if pointer != 0 => {
                target[..bytes.len()].copy_from_slice(bytes);
                target[bytes.len()] = 0;
                Ok(pointer)
            }
            _ => Err(Stop::HeapExhausted),
        }
    }

    /// Calls an export whose parameters are C strings, which it copies.
    fn call_with_strings(
        &mut self,
        name: &'static str,
        strings: &[&str],
        watch: &Watch<'_>,
    ) -> Result<i32, Stop> {
        let mut pointers = Vec::with_capacity(strings.len());
        for string in strings {
            let bytes = &string.as_bytes()[..string.len().min(SERVER_ENTRY_MAX)];
            pointers.push(self.place(bytes, watch)?);
        }
        let result = self.call(name, &pointers, watch)?;
        for pointer in pointers {
            self.call("free", &[pointer], watch)?;
        }
        Ok(result)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if self.is_stopped() {
            self.fit.store(false, Ordering::Relaxed);
        }
    }
}
