//! A loaded pack: the compiled PHP module with its imports resolved, ready to make guests.

use super::EngineError;
use super::abi;
use super::config;
use super::memory::{ImageMemories, MemoryImage};
use super::native_stack::Stacks;
use super::pack::Pack;
use super::state::State;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::{Engine, ExternType, InstancePre, Linker, Module, Mutability, ValType};

/// One PHP version of one pack, loaded into this process.
pub struct Runtime {
    pub(super) engine: Engine,
    pub(super) instances: InstancePre<State>,
    /// Linear memory as the module's data segments describe it.
    pub(super) pristine: Arc<MemoryImage>,
    /// Names of the exported mutable i32 globals: what a frozen guest has to remember.
    pub(super) mutable_globals: Vec<String>,
    pack_id: String,
}

/// Packs that this process has loaded. One entry in practice.
static LOADED: Mutex<Vec<Arc<Runtime>>> = Mutex::new(Vec::new());

impl Runtime {
    /// The runtime of `pack`, loaded at the first call in a process.
    pub fn of(pack: &Pack) -> Result<Arc<Runtime>, EngineError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.iter().find(|runtime| runtime.pack_id == pack.id()) {
            return Ok(Arc::clone(runtime));
        }
        let runtime = Arc::new(Runtime::load(pack)?);
        loaded.push(Arc::clone(&runtime));
        Ok(runtime)
    }

    fn load(pack: &Pack) -> Result<Runtime, EngineError> {
        let mut config = config::base();
        config.with_host_memory(Arc::new(ImageMemories)).with_host_stack(Arc::new(Stacks));
        let engine = Engine::new(&config).map_err(EngineError::Setup)?;
        let file = pack.php_module();
        // SAFETY: the file was written by the pack tool, lies in a directory of the operator's,
        // and its wasmtime version and settings were checked when the pack was opened; wasmtime
        // checks them once more. Whoever can write the pack can run code in this process.
        let module = unsafe { Module::deserialize_file(&engine, file) }.map_err(EngineError::Setup)?;
        let mut linker = Linker::new(&engine);
        abi::link(&mut linker, &module).map_err(EngineError::Setup)?;
        let mutable_globals = module
            .exports()
            .filter(|export| match export.ty() {
                ExternType::Global(ty) => {
                    ty.mutability() == Mutability::Var && matches!(ty.content(), ValType::I32)
                }
                _ => false,
            })
            .map(|export| export.name().to_owned())
            .collect();
        let pristine = MemoryImage::open(pack.php_memory())
            .map_err(|source| EngineError::Image { path: pack.php_memory().to_owned(), source })?;
        Ok(Runtime {
            instances: linker.instantiate_pre(&module).map_err(EngineError::Setup)?,
            engine,
            pristine: Arc::new(pristine),
            mutable_globals,
            pack_id: pack.id().to_owned(),
        })
    }

    /// The id of the pack that this runtime was loaded from.
    pub fn pack_id(&self) -> &str {
        &self.pack_id
    }
}

/// Forgets every loaded pack.
pub(super) fn unload() {
    LOADED.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
