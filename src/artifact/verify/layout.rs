//! The manifest's shape, its paths, and what lies in the directory.

use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::bundle::{FileRedaction, MANIFEST_PATH, is_plausible_id};
use crate::artifact::confined::{Dir, MAX_BUNDLE_BYTES};
use crate::artifact::digest::{FILE_LIST_INPUT, is_sha256_hex};
use crate::artifact::path::is_bundle_path;
use crate::contract::parse_iso8601;
use rustix::fs::FileType;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;

/// A bundle may list this many files, and have this many names in it.
const MAX_FILES: usize = 100_000;

/// Whether the manifest has the shape that the other rules rely on.
pub fn shape(manifest: &Value, report: &mut Report) -> bool {
    let digest = &manifest["contentDigest"];
    let strings = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    let file = |row: &Value| {
        let texts = ["path", "kind", "contentType"].iter().all(|field| row[*field].is_string());
        let redaction = row.get("redaction");
        texts && redaction.is_none_or(|redaction| FileRedaction::deserialize(redaction).is_ok())
    };
    let files = manifest["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rules = [
        ("id", manifest["id"].as_str().is_some_and(is_plausible_id)),
        ("createdAt", manifest["createdAt"].as_str().is_some_and(|t| parse_iso8601(t).is_some())),
        ("runtime", manifest["runtime"].is_object()),
        ("contentDigest.algorithm", digest["algorithm"] == "sha256"),
        ("contentDigest.inputs", strings(&digest["inputs"])),
        ("contentDigest.value", digest["value"].as_str().is_some_and(is_sha256_hex)),
        ("files", !files.is_empty() && files.len() <= MAX_FILES && files.iter().all(file)),
    ];
    for (field, _) in rules.iter().filter(|(_, holds)| !holds) {
        report.add(
            Code::InvalidManifestShape,
            format!("manifest.{field}"),
            format!("{field} is missing or not what a manifest has there."),
            Some(MANIFEST_PATH),
        );
    }
    rules.iter().all(|(_, holds)| *holds)
}

/// Every path in the manifest names one plain file of the bundle, and every file is named. False if
/// the files are more than anybody should read.
pub fn files(bundle: &Checked<'_>, report: &mut Report) -> bool {
    let mut listed = HashSet::new();
    let mut folded = HashSet::new();
    let mut bytes = 0u64;
    for (i, path, _) in bundle.rows() {
        let at = format!("manifest.files[{i}].path");
        if !is_bundle_path(path) {
            let why = "A path in a bundle is relative, without `..`, `\\` or a scheme.";
            report.add(Code::InvalidPath, at, why, Some(path));
        } else if !listed.insert(path) {
            report.add(Code::InvalidManifestShape, at, "The file is listed twice.", Some(path));
        } else if !folded.insert(path.to_lowercase()) {
            let why = "Another file has this name in other case: on some file systems they are one.";
            report.add(Code::InvalidPath, at, why, Some(path));
        } else {
            bytes = bytes.saturating_add(topology(bundle.dir, path, &at, report));
        }
    }
    if !listed.contains(MANIFEST_PATH) {
        let why = "The manifest must list itself.";
        report.add(Code::InvalidManifestShape, "manifest.files", why, Some(MANIFEST_PATH));
    }
    inputs(bundle, &listed, report);
    let above = |path: &&'_ str| path.match_indices('/').map(|(slash, _)| slash).collect::<Vec<_>>();
    let directories =
        listed.iter().flat_map(|path| above(path).into_iter().map(|slash| &path[..slash])).collect();
    let mut orphans = Orphans { listed, directories, seen: 0, report };
    orphans.walk(bundle.dir, "");
    if bytes > MAX_BUNDLE_BYTES {
        let why = "The files are larger than those of any bundle.";
        report.add(Code::UnsafeFile, "manifest.files", why, None);
    }
    bytes <= MAX_BUNDLE_BYTES
}

/// The file's size in bytes.
fn topology(dir: &Dir, path: &str, at: &str, report: &mut Report) -> u64 {
    let opened = dir.open_file(path);
    let size = opened.as_ref().map_or(0, |(_, stat)| stat.st_size as u64);
    match opened {
        Ok((_, stat)) if stat.st_nlink > 1 => {
            let why = "The file has another name somewhere, through which it could be changed.";
            report.add(Code::Hardlink, at, why, Some(path));
        }
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            report.add(Code::MissingFile, at, "The file is missing.", Some(path));
        }
        Err(_) => {
            let why = "It is not a plain file within the bundle.";
            report.add(Code::UnsafeFile, at, why, Some(path));
        }
    }
    size
}

/// What the content digest covers is listed.
fn inputs(bundle: &Checked<'_>, listed: &HashSet<&str>, report: &mut Report) {
    let inputs = bundle.manifest["contentDigest"]["inputs"].as_array();
    let inputs = inputs.map(Vec::as_slice).unwrap_or_default();
    if inputs.iter().eq([FILE_LIST_INPUT]) {
        return;
    }
    for (i, input) in inputs.iter().filter_map(Value::as_str).enumerate() {
        let at = format!("manifest.contentDigest.inputs[{i}]");
        if !is_bundle_path(input) {
            report.add(Code::InvalidPath, at, "It is no path in a bundle.", Some(input));
        } else if !listed.contains(input) {
            report.add(Code::MalformedReference, at, "The manifest does not list it.", Some(input));
        }
    }
}

struct Orphans<'a> {
    listed: HashSet<&'a str>,
    /// Those with a listed file somewhere in them: no deeper than paths in a bundle are.
    directories: HashSet<&'a str>,
    seen: usize,
    report: &'a mut Report,
}

impl Orphans<'_> {
    fn walk(&mut self, dir: &Dir, prefix: &str) {
        let Ok(entries) = dir.entries() else {
            let why = "The directory cannot be read.";
            self.report.add(Code::UnsafeFile, prefix, why, Some(prefix));
            return;
        };
        for entry in entries {
            self.seen += 1;
            if self.seen > MAX_FILES {
                if self.seen == MAX_FILES + 1 {
                    let why = "There are more files than a bundle may have.";
                    self.report.add(Code::OrphanedFile, prefix, why, None);
                }
                return;
            }
            let path = format!("{prefix}{}", entry.name.to_string_lossy());
            // A name that is no text is shown as one that a manifest may well list.
            let is_text = entry.name.to_str().is_ok();
            match entry.kind {
                FileType::Directory if is_text && self.directories.contains(path.as_str()) => {
                    if let Ok(inner) = dir.open_dir_c(&entry.name) {
                        self.walk(&inner, &format!("{path}/"));
                    }
                }
                FileType::Directory => {
                    let why = "The manifest lists no file in this directory.";
                    self.report.add(Code::OrphanedFile, path.as_str(), why, Some(&path));
                }
                _ if is_text && self.listed.contains(path.as_str()) => {}
                FileType::RegularFile => {
                    let why = "The manifest does not list it.";
                    self.report.add(Code::OrphanedFile, path.as_str(), why, Some(&path));
                }
                _ => {
                    let why = "It is neither a plain file nor a directory.";
                    self.report.add(Code::UnsafeFile, path.as_str(), why, Some(&path));
                }
            }
        }
    }
}
