//! PHP's own C stack: a part of linear memory below `__stack_pointer`'s first value, unguarded but
//! for the checks that the pack's build puts into the code.

/// Bytes from the first value of `__stack_pointer` down to PHP's data.
const SIZE: i32 = 1 << 20;

/// What the checks leave unused at the far end, bytes.
const MARGIN: i32 = 1024;

/// The lowest address that the stack may reach, if it begins at `top`.
pub(super) fn end(top: i32) -> i32 {
    top.wrapping_sub(SIZE - MARGIN)
}
