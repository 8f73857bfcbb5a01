//! A branch of a git repository of the parent host.
//!
//! A commit is made from objects alone: no working tree is touched, no hook, filter or attribute of
//! the repository is run. The branch moves in one step, and only if it is where it was.

mod program;
mod tree;

use super::Done;
use super::config::TargetConfig;
use super::plan::{Base, Change, New, plan};
use crate::artifact::apply::deliver::Mode;
use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::request::Ready;
use crate::artifact::apply::tree::{MAX_FILE, Node};
use crate::artifact::patch::{GitMode, check_path};
use crate::contract::{iso8601, shown};
use crate::host::Host;
use program::{Git, MAX_ANSWER};
use serde_json::Value;
use std::io;
use tree::Staged;

const AUTHOR: &str = "WP Codebox <wp-codebox@localhost>";

pub fn apply(target: &TargetConfig, ready: &Ready, mode: Mode, host: &dyn Host) -> Result<Done, ApplyError> {
    let program = host
        .settings()?
        .git
        .ok_or_else(|| ApplyError::Target("a git target needs the setting wp_codebox.git".into()))?;
    let scratch = tempfile::tempdir()
        .map_err(|why| ApplyError::Write { what: "no temporary directory".into(), why })?;
    let git = Git {
        program,
        directory: program::directory(&target.path)?,
        scratch: scratch.path().to_owned(),
        author: author(target, host)?,
    };
    let digest = &ready.approved.bundle.content_digest;
    let branch =
        target.branch.clone().unwrap_or_else(|| format!("codebox/{}", &digest[..12.min(digest.len())]));
    git.run(&["check-ref-format", "--branch", &branch])
        .map_err(|_| ApplyError::Target(format!("{branch:?} is no name of a branch")))?;
    let reference = format!("refs/heads/{branch}");
    git.refuse_alias(&reference)?;
    git.refuse_checked_out(&reference)?;

    let tip = git.resolve(&reference).ok();
    let base = match &tip {
        Some(tip) => tip.clone(),
        None => git.resolve(target.base.as_deref().unwrap_or("HEAD"))?,
    };
    let prefix = prefix(target)?;
    let changes = plan(&ready.approved, &Commit { git: &git, id: &base, prefix: &prefix })?;
    if mode == Mode::DryRun {
        return Ok(Done { commit: None, branch: Some(branch) });
    }
    git.run(&["read-tree", &base])?;
    let staged = git.stage(&changes, &prefix, base.len())?;
    let tree = git.run(&["write-tree"])?;
    git.check_tree(&base, &tree, &staged)?;
    let message = message(ready);
    let commit = git.feed(&["commit-tree", &tree, "-p", &base, "-F", "-"], message.as_bytes())?;
    let before = tip.unwrap_or_else(|| "0".repeat(commit.len()));
    let note = format!("wp-codebox: {}", ready.approved.bundle.id);
    git.run(&["update-ref", "--no-deref", "-m", &note, &reference, &commit, &before])?;
    Ok(Done { commit: Some(commit), branch: Some(branch) })
}

/// Empty, or a directory of the repository with a slash.
fn prefix(target: &TargetConfig) -> Result<String, ApplyError> {
    match target.prefix.as_deref().map(|prefix| prefix.trim_matches('/')) {
        None | Some("") => Ok(String::new()),
        Some(prefix) => match check_path(prefix.as_bytes()) {
            Ok(()) => Ok(format!("{prefix}/")),
            Err(_) => Err(ApplyError::Target(format!("{prefix:?} is no directory of a repository"))),
        },
    }
}

/// What the commit says: which artifact, who is said to have approved, who has applied, and the digests.
fn message(ready: &Ready) -> String {
    let approved = &ready.approved;
    let summary = approved.bundle.review.as_ref().and_then(|review| review["summary"].as_str());
    let files = match approved.files.len() {
        1 => "1 approved file".to_owned(),
        n => format!("{n} approved files"),
    };
    format!(
        "Apply {files} of a sandbox\n\n{}\n\nArtifact: {}\nContent-Digest: sha256:{}\n\
         Patch-Digest: sha256:{}\nApproved-by: {}\nApplied-by: {}\n",
        shown(summary.unwrap_or_default(), 500),
        approved.bundle.id,
        approved.bundle.content_digest,
        approved.patch_sha256,
        person(&ready.approver),
        person(&ready.principal),
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
    /// Nothing is at the path. A file, a symlink or a submodule where a directory would have to be is
    /// not nothing.
    fn beneath_a_file(&self, path: &str) -> io::Result<Node> {
        for (slash, _) in path.match_indices('/') {
            let named = ["ls-tree", "-z", "--full-tree", self.id, "--", &path[..slash]];
            let listed = self.git.output(&named, None, MAX_ANSWER)?;
            if listed.is_empty() {
                break;
            }
            if !listed.starts_with(b"040000 ") {
                return Ok(Node::Other("beneath a file, a symlink or a submodule"));
            }
        }
        Ok(Node::Nothing)
    }
}

impl Git {
    /// Objects of the changes into our index. Names have ids of `length` digits here.
    fn stage<'c>(
        &self,
        changes: &'c [Change],
        prefix: &str,
        length: usize,
    ) -> Result<Vec<Staged<'c>>, ApplyError> {
        let mut staged = Vec::new();
        // What goes makes room: a file for a directory of its name, and the other way round.
        let (gone, others): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.new.is_none());
        for change in gone.into_iter().chain(others) {
            let new = match &change.new {
                None => None,
                Some(New { mode, bytes, .. }) => {
                    Some((*mode, self.feed(&["hash-object", "-w", "--no-filters", "--stdin"], bytes)?))
                }
            };
            staged.push(Staged { path: format!("{prefix}{}", change.path), new, change });
        }
        let nothing = "0".repeat(length);
        let mut lines = Vec::new();
        for Staged { path, new, .. } in &staged {
            let (mode, id) = match new {
                None => ("0", &nothing),
                Some((mode, id)) => (mode.as_str(), id),
            };
            lines.extend(format!("{mode} {id}\t{path}\0").bytes());
        }
        self.feed(&["update-index", "-z", "--index-info"], &lines)?;
        Ok(staged)
    }

    /// A branch that stands for another one would move that.
    fn refuse_alias(&self, reference: &str) -> Result<(), ApplyError> {
        match self.run(&["symbolic-ref", "--quiet", reference]) {
            Err(_) => Ok(()),
            Ok(other) => Err(ApplyError::Target(format!("{reference} stands for {other}; name that"))),
        }
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
}
