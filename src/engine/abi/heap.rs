//! The guest's heap: growth of linear memory, and file mappings, which are copies.

use super::memory::{self, Answer, Bytes, negative};
use crate::engine::state::State;
use crate::engine::vfs::Errno;
use wasmtime::{Caller, Linker, Result};

const WASM_PAGE: u64 = 65_536;
/// What the module's memory type allows: 32,768 pages.
const HEAP_MAX: u64 = 32_768 * WASM_PAGE;
/// Emscripten's ceiling on how much one growth may add beyond the request.
const OVERGROWTH: u64 = 96 << 20;

const PROT_WRITE: i32 = 2;
const MAP_SHARED: i32 = 1;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap("env", "emscripten_get_heap_max", || HEAP_MAX as u32 as i32)?;
    linker.func_wrap("env", "emscripten_resize_heap", |mut caller: Caller<'_, State>, size: i32| -> i32 {
        i32::from(grow(&mut caller, u64::from(size as u32)))
    })?;
    linker.func_wrap_async(
        "env",
        "_mmap_js",
        |mut caller: Caller<'_, State>,
         (len, _prot, _flags, fd, offset, allocated, address): (i32, i32, i32, i32, i64, i32, i32)| {
            Box::new(async move {
                match map(&mut caller, len as u32, fd, offset, allocated, address).await {
                    Ok(answer) => Ok(negative(answer)),
                    Err(trap) => Err(trap),
                }
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "_munmap_js",
        |mut caller: Caller<'_, State>,
         at: i32,
         len: i32,
         prot: i32,
         flags: i32,
         fd: i32,
         offset: i64|
         -> i32 {
            let (mut mem, state) = memory::open(&mut caller);
            if prot & PROT_WRITE == 0 || flags & MAP_SHARED == 0 {
                return 0;
            }
            negative(write_back(&mut mem, state, at, len as u32, fd, offset).map(|()| 0))
        },
    )?;
    Ok(())
}

/// Grows linear memory to hold `size` bytes, with Emscripten's growth policy: first by a fifth,
/// then by less, at last by what was asked for.
fn grow(caller: &mut Caller<'_, State>, size: u64) -> bool {
    if size > HEAP_MAX {
        return false;
    }
    // Growing opens pages, which must not come between the guest and its end.
    let Some(_held) = caller.data().gate().hold() else { return false };
    let memory = caller.data().memory();
    let old = memory.data_size(&*caller) as u64;
    for share in [5, 10, 20, 0] {
        let generous = old.checked_div(share).map_or(size, |extra| (old + extra).min(size + OVERGROWTH));
        let target = generous.max(size).min(HEAP_MAX);
        let pages = target.saturating_sub(old).div_ceil(WASM_PAGE);
        if memory.grow(&mut *caller, pages).is_ok() {
            return true;
        }
    }
    false
}

/// Maps by copying: enough for what PHP and SQLite's WAL do with one process.
async fn map(
    caller: &mut Caller<'_, State>,
    len: u32,
    fd: i32,
    offset: i64,
    allocated: i32,
    address: i32,
) -> Result<Answer<i32>> {
    let Ok(offset) = u64::try_from(offset) else { return Ok(Err(Errno::EINVAL)) };
    if len == 0 {
        return Ok(Err(Errno::EINVAL));
    }
    let Some(size) = len.checked_next_multiple_of(WASM_PAGE as u32) else { return Ok(Err(Errno::ENOMEM)) };
    if let Err(errno) = caller.data().vfs.kind(fd) {
        return Ok(Err(errno));
    }
    let memalign = caller.data().memalign();
    let at = memalign.call_async(&mut *caller, (WASM_PAGE as i32, size as i32)).await?;
    if at == 0 {
        return Ok(Err(Errno::ENOMEM));
    }
    let (mut mem, state) = memory::open(caller);
    let mut copy = || {
        mem.sliced(at, size, |part, _| {
            part.fill(0);
            Ok(part.len())
        })?;
        mem.sliced(at, len, |part, done| state.vfs.pread(fd, part, offset.saturating_add(done as u64)))?;
        mem.put_i32(allocated, 1)?;
        mem.put_i32(address, at)?;
        Ok(0)
    };
    Ok(copy())
}

fn write_back(mem: &mut Bytes<'_>, state: &mut State, at: i32, len: u32, fd: i32, offset: i64) -> Answer<()> {
    let offset = u64::try_from(offset).map_err(|_| Errno::EINVAL)?;
    let done =
        mem.sliced(at, len, |part, done| state.vfs.pwrite(fd, part, offset.saturating_add(done as u64)))?;
    if done < len as usize { Err(Errno::EIO) } else { Ok(()) }
}
