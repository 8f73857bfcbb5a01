//! Whether review and metadata of a bundle of our making are those that its id vouches for, and say
//! what follows from the rest of it. Whoever makes a bundle could write anything there.

use super::hashes::stated;
use super::{Checked, Report, ViolationCode as Code};
use super::{agent, captured, mount_patches};
use crate::artifact::bundle::{
    ArtifactPaths, METADATA_PATH, OUTCOME_PATH, REVIEW_PATH, derived_review, read_json, to_value,
};
use crate::artifact::digest::{CHANGED_FILES_PATH, PATCH_PATH, conclusions_digest};
use crate::artifact::{ChangedFiles, DATABASE_CHANGES_PATH, Outcome};
use serde::Deserialize;
use serde_json::Value;

pub fn check(bundle: &mut Checked<'_>, report: &mut Report) {
    let Ok(changed) = read_json(bundle.dir, CHANGED_FILES_PATH) else { return };
    // Only bundles of our making have it. Nobody can take it out: the id covers it.
    if changed["evidence"].is_null() {
        return;
    }
    let mut documents = [REVIEW_PATH, METADATA_PATH, OUTCOME_PATH].map(|path| {
        let listed = bundle.lists(path).then(|| read_json(bundle.dir, path).ok()).flatten();
        if listed.is_none() {
            let why = "A bundle of our making has it.";
            report.add(Code::MissingFile, path, why, Some(path));
        }
        listed
    });
    let [Some(review), Some(metadata), Some(outcome)] = &mut documents else { return };
    own(bundle, review, metadata, report);
    if !changed["conclusions"].is_null()
        && stated(&changed["conclusions"]) != Some(&conclusions_digest(review, metadata).value)
    {
        let at = format!("{CHANGED_FILES_PATH}:conclusions");
        let why = "Review and metadata are not those that the bundle was made with.";
        report.add(Code::DigestMismatch, at, why, Some(REVIEW_PATH));
    }
    same_outcome(metadata, outcome, report);
    paths(bundle, review, metadata, report);
    if let Some((outcome, changed)) = derived(review, metadata, &changed, report) {
        captured::check(bundle, &changed, report);
        mount_patches::check(bundle, &changed, report);
        agent::check(bundle, metadata, (&outcome, &changed), report);
    }
}

/// Where evidence lies is not for a bundle to choose: what is applied lies there, too.
fn paths(bundle: &mut Checked<'_>, review: &Value, metadata: &Value, report: &mut Report) {
    let fixed = ArtifactPaths { database_changes: Some(DATABASE_CHANGES_PATH.into()), ..Default::default() };
    let fixed = to_value(&fixed.with_agent());
    let said = [
        (METADATA_PATH, "artifacts", &metadata["artifacts"]),
        (REVIEW_PATH, "evidence", &review["evidence"]),
    ];
    for (path, field, paths) in said {
        for (key, value) in paths.as_object().into_iter().flatten() {
            let is_digest = ["artifactContentDigest", "patchSha256"].contains(&key.as_str());
            if fixed.get(key) != Some(value) && !(field == "evidence" && is_digest) {
                let why = "Bundles of our making have it elsewhere.";
                report.add(Code::ReviewEvidenceMismatch, format!("{path}:{field}.{key}"), why, Some(path));
            }
        }
    }
    let sha256 = review["evidence"]["patchSha256"].as_str();
    if sha256 != bundle.hashes.of(PATCH_PATH).as_deref() {
        let at = format!("{REVIEW_PATH}:evidence.patchSha256");
        report.add(Code::ReviewEvidenceMismatch, at, "It is not the hash of the patch.", Some(REVIEW_PATH));
    }
}

/// Both say whose they are, and the manifest is of their time.
fn own(bundle: &Checked<'_>, review: &Value, metadata: &Value, report: &mut Report) {
    let facts = [
        (REVIEW_PATH, "artifactId", &review["artifactId"], &bundle.manifest["id"]),
        (
            REVIEW_PATH,
            "evidence.artifactContentDigest",
            &review["evidence"]["artifactContentDigest"],
            &bundle.manifest["contentDigest"]["value"],
        ),
        (METADATA_PATH, "id", &metadata["id"], &bundle.manifest["id"]),
        (METADATA_PATH, "contentDigest", &metadata["contentDigest"], &bundle.manifest["contentDigest"]),
        (METADATA_PATH, "createdAt", &metadata["createdAt"], &bundle.manifest["createdAt"]),
    ];
    for (path, field, said, known) in facts {
        if said != known {
            let why = "It is not what the manifest says.";
            report.add(Code::MalformedReference, format!("{path}:{field}"), why, Some(path));
        }
    }
}

/// How the run ended is evidence, and metadata repeats it.
fn same_outcome(metadata: &Value, outcome: &Value, report: &mut Report) {
    let said = metadata["outcome"].as_object();
    if said.is_none_or(|said| said.iter().any(|(field, value)| outcome.get(field) != Some(value))) {
        let at = format!("{METADATA_PATH}:outcome");
        let why = format!("It is not what {OUTCOME_PATH} says.");
        report.add(Code::ReviewEvidenceMismatch, at, why, Some(METADATA_PATH));
    }
}

/// Summary, stats, files and risk flags of the review are those of the list of changed files.
fn derived(
    review: &Value,
    metadata: &Value,
    changed: &Value,
    report: &mut Report,
) -> Option<(Outcome, ChangedFiles)> {
    let read = |document: &Value| Deserialize::deserialize(document).ok();
    let facts = Deserialize::deserialize(&metadata["outcome"])
        .ok()
        .zip(Deserialize::deserialize(changed).ok())
        .zip(read(&metadata["redaction"]));
    let Some(((outcome, changed), redaction)) = facts else {
        let why = "It is not what a bundle of our making has there.";
        report.add(Code::MalformedReference, METADATA_PATH, why, Some(METADATA_PATH));
        return None;
    };
    for (field, value) in derived_review(&outcome, &changed, &redaction) {
        if review[&field] != value {
            let why = format!("It is not what follows from {CHANGED_FILES_PATH}.");
            let at = format!("{REVIEW_PATH}:{field}");
            report.add(Code::ReviewEvidenceMismatch, at, why, Some(REVIEW_PATH));
        }
    }
    Some((outcome, changed))
}
