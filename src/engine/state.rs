//! What the host keeps for one guest: the data of its wasmtime store.

use super::drive::Parking;
use super::gate::Gate;
use super::net::Network;
use super::vfs::{Errno, Fd, Vfs, VfsLimits, VfsResult};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::{Memory, ResourceLimiter, TypedFunc};

/// How many denied calls a run's record names.
const DENIED_MAX: usize = 64;

/// `emscripten_builtin_memalign(alignment, size) -> pointer`.
type Memalign = TypedFunc<(i32, i32), i32>;

/// Why the guest left wasm without returning. Carried through wasmtime as an error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Leave {
    #[error("exit({0})")]
    Exit(i32),
    #[error("{0}")]
    Abort(String),
    #[error("{0} are not supported by this build of PHP")]
    Unsupported(&'static str),
}

pub(super) struct State {
    pub(super) vfs: Vfs,
    /// Denies everything until it is told otherwise, also in a fork.
    pub(super) network: Network,
    /// `NAME=value`, without NUL bytes.
    pub(super) environment: Vec<String>,
    memory: Option<Memory>,
    memalign: Option<Memalign>,
    parking: Arc<Parking>,
    gate: Arc<Gate>,
    heap_limit: usize,
    heap_refused: bool,
    born: Instant,
    age_at_birth: Duration,
    denied: Vec<String>,
}

impl State {
    pub(super) fn new(vfs: Vfs, environment: Vec<String>, heap_limit: usize, age: Duration) -> State {
        State {
            vfs,
            network: Network::default(),
            environment,
            memory: None,
            memalign: None,
            parking: Arc::default(),
            gate: Arc::default(),
            heap_limit,
            heap_refused: false,
            born: Instant::now(),
            age_at_birth: age,
            denied: Vec::new(),
        }
    }

    /// A state for asking a linker what it defines; never runs anything.
    pub(super) fn probe() -> State {
        let empty = Vfs::new(Vec::new(), VfsLimits::default());
        State::new(empty.expect("a filesystem without mounts opens nothing"), Vec::new(), 0, Duration::ZERO)
    }

    /// Called once, when the instance exists and before it runs.
    pub(super) fn attach(&mut self, memory: Memory, memalign: Memalign) {
        self.memory = Some(memory);
        self.memalign = Some(memalign);
    }

    /// The linear memory. Its content is touched only by whoever holds the [`gate`](Self::gate).
    pub(super) fn memory(&self) -> Memory {
        self.memory.expect("attached before the guest runs")
    }

    pub(super) fn memalign(&self) -> Memalign {
        self.memalign.clone().expect("attached before the guest runs")
    }

    pub(super) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    pub(super) fn parking(&self) -> &Arc<Parking> {
        &self.parking
    }

    /// Time since the guest was first booted; goes on in a fork.
    pub(super) fn monotonic(&self) -> Duration {
        self.age_at_birth + self.born.elapsed()
    }

    /// Remembers a denied call, each text once.
    pub(super) fn note_denied(&mut self, what: &str) {
        if self.denied.len() < DENIED_MAX && !self.denied.iter().any(|known| known == what) {
            self.denied.push(what.to_owned());
        }
    }

    pub(super) fn take_denied(&mut self) -> Vec<String> {
        std::mem::take(&mut self.denied)
    }

    /// `read` of a file or of a socket, which answers `EAGAIN` where there is nothing yet.
    pub(super) fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> VfsResult<usize> {
        match self.vfs.socket(fd) {
            Ok(socket) => self.network.receive(socket, buffer, false).map(|(count, _)| count),
            Err(Errno::ENOTSOCK) => self.vfs.read(fd, buffer),
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn write(&mut self, fd: Fd, bytes: &[u8]) -> VfsResult<usize> {
        match self.vfs.socket(fd) {
            Ok(socket) => self.network.send(socket, bytes, None),
            Err(Errno::ENOTSOCK) => self.vfs.write(fd, bytes),
            Err(errno) => Err(errno),
        }
    }

    pub(super) fn close(&mut self, fd: Fd) -> VfsResult<()> {
        self.vfs.close(fd)?;
        self.forget_closed_sockets();
        Ok(())
    }

    /// Ends connections whose last descriptor is gone.
    pub(super) fn forget_closed_sockets(&mut self) {
        if !self.network.is_idle() {
            let vfs = &self.vfs;
            self.network.close_unless(|socket| vfs.has_socket(socket));
        }
    }

    /// Whether the heap was refused growth since the last call.
    pub(super) fn take_heap_refused(&mut self) -> bool {
        std::mem::take(&mut self.heap_refused)
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _now: usize, wanted: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        let granted = wanted <= self.heap_limit;
        self.heap_refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _now: usize, _wanted: usize, max: Option<usize>) -> wasmtime::Result<bool> {
        // The module's only table has a fixed size.
        Ok(max.is_some())
    }
}
