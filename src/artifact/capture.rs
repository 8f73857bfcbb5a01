//! From the overlay's changes to changed-files.json and patches.
//!
//! Contents are read one file at a time. Nothing that did not change is read.

use super::changed_files::{
    CHANGED_FILES_SCHEMA, ChangeStatus, ChangedFile, ChangedFiles, NodeKind, Omission,
};
use super::draft::CaptureLimits;
use super::patch::{
    self, Block, DiffBudget, GitMode, Rename, RenameCandidate, detect_renames, is_git_internal, is_gitmodules,
};
use super::path;
use super::redact::{Found, Redactor};
use crate::contract::{Change, ChangeSet, FileKind, FileState, digest_hex};
use std::collections::{BTreeSet, HashMap};
use std::io;

/// Where patches go. Each is valid UTF-8, block by block.
pub trait PatchSink {
    /// Appends to `files/patch.diff`.
    fn combined(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Appends to the patch of one mount; `found` was redacted in these bytes.
    fn mount(&mut self, mount_index: usize, bytes: &[u8], found: &Found) -> io::Result<()>;
    /// Takes the content of a regular file that the patch carries, secrets included.
    fn content(&mut self, _file: &ChangedFile, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the patches of all sets and describes every change.
///
/// In the combined patch paths are relative to the mount. If more than one mount changed, they are
/// led by the mount's target instead (`a/workspace/inc/x.php`), so that one path names one file;
/// each mount's own patch is relative either way.
///
/// Secrets are taken out block by block, and a file that had some is marked. A file that is not
/// text cannot be shown in part: one with a secret in it is left out of the patch. What was found
/// in the combined patch comes second.
pub fn capture(
    sets: &[ChangeSet],
    limits: &CaptureLimits,
    redactor: &Redactor,
    sink: &mut dyn PatchSink,
) -> io::Result<(ChangedFiles, Found)> {
    let mut result = ChangedFiles {
        schema: CHANGED_FILES_SCHEMA.into(),
        files: Vec::new(),
        unlisted: 0,
        excluded: 0,
        evidence: None,
        conclusions: None,
    };
    result.unlisted = sets.iter().map(|set| set.omitted as usize).sum();
    let real: Vec<(&ChangeSet, Vec<&Change>)> = sets
        .iter()
        .map(|set| (set, set.changes.iter().filter(|c| c.before.is_some() || c.after.is_some()).collect()))
        .filter(|(_, changes): &(_, Vec<_>)| !changes.is_empty())
        .collect();
    let several = real.len() > 1;
    let mut state = State {
        limits,
        budget: DiffBudget::default(),
        written: 0,
        several,
        redactor,
        found: Found::default(),
    };
    for (set, changes) in real {
        state.mount(set, &changes, &mut result, sink)?;
    }
    Ok((result, state.found))
}

struct State<'a> {
    limits: &'a CaptureLimits,
    budget: DiffBudget,
    written: u64,
    several: bool,
    redactor: &'a Redactor,
    found: Found,
}

/// One side of a change, read.
struct Content {
    mode: GitMode,
    bytes: Vec<u8>,
}

impl State<'_> {
    fn mount(
        &mut self,
        set: &ChangeSet,
        changes: &[&Change],
        result: &mut ChangedFiles,
        sink: &mut dyn PatchSink,
    ) -> io::Result<()> {
        let names = Names::new(set, self.several);
        let implied = directories_above(changes.iter());
        let renames = self.renames(changes);
        let renamed_away: BTreeSet<usize> = renames.values().map(|r| r.from).collect();

        for (i, change) in changes.iter().enumerate() {
            if renamed_away.contains(&i) || self.is_noise(change, &implied) {
                continue;
            }
            if result.files.len() >= self.limits.max_changed_files {
                result.unlisted += 1;
                continue;
            }
            let rename = renames.get(&i).map(|r| (changes[r.from], r.similarity));
            if let Some(file) = self.file(&names, change, rename, sink)? {
                result.files.push(file);
            }
        }
        Ok(())
    }

    /// A directory whose coming or going follows from the files in it.
    fn is_noise(&self, change: &Change, implied: &BTreeSet<&[u8]>) -> bool {
        let directory = |s: &Option<FileState>| s.as_ref().is_none_or(|s| s.kind == FileKind::Directory);
        let came_or_went = change.before.is_none() || change.after.is_none();
        directory(&change.before)
            && directory(&change.after)
            && came_or_went
            && implied.contains(change.path.as_slice())
    }

    /// By the index of the added file.
    fn renames(&self, changes: &[&Change]) -> HashMap<usize, Rename> {
        // A file whose name is a directory afterwards is not moved but replaced.
        let directories = directories_above(changes.iter().filter(|c| c.after.is_some()));
        let candidate = |i: usize, state: &FileState| {
            let eligible = state.kind == FileKind::Regular
                && state.size > 0
                && state.size <= self.limits.max_file_bytes
                && !is_git_internal(&changes[i].path)
                && !directories.contains(changes[i].path.as_slice());
            eligible
                .then(|| state.content.bytes().ok())
                .flatten()
                .map(|bytes| RenameCandidate::new(i, &bytes, state.mode & 0o100 != 0))
        };
        let of = |pick: fn(&Change) -> Option<&FileState>| -> Vec<(usize, &FileState)> {
            changes.iter().enumerate().filter_map(|(i, c)| Some((i, pick(c)?))).collect()
        };
        let deleted = of(|c| c.before.as_ref().filter(|_| c.after.is_none()));
        let added = of(|c| c.after.as_ref().filter(|_| c.before.is_none()));
        if deleted.is_empty() || added.is_empty() {
            return HashMap::new();
        }
        let read = |side: Vec<(usize, &FileState)>| {
            side.into_iter().filter_map(|(i, s)| candidate(i, s)).collect::<Vec<_>>()
        };
        detect_renames(read(deleted), read(added)).into_iter().map(|r| (r.to, r)).collect()
    }

    /// Describes one change and writes its blocks; `None` if nothing differs after all.
    fn file(
        &mut self,
        names: &Names<'_>,
        change: &Change,
        rename: Option<(&Change, u8)>,
        sink: &mut dyn PatchSink,
    ) -> io::Result<Option<ChangedFile>> {
        let before = rename.map_or(&change.before, |(from, _)| &from.before);
        let after = &change.after;
        let mut file = names.describe(change, rename.map(|(from, _)| from), before, after);
        let named = [Some(&file.path), file.renamed_from.as_ref()];
        file.redacted = named.into_iter().flatten().any(|path| self.redactor.holds(path.as_bytes()));

        let sides = (self.read(before), self.read(after));
        let (old, new) = match sides {
            (Ok(old), Ok(new)) => (old, new),
            (Err(why), _) | (_, Err(why)) => {
                file.omit(why);
                return Ok(Some(file));
            }
        };
        file.before_sha256 = old.as_ref().map(|c| digest_hex([c.bytes.as_slice()]));
        file.after_sha256 = new.as_ref().map(|c| digest_hex([c.bytes.as_slice()]));
        file.binary = [&old, &new].into_iter().flatten().any(|c| !patch::is_text(&c.bytes));

        let from = rename.map_or(change.path.as_slice(), |(from, _)| &from.path);
        let from = names.relative(from);
        let to = names.relative(&change.path);
        let gitmodules = [&old, &new].into_iter().flatten().any(|c| c.mode.is_symlink()) && is_gitmodules(to);
        if is_git_internal(to) || gitmodules {
            file.omit(Omission::GitInternal);
            return Ok(Some(file));
        }
        if file.binary && [&old, &new].into_iter().flatten().any(|c| self.redactor.holds_packed(&c.bytes)) {
            file.redacted = true;
            file.omit(Omission::Secret);
            return Ok(Some(file));
        }
        // Half a name is none: what is left of it could be another file's.
        if file.redacted {
            file.omit(Omission::Secret);
            return Ok(Some(file));
        }
        let same_content = file.before_sha256 == file.after_sha256;
        let similarity = rename.map(|(_, percent)| percent);
        let blocks = match (&old, &new) {
            (None, None) => {
                if file.before_mode == file.after_mode {
                    return Ok(None);
                }
                file.omit(Omission::Directory);
                return Ok(Some(file));
            }
            (Some(old), Some(new)) if rename.is_none() && same_content && old.mode == new.mode => {
                if file.before_mode == file.after_mode {
                    return Ok(None);
                }
                file.omit(Omission::PermissionsOnly);
                return Ok(Some(file));
            }
            (None, Some(new)) => vec![Block::added(to, new.mode, &new.bytes, &mut self.budget)],
            (Some(old), None) => vec![Block::deleted(to, old.mode, &old.bytes, &mut self.budget)],
            (Some(old), Some(new)) if old.mode.is_symlink() != new.mode.is_symlink() => vec![
                Block::deleted(to, old.mode, &old.bytes, &mut self.budget),
                Block::added(to, new.mode, &new.bytes, &mut self.budget),
            ],
            (Some(old), Some(new)) => vec![Block::changed(
                (from, to),
                (old.mode, new.mode),
                &old.bytes,
                &new.bytes,
                similarity,
                &mut self.budget,
            )],
        };

        if !file.binary {
            let lines = |text: &[u8]| text.split_inclusive(|b| *b == b'\n').count() as u64;
            let counts = blocks.iter().map(Block::line_counts).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            file.before_lines = old.as_ref().map(|c| lines(&c.bytes));
            file.replaced_lines = old.as_ref().map(|_| counts.0);
            file.added_lines = new.as_ref().map(|_| counts.1);
        }

        let mut combined = Vec::new();
        blocks.iter().for_each(|b| b.render(&names.prefix, &mut combined));
        if self.written + combined.len() as u64 > self.limits.max_patch_bytes {
            file.omit(Omission::PatchFull);
            return Ok(Some(file));
        }
        let size = combined.len() as u64;
        let mut found = Found::default();
        let combined = self.redactor.bytes(&combined, &mut found);
        file.redacted |= !found.is_empty();
        let patch_path = [names.prefix.as_bytes(), to].concat();
        if file.redacted && !is_still_of(&combined, &patch_path, blocks.len()) {
            file.omit(Omission::Secret);
            return Ok(Some(file));
        }
        self.written += size;
        self.found.absorb(&found);
        sink.combined(&combined)?;
        if names.prefix.is_empty() {
            sink.mount(names.set.mount_index, &combined, &found)?;
        } else {
            let mut own = Vec::new();
            blocks.iter().for_each(|b| b.render("", &mut own));
            let mut found = Found::default();
            let own = self.redactor.bytes(&own, &mut found);
            sink.mount(names.set.mount_index, &own, &found)?;
        }
        file.patch_path = Some(path::encode(&patch_path).into_owned());
        if let Some(new) = new.filter(|new| !new.mode.is_symlink()) {
            sink.content(&file, &new.bytes)?;
        }
        Ok(Some(file))
    }

    /// `Ok(None)` for what a patch sees nothing of: nothing at all, or a directory.
    fn read(&self, state: &Option<FileState>) -> Result<Option<Content>, Omission> {
        let Some(state) = state else { return Ok(None) };
        let Some(mode) = GitMode::of(state.kind, state.mode) else { return Ok(None) };
        if state.size > self.limits.max_file_bytes {
            return Err(Omission::FileTooLarge);
        }
        let bytes = state.content.bytes().map_err(|_| Omission::Unreadable)?;
        if bytes.len() as u64 > self.limits.max_file_bytes {
            return Err(Omission::FileTooLarge);
        }
        Ok(Some(Content { mode, bytes }))
    }
}

/// How the paths of one mount are spelled.
struct Names<'a> {
    set: &'a ChangeSet,
    /// The mount's target without a final `/`.
    target: &'a str,
    /// What leads every path in the combined patch.
    prefix: String,
    /// The relative name of a mount that is itself a file.
    own_name: &'a [u8],
}

impl<'a> Names<'a> {
    fn new(set: &'a ChangeSet, several: bool) -> Self {
        let target = set.mount_target.trim_end_matches('/');
        let own_name = target.rsplit('/').next().unwrap_or_default().as_bytes();
        let is_file = set.changes.iter().any(|c| c.path.is_empty());
        let lead = if is_file { &target[..target.len() - own_name.len()] } else { target };
        let prefix = match lead.trim_matches('/') {
            lead if several && !lead.is_empty() => format!("{lead}/"),
            _ => String::new(),
        };
        Names { set, target, prefix, own_name }
    }

    fn relative<'b>(&self, path: &'b [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        if path.is_empty() { self.own_name } else { path }
    }

    fn sandbox(&self, path: &[u8]) -> String {
        let mut full = self.target.as_bytes().to_vec();
        if !path.is_empty() {
            full.push(b'/');
            full.extend(path);
        }
        path::encode(&full).into_owned()
    }

    fn describe(
        &self,
        change: &Change,
        from: Option<&Change>,
        before: &Option<FileState>,
        after: &Option<FileState>,
    ) -> ChangedFile {
        let path = self.sandbox(&change.path);
        let renamed_from = from.map(|from| self.sandbox(&from.path));
        let raw = |c: &Change| path::decode(&self.sandbox(&c.path)) != self.sandbox(&c.path).as_bytes();
        let encoded = raw(change) || from.is_some_and(raw);
        let shown = after.as_ref().or(before.as_ref());
        ChangedFile {
            relative_path: path::encode(self.relative(&change.path)).into_owned(),
            patch_path: None,
            mount_index: self.set.mount_index,
            mount_target: self.set.mount_target.clone(),
            status: match (before, after, &renamed_from) {
                (_, _, Some(_)) => ChangeStatus::Renamed,
                (None, _, _) => ChangeStatus::Added,
                (_, None, _) => ChangeStatus::Deleted,
                _ => ChangeStatus::Modified,
            },
            renamed_from,
            kind: match shown.map(|s| s.kind) {
                Some(FileKind::Symlink) => NodeKind::Symlink,
                Some(FileKind::Directory) => NodeKind::Directory,
                _ => NodeKind::File,
            },
            before_sha256: None,
            after_sha256: None,
            before_mode: before.as_ref().map(mode_text),
            after_mode: after.as_ref().map(mode_text),
            size: shown.filter(|s| s.kind != FileKind::Directory).map_or(0, |s| s.size),
            before_lines: None,
            replaced_lines: None,
            added_lines: None,
            binary: false,
            redacted: false,
            truncated: false,
            omitted: None,
            path_encoding: encoded.then(|| "percent".to_owned()),
            path,
        }
    }
}

impl ChangedFile {
    fn omit(&mut self, why: Omission) {
        self.omitted = Some(why);
        self.truncated = why.is_truncation();
    }
}

/// Whether markers have left these blocks what they were: so many, and of this file.
fn is_still_of(patch: &[u8], path: &[u8], blocks: usize) -> bool {
    patch::parse(patch).is_ok_and(|all| all.len() == blocks && all.iter().all(|block| block.path() == path))
}

/// Every directory above a path that changed.
fn directories_above<'a>(changes: impl Iterator<Item = &'a &'a Change>) -> BTreeSet<&'a [u8]> {
    let mut implied = BTreeSet::new();
    for change in changes {
        let mut path = change.path.as_slice();
        while let Some(slash) = path.iter().rposition(|b| *b == b'/') {
            path = &path[..slash];
            if !implied.insert(path) {
                break;
            }
        }
    }
    implied
}

fn mode_text(state: &FileState) -> String {
    let kind = match state.kind {
        FileKind::Regular => 0o100_000,
        FileKind::Symlink => return "120000".into(),
        FileKind::Directory => 0o040_000,
    };
    format!("{:06o}", kind | state.mode & 0o7777)
}
