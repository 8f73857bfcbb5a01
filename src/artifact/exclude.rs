//! What a mount's owner wants left out of bundles: `artifactExcludePaths` in the mount's metadata.

use super::MountRecord;
use crate::contract::ChangeSet;
use serde_json::Value;
use std::borrow::Cow;

const FIELD: &str = "artifactExcludePaths";
/// Further paths of one mount are not looked at.
const MOST: usize = 1000;

/// The sets without what their mounts exclude, and how many changes that was.
pub fn without_excluded<'s>(sets: &'s [ChangeSet], mounts: &[MountRecord]) -> (Cow<'s, [ChangeSet]>, usize) {
    let excluded = |set: &ChangeSet| mounts.get(set.mount_index).map(paths).unwrap_or_default();
    if sets.iter().all(|set| excluded(set).is_empty()) {
        return (Cow::Borrowed(sets), 0);
    }
    let mut left_out = 0;
    let mut kept = sets.to_vec();
    for set in &mut kept {
        let excluded = excluded(set);
        let before = set.changes.len();
        set.changes.retain(|change| !excluded.iter().any(|path| lies_at(&change.path, path)));
        left_out += before - set.changes.len();
    }
    (Cow::Owned(kept), left_out)
}

fn paths(mount: &MountRecord) -> Vec<&[u8]> {
    let listed = mount.metadata[FIELD].as_array().map(Vec::as_slice).unwrap_or_default();
    listed.iter().take(MOST).filter_map(Value::as_str).filter_map(path).collect()
}

/// Relative to the mount: `build`, `build/` and `build/**` all mean it and all beneath it.
fn path(text: &str) -> Option<&[u8]> {
    let text = text.trim_start_matches("./");
    let text = text.strip_suffix("/**").unwrap_or(text).trim_matches('/');
    (!text.is_empty()).then_some(text.as_bytes())
}

fn lies_at(path: &[u8], excluded: &[u8]) -> bool {
    path.strip_prefix(excluded).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}
