//! Node.js and npm: found, checked, run.

use super::BuildError;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The oldest Node.js that runs the pinned Binaryen.
const LEAST_NODE: u32 = 18;

/// The oldest npm that packs to a directory of choice.
const LEAST_NPM: u32 = 7;

/// Bytes of a failed program's output that an error repeats.
const LAST_WORDS: usize = 2000;

/// A Node.js that is new enough.
pub(super) struct Node(PathBuf);

impl Node {
    pub(super) fn command(&self) -> Command {
        Command::new(&self.0)
    }
}

/// The Node.js on PATH.
pub(super) fn node() -> Result<Node, BuildError> {
    at_least("node", LEAST_NODE)?;
    Ok(Node(PathBuf::from("node")))
}

/// Whether the npm on PATH is new enough.
pub(super) fn npm() -> Result<(), BuildError> {
    at_least("npm", LEAST_NPM)
}

fn at_least(program: &'static str, least: u32) -> Result<(), BuildError> {
    let output = run(program, Command::new(program).arg("--version"))?;
    let version = output.trim();
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    match major {
        Some(major) if u32::ge(&major, &least) => Ok(()),
        _ => Err(BuildError::ToolTooOld { program, found: version.to_owned(), least }),
    }
}

/// Runs `command` to its end and gives its standard output.
pub(super) fn run(program: &'static str, command: &mut Command) -> Result<String, BuildError> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => BuildError::ToolMissing { program },
        _ => BuildError::ToolFailed {
            program: program.to_owned(),
            status: "not started".to_owned(),
            output: error.to_string(),
        },
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let said = &said[said.len().saturating_sub(LAST_WORDS)..];
    Err(BuildError::ToolFailed {
        program: program.to_owned(),
        status: output.status.to_string(),
        output: String::from_utf8_lossy(said).trim().to_owned(),
    })
}
