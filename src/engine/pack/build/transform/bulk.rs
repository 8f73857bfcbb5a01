//! `memory.copy` and `memory.fill` as functions of the module itself.
//!
//! wasmtime carries both out in host code. There, memory that a watchdog has made inaccessible is
//! a crash of the process instead of a trap of the guest, and a copy cannot be ended before it is
//! done. As wasm they trap like any other access, and they are quicker for the short lengths that
//! PHP mostly has, because the way out of wasm and back is saved.
//!
//! They differ from the instructions in one way: a range that is partly outside memory is written
//! as far as it lies inside before the trap. A guest that trapped never runs again.

use wasm_encoder::{BlockType, Encode, Function, InstructionSink, MemArg, ValType};

/// Encodes the type of both, as an item of the type section: `(dst, src or byte, length)`.
pub(super) fn encode_type(section: &mut Vec<u8>) {
    section.push(0x60);
    [ValType::I32; 3].as_slice().encode(section);
    <[ValType]>::encode(&[], section);
}

const DST: u32 = 0;
const SRC: u32 = 1;
const BYTE: u32 = 1;
const LEN: u32 = 2;

/// Bytes that the loops move at once.
const BLOCK: i32 = 64;

const fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}

/// `base + length - back`: where the last `back` bytes of a range begin.
fn last(i: &mut InstructionSink<'_>, base: u32, back: i32) {
    i.local_get(base).local_get(LEN).i32_add().i32_const(back).i32_sub();
}

/// Traps if the range from `base` on goes beyond the end of all addresses.
fn trap_if_wrapping(i: &mut InstructionSink<'_>, base: u32) {
    i.local_get(base).local_get(LEN).i32_add().local_get(base).i32_lt_u();
    i.if_(BlockType::Empty).unreachable().end();
}

/// Opens a block that runs if the length is at least `least`, and returns at its end.
fn if_at_least(i: &mut InstructionSink<'_>, least: i32, body: impl FnOnce(&mut InstructionSink<'_>)) {
    i.local_get(LEN).i32_const(least).i32_ge_u().if_(BlockType::Empty);
    body(i);
    i.return_().end();
}

fn if_at_most(i: &mut InstructionSink<'_>, most: i32, body: impl FnOnce(&mut InstructionSink<'_>)) {
    i.local_get(LEN).i32_const(most).i32_le_u().if_(BlockType::Empty);
    body(i);
    i.return_().end();
}

/// Copies as `memmove` does: everything that is written over is read before.
pub(super) fn copy() -> Function {
    // Locals behind the parameters.
    const DOUBLE: u32 = 3;
    const WORD: u32 = 4;
    const EDGE: u32 = 5;
    const BLOCK_0: u32 = 6;
    const KEPT_0: u32 = 10;
    let mut function = Function::new([(1, ValType::I64), (2, ValType::I32), (8, ValType::V128)]);
    let i = &mut function.instructions();

    // Up to 16 bytes: both ends, which overlap. The second value stays on the stack until the
    // first is known, so that both are read before one is written.
    i.local_get(LEN).i32_const(16).i32_lt_u().if_(BlockType::Empty);
    if_at_least(i, 8, |i| {
        i.local_get(SRC).i64_load(at(0)).local_set(DOUBLE);
        last(i, DST, 8);
        last(i, SRC, 8);
        i.i64_load(at(0)).i64_store(at(0));
        i.local_get(DST).local_get(DOUBLE).i64_store(at(0));
    });
    if_at_least(i, 4, |i| {
        i.local_get(SRC).i32_load(at(0)).local_set(WORD);
        last(i, DST, 4);
        last(i, SRC, 4);
        i.i32_load(at(0)).i32_store(at(0));
        i.local_get(DST).local_get(WORD).i32_store(at(0));
    });
    if_at_least(i, 2, |i| {
        i.local_get(SRC).i32_load16_u(at(0)).local_set(WORD);
        last(i, DST, 2);
        last(i, SRC, 2);
        i.i32_load16_u(at(0)).i32_store16(at(0));
        i.local_get(DST).local_get(WORD).i32_store16(at(0));
    });
    if_at_least(i, 1, |i| {
        i.local_get(DST).local_get(SRC).i32_load8_u(at(0)).i32_store8(at(0));
    });
    i.return_().end();

    if_at_most(i, 32, |i| {
        i.local_get(SRC).v128_load(at(0)).local_set(BLOCK_0);
        last(i, DST, 16);
        last(i, SRC, 16);
        i.v128_load(at(0)).v128_store(at(0));
        i.local_get(DST).local_get(BLOCK_0).v128_store(at(0));
    });
    if_at_most(i, BLOCK, |i| {
        i.local_get(SRC).v128_load(at(0)).local_set(BLOCK_0);
        i.local_get(SRC).v128_load(at(16)).local_set(BLOCK_0 + 1);
        last(i, SRC, 32);
        i.local_tee(EDGE).v128_load(at(0)).local_set(BLOCK_0 + 2);
        i.local_get(EDGE).v128_load(at(16)).local_set(BLOCK_0 + 3);
        i.local_get(DST).local_get(BLOCK_0).v128_store(at(0));
        i.local_get(DST).local_get(BLOCK_0 + 1).v128_store(at(16));
        last(i, DST, 32);
        i.local_tee(EDGE).local_get(BLOCK_0 + 2).v128_store(at(0));
        i.local_get(EDGE).local_get(BLOCK_0 + 3).v128_store(at(16));
    });

    trap_if_wrapping(i, DST);
    trap_if_wrapping(i, SRC);
    let load = |i: &mut InstructionSink<'_>, from: u32, into: u32| {
        for part in 0..4 {
            i.local_get(from).v128_load(at(u64::from(part) * 16)).local_set(into + part);
        }
    };
    let store = |i: &mut InstructionSink<'_>, to: u32, values: u32| {
        for part in 0..4 {
            i.local_get(to).local_get(values + part).v128_store(at(u64::from(part) * 16));
        }
    };

    // Forwards, unless the destination begins inside the source. The block at the far end is read
    // first, for what the loop leaves.
    i.local_get(DST).local_get(SRC).i32_sub().local_get(LEN).i32_ge_u().if_(BlockType::Empty);
    last(i, SRC, BLOCK);
    i.local_set(EDGE);
    load(i, EDGE, KEPT_0);
    last(i, DST, BLOCK);
    i.local_set(EDGE);
    i.loop_(BlockType::Empty);
    load(i, SRC, BLOCK_0);
    store(i, DST, BLOCK_0);
    i.local_get(SRC).i32_const(BLOCK).i32_add().local_set(SRC);
    i.local_get(DST).i32_const(BLOCK).i32_add().local_tee(DST);
    i.local_get(EDGE).i32_lt_u().br_if(0).end();
    store(i, EDGE, KEPT_0);
    i.return_().end();

    // Backwards, with the block at the near end read first.
    i.local_get(DST).local_get(SRC).i32_eq().if_(BlockType::Empty).return_().end();
    load(i, SRC, KEPT_0);
    i.local_get(DST).local_set(EDGE);
    i.local_get(SRC).local_get(LEN).i32_add().local_set(SRC);
    i.local_get(DST).local_get(LEN).i32_add().local_set(DST);
    i.loop_(BlockType::Empty);
    i.local_get(SRC).i32_const(BLOCK).i32_sub().local_set(SRC);
    i.local_get(DST).i32_const(BLOCK).i32_sub().local_set(DST);
    load(i, SRC, BLOCK_0);
    store(i, DST, BLOCK_0);
    i.local_get(DST).local_get(EDGE).i32_sub().i32_const(BLOCK).i32_gt_u().br_if(0).end();
    store(i, EDGE, KEPT_0);
    i.end();
    function
}

/// Sets every byte of a range to the low byte of the value.
pub(super) fn fill() -> Function {
    const DOUBLE: u32 = 3;
    const EDGE: u32 = 4;
    const BLOCK_0: u32 = 5;
    let mut function = Function::new([(1, ValType::I64), (1, ValType::I32), (1, ValType::V128)]);
    let i = &mut function.instructions();

    i.local_get(LEN).i32_const(16).i32_lt_u().if_(BlockType::Empty);
    i.local_get(BYTE).i32_const(0xff).i32_and().i64_extend_i32_u();
    i.i64_const(0x0101_0101_0101_0101).i64_mul().local_set(DOUBLE);
    if_at_least(i, 8, |i| {
        i.local_get(DST).local_get(DOUBLE).i64_store(at(0));
        last(i, DST, 8);
        i.local_get(DOUBLE).i64_store(at(0));
    });
    if_at_least(i, 4, |i| {
        i.local_get(DST).local_get(DOUBLE).i64_store32(at(0));
        last(i, DST, 4);
        i.local_get(DOUBLE).i64_store32(at(0));
    });
    if_at_least(i, 2, |i| {
        i.local_get(DST).local_get(DOUBLE).i64_store16(at(0));
        last(i, DST, 2);
        i.local_get(DOUBLE).i64_store16(at(0));
    });
    if_at_least(i, 1, |i| {
        i.local_get(DST).local_get(BYTE).i32_store8(at(0));
    });
    i.return_().end();

    i.local_get(BYTE).i8x16_splat().local_set(BLOCK_0);
    if_at_most(i, 32, |i| {
        i.local_get(DST).local_get(BLOCK_0).v128_store(at(0));
        last(i, DST, 16);
        i.local_get(BLOCK_0).v128_store(at(0));
    });
    let store = |i: &mut InstructionSink<'_>, to: u32, parts: u64| {
        for part in 0..parts {
            i.local_get(to).local_get(BLOCK_0).v128_store(at(part * 16));
        }
    };
    if_at_most(i, BLOCK, |i| {
        store(i, DST, 2);
        last(i, DST, 32);
        i.local_set(EDGE);
        store(i, EDGE, 2);
    });
    trap_if_wrapping(i, DST);
    last(i, DST, BLOCK);
    i.local_set(EDGE);
    i.loop_(BlockType::Empty);
    store(i, DST, 4);
    i.local_get(DST).i32_const(BLOCK).i32_add().local_tee(DST);
    i.local_get(EDGE).i32_lt_u().br_if(0).end();
    store(i, EDGE, 4);
    i.end();
    function
}
