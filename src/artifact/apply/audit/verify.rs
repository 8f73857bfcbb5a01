//! Is a log what was written?

use super::{AuditLog, MAX_LINE, ORIGIN, link, record_hash};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

/// Problems beyond this are only counted.
const MAX_PROBLEMS: usize = 100;

/// What is said of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerdict {
    pub path: PathBuf,
    /// How many lines it has. A log that is not there has none.
    pub records: u64,
    pub valid: bool,
    pub problems: Vec<AuditProblem>,
    /// How many problems are not listed.
    pub unlisted: u64,
    /// The last line's hash: whoever has kept an earlier one can find it in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditProblem {
    /// From 1.
    pub line: u64,
    pub message: String,
}

impl AuditLog {
    /// Follows the chain from the first line to the last.
    pub fn verify(&self) -> io::Result<AuditVerdict> {
        let mut verdict = AuditVerdict {
            path: self.path.clone(),
            records: 0,
            valid: true,
            problems: Vec::new(),
            unlisted: 0,
            head: None,
        };
        let file = match std::fs::symlink_metadata(&self.path) {
            Ok(kind) if kind.is_file() => std::fs::File::open(&self.path)?,
            Ok(_) => {
                verdict.problem(0, "It is not a regular file.");
                return Ok(verdict);
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(verdict),
            Err(why) => return Err(why),
        };
        // A line that is being written is seen whole or not at all.
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockShared)?;
        let mut reader = BufReader::new(file);
        let mut previous = Previous::none();
        loop {
            let mut line = Vec::new();
            reader.by_ref().take(MAX_LINE as u64 + 4096).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                break;
            }
            verdict.records += 1;
            let number = verdict.records;
            let Some(text) = line.strip_suffix(b"\n") else {
                verdict.problem(number, "The line is torn, or longer than any that is written.");
                break;
            };
            if let Some(why) = broken(text, &previous) {
                verdict.problem(number, why);
            }
            previous = Previous::of(text);
        }
        verdict.head = (verdict.records > 0).then_some(previous.hash);
        Ok(verdict)
    }
}

/// What a line has to follow.
pub struct Previous {
    pub sequence: u64,
    pub hash: String,
}

impl Previous {
    /// Nothing: the line is the first.
    pub fn none() -> Previous {
        Previous { sequence: 0, hash: ORIGIN.to_owned() }
    }

    /// This line. One that is no record has no number.
    pub fn of(line: &[u8]) -> Previous {
        let record: Option<Value> = serde_json::from_slice(line).ok();
        let sequence = record.and_then(|record| record["sequence"].as_u64()).unwrap_or(0);
        Previous { sequence, hash: link(line) }
    }
}

/// What is wrong with a line.
pub fn broken(line: &[u8], previous: &Previous) -> Option<&'static str> {
    let Ok(record) = serde_json::from_slice::<Value>(line) else {
        return Some("The line is not a record.");
    };
    if record["hash"] != record_hash(&record).as_str() {
        return Some("The line is not the one that was written.");
    }
    if record["previous"] != previous.hash.as_str() {
        return Some("A line before this one was changed or is missing.");
    }
    (record["sequence"] != previous.sequence.saturating_add(1))
        .then_some("The numbers do not follow each other.")
}

impl AuditVerdict {
    fn problem(&mut self, line: u64, message: &str) {
        self.valid = false;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(AuditProblem { line, message: message.into() });
        } else {
            self.unlisted += 1;
        }
    }
}
