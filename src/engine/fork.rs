//! Freezing a guest and starting others where it was.

use super::guest::{Guest, Phase};
use super::memory::MemoryImage;
use super::runtime::Runtime;
use super::state::State;
use super::vfs::Vfs;
use super::{EngineError, Limits, Stop, Watch};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Val;

/// A frozen guest: what [`Guest::freeze`] took and [`Guest::fork`] starts from.
#[derive(Clone)]
pub struct GuestImage {
    pub(super) memory: Arc<MemoryImage>,
    pub(super) frozen: Frozen,
    pub(super) vfs: Vfs,
}

/// What is frozen beside memory and files.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Frozen {
    /// Size of linear memory, wasm pages.
    pub pages: u64,
    /// In the order of the runtime's mutable globals.
    pub globals: Vec<i32>,
    pub phase: Phase,
    pub exit_status_at: Option<u32>,
    pub environment: Vec<String>,
    pub age: Duration,
    pub marks: Vec<Mark>,
}

/// Where in linear memory a copy of a mark stands.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Which of the marks.
    pub which: usize,
    pub address: u32,
    pub len: u32,
}

/// What a fork has that its image has not.
pub struct Fork<'a> {
    /// The fork's files: the image's own, or those with what has been placed in them since.
    pub vfs: Vfs,
    /// In place of the image's marks: as many, and each as long as the one it replaces.
    pub instead: &'a [Vec<u8>],
    pub limits: Limits,
}

impl GuestImage {
    /// The files as they were frozen.
    pub fn vfs(&self) -> &Vfs {
        &self.vfs
    }

    pub fn vfs_mut(&mut self) -> &mut Vfs {
        &mut self.vfs
    }

    /// Memory that the guest's linear memory takes as long as the image lives, bytes: none for an
    /// image on disk.
    pub fn held(&self) -> u64 {
        self.memory.held()
    }
}

impl Guest {
    /// Takes a copy of the guest, between two requests or in an open one.
    ///
    /// `marks` are byte strings (random ones, so that nothing else looks like them) which differ
    /// from fork to fork: wherever memory holds a copy of one, a fork holds its own.
    pub fn freeze(&mut self, marks: &[Vec<u8>]) -> Result<GuestImage, EngineError> {
        let names = self.runtime.mutable_globals.clone();
        let globals = names.iter().map(|name| self.global(name).unwrap_or(0)).collect();
        let Some(_held) = self.gate().hold() else { return Err(EngineError::Boot(self.revoked())) };
        let bytes = self.memory.data(&self.store);
        let memory = MemoryImage::from_bytes(bytes).map_err(EngineError::Freeze)?;
        let marks = find(bytes, marks);
        let state = self.store.data();
        Ok(GuestImage {
            memory: Arc::new(memory),
            vfs: state.vfs.clone(),
            frozen: Frozen {
                pages: self.memory.size(&self.store),
                globals,
                phase: self.phase,
                exit_status_at: self.exit_status_at,
                environment: state.environment.clone(),
                age: state.monotonic(),
                marks,
            },
        })
    }

    /// A new guest that goes on where `image` was frozen. Its random numbers are its own.
    pub fn fork(
        runtime: &Arc<Runtime>,
        image: &GuestImage,
        fork: Fork<'_>,
        watch: &Watch<'_>,
    ) -> Result<Guest, EngineError> {
        let frozen = &image.frozen;
        let state = State::new(fork.vfs, frozen.environment.clone(), fork.limits.heap, frozen.age);
        let mut guest = Guest::instantiate(runtime, state, Arc::clone(&image.memory), watch)?;
        let now = guest.memory.size(&guest.store);
        if frozen.pages > now {
            guest
                .memory
                .grow(&mut guest.store, frozen.pages - now)
                .map_err(|error| EngineError::Boot(Stop::Trapped(error.to_string())))?;
        }
        for (name, value) in runtime.mutable_globals.iter().zip(&frozen.globals) {
            if let Some(global) = guest.instance.get_global(&mut guest.store, name) {
                global.set(&mut guest.store, Val::I32(*value)).map_err(EngineError::Instantiate)?;
            }
        }
        let memory = guest.memory.data_mut(&mut guest.store);
        for mark in &frozen.marks {
            let from = mark.address as usize;
            if let (Some(place), Some(bytes)) =
                (memory.get_mut(from..from + mark.len as usize), fork.instead.get(mark.which))
                && place.len() == bytes.len()
            {
                place.copy_from_slice(bytes);
            }
        }
        guest.phase = frozen.phase;
        guest.exit_status_at = frozen.exit_status_at;
        if frozen.phase != Phase::Idle {
            let _watched = guest.watched(watch).map_err(EngineError::Boot)?;
            // What PHP does at the start of a request: Mersenne Twister and the combined linear
            // congruential generator are seeded again at their next use.
            guest.call("zm_activate_random", &[0, 0], watch).map_err(EngineError::Boot)?;
        }
        Ok(guest)
    }
}

/// Every place where a mark stands.
fn find(memory: &[u8], marks: &[Vec<u8>]) -> Vec<Mark> {
    let mut found = Vec::new();
    for (which, mark) in marks.iter().enumerate() {
        let finder = memchr::memmem::Finder::new(mark);
        for address in finder.find_iter(memory) {
            // Linear memory is what 32 bits can name.
            found.push(Mark { which, address: address as u32, len: mark.len() as u32 });
        }
    }
    found
}
