//! `commands.jsonl` and `logs/commands.log`, bounded.
//!
//! A command's output is hostile and may be huge. What is left out is counted in the record, and
//! control characters cannot reach the terminal of who reads the log.

use super::manifest::to_value;
use crate::contract::CommandRecord;
use serde_json::{Value, json};

/// Bytes of one string, of one record, and of all records; and how many records.
const MAX_STRING: usize = 1 << 20;
const MAX_RECORD: usize = 2 << 20;
const MAX_TOTAL: usize = 16 << 20;
const MAX_RECORDS: usize = 1000;
/// Values in one record.
const MAX_NODES: usize = 25_000;
/// Bytes of one command's output in the log.
const MAX_LOG: usize = 64 << 10;

/// The records as JSON: the first ones and the last, so that the end of a long run is seen.
pub fn bounded(records: &[CommandRecord]) -> Vec<Value> {
    let (first, last) = match records {
        [first @ .., last] if records.len() > MAX_RECORDS => (&first[..MAX_RECORDS - 1], Some(last)),
        all => (all, None),
    };
    let mut left = MAX_TOTAL;
    let mut rows: Vec<Value> =
        first.iter().chain(last).map(|record| bounded_record(record, &mut left)).collect();
    if records.len() > MAX_RECORDS
        && let Some(row) = rows.last_mut()
    {
        row["artifactCapture"]["omittedRecords"] = json!(records.len() - MAX_RECORDS);
    }
    rows
}

fn bounded_record(record: &CommandRecord, left: &mut usize) -> Value {
    let mut row = to_value(record);
    let mut cut = Cut { bytes: MAX_RECORD.min(*left), nodes: MAX_NODES, dropped: 0 };
    cut.value(&mut row);
    *left -= MAX_RECORD.min(*left) - cut.bytes;
    if cut.dropped > 0 {
        row["artifactCapture"] = json!({ "truncated": true, "omittedBytes": cut.dropped });
    }
    row
}

/// What one record may still take.
struct Cut {
    bytes: usize,
    nodes: usize,
    dropped: usize,
}

impl Cut {
    fn value(&mut self, value: &mut Value) {
        if self.nodes == 0 {
            self.dropped += value.to_string().len();
            *value = Value::Null;
            return;
        }
        self.nodes -= 1;
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.value(item)),
            _ => {}
        }
    }

    fn text(&mut self, text: &mut String) {
        let keep = floor_char_boundary(text, text.len().min(MAX_STRING).min(self.bytes));
        self.dropped += text.len() - keep;
        self.bytes -= keep;
        text.truncate(keep);
    }
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What a person reads: each command with its output.
pub fn log(records: &[CommandRecord]) -> String {
    let mut log = String::new();
    for record in records {
        let line = [std::slice::from_ref(&record.command), &record.args].concat().join(" ");
        log.push_str(&format!(
            "[{}] {} (exit {}, {})\n",
            printable(&record.started_at),
            printable(&line),
            record.exit_code,
            printable(&record.id)
        ));
        for (name, output) in [("stdout", &record.stdout), ("stderr", &record.stderr)] {
            let keep = floor_char_boundary(output, output.len().min(MAX_LOG));
            for line in output[..keep].lines() {
                log.push_str(&format!("  {name}: {}\n", printable(line)));
            }
            if keep < output.len() {
                log.push_str(&format!("  {name}: ({} bytes more)\n", output.len() - keep));
            }
        }
    }
    log
}

/// The text with control characters, and those that reorder text, written as escapes.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c != '\t' && (c.is_control() || reorders) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}
