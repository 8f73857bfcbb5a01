//! What commands print, as far as it is kept: one limit for all commands of a sandbox together.
//!
//! What does not fit is dropped as a whole, never cut: half of a secret would not be found again.

use crate::contract::{CommandRecord, OutputCut};
use serde_json::Value;

/// What may be kept of the output of all commands together, and again of the log, bytes.
pub const OUTPUT_BYTES: usize = 64 << 20;

/// What a line of a log costs beside its bytes: millions of empty ones are not free.
const LINE: usize = 64;

/// What is still free.
pub(super) struct Room {
    output: usize,
}

impl Room {
    /// Beside what is kept already.
    pub fn beside(commands: &[CommandRecord]) -> Room {
        let output = commands.iter().map(printed).sum();
        Room { output: OUTPUT_BYTES.saturating_sub(output) }
    }

    /// Leaves in a command's record what there is room for.
    pub fn keep(&mut self, record: &mut CommandRecord) {
        match self.output.checked_sub(printed(record)) {
            Some(left) => self.output = left,
            None => {
                record.diagnostics = Value::Null;
                for text in [&mut record.stdout, &mut record.stderr] {
                    if !text.is_empty() {
                        *text = dropped(text.len());
                    }
                }
                record.cut = OutputCut::default();
            }
        }
    }
}

/// What the commands wrote to stderr, line by line, as far as there is room: the log. The records'
/// output is without heads of secrets by then, or the log repeats them.
pub fn error_lines<'a>(records: impl IntoIterator<Item = &'a CommandRecord>) -> Vec<String> {
    let (mut room, mut log) = (OUTPUT_BYTES, Vec::new());
    for record in records {
        let cost = record.stderr.len() + LINE * record.stderr.lines().count();
        match room.checked_sub(cost) {
            Some(left) => {
                room = left;
                log.extend(record.stderr.lines().map(str::to_owned));
            }
            None => log.push(dropped(record.stderr.len())),
        }
    }
    log
}

fn printed(record: &CommandRecord) -> usize {
    let noted = match &record.diagnostics {
        Value::Null => 0,
        diagnostics => diagnostics.to_string().len(),
    };
    record.stdout.len() + record.stderr.len() + noted
}

fn dropped(bytes: usize) -> String {
    format!("[{bytes} bytes were not kept: too much was printed before]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy() -> CommandRecord {
        let line = "x\n".repeat(4 << 20);
        CommandRecord { stdout: line.clone(), stderr: line, ..CommandRecord::default() }
    }

    #[test]
    fn steps_that_print_short_lines_share_one_bound_of_memory() {
        let (mut room, mut commands) = (Room::beside(&[]), Vec::new());
        for _ in 0..8 {
            let mut record = noisy();
            record.cut = OutputCut { stdout: Some(record.stdout.len()), stderr: None };
            room.keep(&mut record);
            commands.push(record);
        }
        assert!(commands.iter().map(printed).sum::<usize>() <= OUTPUT_BYTES + 8 * 200);
        assert_eq!(commands[3].stdout.len(), 8 << 20);
        assert_eq!(commands[7].stdout, "[8388608 bytes were not kept: too much was printed before]");
        assert_eq!(commands[7].cut, OutputCut::default());
        assert_eq!(error_lines(&commands).len(), 8);
        assert_eq!(error_lines(&[noisy(), noisy()]).len(), 2);
    }

    #[test]
    fn what_a_prepared_image_brought_counts() {
        let record = CommandRecord { stdout: "x".repeat(OUTPUT_BYTES), ..CommandRecord::default() };
        let mut room = Room::beside(&[record]);
        let mut record = CommandRecord { stdout: "y".to_owned(), ..CommandRecord::default() };
        room.keep(&mut record);
        assert!(record.stdout.contains("1 bytes were not kept"));
    }
}
