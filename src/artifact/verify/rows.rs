//! Whether the rows of changed-files.json, the patch and the mounts speak of the same files and the same
//! changes: what somebody approves by a row is what the patch does, where the mount is.

use super::hashes::stated;
use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::apply::{Mount, disagreements, rows};
use crate::artifact::bundle::{METADATA_PATH, MOUNTS_PATH, read_json};
use crate::artifact::digest::{CHANGED_FILES_PATH, PATCH_PATH};
use crate::artifact::patch::{PatchError, parse};
use crate::contract::digest_hex;
use serde_json::Value;

/// Nobody applies what is larger, or has more lines than are read. Bytes.
const MAX_FILE: u64 = 64 << 20;

pub fn check(bundle: &Checked<'_>, report: &mut Report) {
    let read = |path: &str| {
        let (_, _, row) = bundle.rows().find(|(_, listed, _)| *listed == path)?;
        let bytes = bundle.dir.read(path, MAX_FILE).ok()?;
        // Other bytes than those of the hash have been reported, and are not those that are applied.
        (stated(&row["sha256"]) == Some(&digest_hex([bytes.as_slice()]))).then_some(bytes)
    };
    let (Some(changed), Some(patch)) = (read(CHANGED_FILES_PATH), read(PATCH_PATH)) else { return };
    let Ok(document) = serde_json::from_slice::<Value>(&changed) else { return };
    let metadata = bundle.lists(METADATA_PATH).then(|| read_json(bundle.dir, METADATA_PATH).ok()).flatten();
    // Only bundles of our making have it.
    let ours = !document["evidence"].is_null();
    if ours {
        same_mounts(read(MOUNTS_PATH), metadata.as_ref(), report);
    } else if patch.trim_ascii().is_empty() {
        // What a browser made is listed without a patch.
        return;
    }
    let refuse = |at: &str, why: String, file: &str, report: &mut Report| {
        report.add(Code::MalformedReference, format!("{file}{at}"), why, Some(file));
    };
    let rows = match rows(&changed) {
        Ok(rows) => rows,
        Err(why) if ours => return refuse(":files", why.to_string(), CHANGED_FILES_PATH, report),
        Err(_) => return,
    };
    if ours && let Some(i) = rows.iter().position(|row| row.kind.is_none()) {
        let why = "kind is missing".to_owned();
        return refuse(&format!(":files[{i}]"), why, CHANGED_FILES_PATH, report);
    }
    let blocks = match parse(&patch) {
        Ok(blocks) => blocks,
        // It is not applied either. What others write need not be read by us.
        Err(PatchError::TooLarge { .. }) => return,
        Err(why) if ours => return refuse("", why.to_string(), PATCH_PATH, report),
        Err(_) => return,
    };
    for found in disagreements(&rows, &blocks, &Mount::recorded(metadata.as_ref())) {
        match found.row {
            Some(i) => {
                let why = format!("{}: {}", crate::contract::shown(&rows[i].path, 200), found.why);
                refuse(&format!(":files[{i}]"), why, CHANGED_FILES_PATH, report);
            }
            None => refuse("", found.why, PATCH_PATH, report),
        }
    }
}

/// The mounts in metadata are those of the run, which are evidence.
fn same_mounts(evidence: Option<Vec<u8>>, metadata: Option<&Value>, report: &mut Report) {
    let evidence = evidence.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    if evidence.is_none() || evidence.as_ref() != metadata.map(|metadata| &metadata["mounts"]) {
        let why = format!("They are not those of {MOUNTS_PATH}.");
        report.add(Code::ReviewEvidenceMismatch, format!("{METADATA_PATH}:mounts"), why, Some(METADATA_PATH));
    }
}
