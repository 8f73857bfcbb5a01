//! Binaryen over PHP's module: what wasmtime needs and Emscripten's output lacks.

use super::{BuildError, tools};
use std::path::Path;

/// The module uses the legacy exception instructions; wasmtime has only the new ones
/// (`--emit-exnref`). PHP's own stack lies unguarded in linear memory above its data, where deep
/// recursion in the interpreter would run over that data: `--stack-check` turns it into a trap.
/// Features are named one by one, because `-all` also emits proposals that wasmtime refuses.
/// The names (`-g`) tell [`transform`](super::transform()) the interpreter's handlers.
const ARGUMENTS: &[&str] = &[
    "--enable-exception-handling",
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
    "--stack-check",
    "--emit-exnref",
    "-g",
];

/// Runs `optimizer` (the program `wasm-opt`, itself JavaScript).
pub(super) fn translate(
    node: &tools::Node,
    optimizer: &Path,
    module: &Path,
    translated: &Path,
) -> Result<(), BuildError> {
    let mut command = node.command();
    command.arg(optimizer).arg(module).args(ARGUMENTS).arg("-o").arg(translated);
    tools::run("wasm-opt", &mut command)?;
    Ok(())
}
