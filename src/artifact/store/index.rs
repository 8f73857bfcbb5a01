//! Which bundles are in the store: found by looking, remembered in `.index`.
//!
//! The index is a cache. A row counts only while its manifest has the same inode, size and times;
//! whatever is new or different is read again. It may be deleted at any time.

use super::Store;
use super::scratch;
use crate::artifact::ArtifactError;
use crate::artifact::bundle::{METADATA_PATH, is_bundle_manifest, read_json, read_manifest};
use crate::artifact::confined::{Dir, Entry};
use crate::contract::parse_iso8601;
use rustix::fs::{FileType, Stat};
use std::collections::HashMap;
use std::io::Write;
use std::time::SystemTime;

const INDEX: &str = ".index";
/// The first line of the index.
const VERSION: &str = "wp-codebox/artifact-index/v3";
/// An index is not read beyond this. Bytes.
const MAX_INDEX: u64 = 64 << 20;
/// Bundles beyond this are not looked for.
const MAX_BUNDLES: usize = 100_000;

/// What is known of a bundle without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Relative to the root; empty for a root that is itself a bundle.
    pub place: String,
    pub id: String,
    /// Nanoseconds since the Unix epoch.
    pub created: i128,
    pub session_id: String,
    /// `succeeded`, `failed` or empty.
    pub status: String,
    /// Whether the manifest is a bundle's, and not one of the many others of that name.
    pub is_bundle: bool,
    stamp: Stamp,
}

/// What changes whenever a manifest does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Row {
    /// What lists are sorted by.
    pub fn key(&self) -> (i128, &str) {
        (self.created, &self.place)
    }
}

impl Stamp {
    fn of(stat: &Stat) -> Self {
        Stamp {
            inode: stat.st_ino,
            size: stat.st_size,
            modified: (stat.st_mtime, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime, stat.st_ctime_nsec as i64),
        }
    }
}

/// Nanoseconds since the Unix epoch.
pub fn nanos(text: &str) -> Option<i128> {
    let at = parse_iso8601(text)?;
    Some(match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    })
}

/// When the file got here: nobody can set that. Nanoseconds since the Unix epoch.
fn arrived(stat: &Stat) -> i128 {
    i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec)
}

impl Store {
    /// Every directory whose manifest can be read: the root itself, its directories, and theirs.
    pub(super) fn scan(&self) -> Result<Vec<Row>, ArtifactError> {
        self.find_all().map(|found| found.rows)
    }

    /// The same, with the places where a manifest cannot be read.
    pub(in crate::artifact) fn scan_with_damaged(&self) -> Result<(Vec<Row>, Vec<String>), ArtifactError> {
        self.find_all().map(|found| (found.rows, found.damaged))
    }

    fn find_all(&self) -> Result<Found, ArtifactError> {
        let known = self.read_index();
        let mut found = Found { known, rows: Vec::new(), damaged: Vec::new(), fresh: 0 };
        let read = |why| ArtifactError::Io { what: "the artifacts root cannot be read".into(), why };
        found.visit(&self.dir, "");
        for outer in directories(&self.dir).map_err(read)? {
            if found.visit_named(&self.dir, &outer, &outer) {
                continue;
            }
            // A directory that vanishes while we look was discarded.
            let Ok(dir) = self.dir.open_dir(&outer) else { continue };
            for inner in directories(&dir).unwrap_or_default() {
                found.visit_named(&dir, &inner, &format!("{outer}/{inner}"));
            }
        }
        let stale = found.fresh > 0 || !found.known.is_empty();
        if stale {
            // Without an index the next list is slower, and as right.
            let _ = self.write_index(&found.rows);
        }
        Ok(found)
    }

    fn read_index(&self) -> HashMap<String, Row> {
        let Ok(bytes) = self.dir.read(INDEX, MAX_INDEX) else { return HashMap::new() };
        let Ok(text) = String::from_utf8(bytes) else { return HashMap::new() };
        let mut lines = text.lines();
        if lines.next() != Some(VERSION) {
            return HashMap::new();
        }
        lines.filter_map(parse_row).map(|row| (row.place.clone(), row)).collect()
    }

    fn write_index(&self, rows: &[Row]) -> std::io::Result<()> {
        let mut text = format!("{VERSION}\n");
        rows.iter().for_each(|row| write_row(row, &mut text));
        let temporary = scratch::name("index");
        let written = self
            .dir
            .create_file(&temporary)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| self.dir.rename(&temporary, INDEX));
        if written.is_err() {
            let _ = self.dir.remove_file(temporary.as_str());
        }
        written
    }
}

struct Found {
    /// Rows of the index that have not been met yet.
    known: HashMap<String, Row>,
    rows: Vec<Row>,
    /// Places with a manifest that cannot be read.
    damaged: Vec<String>,
    fresh: usize,
}

impl Found {
    /// Whether the directory `name` in `parent` is a bundle.
    fn visit_named(&mut self, parent: &Dir, name: &str, place: &str) -> bool {
        // Two segments, and the first is known to be a directory and no symlink.
        let Ok(Some(stat)) = parent.stat(format!("{name}/manifest.json")) else { return false };
        if let Some(row) = self.known.remove(place).filter(|row| row.stamp == Stamp::of(&stat)) {
            self.push(row);
            return true;
        }
        parent.open_dir(name).is_ok_and(|dir| self.visit(&dir, place))
    }

    fn visit(&mut self, dir: &Dir, place: &str) -> bool {
        let Ok(Some(stat)) = dir.stat("manifest.json") else { return false };
        let Ok(manifest) = read_manifest(dir) else {
            if self.damaged.len() < MAX_BUNDLES {
                self.damaged.push(place.into());
            }
            return true;
        };
        let metadata = read_json(dir, METADATA_PATH).unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        self.fresh += 1;
        self.push(Row {
            place: place.into(),
            id: text(&manifest["id"]),
            // An import says what it likes. A bundle that came to be later than its file would be
            // the newest for ever, and never too old.
            created: nanos(&text(&manifest["createdAt"])).unwrap_or(i128::MAX).min(arrived(&stat)),
            session_id: text(&metadata["sessionId"]),
            status: text(&metadata["outcome"]["status"]),
            is_bundle: is_bundle_manifest(&manifest),
            stamp: Stamp::of(&stat),
        });
        true
    }

    fn push(&mut self, row: Row) {
        if self.rows.len() < MAX_BUNDLES {
            self.rows.push(row);
        }
    }
}

/// The directories that may be or hold bundles: not the store's own, not symlinks, and with names
/// that are text.
fn directories(dir: &Dir) -> std::io::Result<Vec<String>> {
    let usable = |entry: Entry| {
        let name = entry.name.into_string().ok()?;
        let ours = name.starts_with('.');
        let plain = !name.chars().any(char::is_control);
        (entry.kind == FileType::Directory && !ours && plain).then_some(name)
    };
    Ok(dir.entries()?.into_iter().filter_map(usable).collect())
}

/// Tabs between the fields, which cannot contain any: places have no control characters, and what
/// comes from a manifest is escaped as JSON.
fn write_row(row: &Row, text: &mut String) {
    use std::fmt::Write;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let Stamp { inode, size, modified, changed } = row.stamp;
    let _ = writeln!(
        text,
        "{}\t{}\t{}\t{}\t{inode}\t{size}\t{}\t{}\t{}\t{}\t{}\t{}",
        row.place,
        row.id,
        row.created,
        row.is_bundle,
        modified.0,
        modified.1,
        changed.0,
        changed.1,
        quoted(&row.session_id),
        quoted(&row.status),
    );
}

fn parse_row(line: &str) -> Option<Row> {
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    Some(Row {
        place: next()?.into(),
        id: next()?.into(),
        created: next()?.parse().ok()?,
        is_bundle: next()?.parse().ok()?,
        stamp: Stamp {
            inode: next()?.parse().ok()?,
            size: next()?.parse().ok()?,
            modified: (next()?.parse().ok()?, next()?.parse().ok()?),
            changed: (next()?.parse().ok()?, next()?.parse().ok()?),
        },
        session_id: serde_json::from_str(next()?).ok()?,
        status: serde_json::from_str(next()?).ok()?,
    })
}
