//! Looks into compressed files, since a patch carries them whole.
//!
//! Bounded: what cannot be looked through counts as holding a secret if there is one to hide.

use super::Redactor;
use super::stream::Stream;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// What is unpacked of one file, at most. Bytes.
const MOST: u64 = 64 << 20;
/// Members of an archive that are looked into.
const MOST_MEMBERS: usize = 10_000;

pub fn holds(redactor: &Redactor, bytes: &[u8]) -> bool {
    let mut left = MOST;
    match bytes {
        [0x1f, 0x8b, 8, ..] => unpacked(redactor, MultiGzDecoder::new(bytes), &mut left),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => unpacked(redactor, ZlibDecoder::new(bytes), &mut left),
        _ if bytes.starts_with(b"PK\x03\x04") => archive(redactor, bytes, &mut left),
        _ => false,
    }
}

/// Every member that a local header announces, whether or not the archive's directory lists it.
fn archive(redactor: &Redactor, bytes: &[u8], left: &mut u64) -> bool {
    let mut members = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(4).position(|window| window == b"PK\x03\x04") {
        let header = at + found;
        at = header + 4;
        let Some(fixed) = bytes.get(header..header + 30) else { break };
        let short = |offset: usize| usize::from(u16::from_le_bytes([fixed[offset], fixed[offset + 1]]));
        let data = header + 30 + short(26) + short(28);
        // Stored members were searched with the file itself.
        if short(8) == 8 && data < bytes.len() {
            members += 1;
            if members > MOST_MEMBERS {
                return redactor.has_secrets();
            }
            if unpacked(redactor, DeflateDecoder::new(&bytes[data..]), left) {
                return true;
            }
        }
    }
    false
}

/// Searches what `packed` gives. Data that is damaged ends where it is damaged.
fn unpacked(redactor: &Redactor, mut packed: impl Read, left: &mut u64) -> bool {
    let mut stream = Stream::new(redactor);
    let mut piece = vec![0; 64 << 10];
    let mut clean = Vec::new();
    loop {
        match packed.read(&mut piece) {
            Ok(0) | Err(_) => return !stream.finish(&mut clean).is_empty(),
            Ok(_) if *left == 0 => return redactor.has_secrets(),
            Ok(len) => {
                *left = left.saturating_sub(len as u64);
                stream.push(&piece[..len], &mut clean);
                clean.clear();
            }
        }
    }
}
