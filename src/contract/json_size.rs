//! How large a JSON value is, and how deep, without writing it anywhere.

use serde::Serialize;
use serde_json::Value;

/// Levels of lists and objects that a value from a sandbox may have. JSON is read back with 127, and
/// what a value is put into has some of its own.
pub const JSON_DEPTH: usize = 100;

/// What an entry of an object costs in memory beside its name and its value.
const ENTRY: usize = 48;

/// Whether the value's JSON has at most `max` bytes.
pub fn json_fits(value: &impl Serialize, max: usize) -> bool {
    serde_json::to_writer(&mut Counter { bytes: 0, max }, value).is_ok()
}

/// What the value takes in memory, bytes: many times its JSON where it consists of small parts.
pub fn json_memory(value: &Value) -> usize {
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(json_memory).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| ENTRY + name.len() + json_memory(value)).sum()
        }
    };
    size_of::<Value>() + within
}

/// Whether the value has no more than `max` levels of lists and objects.
pub fn json_nests(value: &Value, max: usize) -> bool {
    let within = |value: &Value| json_nests(value, max - 1);
    match value {
        Value::Array(items) => max > 0 && items.iter().all(within),
        Value::Object(fields) => max > 0 && fields.values().all(within),
        _ => true,
    }
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
