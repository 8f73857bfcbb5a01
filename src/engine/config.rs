//! The one wasmtime configuration. The pack tool compiles with it and the extension loads with it:
//! wasmtime refuses a module whose compile-time settings differ.

use wasmtime::{Collector, Config};

/// Stack that wasm frames of one call may use, bytes. PHP's own stack lives in linear memory and is
/// checked separately; this one holds native frames of compiled wasm.
pub const MAX_WASM_STACK: usize = 4 << 20;

/// The stack that a call runs on: [`MAX_WASM_STACK`] and room for host functions, bytes.
pub const ASYNC_STACK: usize = MAX_WASM_STACK + (2 << 20);

/// Addresses reserved for one linear memory: all that 32 bits can name, so that bounds checks
/// are the guard pages' work.
pub const MEMORY_RESERVATION: u64 = 1 << 32;

/// Guard behind the reservation, bytes.
pub const MEMORY_GUARD: u64 = 32 << 20;

/// Settings that compiled code depends on, and nothing else.
pub fn base() -> Config {
    let mut config = Config::new();
    config
        .wasm_exceptions(true)
        .collector(Collector::DeferredReferenceCounting)
        .memory_reservation(MEMORY_RESERVATION)
        .memory_guard_size(MEMORY_GUARD)
        .memory_may_move(false)
        .gc_heap_reservation(1 << 20)
        .gc_heap_reservation_for_growth(1 << 20)
        .gc_heap_guard_size(0)
        .generate_address_map(false)
        .max_wasm_stack(MAX_WASM_STACK)
        .async_stack_size(ASYNC_STACK);
    config
}

/// [`base`] with the compiler's own settings.
#[cfg(feature = "compiler")]
pub fn compiler() -> wasmtime::Result<Config> {
    let mut config = base();
    config.target(TARGET)?.cranelift_opt_level(wasmtime::OptLevel::Speed).parallel_compilation(true);
    Ok(config)
}

/// The wasmtime that this crate is built with. A compiled module loads into no other.
pub const WASMTIME: &str = "48.0.8";

/// The processor and system that a compiled module is for: the architecture's baseline, so that one
/// pack serves every machine of that architecture.
pub const TARGET: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };

/// Identifies everything above: the digest of this file's code without comments and blank lines.
/// Read off the source, so that no setting can change while the fingerprint stays. Keep settings
/// that compiled code does not depend on out of this file, or every pack has to be rebuilt.
pub fn fingerprint() -> String {
    let code = include_str!("config.rs")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .flat_map(|line| [line.as_bytes(), b"\n".as_slice()]);
    crate::contract::digest_hex(code)
}
