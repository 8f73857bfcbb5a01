//! Adding a line.

use super::verify::{Previous, broken};
use super::{AuditLog, MAX_LINE, record_hash, redact};
use crate::contract::digest_hex;
use rustix::fs::{self, FlockOperation, Mode, OFlags};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a record is, and the hash that vouches for it and all before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    pub path: PathBuf,
    pub sequence: u64,
    pub hash: String,
}

/// Why a line was not written.
#[derive(Debug)]
pub struct AppendError {
    pub path: PathBuf,
    pub why: io::Error,
}

impl AuditLog {
    /// Adds a record, its number, and the chain. Secrets and file content in it are replaced.
    pub fn append(&self, record: Map<String, Value>) -> Result<Receipt, AppendError> {
        self.add(record).map_err(|why| AppendError { path: self.path.clone(), why })
    }

    fn add(&self, record: Map<String, Value>) -> io::Result<Receipt> {
        let mut file = self.open()?;
        lock(&file)?;
        let end = file.metadata()?.len();
        let last = last_line(&file, end)?;
        let previous = last.as_deref().map_or_else(Previous::none, Previous::of);
        let sequence = previous.sequence.saturating_add(1);
        let mut chained = Map::new();
        chained.insert("sequence".into(), sequence.into());
        chained.insert("previous".into(), previous.hash.as_str().into());
        chained.extend(record);
        let (line, hash) = sealed(redact::redact(chained), &previous)?;

        let mut bytes = Vec::new();
        // A line that a crash has torn stays as it is: the chain goes over its bytes.
        if last.is_some() && !ends_with_newline(&file, end)? {
            bytes.push(b'\n');
        }
        bytes.extend(line.bytes());
        bytes.push(b'\n');
        if let Err(why) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            // What was written of it is ours, and nobody else has read it: the lock is held.
            file.set_len(end)?;
            return Err(why);
        }
        Ok(Receipt { path: self.path.clone(), sequence, hash })
    }

    /// For the operator's eyes only, and never through a symlink.
    fn open(&self) -> io::Result<File> {
        let flags = OFlags::RDWR
            | OFlags::CREATE
            | OFlags::APPEND
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::CLOEXEC;
        let file = File::from(fs::open(&self.path, flags, Mode::RUSR | Mode::WUSR)?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(file)
    }
}

/// The lock is free again when the file is closed, or its process dies.
fn lock(file: &File) -> io::Result<()> {
    let since = Instant::now();
    loop {
        match fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) if since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(why) => return Err(why.into()),
        }
    }
}

/// The last line without its line feed.
fn last_line(file: &File, end: u64) -> io::Result<Option<Vec<u8>>> {
    if end == 0 {
        return Ok(None);
    }
    // One that a crash has torn may lie after it.
    let window = end.min(2 * MAX_LINE as u64 + 2);
    let mut bytes = vec![0; window as usize];
    file.read_exact_at(&mut bytes, end - window)?;
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let start = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    Ok(Some(text[start..].to_vec()))
}

fn ends_with_newline(file: &File, end: u64) -> io::Result<bool> {
    let mut last = [0];
    file.read_exact_at(&mut last, end - 1)?;
    Ok(last == *b"\n")
}

/// The line and its hash. What adapters and callers gave is cut, the largest first, until the line is
/// one that verification takes: neither too long nor nested too deeply, and the same when it is read.
fn sealed(mut record: Map<String, Value>, previous: &Previous) -> io::Result<(String, String)> {
    // What the chain is made of, and what a line says at the least.
    const KEPT: [&str; 6] = ["sequence", "previous", "schema", "timestamp", "status", "artifact_id"];
    let mut cuttable: Vec<(usize, String)> = record
        .iter()
        .filter(|(field, _)| !KEPT.contains(&field.as_str()))
        .map(|(field, value)| (value.to_string().len(), field.clone()))
        .collect();
    cuttable.sort();
    loop {
        let mut line = Value::Object(record.clone());
        let hash = record_hash(&line);
        line["hash"] = hash.as_str().into();
        let line = line.to_string();
        if line.len() < MAX_LINE && broken(line.as_bytes(), previous).is_none() {
            return Ok((line, hash));
        }
        let Some((_, field)) = cuttable.pop() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too large"));
        };
        let text = record.get(&field).map(Value::to_string).unwrap_or_default();
        let cut = json!({ "truncated": true, "bytes": text.len(), "sha256": digest_hex([text.as_bytes()]) });
        record.insert(field, cut);
    }
}
