//! Shorter checks of PHP's own stack.
//!
//! Binaryen compares the stack pointer with two globals, wherever it changes: twice in most
//! functions. Both bounds are known here, so one subtraction and one comparison with constants do.

use super::edit::{Replacement, encoded};
use crate::engine::stack;
use wasm_encoder::{BlockType as Type, Instruction};
use wasmparser::{BlockType, Operator};

/// The stack pointer's global, and its bounds.
pub(super) struct StackCheck {
    pointer: u32,
    end: i32,
    size: i32,
}

impl StackCheck {
    /// For the global `pointer`, which is `start` when the module starts.
    pub(super) fn new(pointer: u32, start: i32) -> StackCheck {
        let end = stack::end(start);
        StackCheck { pointer, end, size: start.wrapping_sub(end) }
    }

    /// The shorter check, if a check begins here:
    /// "if `value` lies above one global or below another, trap; set the stack pointer to it".
    pub(super) fn check(&self, ahead: &[Operator<'_>]) -> Option<Replacement> {
        let [
            Operator::LocalTee { local_index: value },
            Operator::GlobalGet { .. },
            Operator::I32GtU,
            Operator::LocalGet { local_index: again },
            Operator::GlobalGet { .. },
            Operator::I32LtU,
            Operator::I32Or,
            Operator::If { blockty: BlockType::Empty },
            Operator::Unreachable,
            Operator::End,
            Operator::LocalGet { local_index: set },
            Operator::GlobalSet { global_index },
            ..,
        ] = ahead
        else {
            return None;
        };
        if again != value || set != value || *global_index != self.pointer {
            return None;
        }
        let shorter = encoded(&[
            Instruction::LocalTee(*value),
            Instruction::I32Const(self.end),
            Instruction::I32Sub,
            Instruction::I32Const(self.size),
            Instruction::I32GtU,
            Instruction::If(Type::Empty),
            Instruction::Unreachable,
            Instruction::End,
        ]);
        Some((10, shorter))
    }
}
