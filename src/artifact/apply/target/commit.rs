//! Writing planned changes into a directory: all of them or none.
//!
//! New files are written beside the others and put on the disk; then a journal; then name after name
//! is changed, each in one step. What an error or a crash leaves half-way is undone.

use super::journal::{self, DIRECTORY, Journal, Step, new_name, old_name, parent};
use super::plan::Change;
use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::tree::{Node, Tree, digest_matches};
use crate::artifact::confined::Dir;
use crate::artifact::patch::GitMode;
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, fchown};

/// Why a step was not taken.
enum Halt {
    /// The file is not the one that was planned for.
    Stale(String),
    Io {
        path: String,
        why: io::Error,
    },
}

/// Carries the changes out. The target must be locked and recovered.
pub fn commit(tree: &Tree, changes: &[Change]) -> Result<(), ApplyError> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |why| ApplyError::Write { what, why }
    };
    tree.dir.create_dir(DIRECTORY).map_err(failed("the target cannot be written"))?;
    let ours = tree.dir.open_dir(DIRECTORY).map_err(failed("the target cannot be written"))?;
    let prepared = prepare(tree, &ours, changes);
    let journal = match prepared {
        Ok(journal) => journal,
        Err(why) => {
            let _ = journal::remove(tree);
            return Err(failed("the new files cannot be written")(why));
        }
    };
    let taken = take(tree, &ours, changes, &journal)
        .and_then(|()| Journal::finish(&ours).map_err(|why| Halt::Io { path: DIRECTORY.into(), why }));
    if let Err(halt) = taken {
        // If this fails, the journal stays and whoever applies next undoes it.
        journal.roll_back(tree, &ours).map_err(failed("what was begun cannot be undone"))?;
        journal::remove(tree).map_err(failed("our own files cannot be removed"))?;
        return Err(match halt {
            Halt::Stale(path) => ApplyError::Stale(vec![path]),
            Halt::Io { path, why } => ApplyError::Write { what: path, why },
        });
    }
    // The files are in their places; what stays of our own goes with the next apply.
    let _ = tree.dir.sync_file_system();
    let _ = journal::remove(tree);
    Ok(())
}

/// New files, and the journal, on the disk.
fn prepare(tree: &Tree, ours: &Dir, changes: &[Change]) -> io::Result<Journal> {
    let mut journal = Journal::default();
    let mut missing = Missing::default();
    let going: HashSet<&str> =
        changes.iter().filter(|change| change.new.is_none()).map(|change| change.path.as_str()).collect();
    for (i, change) in changes.iter().enumerate() {
        if let Some(new) = &change.new {
            let mut file = ours.create_file(&new_name(i))?;
            file.write_all(&new.bytes)?;
            let bits = match (&change.old, new.mode) {
                (Some(old), GitMode::Executable) => old.permissions | (old.permissions & 0o444) >> 2,
                (Some(old), _) => old.permissions & !0o111,
                (None, GitMode::Executable) => 0o755,
                (None, _) => 0o644,
            };
            // Root keeps the owner; nobody else has to.
            if let Some((user, group)) = owner(tree, &change.path) {
                let _ = fchown(&file, Some(user), Some(group));
            }
            file.set_permissions(Permissions::from_mode(bits & 0o777))?;
        }
        if change.old.is_none() {
            missing_directories(tree, &change.path, &going, &mut missing)?;
        }
        journal.steps.push(Step {
            path: change.path.clone(),
            before: change.old.as_ref().map(|old| old.sha256.clone()),
            after: change.new.as_ref().map(|new| new.sha256.clone()),
        });
    }
    journal.directories = missing.in_order;
    tree.dir.sync_file_system()?;
    journal.write(ours)?;
    Ok(journal)
}

/// Of the file, or of the nearest directory above it.
fn owner(tree: &Tree, path: &str) -> Option<(u32, u32)> {
    let mut at = path;
    loop {
        let found = parent(&tree.dir, at).and_then(|(dir, name)| dir.stat(name));
        if let Ok(Some(stat)) = found {
            return Some((stat.st_uid, stat.st_gid));
        }
        at = at.rsplit_once('/')?.0;
    }
}

/// Directories that are to be made, outer ones first.
#[derive(Default)]
struct Missing {
    in_order: Vec<String>,
    known: HashSet<String>,
}

/// Directories above a path that are to be made: they are not there, or a file has the name that goes.
fn missing_directories(
    tree: &Tree,
    path: &str,
    going: &HashSet<&str>,
    missing: &mut Missing,
) -> io::Result<()> {
    let mut outer_is_missing = false;
    for (slash, _) in path.match_indices('/') {
        let directory = &path[..slash];
        outer_is_missing = missing.known.contains(directory)
            || outer_is_missing
            || going.contains(directory)
            || match tree.dir.open_dir(directory) {
                Ok(_) => false,
                Err(why) if why.kind() == io::ErrorKind::NotFound => true,
                Err(why) => return Err(why),
            };
        if outer_is_missing && missing.known.insert(directory.to_owned()) {
            missing.in_order.push(directory.to_owned());
        }
    }
    Ok(())
}

fn take(tree: &Tree, ours: &Dir, changes: &[Change], journal: &Journal) -> Result<(), Halt> {
    // Deletions first: a file may make room for a directory of its name.
    let order = |i: &usize| changes[*i].new.is_some();
    let mut steps: Vec<usize> = (0..changes.len()).collect();
    steps.sort_by_key(order);
    let (deletions, others) = steps.split_at(steps.partition_point(|i| !order(i)));
    let io = |path: &str| {
        let path = path.to_owned();
        move |why| Halt::Io { path, why }
    };
    deletions.iter().try_for_each(|i| step(*i, &changes[*i], tree, ours))?;
    for directory in &journal.directories {
        let made = parent(&tree.dir, directory).and_then(|(dir, name)| dir.create_open_dir(name));
        made.map_err(io(directory))?;
    }
    others.iter().try_for_each(|i| step(*i, &changes[*i], tree, ours))
}

/// Changes one name, then looks whether what had it is what was planned for.
fn step(i: usize, change: &Change, tree: &Tree, ours: &Dir) -> Result<(), Halt> {
    let io = |why| Halt::Io { path: change.path.clone(), why };
    let stale = || Halt::Stale(change.approved.clone());
    let (dir, name) = parent(&tree.dir, &change.path).map_err(io)?;
    let (new, old) = (new_name(i), old_name(i));
    let removed = match (&change.old, &change.new) {
        (None, Some(_)) => {
            return match ours.rename_new(&new, &dir, name) {
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Err(stale()),
                result => result.map_err(io),
            };
        }
        (Some(_), None) => {
            dir.rename_into(name, ours, &old).map_err(io)?;
            old
        }
        (Some(was), Some(_)) => match ours.exchange_with(&new, &dir, name) {
            Ok(()) => new,
            Err(why) if is_unsupported(&why) => {
                // A copy first: the rename takes the old file's last name.
                let now = || tree.read(change.path.as_bytes()).map_err(io);
                let Node::File { bytes, permissions, .. } = now()? else { return Err(stale()) };
                let copied = ours.create_file(&old).and_then(|mut copy| {
                    copy.write_all(&bytes)?;
                    copy.set_permissions(Permissions::from_mode(permissions & 0o777))?;
                    copy.sync_all()
                });
                copied.map_err(io)?;
                if !digest_matches(&now()?, Some(&was.sha256)) {
                    let _ = ours.remove_file(old.as_str());
                    return Err(stale());
                }
                return ours.rename_into(&new, &dir, name).map_err(io);
            }
            Err(why) => return Err(io(why)),
        },
        (None, None) => return Ok(()),
    };
    // Between plan and now somebody may have written to it: then it goes back to its place.
    let here = ours.open_dir_c(c".").map_err(io)?;
    let taken = Tree { dir: here, path: tree.path.join(DIRECTORY) };
    let found = taken.read(removed.as_bytes()).map_err(io)?;
    match digest_matches(&found, change.old.as_ref().map(|old| old.sha256.as_str())) {
        true => Ok(()),
        false => {
            let back = match change.new {
                None => ours.rename_into(&removed, &dir, name),
                Some(_) => ours.exchange_with(&removed, &dir, name),
            };
            back.map_err(io)?;
            Err(stale())
        }
    }
}

/// Some file systems cannot exchange names.
fn is_unsupported(why: &io::Error) -> bool {
    matches!(Errno::from_io_error(why), Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP))
}
