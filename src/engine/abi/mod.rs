//! The functions that PHP's wasm module imports: Emscripten's system calls, WASI's descriptor
//! calls, and the Playground build's own additions.
//!
//! In: guest pointers and numbers, all of them untrusted. Out: errno values (WASI numbering;
//! `__syscall_*` return them negated, `fd_*` as they are). Whatever is not named here is denied:
//! the guest reads an error and the run's record names the import.
//!
//! Invariant: a guest pointer is only ever followed through [`memory::Bytes`], and bytes are had only
//! from [`memory::open`], which keeps the guest's memory from being revoked meanwhile.

mod file;
mod heap;
mod memory;
mod net;
mod path;
mod process;
mod time;

use super::state::State;
use wasmtime::{Caller, ExternType, Linker, Module, Result, Val, ValType};

/// ENOSYS in WASI's numbering.
const ENOSYS: i32 = 52;

/// Defines host functions that see guest memory and the state at the same time.
macro_rules! host_functions {
    ($linker:ident, $module:literal, $convention:path;
     $($name:literal ($mem:ident, $state:ident $(, $arg:ident : $ty:ty)*) $body:block)*) => {
        $($linker.func_wrap(
            $module,
            $name,
            #[allow(unused_mut, unused_variables)]
            |mut caller: wasmtime::Caller<'_, $crate::engine::state::State> $(, $arg: $ty)*| -> i32 {
                let (mut $mem, $state) = $crate::engine::abi::memory::open(&mut caller);
                let mut body = || $body;
                $convention(body())
            },
        )?;)*
    };
}
use host_functions;

/// Everything that `module` imports, linked.
pub(super) fn link(linker: &mut Linker<State>, module: &Module) -> Result<()> {
    link_known(linker)?;
    deny_the_rest(linker, module)
}

/// Every import that there is a function for.
pub(super) fn link_known(linker: &mut Linker<State>) -> Result<()> {
    file::link(linker)?;
    path::link(linker)?;
    heap::link(linker)?;
    time::link(linker)?;
    process::link(linker)?;
    net::link(linker)
}

/// Imports that we do not know answer ENOSYS and are recorded by name.
fn deny_the_rest(linker: &mut Linker<State>, module: &Module) -> Result<()> {
    let known: std::collections::HashSet<(String, String)> = {
        let mut probe = wasmtime::Store::new(module.engine(), State::probe());
        linker.iter(&mut probe).map(|(module, name, _)| (module.to_owned(), name.to_owned())).collect()
    };
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        if known.contains(&(import.module().to_owned(), import.name().to_owned())) {
            continue;
        }
        let name: std::sync::Arc<str> = import.name().into();
        linker.func_new(import.module(), import.name(), ty.clone(), move |mut caller, _, results| {
            deny(&mut caller, &name);
            for (slot, ty) in results.iter_mut().zip(ty.results()) {
                *slot = match ty {
                    ValType::I64 => Val::I64(i64::from(-ENOSYS)),
                    ValType::F64 => Val::F64(0),
                    _ => Val::I32(-ENOSYS),
                };
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn deny(caller: &mut Caller<'_, State>, what: &str) {
    caller.data_mut().note_denied(what);
}
