//! Each mount's own patch is that mount's part of the combined one, which is what is applied.

use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::bundle::{MOUNT_PATCHES, mount_patch_path};
use crate::artifact::confined::Dir;
use crate::artifact::digest::PATCH_PATH;
use crate::artifact::patch::{Content, FilePatch, parse};
use crate::artifact::path::decode;
use crate::artifact::{ChangedFile, ChangedFiles};
use std::collections::{BTreeMap, HashMap};

/// A larger patch is not applied either. Bytes.
const MAX_PATCH: u64 = 64 << 20;

pub fn check(bundle: &mut Checked<'_>, changed: &ChangedFiles, report: &mut Report) {
    let mut mounts: BTreeMap<usize, Vec<&ChangedFile>> = BTreeMap::new();
    for file in changed.files.iter().filter(|file| file.patch_path.is_some()) {
        mounts.entry(file.mount_index).or_default().push(file);
    }
    let mut strays = bundle.beneath(MOUNT_PATCHES);
    strays.retain(|path| !mounts.keys().any(|index| mount_patch_path(*index) == *path));
    for path in strays {
        let why = "It is the patch of no mount that changed.";
        report.add(Code::ReviewEvidenceMismatch, path.as_str(), why, Some(&path));
    }
    let alone = mounts.len() == 1;
    let mut combined = None;
    for (index, files) in mounts {
        let path = mount_patch_path(index);
        let plain = files.iter().all(|file| file.patch_path.as_ref() == Some(&file.relative_path));
        if alone && plain && bundle.lists(&path) && bundle.hashes.of(&path) == bundle.hashes.of(PATCH_PATH) {
            continue;
        }
        // A patch that cannot be read cannot be applied, so nothing can be other than what is.
        let combined = combined.get_or_insert_with(|| Patch::read(bundle.dir, PATCH_PATH));
        let Some(combined) = combined.as_ref() else { return };
        let own = if bundle.lists(&path) { Patch::read(bundle.dir, &path) } else { None };
        if !own.is_some_and(|own| own.belongs_to(combined, &files)) {
            let why = "It is not the mount's part of the combined patch.";
            report.add(Code::ReviewEvidenceMismatch, path.as_str(), why, Some(&path));
        }
    }
}

/// A patch and its blocks by the paths that they have.
struct Patch {
    bytes: Vec<u8>,
    blocks: HashMap<Vec<u8>, Vec<FilePatch>>,
}

impl Patch {
    fn read(dir: &Dir, path: &str) -> Option<Patch> {
        let bytes = dir.read(path, MAX_PATCH).ok()?;
        let mut blocks: HashMap<Vec<u8>, Vec<FilePatch>> = HashMap::new();
        for block in parse(&bytes).ok()? {
            blocks.entry(block.path().to_vec()).or_default().push(block);
        }
        Some(Patch { bytes, blocks })
    }

    /// Whether this is what `combined` has of these files of one mount. Of those with a secret both
    /// patches show what was left, and nothing of them is applied: only their number is known.
    fn belongs_to(mut self, combined: &Patch, files: &[&ChangedFile]) -> bool {
        let redacted = files.iter().filter(|file| file.redacted).count();
        let same = files.iter().filter(|file| !file.redacted).all(|file| {
            let (relative, path) =
                (decode(&file.relative_path), decode(file.patch_path.as_deref().unwrap_or_default()));
            let Some(prefix) = path.strip_suffix(relative.as_slice()) else { return false };
            let (own, theirs) = (self.blocks.remove(&relative), combined.blocks.get(&path));
            own.zip(theirs).is_some_and(|(own, theirs)| {
                own.len() == theirs.len()
                    && own
                        .iter()
                        .zip(theirs)
                        .all(|(own, theirs)| is_same((own, &self.bytes), (theirs, &combined.bytes), prefix))
            })
        });
        same && self.blocks.len() <= redacted
    }
}

/// Whether two blocks, each in its patch, are one but for the `prefix` that leads the other's paths.
fn is_same(own: (&FilePatch, &[u8]), other: (&FilePatch, &[u8]), prefix: &[u8]) -> bool {
    let led = |path: &Option<Vec<u8>>| path.as_ref().map(|path| [prefix, path].concat());
    let (a, b) = (own.0, other.0);
    led(&a.old_path) == b.old_path
        && led(&a.new_path) == b.new_path
        && (a.old_mode, a.new_mode) == (b.old_mode, b.new_mode)
        && a.ids == b.ids
        && match (&a.content, &b.content) {
            (Content::Same, Content::Same) => true,
            (Content::Literal { lines: a, size }, Content::Literal { lines: b, size: other_size }) => {
                size == other_size && own.1[a.clone()] == other.1[b.clone()]
            }
            (Content::Hunks(a), Content::Hunks(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| {
                        let texts = a.lines.iter().zip(&b.lines);
                        (a.old, a.new, a.lines.len()) == (b.old, b.new, b.lines.len())
                            && texts.clone().all(|(a, b)| {
                                a.sign == b.sign && own.1[a.text.clone()] == other.1[b.text.clone()]
                            })
                    })
            }
            _ => false,
        }
}
