//! Digests of files, read in pieces.

use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// Bytes read at a time.
pub(super) const PIECE: usize = 128 << 10;

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sha256 and the length of all that `reader` yields.
pub(super) fn sha256_of(mut reader: impl Read) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut size = 0;
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok((hex(&hash.finalize()), size)),
            n => {
                hash.update(&piece[..n]);
                size += n as u64;
            }
        }
    }
}
