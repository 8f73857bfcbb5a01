//! Native code with the engine's one configuration.

use super::BuildError;
use crate::engine::config;
use wasmtime::Engine;

/// The module as `Module::deserialize` takes it.
pub fn compile(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let failed = |error: wasmtime::Error| BuildError::Compile(format!("{error:#}"));
    let engine = Engine::new(&config::compiler().map_err(failed)?).map_err(failed)?;
    engine.precompile_module(module).map_err(failed)
}
