//! `GIT binary patch`: both states in full, deflated, in base85.

use super::base85;
use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read, Write};

/// More is not inflated, whatever a header says: a few bytes can stand for gigabytes. Bytes.
pub const MAX_LITERAL: u64 = 64 << 20;

/// The body of a block that turns `old` into `new` (and, reversed, `new` into `old`).
pub fn write(old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = b"GIT binary patch\n".to_vec();
    literal(new, &mut out);
    literal(old, &mut out);
    out
}

fn literal(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!("literal {}\n", bytes.len()).bytes());
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed =
        deflate.write_all(bytes).and_then(|()| deflate.finish()).expect("writing to memory does not fail");
    base85::encode(&packed, out);
    out.push(b'\n');
}

/// Reads a literal back: its lines (without line feeds) and the size that its header names, which is
/// no more than [`MAX_LITERAL`]. `None` if it is not well-formed, or inflates to another size; it is
/// never inflated beyond that.
pub(crate) fn decode_literal<'a>(lines: impl IntoIterator<Item = &'a [u8]>, size: u64) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    for line in lines {
        base85::decode_line(line, &mut packed)?;
    }
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed.as_slice()).take(size.checked_add(1)?).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == size).then_some(bytes)
}
