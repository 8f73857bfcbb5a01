//! What metadata and review say of the rest of the bundle.

use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::bundle::{METADATA_PATH, REVIEW_PATH, read_json};
use crate::artifact::digest::CHANGED_FILES_PATH;
use crate::artifact::path::is_bundle_path;
use serde_json::Value;
use std::collections::HashSet;

pub fn check(bundle: &mut Checked<'_>, report: &mut Report) {
    if let Some(metadata) = document(bundle, METADATA_PATH, report) {
        metadata_refs(bundle, &metadata, report);
    }
    if let Some(review) = document(bundle, REVIEW_PATH, report) {
        review_evidence(bundle, &review, report);
    }
    addresses(bundle, report);
}

/// A document that the manifest lists; one that does not parse is a violation.
fn document(bundle: &Checked<'_>, path: &str, report: &mut Report) -> Option<Value> {
    if !bundle.lists(path) {
        return None;
    }
    read_json(bundle.dir, path)
        .map_err(|e| report.add(Code::MalformedReference, path, e.to_string(), Some(path)))
        .ok()
}

/// A path that some document gives must be one that the manifest lists.
pub fn reference(bundle: &Checked<'_>, path: &str, at: &str, report: &mut Report) -> bool {
    if !is_bundle_path(path) {
        report.add(Code::InvalidPath, at, "It is no path in a bundle.", Some(path));
        return false;
    }
    let listed = bundle.lists(path);
    if !listed {
        let why = "It refers to a file that the manifest does not list.";
        report.add(Code::MalformedReference, at, why, Some(path));
    }
    listed
}

fn metadata_refs(bundle: &Checked<'_>, metadata: &Value, report: &mut Report) {
    for (key, value) in metadata["artifacts"].as_object().into_iter().flatten() {
        let refs = match value {
            Value::String(one) => vec![one.as_str()],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for path in refs {
            reference(bundle, path, &format!("metadata.artifacts.{key}"), report);
        }
    }
    if metadata["id"].as_str().is_some_and(|id| id != bundle.id()) {
        let why = "The metadata is of another bundle.";
        report.add(Code::BundleIdMismatch, "metadata.id", why, Some(METADATA_PATH));
    }
    let digest = &metadata["contentDigest"]["value"];
    if digest.as_str().is_some_and(|digest| digest != bundle.content_digest()) {
        let why = "The metadata has another content digest.";
        report.add(Code::DigestMismatch, "metadata.contentDigest.value", why, Some(METADATA_PATH));
    }
}

fn review_evidence(bundle: &mut Checked<'_>, review: &Value, report: &mut Report) {
    let evidence = &review["evidence"];
    if !evidence.is_object() {
        let why = "The review has no evidence.";
        report.add(Code::MalformedReference, REVIEW_PATH, why, Some(REVIEW_PATH));
        return;
    }
    let at = |field: &str| format!("{REVIEW_PATH}:{field}");
    let mut mismatch = |field: &str, why: &str| {
        report.add(Code::ReviewEvidenceMismatch, at(field), why, Some(REVIEW_PATH));
    };
    if review["artifactId"].as_str().is_some_and(|id| id != bundle.id()) {
        mismatch("artifactId", "The review is of another bundle.");
    }
    let digest = evidence["artifactContentDigest"].as_str();
    if digest.is_some_and(|digest| digest != bundle.content_digest()) {
        mismatch("evidence.artifactContentDigest", "It is not the manifest's content digest.");
    }
    if let (Some(patch), Some(sha256)) = (evidence["patch"].as_str(), evidence["patchSha256"].as_str())
        && is_bundle_path(patch)
        && bundle.hashes.of(patch).is_none_or(|actual| actual != sha256)
    {
        mismatch("evidence.patchSha256", "It is not the hash of the patch.");
    }
    changed_files(bundle, review, report);
    for (key, value) in evidence.as_object().into_iter().flatten() {
        if let Some(path) = value.as_str().filter(|text| text.starts_with("files/")) {
            reference(bundle, path, &at(&format!("evidence.{key}")), report);
        }
    }
}

/// The review, if it names files, names those of the list of changed files, with the same status,
/// and leaves none out.
fn changed_files(bundle: &Checked<'_>, review: &Value, report: &mut Report) {
    let path = review["evidence"]["changedFiles"].as_str().unwrap_or(CHANGED_FILES_PATH);
    if !is_bundle_path(path) {
        return;
    }
    let key = |file: &Value| (file["path"].to_string(), file["status"].to_string());
    let Some(reviewed) = review["changedFiles"].as_array() else { return };
    let changed = read_json(bundle.dir, path).unwrap_or_default();
    let listed = changed["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut compare = |files: &[Value], with: &[Value], why: String| {
        let known: HashSet<_> = with.iter().map(key).collect();
        for file in files.iter().filter(|file| !known.contains(&key(file))) {
            let at = format!("{REVIEW_PATH}:changedFiles");
            report.add(Code::ReviewEvidenceMismatch, at, why.clone(), file["path"].as_str());
        }
    };
    compare(reviewed, listed, format!("The review names a change that {path} does not have."));
    compare(listed, reviewed, format!("The review leaves out a change that {path} has."));
}

/// Addresses that a reader may be sent to lead to the web, not to the reader's own machine.
fn addresses(bundle: &Checked<'_>, report: &mut Report) {
    let rows: Vec<(usize, String, Value)> =
        bundle.rows().map(|(i, path, row)| (i, path.to_owned(), row["viewer"].clone())).collect();
    for (i, path, viewer) in rows {
        for field in ["base", "publicUrl"] {
            if viewer[field].as_str().is_some_and(|url| !is_public_url(url)) {
                let at = format!("manifest.files[{i}].viewer.{field}");
                let why = "It is not an absolute http(s) address of another machine.";
                report.add(Code::MalformedReference, at, why, Some(&path));
            }
        }
    }
}

fn is_public_url(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let local = name.is_empty()
        || name == "localhost"
        || name.ends_with(".localhost")
        || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback() || ip.is_unspecified());
    !local
}
