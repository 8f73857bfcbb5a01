//! A handler's code inside the interpreter's loop, in place of a call.
//!
//! What a call costs is more than what the short handlers do: a frame, a check of the native stack,
//! the loads that find memory, and the way of the opline through memory from one handler to the
//! next. In the loop all of that is in registers.

use super::BuildError;
use super::edit::{encoded, reread};
use wasm_encoder::{BlockType, Encode, Instruction, MemArg, ValType};
use wasmparser::Operator;

/// Longest body of a handler that is inlined, bytes. What is longer has more to do than its call,
/// and would make the loop too large to compile well.
const MAX_BODY: usize = 400;

/// Most locals of a handler that is inlined.
const MAX_LOCALS: usize = 100;

/// A word at its address: `frame->opline` and `opline->handler` both come first.
pub(super) const FIRST_WORD: MemArg = MemArg { offset: 0, align: 2, memory_index: 0 };

/// Whether an access is one of [`FIRST_WORD`].
pub(super) fn first_word(access: &wasmparser::MemArg) -> bool {
    access.offset == 0 && access.memory == 0
}

/// The kinds of locals that a handler may have: as they are read, and as they are written.
const KINDS: [(wasmparser::ValType, ValType); 5] = [
    (wasmparser::ValType::I32, ValType::I32),
    (wasmparser::ValType::I64, ValType::I64),
    (wasmparser::ValType::F32, ValType::F32),
    (wasmparser::ValType::F64, ValType::F64),
    (wasmparser::ValType::V128, ValType::V128),
];

/// Locals of the loop that its inlined handlers share: of each kind how many, and the first.
#[derive(Default)]
pub(super) struct Scratch {
    counts: [u32; KINDS.len()],
    firsts: [u32; KINDS.len()],
}

impl Scratch {
    /// Room for one more handler: only one runs at a time.
    pub(super) fn make_room(&mut self, handler: &Inlined) {
        let mut counts = [0; KINDS.len()];
        for kind in &handler.locals {
            counts[*kind] += 1;
        }
        for (most, count) in self.counts.iter_mut().zip(counts) {
            *most = count.max(*most);
        }
    }

    /// With its first local at `first`.
    pub(super) fn placed(self, first: u32) -> Scratch {
        let mut next = first;
        let firsts = self.counts.map(|count| {
            next += count;
            next - count
        });
        Scratch { firsts, ..self }
    }

    /// The locals, as a function declares them.
    pub(super) fn groups(&self) -> impl Iterator<Item = (u32, ValType)> {
        self.counts.into_iter().zip(KINDS.map(|(_, ty)| ty)).filter(|(count, _)| *count > 0)
    }
}

/// Where a handler's code is put.
pub(super) struct Arm<'a> {
    /// The loop's local with the frame that handlers get.
    pub frame: u32,
    /// The loop's local with the frame's opline.
    pub opline: u32,
    pub scratch: &'a Scratch,
    /// The label that takes a handler's answer.
    pub answer: u32,
    /// The label that goes on with the opline in its local. What answers 0 goes there.
    pub next: u32,
}

/// A handler that is short enough, and has few locals of [`KINDS`].
pub(super) struct Inlined<'a> {
    /// Kinds of its locals, the parameter's in front.
    locals: Vec<usize>,
    /// Its instructions, each with its bytes.
    code: Vec<(Operator<'a>, &'a [u8])>,
}

impl<'a> Inlined<'a> {
    /// `None` if `body` is not one that is inlined.
    pub(super) fn of(body: &'a [u8]) -> Result<Option<Inlined<'a>>, BuildError> {
        if body.len() > MAX_BODY {
            return Ok(None);
        }
        let read = reread(body);
        let mut locals = vec![0];
        for group in read.get_locals_reader()? {
            let (count, ty) = group?;
            let kind = KINDS.iter().position(|(kind, _)| *kind == ty);
            let Some(kind) = kind else { return Ok(None) };
            if locals.len() + count as usize > MAX_LOCALS {
                return Ok(None);
            }
            locals.extend(std::iter::repeat_n(kind, count as usize));
        }
        let mut operators = read.get_operators_reader()?;
        let mut code = Vec::new();
        while !operators.eof() {
            let start = operators.original_position();
            let operator = operators.read()?;
            code.push((operator, &body[start..operators.original_position()]));
        }
        Ok(Some(Inlined { locals, code }))
    }

    /// The handler's code and what follows from its answer. Its locals begin at zero, as a call's
    /// would: other handlers have left their values in them.
    pub(super) fn put(&self, out: &mut Vec<u8>, arm: &Arm<'_>) {
        let mut next = arm.scratch.firsts;
        let locals: Vec<u32> = self
            .locals
            .iter()
            .map(|kind| {
                next[*kind] += 1;
                next[*kind] - 1
            })
            .collect();
        out.extend(encoded(&[Instruction::LocalGet(arm.frame), Instruction::LocalSet(locals[0])]));
        for (local, kind) in locals.iter().zip(&self.locals).skip(1) {
            zero(KINDS[*kind].1).encode(out);
            Instruction::LocalSet(*local).encode(out);
        }
        // The handler's own outermost label, which its branches may name.
        Instruction::Block(BlockType::Result(ValType::I32)).encode(out);
        let mut depth = 0;
        let mut at = 0;
        while let Some((operator, bytes)) = self.code.get(at) {
            let ahead = self.code.get(at + 1).map(|(operator, _)| operator);
            let last = at + 2 == self.code.len();
            match (operator, ahead) {
                // frame->opline, before anything can have changed it.
                (Operator::LocalGet { local_index: 0 }, Some(Operator::I32Load { memarg }))
                    if at == 0 && first_word(memarg) =>
                {
                    Instruction::LocalGet(arm.opline).encode(out);
                    at += 2;
                    continue;
                }
                (Operator::I32Const { value: 0 }, Some(Operator::Return)) => {
                    go_on(out, arm, depth);
                    at += 2;
                    continue;
                }
                (Operator::I32Const { value: 0 }, Some(Operator::End)) if last => go_on(out, arm, depth),
                (Operator::Return, _) => Instruction::Br(depth).encode(out),
                (Operator::LocalGet { local_index }, _) => {
                    Instruction::LocalGet(locals[*local_index as usize]).encode(out);
                }
                (Operator::LocalSet { local_index }, _) => {
                    Instruction::LocalSet(locals[*local_index as usize]).encode(out);
                }
                (Operator::LocalTee { local_index }, _) => {
                    Instruction::LocalTee(locals[*local_index as usize]).encode(out);
                }
                (
                    Operator::Block { .. }
                    | Operator::Loop { .. }
                    | Operator::If { .. }
                    | Operator::TryTable { .. },
                    _,
                ) => {
                    depth += 1;
                    out.extend_from_slice(bytes);
                }
                (Operator::End, _) => {
                    depth = depth.saturating_sub(1);
                    out.extend_from_slice(bytes);
                }
                _ => out.extend_from_slice(bytes),
            }
            at += 1;
        }
        Instruction::Br(arm.answer).encode(out);
    }
}

/// The way of the answer 0: on to the next opline, which the handler has just stored. `depth` is that
/// of the handler's own labels.
fn go_on(out: &mut Vec<u8>, arm: &Arm<'_>, depth: u32) {
    out.extend(encoded(&[
        Instruction::LocalGet(arm.frame),
        Instruction::I32Load(FIRST_WORD),
        Instruction::LocalSet(arm.opline),
        Instruction::Br(depth + 1 + arm.next),
    ]));
}

fn zero(ty: ValType) -> Instruction<'static> {
    match ty {
        ValType::I64 => Instruction::I64Const(0),
        ValType::F32 => Instruction::F32Const(0.0.into()),
        ValType::F64 => Instruction::F64Const(0.0.into()),
        ValType::V128 => Instruction::V128Const(0),
        _ => Instruction::I32Const(0),
    }
}
