//! Randomness of the host's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustix::rand::{GetRandomFlags, getrandom};

fn fill(bytes: &mut [u8]) {
    let mut done = 0;
    while done < bytes.len() {
        // The kernel's generator only fails by being interrupted.
        done += getrandom(&mut bytes[done..], GetRandomFlags::empty()).unwrap_or(0);
    }
}

/// `<prefix>-` and 16 random hexadecimal digits.
pub fn random_id(prefix: &str) -> String {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    format!("{prefix}-{:016x}", u64::from_be_bytes(bytes))
}

/// WordPress salts: 64 random characters each.
pub(super) fn salts<const N: usize>() -> [String; N] {
    let mut bytes = [[0; 48]; N];
    fill(bytes.as_flattened_mut());
    bytes.map(|bytes| STANDARD_NO_PAD.encode(bytes))
}
