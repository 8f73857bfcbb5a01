//! Copying a function's body with some of its instructions replaced.

use crate::engine::pack::build::BuildError;
use wasm_encoder::{Encode, Instruction, ValType};
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// Encodes instructions one after another.
pub(super) fn encoded(instructions: &[Instruction<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for instruction in instructions {
        instruction.encode(&mut bytes);
    }
    bytes
}

/// What a body is given beyond its own code.
#[derive(Default)]
pub(super) struct Additions {
    /// Locals behind the body's own, in groups of a type.
    pub locals: Vec<(u32, ValType)>,
    /// Instructions in front of the first one.
    pub prefix: Vec<u8>,
}

/// How many instructions go, and what stands in for them.
pub(super) type Replacement = (usize, Vec<u8>);

/// The body with `additions`, and with those instructions replaced for which `replace` has others.
/// It is shown what lies ahead from each instruction on.
pub(super) fn edited(
    body: &FunctionBody<'_>,
    additions: &Additions,
    mut replace: impl FnMut(&[Operator<'_>]) -> Result<Option<Replacement>, BuildError>,
) -> Result<Vec<u8>, BuildError> {
    let bytes = body.as_bytes();
    let base = body.range().start;
    let mut operators = body.get_operators_reader()?;
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut copied = 0;
    if !additions.locals.is_empty() {
        let locals = body.get_locals_reader()?;
        (locals.get_count() + additions.locals.len() as u32).encode(&mut out);
        out.extend_from_slice(
            &bytes[locals.original_position() - base..operators.original_position() - base],
        );
        for (count, ty) in &additions.locals {
            count.encode(&mut out);
            ty.encode(&mut out);
        }
        copied = operators.original_position() - base;
    }
    if !additions.prefix.is_empty() {
        let first = operators.original_position() - base;
        out.extend_from_slice(&bytes[copied..first]);
        out.extend_from_slice(&additions.prefix);
        copied = first;
    }
    let (mut code, mut places) = (Vec::new(), Vec::new());
    while !operators.eof() {
        places.push(operators.original_position() - base);
        code.push(operators.read()?);
    }
    places.push(operators.original_position() - base);
    let mut at = 0;
    while at < code.len() {
        match replace(&code[at..])? {
            Some((count, replacement)) => {
                out.extend_from_slice(&bytes[copied..places[at]]);
                out.extend_from_slice(&replacement);
                at += count;
                copied = places[at];
            }
            None => at += 1,
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    Ok(out)
}

/// How many locals a body has, its `params` parameters included.
pub(super) fn local_count(body: &FunctionBody<'_>, params: u32) -> Result<u32, BuildError> {
    let mut count = params;
    for group in body.get_locals_reader()? {
        let (locals, _) = group?;
        count = count.checked_add(locals).ok_or_else(|| super::shape("it has too many locals"))?;
    }
    Ok(count)
}

/// A body that [`edited`] gave, to be read again.
pub(super) fn reread(body: &[u8]) -> FunctionBody<'_> {
    FunctionBody::new(BinaryReader::new(body, 0))
}
