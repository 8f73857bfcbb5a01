//! What commands are handed, print and return, as far as it is kept: one limit for all commands of a sandbox
//! together, their output, their results and what is said of their failures.
//!
//! What does not fit is dropped as a whole, never cut: half of a secret would not be found again.

use crate::contract::{CommandRecord, OutputCut, json_memory};
use crate::sandbox::Failure;
use serde_json::{Value, json};

/// What may be kept of all commands together, and again of the log, bytes of memory.
pub const KEPT_BYTES: usize = 64 << 20;

/// What of it only messages of failures get: why something failed is told whatever was printed.
const MESSAGE_BYTES: usize = 4 << 20;

/// What a line of a log costs beside its bytes: millions of empty ones are not free.
const LINE: usize = 64;

/// What stands where a result, or the data of a failure, was dropped.
pub const OMITTED_VALUE_SCHEMA: &str = "wp-codebox/omitted-value/v1";

/// What is still free.
pub struct Room {
    free: usize,
    messages: usize,
}

impl Default for Room {
    fn default() -> Self {
        Room { free: KEPT_BYTES - MESSAGE_BYTES, messages: MESSAGE_BYTES }
    }
}

impl Room {
    /// Beside what is kept already.
    pub fn beside<'a>(commands: &[CommandRecord], values: impl IntoIterator<Item = &'a Value>) -> Room {
        let of = |record: &CommandRecord| {
            let handed_in = record.args.iter().map(String::len).sum::<usize>();
            handed_in + printed(record) + json_memory(&record.diagnostics)
        };
        let printed = commands.iter().map(of).sum::<usize>();
        let values = values.into_iter().map(json_memory).sum::<usize>();
        let mut room = Room::default();
        room.free = room.free.saturating_sub(printed + values);
        room
    }

    /// Leaves in a command's record what there is room for.
    pub fn keep(&mut self, record: &mut CommandRecord) {
        let handed_in = record.args.iter().map(String::len).sum();
        if !take(&mut self.free, handed_in) {
            record.args = vec![dropped(handed_in)];
        }
        if !take(&mut self.free, printed(record)) {
            for text in [&mut record.stdout, &mut record.stderr] {
                if !text.is_empty() {
                    *text = dropped(text.len());
                }
            }
            record.cut = OutputCut::default();
        }
        record.diagnostics = self.value(std::mem::take(&mut record.diagnostics));
    }

    /// What a step returned, or what says that it was too much.
    pub fn value(&mut self, value: Value) -> Value {
        let bytes = if value.is_null() { 0 } else { json_memory(&value) };
        if take(&mut self.free, bytes) { value } else { omitted(bytes) }
    }

    /// Why a step failed, as far as there is room.
    pub fn failure(&mut self, failure: Failure) -> Failure {
        let Failure { code, message, data } = failure;
        let fits = take(&mut self.messages, message.len()) || take(&mut self.free, message.len());
        let message = if fits { message } else { dropped(message.len()) };
        Failure { code, message, data: self.value(data) }
    }
}

fn take(room: &mut usize, bytes: usize) -> bool {
    let left = room.checked_sub(bytes);
    *room = left.unwrap_or(*room);
    left.is_some()
}

/// What the commands wrote to stderr, line by line, as far as there is room: the log. The records'
/// output is without heads of secrets by then, or the log repeats them.
pub fn error_lines<'a>(records: impl IntoIterator<Item = &'a CommandRecord>) -> Vec<String> {
    let (mut room, mut log) = (KEPT_BYTES, Vec::new());
    for record in records {
        let cost = record.stderr.len() + LINE * record.stderr.lines().count();
        if take(&mut room, cost) {
            log.extend(record.stderr.lines().map(str::to_owned));
        } else {
            log.push(dropped(record.stderr.len()));
        }
    }
    log
}

fn printed(record: &CommandRecord) -> usize {
    record.stdout.len() + record.stderr.len()
}

fn dropped(bytes: usize) -> String {
    format!("[{bytes} bytes were not kept: too much was kept before]")
}

fn omitted(bytes: usize) -> Value {
    json!({ "schema": OMITTED_VALUE_SCHEMA, "bytes": bytes, "reason": dropped(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Code;

    fn noisy() -> CommandRecord {
        let line = "x\n".repeat(1 << 20);
        CommandRecord { stdout: line.clone(), stderr: line, ..CommandRecord::default() }
    }

    fn omits(value: &Value) -> bool {
        value["schema"] == OMITTED_VALUE_SCHEMA
    }

    #[test]
    fn steps_that_print_short_lines_share_one_bound_of_memory() {
        let (mut room, mut commands) = (Room::default(), Vec::new());
        for _ in 0..32 {
            let mut record = noisy();
            record.cut = OutputCut { stdout: Some(record.stdout.len()), stderr: None };
            room.keep(&mut record);
            commands.push(record);
        }
        assert!(commands.iter().map(printed).sum::<usize>() <= KEPT_BYTES + 32 * 200);
        assert_eq!(commands[3].stdout.len(), 2 << 20);
        assert_eq!(commands[31].stdout, "[2097152 bytes were not kept: too much was kept before]");
        assert_eq!(commands[31].cut, OutputCut::default());
        assert_eq!(error_lines(&[noisy()]), ["[2097152 bytes were not kept: too much was kept before]"]);
    }

    #[test]
    fn steps_that_return_much_share_the_bound_with_what_is_printed() {
        let mut room = Room::default();
        let large = || Value::from("x".repeat(16 << 20));
        let kept: Vec<Value> = (0..8).map(|_| room.value(large())).collect();
        assert_eq!(kept.iter().filter(|value| omits(value)).count(), 5);
        assert!(kept[7]["bytes"].as_u64().unwrap() >= 16 << 20);
        let mut record = CommandRecord { stdout: "x".repeat(16 << 20), ..CommandRecord::default() };
        room.keep(&mut record);
        assert!(record.stdout.contains("bytes were not kept"));
    }

    #[test]
    fn programs_that_are_handed_in_share_the_bound_too() {
        let mut room = Room::default();
        let records = (0..20).map(|_| {
            let args = vec!["code=".to_owned() + &"x".repeat(4 << 20)];
            let mut record = CommandRecord { args, ..CommandRecord::default() };
            room.keep(&mut record);
            record
        });
        let kept = records.filter(|record| record.args[0].starts_with("code=")).count();
        assert_eq!(kept, 14);
    }

    #[test]
    fn a_list_of_many_zeros_counts_as_what_it_takes_in_memory() {
        assert!(omits(&Room::default().value(Value::from(vec![0; 4 << 20]))));
    }

    #[test]
    fn why_a_step_failed_is_told_whatever_was_kept_before() {
        let mut room = Room { free: 0, ..Room::default() };
        let failure = |message: String| Failure { code: Code::RunFailed, message, data: json!([1]) };
        let told = room.failure(failure("no such post".to_owned()));
        assert_eq!(told.message, "no such post");
        assert!(omits(&told.data));
        let told = room.failure(failure("x".repeat(MESSAGE_BYTES)));
        assert_eq!(told.message, "[4194304 bytes were not kept: too much was kept before]");
    }

    #[test]
    fn what_a_prepared_image_brought_counts() {
        let record = CommandRecord {
            stdout: "x".repeat(KEPT_BYTES - MESSAGE_BYTES - 9000),
            ..CommandRecord::default()
        };
        let value = Value::from("x".repeat(9000));
        let mut room = Room::beside(&[record], [&value]);
        let mut record = CommandRecord { stdout: "y".to_owned(), ..CommandRecord::default() };
        room.keep(&mut record);
        assert!(record.stdout.contains("1 bytes were not kept"));
    }
}
