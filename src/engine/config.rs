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
        .epoch_interruption(true)
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
pub fn compiler() -> Config {
    let mut config = base();
    config.cranelift_opt_level(wasmtime::OptLevel::Speed).parallel_compilation(true);
    config
}
