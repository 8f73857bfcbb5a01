//! Calling git: which repository, and nothing that its configuration or our surroundings would start
//! or change.

use super::Author;
use crate::artifact::apply::error::ApplyError;
use crate::contract::shown;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long one call of git may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Git's answers are not read beyond this, unless they are a file. Bytes.
pub const MAX_ANSWER: u64 = 1 << 20;

/// What the repository's configuration may not decide. Programs first: hooks, watchers, signing,
/// fetching of what is missing. Then what would make the index, or what is found in it, another one.
const SETTINGS: [&str; 12] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "commit.gpgSign=false",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.splitIndex=false",
    "core.untrackedCache=false",
    "core.sparseCheckout=false",
    "core.ignoreCase=false",
    "i18n.commitEncoding=UTF-8",
];

pub struct Git {
    pub program: PathBuf,
    /// The git directory: git does not look for one.
    pub directory: PathBuf,
    /// An empty directory for an index of our own.
    pub scratch: PathBuf,
    pub author: Author,
}

/// The git directory of a repository by the path of its top, or by its own. Nothing above the path is
/// looked at: a directory inside a repository is not that repository.
pub fn directory(path: &Path) -> Result<PathBuf, ApplyError> {
    let unusable = |why: String| ApplyError::Target(format!("{}: {why}", path.display()));
    let path = path.canonicalize().map_err(|why| unusable(why.to_string()))?;
    let inner = path.join(".git");
    let is_bare = || path.join("HEAD").is_file() && ["objects", "refs"].iter().all(|d| path.join(d).is_dir());
    // A file names the directory of a linked working tree or a submodule.
    match inner.symlink_metadata() {
        Ok(found) if found.is_symlink() => Err(unusable("its .git is a symlink".into())),
        Ok(_) => Ok(inner),
        Err(_) if is_bare() => Ok(path),
        Err(_) => Err(unusable("it is not the top of a git repository, nor a bare one".into())),
    }
}

impl Git {
    /// The commit that a name stands for.
    pub fn resolve(&self, name: &str) -> Result<String, ApplyError> {
        self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")])
    }

    pub fn run(&self, arguments: &[&str]) -> Result<String, ApplyError> {
        self.feed(arguments, b"")
    }

    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Result<String, ApplyError> {
        let answer = self.output(arguments, Some(input), MAX_ANSWER).map_err(|why| ApplyError::Git {
            what: arguments[0].to_owned(),
            why: shown(&why.to_string(), 500),
        })?;
        Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
    }

    /// Runs git without a shell, without our environment (`GIT_DIR` and its like), without the machine's
    /// and the user's configuration, and without whatever the repository's own would start.
    pub fn output(&self, arguments: &[&str], input: Option<&[u8]>, limit: u64) -> io::Result<Vec<u8>> {
        let Author { name, email, date } = &self.author;
        let mut command = Command::new(&self.program);
        command.env_clear();
        // What git takes for a working tree is an empty directory of ours.
        command.current_dir(&self.scratch);
        command.args(["--literal-pathspecs", "--no-replace-objects"]);
        SETTINGS.iter().for_each(|setting| _ = command.args(["-c", setting]));
        command
            .arg("--git-dir")
            .arg(&self.directory)
            .args(arguments)
            .envs([("LC_ALL", "C"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
            .envs([("GIT_ATTR_NOSYSTEM", "1"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_ALLOW_PROTOCOL", "")])
            .envs([("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("HOME", "/nonexistent")])
            .envs([
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", "safe.directory"),
                ("GIT_CONFIG_VALUE_0", "*"),
            ])
            .envs([("GIT_AUTHOR_NAME", name), ("GIT_COMMITTER_NAME", name)])
            .envs([("GIT_AUTHOR_EMAIL", email), ("GIT_COMMITTER_EMAIL", email)])
            .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
            .env("GIT_INDEX_FILE", self.scratch.join("index"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().ok_or_else(|| io::Error::other("no standard input"))?;
        let streams = child.stdout.take().zip(child.stderr.take());
        let (stdout, stderr) = streams.ok_or_else(|| io::Error::other("no output"))?;
        let (mut answer, mut complaint) = (Vec::new(), Vec::new());
        let (ended, end) = mpsc::channel();
        let in_time = std::thread::scope(|scope| {
            // Git may answer before it has read everything.
            scope.spawn(move || stdin.write_all(input.unwrap_or_default()));
            let (answer, complaint) = (&mut answer, &mut complaint);
            scope.spawn(move || drain(stderr, MAX_ANSWER, complaint));
            scope.spawn(move || {
                let read = drain(stdout, limit + 1, answer);
                // Nobody listens any more if it took too long.
                let _ = ended.send(());
                read
            });
            let in_time = end.recv_timeout(PATIENCE).is_ok();
            if !in_time {
                // Its pipes close with it, and the threads end.
                let _ = child.kill();
            }
            in_time
        });
        let status = child.wait()?;
        if !in_time {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        if !status.success() {
            let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
            return Err(io::Error::other(if complaint.is_empty() { status.to_string() } else { complaint }));
        }
        if answer.len() as u64 > limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(answer)
    }
}

/// Reads to the end, and keeps the beginning.
fn drain(mut from: impl Read, limit: u64, kept: &mut Vec<u8>) -> io::Result<()> {
    from.by_ref().take(limit).read_to_end(kept)?;
    io::copy(&mut from, &mut io::sink()).map(drop)
}
