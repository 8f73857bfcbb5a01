//! Path resolution, in the guest's namespace alone.
//!
//! Every segment is looked up in the upper layer first; where that knows nothing the rest of the
//! path is asked of the lower layer in one call if it can be. Symbolic links, the host's as well as
//! the guest's, are interpreted here: an absolute target starts at the guest's root, and `..` of
//! the root is the root.

use super::super::lower::join;
use super::super::{NAME_MAX, PATH_MAX, SYMLINKS_MAX};
use super::{Body, Entry, Errno, LowerPlace, MountId, NodeId, Overlay, Place, VfsResult};
use std::borrow::Cow;

/// Which symbolic links a walk may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    Any,
    /// Only those of the lower layers: a link that the guest made is `ELOOP`. For what the host
    /// writes itself.
    LowerOnly,
}

/// A path resolved up to its last segment.
pub struct Last {
    /// The directory that the last segment is looked up in; the place itself if there is no name.
    pub dir: Place,
    pub kind: LastKind,
    /// Whether the path ended in a slash.
    pub slash: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastKind {
    Name(Vec<u8>),
    Root,
    Dot,
    DotDot,
}

impl Overlay {
    /// What is at `path`. `follow`: what a symbolic link in the last place points to.
    pub fn resolve(&self, start: &Place, path: &[u8], follow: bool) -> VfsResult<Place> {
        check_path(path)?;
        if let Some(answer) = self.resolve_direct(start, path, follow) {
            return answer;
        }
        self.resolve_slowly(start, path, follow, Links::Any)
    }

    /// [`resolve`](Self::resolve) segment by segment.
    pub fn resolve_slowly(&self, start: &Place, path: &[u8], follow: bool, links: Links) -> VfsResult<Place> {
        let mut followed = 0;
        let mut start = start.clone();
        let mut path = Cow::Borrowed(path);
        loop {
            let last = self.walk_to_last(&start, &path, links, &mut followed)?;
            let LastKind::Name(name) = &last.kind else { return Ok(last.dir) };
            let found = self.child(&last.dir, name)?;
            if self.is_symlink(&found)? && (follow || last.slash) {
                path = Cow::Owned(self.follow(&found, links, &mut followed, last.slash.then_some(b""))?);
                start = last.dir;
                continue;
            }
            if last.slash && !self.is_dir(&found)? {
                return Err(Errno::ENOTDIR);
            }
            return Ok(found);
        }
    }

    /// Resolves all but the last segment. `followed` counts links over several calls.
    pub fn walk_to_last(
        &self,
        start: &Place,
        path: &[u8],
        links: Links,
        followed: &mut u32,
    ) -> VfsResult<Last> {
        check_path(path)?;
        let mut rest = Cow::Borrowed(path);
        let mut at = 0;
        let mut cur = if path[0] == b'/' { self.root_place() } else { start.clone() };
        if !self.is_dir(&cur)? {
            return Err(Errno::ENOTDIR);
        }
        loop {
            let (segment, next) = next_segment(&rest, at);
            if segment.is_empty() {
                return Ok(Last { dir: cur, kind: LastKind::Root, slash: true });
            }
            let is_last = next == rest.len();
            if is_last {
                let slash = rest.ends_with(b"/");
                return match segment {
                    b"." => Ok(Last { dir: cur, kind: LastKind::Dot, slash }),
                    b".." => Ok(Last { dir: self.parent(&cur)?, kind: LastKind::DotDot, slash }),
                    name => {
                        check_name(name)?;
                        Ok(Last { kind: LastKind::Name(name.to_vec()), dir: cur, slash })
                    }
                };
            }
            if segment == b"." {
                at = next;
                continue;
            }
            if segment == b".." {
                cur = self.parent(&cur)?;
                at = next;
                continue;
            }
            if let Some((dir, end)) = self.step_over_lower(&cur, &rest, at)? {
                cur = dir;
                at = end;
                continue;
            }
            check_name(segment)?;
            let found = self.child(&cur, segment)?;
            if self.is_symlink(&found)? {
                let target = self.follow(&found, links, followed, Some(&rest[next..]))?;
                if target.starts_with(b"/") {
                    cur = self.root_place();
                }
                rest = Cow::Owned(target);
                at = 0;
            } else if self.is_dir(&found)? {
                cur = found;
                at = next;
            } else {
                return Err(Errno::ENOTDIR);
            }
        }
    }

    /// One name in a directory.
    pub fn child(&self, dir: &Place, name: &[u8]) -> VfsResult<Place> {
        let (anchor, mount, lower) = match dir {
            Place::Lower(lower) => (lower.anchor, lower.mount, &lower.path[..]),
            Place::Node(id) => {
                let node = self.node(*id)?;
                let dir = node.dir().ok_or(Errno::ENOTDIR)?;
                match (dir.entries.get(name), &dir.lower) {
                    (Some(Entry::Node(child)), _) => return Ok(Place::Node(*child)),
                    (None, Some(lower)) => (*id, node.mount, &lower[..]),
                    _ => return Err(Errno::ENOENT),
                }
            }
        };
        self.lower_place(anchor, mount, join(lower, name))
    }

    /// The directory above. The root is its own.
    pub fn parent(&self, place: &Place) -> VfsResult<Place> {
        match place {
            Place::Node(id) => Ok(Place::Node(self.node(*id)?.parent)),
            Place::Lower(lower) => {
                let above = lower.path.iter().rposition(|b| *b == b'/').unwrap_or(0);
                let anchor = self.node(lower.anchor)?.dir().and_then(|d| d.lower.as_ref());
                if anchor.is_some_and(|a| a.len() >= above) {
                    return Ok(Place::Node(lower.anchor));
                }
                self.lower_place(lower.anchor, lower.mount, lower.path[..above].to_vec())
            }
        }
    }

    /// The target of a symbolic link.
    pub fn readlink(&self, place: &Place) -> VfsResult<Vec<u8>> {
        match place {
            Place::Node(id) => match &self.node(*id)?.body {
                Body::Symlink(target) => Ok(target.to_vec()),
                _ => Err(Errno::EINVAL),
            },
            Place::Lower(_) if !self.is_symlink(place)? => Err(Errno::EINVAL),
            Place::Lower(lower) => self.mounts[lower.mount].tree.readlink(&lower.path),
        }
    }

    /// The absolute path of a directory. `ENOENT`: it was removed.
    pub fn path_of(&self, mut id: NodeId) -> VfsResult<Vec<u8>> {
        let mut names = Vec::new();
        while id != super::ROOT {
            let node = self.node(id)?;
            if node.nlink == 0 {
                return Err(Errno::ENOENT);
            }
            names.push(node.name.clone());
            id = node.parent;
        }
        let mut path = Vec::new();
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        if path.is_empty() {
            path.push(b'/');
        }
        Ok(path)
    }

    /// The common case: no `..`, no link on the way. `None`: it takes the long way to say.
    fn resolve_direct(&self, start: &Place, path: &[u8], follow: bool) -> Option<VfsResult<Place>> {
        let mut id = match start {
            _ if path[0] == b'/' => super::ROOT,
            Place::Node(id) => *id,
            Place::Lower(_) => return None,
        };
        let mut at = 0;
        loop {
            let node = self.nodes.get(&id)?;
            let (segment, next) = next_segment(path, at);
            match segment {
                b"" => {
                    return (node.is_dir() || !path.ends_with(b"/")).then_some(Ok(Place::Node(id)));
                }
                b"." => {
                    // "file/." is an error that the long way words.
                    node.dir()?;
                    at = next;
                    continue;
                }
                b".." => return None,
                _ => {}
            }
            let dir = node.dir()?;
            match (dir.entries.get(segment), &dir.lower) {
                (Some(Entry::Node(child)), _) => {
                    let node = self.nodes.get(child)?;
                    if matches!(node.body, Body::Symlink(_))
                        && (follow || next < path.len() || path.ends_with(b"/"))
                    {
                        return None;
                    }
                    id = *child;
                    at = next;
                }
                (None, Some(lower)) => {
                    let rest = &path[at..];
                    if rest.ends_with(b"/") {
                        return None;
                    }
                    let joined = normal_join(lower, rest)?;
                    let place = match self.lower_place(id, node.mount, joined) {
                        Ok(place) => place,
                        Err(Errno::ENOENT) => return Some(Err(Errno::ENOENT)),
                        Err(_) => return None,
                    };
                    let link = self.is_symlink(&place).ok()?;
                    return if link && follow { None } else { Some(Ok(place)) };
                }
                _ => return None,
            }
        }
    }

    /// From `cur`, jumps over as many segments as are plain directories of the lower layer, with
    /// one lookup. `None`: take a single step.
    fn step_over_lower(&self, cur: &Place, path: &[u8], at: usize) -> VfsResult<Option<(Place, usize)>> {
        let (anchor, mount, lower) = match cur {
            Place::Lower(lower) => (lower.anchor, lower.mount, &lower.path[..]),
            Place::Node(id) => {
                let node = self.node(*id)?;
                let Some(dir) = node.dir() else { return Ok(None) };
                match (dir.entries.get(next_segment(path, at).0), &dir.lower) {
                    (None, Some(lower)) => (*id, node.mount, &lower[..]),
                    _ => return Ok(None),
                }
            }
        };
        let mut joined = lower.to_vec();
        let (mut end, mut steps) = (at, 0);
        loop {
            let (segment, next) = next_segment(path, end);
            if next == path.len()
                || segment.is_empty()
                || segment == b"."
                || segment == b".."
                || segment.len() > NAME_MAX
            {
                break;
            }
            if !joined.is_empty() {
                joined.push(b'/');
            }
            joined.extend_from_slice(segment);
            end = next;
            steps += 1;
        }
        if steps < 2 {
            return Ok(None);
        }
        match self.lower_place(anchor, mount, joined) {
            Ok(place) if self.is_dir(&place)? => Ok(Some((place, end))),
            Ok(_) | Err(Errno::ELOOP | Errno::ENAMETOOLONG) => Ok(None),
            Err(e) => Err(e),
        }
    }

    pub(super) fn lower_place(&self, anchor: NodeId, mount: MountId, path: Vec<u8>) -> VfsResult<Place> {
        let stat = self.mounts[mount].tree.stat(&path)?;
        Ok(Place::Lower(LowerPlace { anchor, mount, path, stat }))
    }

    /// The path to go on with after a link: its target, and what followed it (after a slash).
    fn follow(
        &self,
        link: &Place,
        links: Links,
        followed: &mut u32,
        rest: Option<&[u8]>,
    ) -> VfsResult<Vec<u8>> {
        *followed += 1;
        if *followed > SYMLINKS_MAX || (links == Links::LowerOnly && matches!(link, Place::Node(_))) {
            return Err(Errno::ELOOP);
        }
        let mut target = self.readlink(link)?;
        if target.is_empty() {
            return Err(Errno::ENOENT);
        }
        if let Some(rest) = rest {
            target.push(b'/');
            target.extend_from_slice(rest);
        }
        Ok(target)
    }
}

/// The segment at `at` (slashes skipped) and the index where the one after it begins.
fn next_segment(path: &[u8], at: usize) -> (&[u8], usize) {
    let start = skip_slashes(path, at);
    let end = path[start..].iter().position(|b| *b == b'/').map_or(path.len(), |n| start + n);
    (&path[start..end], skip_slashes(path, end))
}

fn skip_slashes(path: &[u8], at: usize) -> usize {
    path[at..].iter().position(|b| *b != b'/').map_or(path.len(), |n| at + n)
}

/// `lower/rest` if `rest` is plain names, none too long.
fn normal_join(lower: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::with_capacity(lower.len() + 1 + rest.len());
    joined.extend_from_slice(lower);
    for segment in rest.split(|b| *b == b'/') {
        if segment.is_empty() || segment == b"." {
            continue;
        }
        if segment == b".." || segment.len() > NAME_MAX {
            return None;
        }
        if !joined.is_empty() {
            joined.push(b'/');
        }
        joined.extend_from_slice(segment);
    }
    // "dir/." must be a directory: the long way knows.
    (!rest.ends_with(b"/.") && rest != b".").then_some(joined)
}

pub(super) fn check_path(path: &[u8]) -> VfsResult<()> {
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    if path.len() >= PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    if path.contains(&0) {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

fn check_name(name: &[u8]) -> VfsResult<()> {
    if name.len() > NAME_MAX { Err(Errno::ENAMETOOLONG) } else { Ok(()) }
}
