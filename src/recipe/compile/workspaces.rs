//! `inputs.workspaces`: directories to work in, from a scaffold or a directory.

use super::super::document::{MountMode, SeedSource, SourceMode, Workspace, WorkspaceSeed};
use super::super::issue::{Issue, refuse};
use super::super::mounts::Mounts;
use super::super::source::{Wanted, find};
use super::super::validate::scaffold_target;
use super::Place;
use super::scratch::{Scratch, unwritable};
use crate::contract::Refusal;
use crate::sandbox::{HostMount, MountKind};
use serde_json::json;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files of a new plugin: their names, with the slug for `{slug}`, and their content.
const PLUGIN: [(&str, &str); 2] = [
    ("{slug}.php", include_str!("scaffold/plugin.php")),
    ("readme.txt", include_str!("scaffold/plugin-readme.txt")),
];

/// Files of a new theme.
const THEME: [(&str, &str); 4] = [
    ("style.css", include_str!("scaffold/style.css")),
    ("functions.php", include_str!("scaffold/functions.php")),
    ("theme.json", include_str!("scaffold/theme.json")),
    ("templates/index.html", include_str!("scaffold/index.html")),
];

/// What a copy of a directory may have.
const COPY_FILES: usize = 50_000;
const COPY_BYTES: u64 = 512 << 20;
const COPY_DEPTH: usize = 64;

pub(super) fn attach(place: Place<'_>, scratch: &mut Scratch, mounts: &mut Mounts) -> Result<(), Refusal> {
    for (index, workspace) in place.recipe.inputs.workspaces.iter().enumerate() {
        let seed = &workspace.seed;
        let at = format!("$.inputs.workspaces[{index}].seed");
        let source = match seed.kind {
            SeedSource::Directory => directory(place, seed, &at, scratch)?,
            SeedSource::PluginScaffold => scaffold(seed, &PLUGIN, scratch)?,
            SeedSource::ThemeScaffold => scaffold(seed, &THEME, scratch)?,
        };
        let writable = workspace.mode != Some(MountMode::Readonly);
        let metadata = json!({
            "kind": "recipe-workspace",
            "index": index,
            "seed": seed.kind,
            "sourceMode": workspace.source_mode.unwrap_or(SourceMode::RepoBacked),
        });
        let target = target(workspace);
        let kind = MountKind::Directory;
        mounts.attach(HostMount { source, target, kind, writable, capture: writable }, metadata);
    }
    Ok(())
}

pub(super) fn target(workspace: &Workspace) -> String {
    workspace.target.clone().or_else(|| scaffold_target(&workspace.seed)).unwrap_or_default()
}

fn directory(
    place: Place<'_>,
    seed: &WorkspaceSeed,
    at: &str,
    scratch: &mut Scratch,
) -> Result<PathBuf, Refusal> {
    let path = seed.source.as_deref().unwrap_or_default();
    let source = find(place.base, place.settings, &format!("{at}.source"), path, Wanted::Directory)
        .map_err(|issue| refuse(&[issue]))?;
    if seed.exclude_paths.is_empty() {
        return Ok(source.path);
    }
    let into = scratch.directory()?;
    let excluded = seed.exclude_paths.iter().map(|path| source.path.join(plain(path))).collect();
    let mut copy = Copy { excluded, files_left: COPY_FILES, bytes_left: COPY_BYTES };
    copy.directory(&source.path, &into, 0).map_err(|error| {
        refuse(&[Issue::new(
            "invalid-source",
            format!("{at}.source"),
            format!("it cannot be copied: {error}"),
        )])
    })?;
    Ok(into)
}

/// `./vendor`, `vendor/` and `vendor/**` are `vendor`.
fn plain(path: &str) -> &str {
    let path = path.strip_prefix("./").unwrap_or(path);
    path.strip_suffix("/**").unwrap_or(path).trim_end_matches('/')
}

/// A copy without what is excluded.
struct Copy {
    excluded: Vec<PathBuf>,
    files_left: usize,
    bytes_left: u64,
}

impl Copy {
    fn directory(&mut self, from: &Path, into: &Path, depth: usize) -> io::Result<()> {
        if depth > COPY_DEPTH {
            return Err(io::Error::other(format!("directories nest deeper than {COPY_DEPTH}")));
        }
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (from, into) = (entry.path(), into.join(entry.file_name()));
            if self.excluded.contains(&from) {
                continue;
            }
            let too_much = || {
                io::Error::other(format!("more than {COPY_FILES} files, or than {} MiB", COPY_BYTES >> 20))
            };
            self.files_left = self.files_left.checked_sub(1).ok_or_else(too_much)?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                fs::create_dir(&into)?;
                self.directory(&from, &into, depth + 1)?;
            } else if kind.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(&from)?, &into)?;
            } else if kind.is_file() {
                self.bytes_left =
                    self.bytes_left.checked_sub(entry.metadata()?.len()).ok_or_else(too_much)?;
                fs::copy(&from, &into)?;
            }
        }
        Ok(())
    }
}

fn scaffold(seed: &WorkspaceSeed, files: &[(&str, &str)], scratch: &mut Scratch) -> Result<PathBuf, Refusal> {
    let root = scratch.directory()?;
    let slug = seed.slug.as_deref().unwrap_or_default();
    let name = seed.name.clone().unwrap_or_else(|| titled(slug));
    // It stands in a comment of PHP's and of CSS's.
    let name = name.replace("*/", "").replace(['\r', '\n'], " ");
    let prefix = slug.replace('-', "_");
    for (path, text) in files {
        let path = root.join(path.replace("{slug}", slug));
        let text = text.replace("{slug}", slug).replace("{prefix}", &prefix).replace("{name}", &name);
        let parent = path.parent().unwrap_or(&root);
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(unwritable)?;
    }
    Ok(root)
}

/// `my-plugin` is `My Plugin`.
fn titled(slug: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    slug.split('-').map(word).collect::<Vec<_>>().join(" ")
}
