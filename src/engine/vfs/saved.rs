//! A filesystem as data, for images on disk: everything but handles of the host. What lies beneath
//! is saved by mount and path, and attached again when it is restored.
//!
//! Nodes and chunks that the base and the merged tree share are saved once. Nothing that is read
//! back is believed: a state that contradicts itself is refused whole.

use super::capture::Capture;
use super::content::{CHUNK, Chunk, Content};
use super::descriptor::{Description, Open, OpenLower, Slot, Table};
use super::lower::{LowerFile, LowerStat, LowerTree};
use super::overlay::{Body, DeviceKind, Dir, Entry, MountId, MountPoint, Name, Node, NodeId, Overlay, ROOT};
use super::pipe::Pipe;
use super::{DirEntry, GuestWrites, Mount, Vfs, VfsError, VfsLimits};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Changes with every change of the types below.
const VERSION: u32 = 3;

/// A saved filesystem. Made by [`Vfs::save`], turned back by [`Vfs::restore`].
#[derive(Serialize, Deserialize)]
pub struct SavedVfs {
    version: u32,
    mounts: Vec<(Mount, NodeId)>,
    limits: VfsLimits,
    chunks: Vec<SavedChunk>,
    nodes: Vec<SavedNode>,
    merged: SavedTree,
    base: SavedTree,
    cwd: NodeId,
    umask: u32,
    writes: GuestWrites,
    generation: u64,
    descriptors: Vec<Option<(usize, bool)>>,
    descriptions: Vec<Option<SavedOpen>>,
    pipes: Vec<Option<Pipe>>,
    max_open_files: u32,
    stdin: Arc<[u8]>,
    stdin_pos: u64,
    stdout: Capture,
    stderr: Capture,
    headers: Capture,
    outcome: Capture,
}

/// The nodes of a tree, as indices into the shared list.
#[derive(Serialize, Deserialize)]
struct SavedTree {
    nodes: Vec<(NodeId, usize)>,
    next: NodeId,
    /// Where each mount stands: not the same nodes in both trees.
    roots: Vec<NodeId>,
}

#[derive(Serialize, Deserialize)]
struct SavedNode {
    mode: u32,
    mount: MountId,
    ino: u64,
    nlink: u32,
    mtime: i64,
    atime: i64,
    ctime: i64,
    pristine: bool,
    parent: NodeId,
    name: Name,
    body: SavedBody,
}

#[derive(Serialize, Deserialize)]
enum SavedBody {
    File { len: u64, chunks: Vec<(u64, usize)>, lower: Option<(SavedLower, u64)> },
    Dir { entries: Vec<(Name, Entry)>, lower: Option<Arc<[u8]>> },
    Symlink(Arc<[u8]>),
    Device(DeviceKind),
}

/// A file of the lower layer of a mount.
#[derive(Serialize, Deserialize)]
struct SavedLower {
    mount: MountId,
    path: Box<[u8]>,
    size: u64,
    mtime: i64,
}

#[derive(Serialize, Deserialize)]
struct SavedOpen {
    flags: i32,
    pos: u64,
    kind: SavedKind,
}

#[derive(Serialize, Deserialize)]
enum SavedKind {
    File(NodeId),
    Lower {
        file: SavedLower,
        stat: LowerStat,
        unlinked: bool,
    },
    Dir(NodeId, Option<Arc<[DirEntry]>>),
    Device(NodeId, DeviceKind),
    PipeRead(usize),
    PipeWrite(usize),
    /// Its connection is not saved: it reads as one that has ended.
    Socket(u32),
}

struct SavedChunk(Chunk);

impl Serialize for SavedChunk {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for SavedChunk {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(SavedChunk(Arc::new(serde_bytes::ByteBuf::deserialize(from)?.into_vec())))
    }
}

impl Serialize for Vfs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.save().serialize(to)
    }
}

/// Attaches to the same paths of the host; see [`Vfs::restore`].
impl<'de> Deserialize<'de> for Vfs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vfs::restore(SavedVfs::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

impl SavedVfs {
    /// The mounts, for a host where the lower layers are elsewhere now. Targets must stay.
    pub fn mounts_mut(&mut self) -> impl Iterator<Item = &mut Mount> {
        self.mounts.iter_mut().map(|(mount, _)| mount)
    }
}

impl Vfs {
    pub fn save(&self) -> SavedVfs {
        let mut pool = Pool::default();
        let (fds, descriptions, pipes) = self.table.parts();
        let merged = pool.tree(&self.overlay);
        let base = pool.tree(&self.base);
        SavedVfs {
            version: VERSION,
            mounts: self.overlay.mounts().iter().map(|m| (m.spec.clone(), m.root)).collect(),
            limits: *self.overlay.limits(),
            descriptors: fds.iter().map(|s| s.map(|s| (s.description, s.cloexec))).collect(),
            descriptions: descriptions.iter().map(|d| d.as_ref().map(|d| self.save_open(d))).collect(),
            pipes: pipes.to_vec(),
            max_open_files: self.table.limit(),
            chunks: pool.chunks,
            nodes: pool.nodes,
            merged,
            base,
            cwd: self.cwd,
            umask: self.umask,
            writes: self.writes,
            generation: self.generation,
            stdin: self.stdin.clone(),
            stdin_pos: self.stdin_pos,
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
            headers: self.headers.clone(),
            outcome: self.outcome.clone(),
        }
    }

    /// Opens the lower layers again. [`VfsError::Source`]: one is not there any more.
    /// [`VfsError::Damaged`]: the state was not saved by this version, or changed since. A lower
    /// file that changed since is `ESTALE` when it is read.
    pub fn restore(saved: SavedVfs) -> Result<Vfs, VfsError> {
        if saved.version != VERSION {
            return Err(VfsError::Damaged("another version"));
        }
        let mut mounts = Vec::with_capacity(saved.mounts.len());
        for (spec, root) in saved.mounts {
            let tree = LowerTree::attach(&spec.lower, spec.immutable)?;
            mounts.push(MountPoint { spec, tree, root });
        }
        let mounts = Arc::new(mounts);
        let chunks: Vec<Chunk> = saved.chunks.into_iter().map(|c| c.0).collect();
        let nodes = saved
            .nodes
            .into_iter()
            .map(|n| restore_node(n, &mounts, &chunks))
            .collect::<Result<Vec<_>, _>>()?;
        let overlay = restore_tree(saved.merged, &mounts, &nodes, saved.limits)?;
        let base = restore_tree(saved.base, &mounts, &nodes, saved.limits)?;
        if !overlay.node(saved.cwd).is_ok_and(Node::is_dir) {
            return Err(VfsError::Damaged("working directory"));
        }
        let table = restore_table(
            saved.descriptors,
            saved.descriptions,
            saved.pipes,
            saved.max_open_files,
            &overlay,
        )?;
        Ok(Vfs {
            overlay,
            base: Arc::new(base),
            table,
            cwd: saved.cwd,
            umask: saved.umask,
            writes: saved.writes,
            generation: saved.generation,
            stdin_pos: saved.stdin_pos,
            stdin: saved.stdin,
            step: Arc::new([]),
            step_pos: 0,
            stdout: saved.stdout,
            stderr: saved.stderr,
            headers: saved.headers,
            outcome: saved.outcome,
        })
    }

    fn save_open(&self, open: &Description) -> SavedOpen {
        let kind = match &open.kind {
            Open::File { node, .. } => SavedKind::File(*node),
            Open::Lower(lower) => SavedKind::Lower {
                file: save_lower(&lower.file, lower.mount),
                stat: lower.stat,
                unlinked: lower.unlinked,
            },
            Open::Dir { node, listing } => SavedKind::Dir(*node, listing.clone()),
            Open::Device { node, kind } => SavedKind::Device(*node, *kind),
            Open::PipeRead(pipe) => SavedKind::PipeRead(*pipe),
            Open::PipeWrite(pipe) => SavedKind::PipeWrite(*pipe),
            Open::Socket(socket) => SavedKind::Socket(*socket),
        };
        SavedOpen { flags: open.flags, pos: open.pos, kind }
    }
}

/// What several trees share, each thing once.
#[derive(Default)]
struct Pool {
    chunks: Vec<SavedChunk>,
    chunk_index: HashMap<*const Vec<u8>, usize>,
    nodes: Vec<SavedNode>,
    node_index: HashMap<*const Node, usize>,
}

impl Pool {
    fn tree(&mut self, overlay: &Overlay) -> SavedTree {
        let nodes = overlay.nodes().map(|(id, node)| (id, self.node(node))).collect();
        let roots = overlay.mounts().iter().map(|mount| mount.root).collect();
        SavedTree { nodes, next: overlay.next_id(), roots }
    }

    fn node(&mut self, node: &Arc<Node>) -> usize {
        if let Some(known) = self.node_index.get(&Arc::as_ptr(node)) {
            return *known;
        }
        let body = match &node.body {
            Body::File(content) => SavedBody::File {
                len: content.len(),
                chunks: content.chunks().iter().map(|(at, chunk)| (*at, self.chunk(chunk))).collect(),
                lower: content.lower().map(|(file, visible)| (save_lower(file, node.mount), visible)),
            },
            Body::Dir(dir) => SavedBody::Dir {
                entries: dir.entries.iter().map(|(name, entry)| (name.clone(), *entry)).collect(),
                lower: dir.lower.clone(),
            },
            Body::Symlink(target) => SavedBody::Symlink(target.clone()),
            Body::Device(kind) => SavedBody::Device(*kind),
        };
        self.nodes.push(SavedNode {
            mode: node.mode,
            mount: node.mount,
            ino: node.ino,
            nlink: node.nlink,
            mtime: node.mtime,
            atime: node.atime,
            ctime: node.ctime,
            pristine: node.pristine,
            parent: node.parent,
            name: node.name.clone(),
            body,
        });
        self.node_index.insert(Arc::as_ptr(node), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn chunk(&mut self, chunk: &Chunk) -> usize {
        *self.chunk_index.entry(Arc::as_ptr(chunk)).or_insert_with(|| {
            self.chunks.push(SavedChunk(chunk.clone()));
            self.chunks.len() - 1
        })
    }
}

/// A node's lower file is always one of its own mount.
fn save_lower(file: &LowerFile, mount: MountId) -> SavedLower {
    SavedLower { mount, path: file.path().into(), size: file.size(), mtime: file.mtime() }
}

fn restore_lower(saved: &SavedLower, mounts: &[MountPoint]) -> Result<LowerFile, VfsError> {
    let mount = mounts.get(saved.mount).ok_or(VfsError::Damaged("mount of a file"))?;
    Ok(LowerFile::new(mount.tree.clone(), &saved.path, saved.size, saved.mtime))
}

fn restore_node(saved: SavedNode, mounts: &[MountPoint], chunks: &[Chunk]) -> Result<Arc<Node>, VfsError> {
    if saved.mount >= mounts.len() {
        return Err(VfsError::Damaged("mount of a node"));
    }
    let body = match saved.body {
        SavedBody::File { len, chunks: held, lower } => {
            let mut content = imbl::OrdMap::new();
            for (at, chunk) in held {
                let chunk = chunks.get(chunk).ok_or(VfsError::Damaged("chunk of a file"))?;
                if chunk.len() as u64 > CHUNK || at >= len.div_ceil(CHUNK) {
                    return Err(VfsError::Damaged("chunk of a file"));
                }
                content.insert(at, chunk.clone());
            }
            let lower = match lower {
                Some((_, visible)) if visible > len => {
                    return Err(VfsError::Damaged("length of a file"));
                }
                Some((lower, visible)) => Some((Arc::new(restore_lower(&lower, mounts)?), visible)),
                None => None,
            };
            if len > i64::MAX as u64 {
                return Err(VfsError::Damaged("length of a file"));
            }
            Body::File(Content::from_parts(len, content, lower))
        }
        SavedBody::Dir { entries, lower } => Body::Dir(Dir { entries: entries.into_iter().collect(), lower }),
        SavedBody::Symlink(target) => Body::Symlink(target),
        SavedBody::Device(kind) => Body::Device(kind),
    };
    let node = Node {
        mode: saved.mode,
        mount: saved.mount,
        ino: saved.ino,
        nlink: saved.nlink,
        mtime: saved.mtime,
        atime: saved.atime,
        ctime: saved.ctime,
        pristine: saved.pristine,
        parent: saved.parent,
        name: saved.name,
        body,
    };
    if node.body.file_type() != node.mode & super::flags::S_IFMT {
        return Err(VfsError::Damaged("type of a node"));
    }
    Ok(Arc::new(node))
}

fn restore_tree(
    saved: SavedTree,
    mounts: &Arc<Vec<MountPoint>>,
    pool: &[Arc<Node>],
    limits: VfsLimits,
) -> Result<Overlay, VfsError> {
    let mut nodes = imbl::OrdMap::new();
    for (id, index) in saved.nodes {
        if id >= saved.next {
            return Err(VfsError::Damaged("number of a node"));
        }
        nodes.insert(id, pool.get(index).ok_or(VfsError::Damaged("node of a tree"))?.clone());
    }
    if saved.roots.len() != mounts.len() {
        return Err(VfsError::Damaged("places of mounts"));
    }
    let at = |(mount, root): (&MountPoint, NodeId)| MountPoint {
        spec: mount.spec.clone(),
        tree: mount.tree.clone(),
        root,
    };
    let mounts = Arc::new(mounts.iter().zip(saved.roots).map(at).collect());
    let overlay = Overlay::from_parts(mounts, nodes, saved.next, limits);
    check_tree(&overlay)?;
    Ok(overlay)
}

/// Every name leads to a node, every directory hangs in one place, and nothing but open unlinked
/// files is out of reach.
fn check_tree(overlay: &Overlay) -> Result<(), VfsError> {
    let damaged = |_| VfsError::Damaged("names of a tree");
    if !overlay.node(ROOT).map_err(damaged)?.is_dir() {
        return Err(VfsError::Damaged("root"));
    }
    for mount in overlay.mounts() {
        overlay.node(mount.root).map_err(damaged)?;
    }
    let mut seen = HashSet::from([ROOT]);
    let mut dirs = vec![ROOT];
    while let Some(id) = dirs.pop() {
        let Some(dir) = overlay.node(id).map_err(damaged)?.dir() else { continue };
        for (name, entry) in &dir.entries {
            let Entry::Node(child_id) = entry else { continue };
            let child = overlay.node(*child_id).map_err(damaged)?;
            let first = seen.insert(*child_id);
            if child.is_dir() {
                if !first || child.parent != id || child.name != *name {
                    return Err(VfsError::Damaged("place of a directory"));
                }
                dirs.push(*child_id);
            }
        }
    }
    for (id, node) in overlay.nodes() {
        let reached = seen.contains(&id);
        if reached != (node.nlink > 0) || (!reached && node.dir().is_some_and(|d| !d.entries.is_empty())) {
            return Err(VfsError::Damaged("reach of a node"));
        }
        if !overlay.node(node.parent).is_ok_and(Node::is_dir) && node.nlink > 0 {
            return Err(VfsError::Damaged("parent of a node"));
        }
    }
    Ok(())
}

fn restore_table(
    fds: Vec<Option<(usize, bool)>>,
    descriptions: Vec<Option<SavedOpen>>,
    mut pipes: Vec<Option<Pipe>>,
    limit: u32,
    overlay: &Overlay,
) -> Result<Table, VfsError> {
    let damaged = || VfsError::Damaged("descriptors");
    if fds.len() > limit as usize {
        return Err(damaged());
    }
    for pipe in pipes.iter_mut().flatten() {
        (pipe.readers, pipe.writers) = (0, 0);
    }
    let mut restored = Vec::with_capacity(descriptions.len());
    for saved in descriptions {
        let Some(saved) = saved else {
            restored.push(None);
            continue;
        };
        let body = |id: NodeId| overlay.node(id).map(|n| &n.body).map_err(|_| damaged());
        let kind = match saved.kind {
            SavedKind::File(node) if matches!(body(node)?, Body::File(_)) => Open::File { node, _pin: None },
            SavedKind::Dir(node, listing) if matches!(body(node)?, Body::Dir(_)) => {
                Open::Dir { node, listing }
            }
            SavedKind::Device(node, kind) if matches!(body(node)?, Body::Device(k) if *k == kind) => {
                Open::Device { node, kind }
            }
            SavedKind::Lower { file, stat, unlinked } => Open::Lower(OpenLower {
                mount: file.mount,
                file: Arc::new(restore_lower(&file, overlay.mounts())?),
                stat,
                pin: None,
                unlinked,
            }),
            SavedKind::PipeRead(id) => {
                pipes.get_mut(id).and_then(Option::as_mut).ok_or_else(damaged)?.readers += 1;
                Open::PipeRead(id)
            }
            SavedKind::PipeWrite(id) => {
                pipes.get_mut(id).and_then(Option::as_mut).ok_or_else(damaged)?.writers += 1;
                Open::PipeWrite(id)
            }
            SavedKind::Socket(socket) => Open::Socket(socket),
            _ => return Err(damaged()),
        };
        restored.push(Some(Description { refs: 0, flags: saved.flags, pos: saved.pos, kind }));
    }
    let mut slots = Vec::with_capacity(fds.len());
    for fd in fds {
        slots.push(match fd {
            None => None,
            Some((description, cloexec)) => {
                restored.get_mut(description).and_then(Option::as_mut).ok_or_else(damaged)?.refs += 1;
                Some(Slot { description, cloexec })
            }
        });
    }
    if restored.iter().flatten().any(|d| d.refs == 0) {
        return Err(damaged());
    }
    Ok(Table::from_parts(slots, restored, pipes, limit))
}
