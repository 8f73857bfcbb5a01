//! What the checks share: where the recipe lies, what has been found, which places are taken.

use super::super::bare::pack;
use super::super::issue::Issue;
use super::super::mounts::refuse_reserved;
use super::super::source::{Source, Wanted, absolute, find};
use super::super::surroundings::Surroundings;
use super::steps::ArgumentFiles;
use crate::contract::{json_fits, shown};
use crate::host::Settings;
use crate::sandbox::{MountKind, THEMES, sandbox_path};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Cap on an author's notes, bytes of their JSON.
const NOTES_BYTES: usize = 64 << 10;

pub(super) struct Context<'a> {
    pub around: Surroundings<'a>,
    pub settings: &'a Settings,
    pub files: ArgumentFiles,
    issues: Vec<Issue>,
    /// Each sandbox path that something is mounted at, with the field that said so.
    targets: BTreeMap<String, Target>,
    /// Real host paths of directories that are mounted.
    pub mounted: Vec<PathBuf>,
}

struct Target {
    field: String,
    is_file: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(around: Surroundings<'a>) -> Context<'a> {
        let settings = around.settings;
        Context {
            around,
            settings,
            files: ArgumentFiles::default(),
            issues: Vec::new(),
            targets: BTreeMap::new(),
            mounted: Vec::new(),
        }
    }

    pub(super) fn base(&self) -> Option<&'a Path> {
        self.around.base
    }

    pub(super) fn finish(self) -> Vec<Issue> {
        self.issues
    }

    pub(super) fn issue(
        &mut self,
        code: impl Into<Cow<'static, str>>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.issues.push(Issue::new(code, path, message));
    }

    pub(super) fn add(&mut self, issue: Issue) {
        self.issues.push(issue);
    }

    /// The absolute host path that `path` means, whether or not something is there.
    pub(super) fn host_path(&mut self, field: &str, path: &str) -> Option<PathBuf> {
        let absolute = absolute(self.base(), path).map_err(|issue| Issue { path: field.to_owned(), ..issue });
        absolute.map(PathBuf::from).map_err(|issue| self.add(issue)).ok()
    }

    /// What `path` leads to on the host. `None`: an issue was found.
    pub(super) fn source(&mut self, field: &str, path: &str, wanted: Wanted) -> Option<Source> {
        let found = find(self.base(), self.settings, field, path, wanted);
        found.map_err(|issue| self.add(issue)).ok()
    }

    /// A place inside at which something is mounted: absolute, normalised, free, and not the
    /// sandbox's own.
    pub(super) fn target(&mut self, field: &str, target: &str, is_file: bool) {
        if !self.inside(field, target) {
            return;
        }
        let kind = if is_file { MountKind::File } else { MountKind::Directory };
        if let Err(refusal) = refuse_reserved(field, target, kind) {
            let why =
                refusal.message.strip_prefix(&format!("{field}: ")).unwrap_or(&refusal.message).to_owned();
            self.issue("invalid-sandbox-path", field, why);
            return;
        }
        if self.is_in_a_theme_s_way(target, is_file) {
            self.issue("invalid-sandbox-path", field, "a theme of the runtime pack is in the way");
            return;
        }
        self.own_target(field, target, is_file);
    }

    /// Whether a theme that is there already has a file where a directory would have to be, or a
    /// directory where a file would. Without a pack nothing can be said.
    fn is_in_a_theme_s_way(&self, target: &str, is_file: bool) -> bool {
        let within = target.strip_prefix(THEMES).and_then(|rest| rest.strip_prefix('/'));
        let (Some(within), Ok(pack)) = (within, pack(self.settings)) else { return false };
        let there = pack.wordpress().join("wp-content/themes").join(within);
        let mut above = there.ancestors().skip(1).take(within.split('/').count());
        above.any(Path::is_file) || if is_file { there.is_dir() } else { there.is_file() }
    }

    /// The same for a place of the sandbox's own choosing.
    pub(super) fn own_target(&mut self, field: &str, target: &str, is_file: bool) {
        let beneath_file = self.targets.iter().find(|(other, found)| {
            found.is_file && target.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('/'))
        });
        let above = format!("{target}/");
        let above_other = self.targets.keys().find(|other| is_file && other.starts_with(&above));
        if let Some(other) = above_other {
            let message = format!(
                "{} mounts something at {other}; a file has nothing beneath it",
                self.targets[other].field
            );
            self.issue("invalid-sandbox-path", field, message);
        } else if let Some((other, found)) = beneath_file {
            let message = format!("{} mounts a file at {other}; nothing can lie beneath it", found.field);
            self.issue("invalid-sandbox-path", field, message);
        } else if let Some(taken) = self.targets.get(target) {
            let message = format!("{} mounts something at {target} already", taken.field);
            self.issue("duplicate-target", field, message);
        } else {
            self.targets.insert(target.to_owned(), Target { field: field.to_owned(), is_file });
        }
    }

    /// A normalised sandbox path.
    pub(super) fn inside(&mut self, field: &str, path: &str) -> bool {
        let why = match sandbox_path(path) {
            Ok(normal) if normal == path => return true,
            Ok(normal) => format!("write it as {}", shown(&normal, 200)),
            Err(why) => why.to_owned(),
        };
        self.issue("invalid-sandbox-path", field, why);
        false
    }

    /// An author's notes.
    pub(super) fn notes(&mut self, field: &str, notes: &Map<String, Value>) {
        self.sized("invalid-metadata", field, notes, NOTES_BYTES);
    }

    /// Whether the value's JSON is no larger than `max` bytes.
    pub(super) fn sized(
        &mut self,
        code: &'static str,
        field: &str,
        value: &impl Serialize,
        max: usize,
    ) -> bool {
        let fits = json_fits(value, max);
        if !fits {
            self.issue(code, field, format!("at most {} KiB of JSON", max >> 10));
        }
        fits
    }
}
