//! All names in a row are names of the file that its `path` names.

use crate::artifact::apply::rows::ChangedRow;
use crate::artifact::path;
use serde_json::Value;
use std::collections::HashSet;

/// A mount as the metadata of a bundle records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Absolute, without a final `/`.
    target: String,
    is_file: bool,
}

impl Mount {
    /// Every mount that the metadata records, each at its own place.
    pub fn recorded(metadata: Option<&Value>) -> Vec<Mount> {
        let mounts = metadata.and_then(|metadata| metadata["mounts"].as_array());
        let mount = |record: &Value| Mount {
            target: trimmed(record["target"].as_str().unwrap_or_default()).to_owned(),
            is_file: record["type"] == "file",
        };
        mounts.into_iter().flatten().map(mount).collect()
    }

    pub fn target(&self) -> &str {
        &self.target
    }

    /// What a path of the sandbox is called in this mount.
    fn relative<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let rest = path.strip_prefix(self.target.as_bytes())?;
        match (self.is_file, rest) {
            (true, []) => path.rsplit(|b| *b == b'/').next().filter(|name| !name.is_empty()),
            (true, _) => None,
            (false, rest) => rest.strip_prefix(b"/").filter(|rest| !rest.is_empty()),
        }
    }

    /// What leads the mount's paths in a patch of several mounts.
    fn lead(&self) -> &str {
        let above = match self.is_file {
            true => self.target.rsplit_once('/').map_or("", |(above, _)| above),
            false => &self.target,
        };
        above.trim_matches('/')
    }
}

/// Which mounts changed, and whether their targets lead the names in the patch: all of them or none.
#[derive(Debug, Default)]
pub struct Prefixes {
    mounts: HashSet<usize>,
    led: bool,
    bare: bool,
}

impl Prefixes {
    pub fn check(&self) -> Result<(), &'static str> {
        match self.bare && (self.led || self.mounts.len() > 1) {
            true => Err("the names in the patch are led by their mounts in some rows and not in others"),
            false => Ok(()),
        }
    }
}

pub fn check(row: &ChangedRow, mounts: &[Mount], prefixes: &mut Prefixes) -> Result<(), &'static str> {
    match row.kind {
        Some(_) => own(row, mounts, prefixes),
        None => foreign(row, mounts),
    }
}

fn own(row: &ChangedRow, mounts: &[Mount], prefixes: &mut Prefixes) -> Result<(), &'static str> {
    let texts =
        [Some(&row.path), row.relative_path.as_ref(), row.patch_path.as_ref(), row.renamed_from.as_ref()];
    let canonical = |text: &&String| match row.path_encoding.as_deref() {
        Some("percent") => path::encode(&path::decode(text)) == text.as_str(),
        None => path::decode(text) == text.as_bytes(),
        Some(_) => false,
    };
    if !texts.into_iter().flatten().all(|text| canonical(&text)) {
        return Err("pathEncoding: a name has another spelling");
    }
    let index = row.mount_index.ok_or("mountIndex is missing")?;
    let mount = mounts.get(index).ok_or("mountIndex is that of no mount")?;
    if row.mount_target.as_deref().map(trimmed) != Some(&mount.target) {
        return Err("mountTarget is not the target of the mount");
    }
    let path = row.bytes(&row.path);
    let relative = row.relative().ok_or("relativePath is missing")?;
    if mount.relative(&path) != Some(&relative) {
        return Err("relativePath names another file");
    }
    if let Some(from) = &row.renamed_from
        && (mount.is_file || mount.relative(&row.bytes(from)).is_none())
    {
        return Err("renamedFrom is not beneath the mount");
    }
    let Some(patch_path) = &row.patch_path else { return Ok(()) };
    let patch_path = row.bytes(patch_path);
    prefixes.mounts.insert(index);
    let lead = mount.lead();
    if lead.is_empty() && patch_path == relative {
        return Ok(());
    }
    let is_led = patch_path == [lead.as_bytes(), b"/", &relative].concat();
    match (patch_path == relative, is_led) {
        (true, _) => prefixes.bare = true,
        (_, true) => prefixes.led = true,
        _ => return Err("patchPath names another file"),
    }
    Ok(())
}

/// The target of the mount that a file is in, as far as it can be known.
pub fn mount_target<'r>(row: &'r ChangedRow, mounts: &'r [Mount]) -> Option<&'r str> {
    let path = row.bytes(&row.path);
    let innermost = || mounts.iter().filter_map(|mount| Some((mount.relative(&path)?.len(), mount)));
    let innermost = || innermost().min_by_key(|(length, _)| *length).map(|(_, mount)| mount.target.as_str());
    row.mount_target.as_deref().map(trimmed).or_else(innermost)
}

/// A row of another making has fewer names, and what it calls `patchPath` may be a file of the bundle.
fn foreign(row: &ChangedRow, mounts: &[Mount]) -> Result<(), &'static str> {
    let path = row.bytes(&row.path);
    let stated = row.mount_target.as_deref().map(trimmed);
    let Some(relative) = row.relative() else { return Ok(()) };
    let disagrees = match stated {
        // Without a record nobody knows of a mount that is a file.
        Some(target) if mounts.is_empty() => {
            path.strip_prefix(target.as_bytes()).and_then(|rest| rest.strip_prefix(b"/")) != Some(&relative)
        }
        None if mounts.is_empty() => !ends_in(&path, &relative),
        stated => {
            let of = |mount: &&Mount| stated.is_none_or(|target| target == mount.target);
            // The innermost mount has the file.
            let holding = mounts.iter().filter(of).filter_map(|mount| mount.relative(&path));
            holding.min_by_key(|relative| relative.len()) != Some(&relative)
        }
    };
    match disagrees {
        true => Err("relativePath names another file"),
        false => Ok(()),
    }
}

fn trimmed(target: &str) -> &str {
    target.trim_end_matches('/')
}

/// Whether the last segments of `path` are `end`.
fn ends_in(path: &[u8], end: &[u8]) -> bool {
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
}
