//! How large a JSON value is when it is written, without writing it anywhere.

use serde::Serialize;

/// Whether the value's JSON has at most `max` bytes.
pub fn json_fits(value: &impl Serialize, max: usize) -> bool {
    serde_json::to_writer(&mut Counter { bytes: 0, max }, value).is_ok()
}

/// Counts what is written and stops at a limit.
struct Counter {
    bytes: usize,
    max: usize,
}

impl std::io::Write for Counter {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.bytes += part.len();
        if self.bytes > self.max {
            return Err(std::io::Error::other("over the limit"));
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
