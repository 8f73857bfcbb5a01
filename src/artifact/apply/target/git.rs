//! A branch of a git repository of the parent host.
//!
//! A commit is made from objects alone: no working tree is touched, no hook, filter or attribute of
//! the repository is run. The branch moves in one step, and only if it is where it was.

use super::Done;
use super::config::TargetConfig;
use super::plan::{Base, Change, New, plan};
use crate::artifact::apply::deliver::Mode;
use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::request::Ready;
use crate::artifact::apply::tree::{MAX_FILE, Node};
use crate::artifact::patch::GitMode;
use crate::contract::{iso8601, shown};
use crate::host::Host;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const AUTHOR: &str = "WP Codebox <wp-codebox@localhost>";

/// How long one call of git may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Git's answers are not read beyond this, unless they are a file. Bytes.
const MAX_ANSWER: u64 = 1 << 20;

pub fn apply(target: &TargetConfig, ready: &Ready, mode: Mode, host: &dyn Host) -> Result<Done, ApplyError> {
    let program = host
        .settings()?
        .git
        .ok_or_else(|| ApplyError::Target("a git target needs the setting wp_codebox.git".into()))?;
    let scratch = tempfile::tempdir()
        .map_err(|why| ApplyError::Write { what: "no temporary directory".into(), why })?;
    let index = scratch.path().join("index");
    let git = Git { program, repository: target.path.clone(), index, author: author(target, host)? };
    let digest = &ready.approved.bundle.content_digest;
    let branch =
        target.branch.clone().unwrap_or_else(|| format!("codebox/{}", &digest[..12.min(digest.len())]));
    git.run(&["check-ref-format", "--branch", &branch])
        .map_err(|_| ApplyError::Target(format!("{branch:?} is no name of a branch")))?;
    let reference = format!("refs/heads/{branch}");
    git.refuse_checked_out(&reference)?;

    let tip = git.resolve(&reference).ok();
    let base = match &tip {
        Some(tip) => tip.clone(),
        None => git.resolve(target.base.as_deref().unwrap_or("HEAD"))?,
    };
    let prefix = match target.prefix.as_deref().map(|prefix| prefix.trim_matches('/')) {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}/"),
        _ => String::new(),
    };
    let changes = plan(&ready.approved, &Commit { git: &git, id: &base, prefix: &prefix })?;
    if mode == Mode::DryRun {
        return Ok(Done { commit: None, branch: Some(branch) });
    }
    git.run(&["read-tree", &base])?;
    for change in &changes {
        git.stage(change, &prefix)?;
    }
    let tree = git.run(&["write-tree"])?;
    let message = message(ready);
    let commit = git.feed(&["commit-tree", &tree, "-p", &base, "-F", "-"], message.as_bytes())?;
    let before = tip.unwrap_or_else(|| "0".repeat(commit.len()));
    let note = format!("wp-codebox: {}", ready.approved.bundle.id);
    git.run(&["update-ref", "-m", &note, &reference, &commit, &before])?;
    Ok(Done { commit: Some(commit), branch: Some(branch) })
}

/// What the commit says: which artifact, who approved, and the digests.
fn message(ready: &Ready) -> String {
    let approved = &ready.approved;
    let summary = approved.bundle.review.as_ref().and_then(|review| review["summary"].as_str());
    let files = match approved.files.len() {
        1 => "1 approved file".to_owned(),
        n => format!("{n} approved files"),
    };
    format!(
        "Apply {files} of a sandbox\n\n{}\n\nArtifact: {}\nContent-Digest: sha256:{}\n\
         Patch-Digest: sha256:{}\nApproved-by: {}\n",
        shown(summary.unwrap_or_default(), 500),
        approved.bundle.id,
        approved.bundle.content_digest,
        approved.patch_sha256,
        person(&ready.approver),
    )
}

/// One line that names somebody.
fn person(who: &Value) -> String {
    let name = match who {
        Value::String(name) => name.clone(),
        other => match (other["login"].as_str(), other["kind"].as_str()) {
            (Some(login), _) => format!("{login} (user {})", other["id"]),
            (None, Some(kind)) => kind.to_owned(),
            (None, None) => other.to_string(),
        },
    };
    shown(&name, 200)
}

/// Name, address, and when.
struct Author {
    name: String,
    email: String,
    date: String,
}

fn author(target: &TargetConfig, host: &dyn Host) -> Result<Author, ApplyError> {
    let text = target.author.as_deref().unwrap_or(AUTHOR);
    let parts = text.split_once('<').and_then(|(name, rest)| Some((name.trim(), rest.strip_suffix('>')?)));
    let usable = |text: &str| !text.is_empty() && !text.contains(['<', '>', '\n', '\0']);
    match parts {
        Some((name, email)) if usable(name) && usable(email) => {
            Ok(Author { name: name.to_owned(), email: email.to_owned(), date: iso8601(host.now()) })
        }
        _ => Err(ApplyError::Target(format!("{text:?} is not of the form Name <address>"))),
    }
}

struct Git {
    program: PathBuf,
    repository: PathBuf,
    /// An index of our own.
    index: PathBuf,
    author: Author,
}

/// The files of a commit, beneath a directory.
struct Commit<'a> {
    git: &'a Git,
    id: &'a str,
    prefix: &'a str,
}

impl Base for Commit<'_> {
    fn node(&self, path: &str) -> io::Result<Node> {
        let full = format!("{}{path}", self.prefix);
        // Literal: `*` and `:` in a name mean nothing but themselves.
        let listed =
            self.git.output(&["ls-tree", "-z", "--full-tree", self.id, "--", &full], None, MAX_ANSWER)?;
        let Some(line) = listed.split(|b| *b == 0).find(|line| !line.is_empty()) else {
            return self.beneath_a_file(&full);
        };
        let line = String::from_utf8_lossy(line);
        let mode = line.split(' ').next().unwrap_or_default();
        let id = line.split(['\t', ' ']).nth(2).unwrap_or_default();
        let mode = match mode {
            "120000" => return Ok(Node::Other("a symlink")),
            "040000" => return Ok(Node::Other("a directory")),
            mode => GitMode::parse(mode),
        };
        let Some(mode) = mode else { return Ok(Node::Other("no regular file")) };
        let bytes = self.git.output(&["cat-file", "blob", id], None, MAX_FILE)?;
        let permissions = if mode == GitMode::Executable { 0o755 } else { 0o644 };
        Ok(Node::File { mode, permissions, bytes })
    }
}

impl Commit<'_> {
    /// Nothing is at the path. A file or a symlink where a directory would have to be is not nothing.
    fn beneath_a_file(&self, path: &str) -> io::Result<Node> {
        for (slash, _) in path.match_indices('/') {
            let listed = ["ls-tree", "-z", "-d", "--full-tree", self.id, "--", &path[..slash]];
            let directory = !self.git.output(&listed, None, MAX_ANSWER)?.is_empty();
            let any = ["ls-tree", "-z", "--full-tree", self.id, "--", &path[..slash]];
            if !directory && !self.git.output(&any, None, MAX_ANSWER)?.is_empty() {
                return Ok(Node::Other("beneath a file or a symlink"));
            }
        }
        Ok(Node::Nothing)
    }
}

impl Git {
    /// Objects of one change into our index.
    fn stage(&self, change: &Change, prefix: &str) -> Result<(), ApplyError> {
        let path = format!("{prefix}{}", change.path);
        let Some(New { mode, bytes, .. }) = &change.new else {
            let line = format!("0 {}\t{path}\0", "0".repeat(40));
            return self.feed(&["update-index", "-z", "--index-info"], line.as_bytes()).map(drop);
        };
        let id = self.feed(&["hash-object", "-w", "--no-filters", "--stdin"], bytes)?;
        let line = format!("{} {id}\t{path}\0", mode.as_str());
        self.feed(&["update-index", "-z", "--index-info"], line.as_bytes()).map(drop)
    }

    /// A branch that somebody works on does not move under their feet.
    fn refuse_checked_out(&self, reference: &str) -> Result<(), ApplyError> {
        let worktrees = self.run(&["worktree", "list", "--porcelain"])?;
        let used = worktrees.lines().any(|line| line == format!("branch {reference}"));
        match used {
            false => Ok(()),
            true => Err(ApplyError::Target(format!("{reference} is checked out; name another branch"))),
        }
    }

    /// The commit that a name stands for.
    fn resolve(&self, name: &str) -> Result<String, ApplyError> {
        self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")])
    }

    fn run(&self, arguments: &[&str]) -> Result<String, ApplyError> {
        self.feed(arguments, b"")
    }

    fn feed(&self, arguments: &[&str], input: &[u8]) -> Result<String, ApplyError> {
        let answer = self.output(arguments, Some(input), MAX_ANSWER).map_err(|why| ApplyError::Git {
            what: arguments[0].to_owned(),
            why: shown(&why.to_string(), 500),
        })?;
        Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
    }

    /// Runs git without a shell, without the machine's and the user's configuration, and without
    /// whatever the repository's own configuration would start.
    fn output(&self, arguments: &[&str], input: Option<&[u8]>, limit: u64) -> io::Result<Vec<u8>> {
        let Author { name, email, date } = &self.author;
        let mut command = Command::new(&self.program);
        command.env_clear();
        command.args(["--literal-pathspecs", "--no-replace-objects"]);
        for setting in
            ["core.hooksPath=/dev/null", "core.fsmonitor=false", "commit.gpgSign=false", "gc.auto=0"]
        {
            command.args(["-c", setting]);
        }
        command
            .arg("-C")
            .arg(&self.repository)
            .args(arguments)
            .envs([("LC_ALL", "C"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
            .envs([("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("HOME", "/nonexistent")])
            .envs([
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", "safe.directory"),
                ("GIT_CONFIG_VALUE_0", "*"),
            ])
            .envs([("GIT_AUTHOR_NAME", name), ("GIT_COMMITTER_NAME", name)])
            .envs([("GIT_AUTHOR_EMAIL", email), ("GIT_COMMITTER_EMAIL", email)])
            .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
            .env("GIT_INDEX_FILE", &self.index)
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
