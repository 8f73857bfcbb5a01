//! What a stat call answers, and the attributes that can be set.

use super::super::flags::S_IFMT;
use super::super::lower::LowerStat;
use super::super::{SetTime, Stat};
use super::{Body, Errno, MountId, NodeId, Overlay, Place, VfsResult, now_ns};

/// Device numbers of mounts begin here; lower ones mean nothing in particular.
const FIRST_DEV: u64 = 0x40;

impl Overlay {
    pub fn stat(&self, place: &Place) -> VfsResult<Stat> {
        match place {
            Place::Node(id) => self.stat_node(*id),
            Place::Lower(lower) => Ok(lower_stat(lower.mount, &lower.stat)),
        }
    }

    pub fn stat_node(&self, id: NodeId) -> VfsResult<Stat> {
        let node = self.node(id)?;
        Ok(Stat {
            mode: node.mode,
            size: node.size(),
            mtime_ns: node.mtime,
            atime_ns: node.atime,
            ctime_ns: node.ctime,
            ino: node.ino,
            dev: FIRST_DEV + node.mount as u64,
            nlink: node.nlink,
            rdev: if let Body::Device(kind) = node.body { kind.rdev() } else { 0 },
        })
    }

    pub fn chmod(&mut self, place: &Place, mode: u32) -> VfsResult<()> {
        let id = self.materialize(place)?;
        let now = now_ns();
        let node = self.own(id)?;
        node.mode = (node.mode & S_IFMT) | (mode & 0o7777);
        node.ctime = now;
        Ok(())
    }

    pub fn set_times(&mut self, place: &Place, atime: SetTime, mtime: SetTime) -> VfsResult<()> {
        let id = self.materialize(place)?;
        let now = now_ns();
        let node = self.own(id)?;
        for (field, set) in [(&mut node.atime, atime), (&mut node.mtime, mtime)] {
            match set {
                SetTime::Omit => {}
                SetTime::Now => *field = now,
                SetTime::At(at) => *field = at,
            }
        }
        node.ctime = now;
        Ok(())
    }

    /// Sets the length of a file.
    pub fn truncate(&mut self, id: NodeId, len: u64) -> VfsResult<()> {
        if len > self.limits.max_file_bytes {
            return Err(Errno::EFBIG);
        }
        self.with_content(id, |content| {
            let freed = content.set_len(len);
            Ok(((), -(freed as i64)))
        })
    }
}

/// A lower object as the guest sees it.
pub fn lower_stat(mount: MountId, stat: &LowerStat) -> Stat {
    Stat {
        mode: stat.mode,
        size: stat.size,
        mtime_ns: stat.mtime,
        atime_ns: stat.atime,
        ctime_ns: stat.ctime,
        ino: stat.ino,
        dev: FIRST_DEV + mount as u64,
        nlink: 1,
        rdev: 0,
    }
}
