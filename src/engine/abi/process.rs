//! What a process has: exit, environment, randomness. No child processes, no signals, no shared
//! libraries.

use super::host_functions;
use super::memory::{self, positive};
use crate::engine::state::{Leave, State};
use crate::engine::vfs::Errno;
use wasmtime::{Caller, Error, Linker, Result};

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    leaving(linker)?;
    environment(linker)?;
    denied(linker)
}

fn leaving(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap("env", "exit", |status: i32| -> Result<()> { Err(Error::new(Leave::Exit(status))) })?;
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", |status: i32| -> Result<()> {
        Err(Error::new(Leave::Exit(status)))
    })?;
    linker.func_wrap("env", "_abort_js", || -> Result<()> {
        Err(Error::new(Leave::Abort("PHP called abort()".to_owned())))
    })?;
    linker.func_wrap(
        "env",
        "__assert_fail",
        |mut caller: Caller<'_, State>, condition: i32, file: i32, line: i32, _function: i32| -> Result<()> {
            let (mem, _) = memory::open(&mut caller);
            let message = format!("assertion failed: {}, {}:{line}", mem.text(condition), mem.text(file));
            Err(Error::new(Leave::Abort(message)))
        },
    )?;
    // Fibers switch stacks with ucontext, which this build of PHP was made without.
    for name in ["getcontext", "swapcontext"] {
        let params = if name == "getcontext" { 1 } else { 2 };
        let ty = wasmtime::FuncType::new(
            linker.engine(),
            std::iter::repeat_n(wasmtime::ValType::I32, params),
            [wasmtime::ValType::I32],
        );
        linker.func_new("env", name, ty, |_, _, _| Err(Error::new(Leave::Unsupported("PHP Fibers"))))?;
    }
    linker.func_wrap("env", "makecontext", |_: i32, _: i32, _: i32, _: i32| -> Result<()> {
        Err(Error::new(Leave::Unsupported("PHP Fibers")))
    })?;
    Ok(())
}

fn environment(linker: &mut Linker<State>) -> Result<()> {
    host_functions! { linker, "wasi_snapshot_preview1", positive;
        "environ_sizes_get"(mem, state, count: i32, size: i32) {
            let bytes: usize = state.environment.iter().map(|entry| entry.len() + 1).sum();
            mem.put_i32(count, state.environment.len() as i32)?;
            mem.put_i32(size, bytes as i32)
        }
        "environ_get"(mem, state, pointers: i32, strings: i32) {
            let mut at = strings;
            for (index, entry) in state.environment.iter().enumerate() {
                mem.put_i32(pointers.wrapping_add(4 * index as i32), at)?;
                mem.put(at, entry.as_bytes())?;
                at = at.wrapping_add(entry.len() as i32);
                mem.put(at, &[0])?;
                at = at.wrapping_add(1);
            }
            Ok(())
        }
        "random_get"(mem, state, out: i32, len: i32) {
            let done = mem.sliced(out, len as u32, |part, _| {
                let mut rest = &mut *part;
                while !rest.is_empty() {
                    let done = rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty())
                        .map_err(|_| Errno::EIO)?;
                    rest = &mut rest[done..];
                }
                Ok(part.len())
            })?;
            if done < len as u32 as usize { Err(Errno::EIO) } else { Ok(()) }
        }
    }
    linker.func_wrap("env", "js_getpid", || 42)?;
    linker.func_wrap("env", "getdtablesize", |caller: Caller<'_, State>| {
        caller.data().vfs.limits().max_open_files as i32
    })?;
    Ok(())
}

/// Calls whose refusal has a shape of its own; the caller sees "not there" and PHP copes.
fn denied(linker: &mut Linker<State>) -> Result<()> {
    // Pointers: NULL.
    linker.func_wrap("env", "_dlopen_js", |mut caller: Caller<'_, State>, _: i32| {
        super::deny(&mut caller, "dlopen");
        0
    })?;
    linker.func_wrap("env", "_dlsym_js", |_: i32, _: i32, _: i32| 0)?;
    linker.func_wrap("env", "strptime", |_: i32, _: i32, _: i32| 0)?;
    linker.func_wrap(
        "env",
        "__asyncjs__js_popen_to_file",
        |mut caller: Caller<'_, State>, _: i32, _: i32, _: i32| {
            super::deny(&mut caller, "popen");
            0
        },
    )?;
    // Processes: -1.
    linker.func_wrap(
        "env",
        "js_open_process",
        |mut caller: Caller<'_, State>,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32| {
            super::deny(&mut caller, "proc_open");
            -1
        },
    )?;
    // system(NULL) asks whether there is a shell: there is none.
    linker.func_wrap("env", "_emscripten_system", |mut caller: Caller<'_, State>, command: i32| {
        if command == 0 {
            return 0;
        }
        super::deny(&mut caller, "system");
        -1
    })?;
    linker.func_wrap("env", "js_waitpid", |_: i32, _: i32| -1)?;
    linker.func_wrap("env", "js_process_status", |_: i32, _: i32| -1)?;
    linker.func_wrap("env", "js_popen_get_pid_for_fd", |_: i32| -1)?;
    linker.func_wrap("env", "js_popen_set_pid_for_fd", |_: i32, _: i32| {})?;
    linker.func_wrap("env", "js_popen_clear_pid_for_fd", |_: i32| {})?;
    // Signals are never delivered.
    linker.func_wrap("env", "__call_sighandler", |_: i32, _: i32| {})?;
    linker.func_wrap("env", "_emscripten_runtime_keepalive_clear", || {})?;
    linker.func_wrap("env", "js_wasm_trace", |_: i32| {})?;
    linker.func_wrap("env", "__asyncjs__js_module_onMessage", |_: i32, _: i32| -1)?;
    Ok(())
}
