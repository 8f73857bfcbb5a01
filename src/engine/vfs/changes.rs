//! What differs between the base and now, beneath one mount.
//!
//! Both are trees of the same persistent kind over the same lower layers. A directory that lies
//! over the same lower directory on both sides can differ only in the names that the upper layers
//! know, so the cost follows those and not the size of the tree. Only where a side has no
//! counterpart (a directory came, went, or was renamed) is a lower directory listed.

use super::content::Content;
use super::flags::{S_IFLNK, S_IFMT, S_IFREG};
use super::lower::{LowerStat, join};
use super::overlay::{Body, Entry, LowerPlace, MountId, Name, NodeId, Overlay, Place};
use super::{Errno, Vfs, VfsResult};
use crate::contract::{Change, ChangeSet, FileContent, FileKind, FileState};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Changes of one mount that are told; the rest is counted.
const MAX_CHANGES: usize = 500_000;

/// Bytes of all paths that are told.
const MAX_PATH_BYTES: usize = 64 << 20;

impl Vfs {
    /// The paths beneath the mount at `mount_target` that differ from the base (see
    /// [`mark_base`](Self::mark_base)), sorted. Other mounts inside it are left out, as are FIFOs,
    /// sockets and devices. A file with the same bytes and mode as before is not a change, whatever
    /// was done to it. `mount_index` is passed on. `ENOENT`: no mount has that target.
    pub fn changes(&self, mount_target: &str, mount_index: usize) -> VfsResult<ChangeSet> {
        let mount = self.overlay.find_mount(mount_target).ok_or(Errno::ENOENT)?;
        let mut comparison =
            Comparison { mount, changes: Vec::new(), path_bytes: 0, omitted: 0, pending: Vec::new() };
        let root = |overlay| Some(Side::Node(overlay, Overlay::mounts(overlay)[mount].root));
        comparison.pending.push(Pair {
            path: Vec::new(),
            before: root(&self.base),
            after: root(&self.overlay),
        });
        while let Some(pair) = comparison.pending.pop() {
            comparison.compare(pair)?;
        }
        let mut changes = comparison.changes;
        changes.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(ChangeSet {
            mount_index,
            mount_target: mount_target.to_owned(),
            changes,
            omitted: comparison.omitted,
        })
    }
}

/// What is at a path on one side.
#[derive(Clone)]
enum Side<'a> {
    Node(&'a Overlay, NodeId),
    Lower(&'a Overlay, LowerPlace),
}

struct Pair<'a> {
    path: Vec<u8>,
    before: Option<Side<'a>>,
    after: Option<Side<'a>>,
}

struct Comparison<'a> {
    mount: MountId,
    changes: Vec<Change>,
    path_bytes: usize,
    omitted: u64,
    pending: Vec<Pair<'a>>,
}

impl<'a> Comparison<'a> {
    fn compare(&mut self, pair: Pair<'a>) -> VfsResult<()> {
        let (before, after) = (pair.before.as_ref(), pair.after.as_ref());
        if let (Some(before), Some(after)) = (before, after)
            && before.same(after)?
        {
            return Ok(());
        }
        let was_dir = before.map_or(Ok(false), Side::is_dir)?;
        let is_dir = after.map_or(Ok(false), Side::is_dir)?;
        if !(was_dir && is_dir) {
            self.tell(&pair)?;
        }
        if was_dir || is_dir {
            self.descend(pair, was_dir, is_dir)?;
        }
        Ok(())
    }

    fn tell(&mut self, pair: &Pair<'a>) -> VfsResult<()> {
        let state = |side: &Option<Side<'a>>| side.as_ref().map_or(Ok(None), |s| s.state());
        let (before, after) = (state(&pair.before)?, state(&pair.after)?);
        if before.is_none() && after.is_none() {
            return Ok(());
        }
        if equal(&pair.before, &pair.after)? {
            return Ok(());
        }
        self.path_bytes += pair.path.len();
        if self.changes.len() >= MAX_CHANGES || self.path_bytes > MAX_PATH_BYTES {
            self.omitted += 1;
            return Ok(());
        }
        self.changes.push(Change { path: pair.path.clone(), before, after });
        Ok(())
    }

    fn descend(&mut self, pair: Pair<'a>, was_dir: bool, is_dir: bool) -> VfsResult<()> {
        if self.omitted > 0 {
            // What lies beneath is not looked at any more, but that it is missing is told.
            self.omitted += 1;
            return Ok(());
        }
        let before = pair.before.filter(|_| was_dir);
        let after = pair.after.filter(|_| is_dir);
        let names = match (&before, &after) {
            (Some(before), Some(after)) if before.lower()? == after.lower()? => {
                let mut names = BTreeSet::new();
                before.upper_names(&mut names)?;
                after.upper_names(&mut names)?;
                names
            }
            _ => {
                let mut names = BTreeSet::new();
                for side in [&before, &after].into_iter().flatten() {
                    side.all_names(&mut names)?;
                }
                names
            }
        };
        for name in names {
            if self.is_mounted(&before, &name)? || self.is_mounted(&after, &name)? {
                continue;
            }
            let child_after = after.as_ref().map_or(Ok(None), |s| s.child(&name))?;
            let child_before = match (&before, &child_after) {
                // A pristine node stands for the lower object of that name, so there is no need to
                // ask for it.
                (Some(before), Some(Side::Node(overlay, id))) if before.knows_nothing_of(&name)? => {
                    match overlay.stand_in_for(*id)? {
                        Some(lower)
                            if before.lower()?.is_some_and(|(_, dir)| join(dir, &name) == lower.path) =>
                        {
                            Some(Side::Lower(overlay, lower))
                        }
                        _ => before.child(&name)?,
                    }
                }
                (Some(before), _) => before.child(&name)?,
                (None, _) => None,
            };
            self.pending.push(Pair {
                path: join(&pair.path, &name),
                before: child_before,
                after: child_after,
            });
        }
        Ok(())
    }

    /// Whether another mount hangs at that name.
    fn is_mounted(&self, dir: &Option<Side<'a>>, name: &[u8]) -> VfsResult<bool> {
        match dir {
            Some(Side::Node(overlay, id)) => {
                match overlay.node(*id)?.dir().and_then(|d| d.entries.get(name)) {
                    Some(Entry::Node(child)) => Ok(overlay.node(*child)?.mount != self.mount),
                    _ => Ok(false),
                }
            }
            _ => Ok(false),
        }
    }
}

impl<'a> Side<'a> {
    /// Whether both are the same object in the same state, with all that is beneath.
    fn same(&self, other: &Side<'a>) -> VfsResult<bool> {
        Ok(match (self, other) {
            (Side::Lower(_, a), Side::Lower(_, b)) => a.path == b.path,
            (Side::Node(a, i), Side::Node(b, j)) => {
                let (a, b) = (a.node(*i)?, b.node(*j)?);
                !a.is_dir() && std::ptr::eq(a, b)
            }
            // Unchanged in its own place; a directory may have changed beneath.
            (Side::Lower(_, a), Side::Node(overlay, id)) => {
                let node = overlay.node(*id)?;
                !node.is_dir() && overlay.stand_in_for(*id)?.is_some_and(|b| a.path == b.path)
            }
            (Side::Node(..), Side::Lower(..)) => false,
        })
    }

    fn mode(&self) -> VfsResult<u32> {
        match self {
            Side::Node(overlay, id) => Ok(overlay.node(*id)?.mode),
            Side::Lower(_, lower) => Ok(lower.stat.mode),
        }
    }

    fn is_dir(&self) -> VfsResult<bool> {
        Ok(self.mode()? & S_IFMT == super::flags::S_IFDIR)
    }

    /// The lower directory that shows through.
    fn lower(&self) -> VfsResult<Option<(MountId, &[u8])>> {
        Ok(match self {
            Side::Lower(_, lower) => Some((lower.mount, &lower.path)),
            Side::Node(overlay, id) => {
                let node = overlay.node(*id)?;
                node.dir().and_then(|d| d.lower.as_deref()).map(|path| (node.mount, path))
            }
        })
    }

    fn upper_names(&self, names: &mut BTreeSet<Name>) -> VfsResult<()> {
        if let Side::Node(overlay, id) = self
            && let Some(dir) = overlay.node(*id)?.dir()
        {
            names.extend(dir.entries.keys().cloned());
        }
        Ok(())
    }

    fn all_names(&self, names: &mut BTreeSet<Name>) -> VfsResult<()> {
        self.upper_names(names)?;
        if let Some((mount, path)) = self.lower()? {
            let (Side::Node(overlay, _) | Side::Lower(overlay, _)) = self;
            let listing = overlay.mounts()[mount].tree.list(path)?;
            names.extend(listing.iter().map(|e| Name::from(&*e.name)));
        }
        Ok(())
    }

    /// Whether the upper layer of this side says nothing about a name.
    fn knows_nothing_of(&self, name: &[u8]) -> VfsResult<bool> {
        match self {
            Side::Lower(..) => Ok(true),
            Side::Node(overlay, id) => {
                Ok(overlay.node(*id)?.dir().is_some_and(|d| !d.entries.contains_key(name)))
            }
        }
    }

    fn child(&self, name: &[u8]) -> VfsResult<Option<Side<'a>>> {
        let (overlay, found) = match self {
            Side::Node(overlay, id) => (*overlay, overlay.child(&Place::Node(*id), name)),
            Side::Lower(overlay, lower) => (*overlay, overlay.child(&Place::Lower(lower.clone()), name)),
        };
        match found {
            Ok(Place::Node(id)) => Ok(Some(Side::Node(overlay, id))),
            Ok(Place::Lower(lower)) => Ok(Some(Side::Lower(overlay, lower))),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The bytes of a regular file, or the target of a link.
    fn content(&self) -> VfsResult<Option<Content>> {
        Ok(match self {
            Side::Node(overlay, id) => match &overlay.node(*id)?.body {
                Body::File(content) => Some(content.clone()),
                Body::Symlink(target) => Some(Content::from_bytes(target)),
                Body::Dir(_) | Body::Device(_) => None,
            },
            Side::Lower(overlay, lower) => match lower.stat.mode & S_IFMT {
                S_IFREG => Some(Content::from_lower(Arc::new(overlay.lower_file(lower)))),
                S_IFLNK => {
                    Some(Content::from_bytes(&overlay.mounts()[lower.mount].tree.readlink(&lower.path)?))
                }
                _ => None,
            },
        })
    }

    /// `None` for what a change cannot describe.
    fn state(&self) -> VfsResult<Option<FileState>> {
        let mode = self.mode()?;
        let permissions = mode & 0o7777;
        if self.is_dir()? {
            let content = Arc::new(Vec::new());
            return Ok(Some(FileState { kind: FileKind::Directory, mode: permissions, size: 0, content }));
        }
        let Some(content) = self.content()? else { return Ok(None) };
        let kind = if mode & S_IFMT == S_IFLNK { FileKind::Symlink } else { FileKind::Regular };
        let size = content.len();
        Ok(Some(FileState { kind, mode: permissions, size, content: Arc::new(content) }))
    }
}

/// Whether two leaves cannot be told apart.
fn equal(before: &Option<Side<'_>>, after: &Option<Side<'_>>) -> VfsResult<bool> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(false) };
    if before.mode()? != after.mode()? {
        return Ok(false);
    }
    match (before.content()?, after.content()?) {
        (Some(a), Some(b)) => a.equal(&b),
        _ => Ok(false),
    }
}

impl FileContent for Content {
    fn bytes(&self) -> std::io::Result<Vec<u8>> {
        self.to_vec().map_err(std::io::Error::other)
    }
}

impl Overlay {
    /// The lower object that a pristine node stands for.
    fn stand_in_for(&self, id: NodeId) -> VfsResult<Option<LowerPlace>> {
        let node = self.node(id)?;
        if !node.pristine {
            return Ok(None);
        }
        let parent = self.node(node.parent)?;
        let Some(above) = parent.dir().and_then(|d| d.lower.as_ref()) else { return Ok(None) };
        let stat = LowerStat {
            mode: node.mode,
            size: node.size(),
            mtime: node.mtime,
            atime: node.atime,
            ctime: node.ctime,
            ino: node.ino,
        };
        Ok(Some(LowerPlace { anchor: node.parent, mount: node.mount, path: join(above, &node.name), stat }))
    }
}
