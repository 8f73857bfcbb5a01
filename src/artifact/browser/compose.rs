//! The files of a bundle that a browser has made.

use super::normalize::{CheckedFile, Content, Encoding};
use super::path::in_bundle;
use crate::artifact::bundle::{
    ARTIFACT_REVIEW_SCHEMA, MANIFEST_PATH, METADATA_PATH, ManifestFile, REVIEW_PATH, Staging,
    TEST_RESULTS_PATH, pretty, to_value,
};
use crate::artifact::changed_files::CHANGED_FILES_SCHEMA;
use crate::artifact::confined::Dir;
use crate::artifact::digest::{
    CHANGED_FILES_PATH, ContentDigest, FileDigest, PATCH_PATH, bundle_id, content_digest, manifest_self_hash,
};
use crate::artifact::test_results::TEST_RESULTS_SCHEMA;
use crate::artifact::{ArtifactError, Found, Omission, Redactor, Tally};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::Write;

const NAME: &str = "browser-playground";

/// A row of changed-files.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangedBrowserFile<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_path: Option<String>,
    status: &'static str,
    encoding: Encoding,
    mime_type: &'a str,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redacted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<Omission>,
    kind: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// What is said of the files as a whole.
pub struct About<'a> {
    pub created_at: String,
    pub provenance: &'a Value,
    /// `schemaId`, `kind`, `metadata`, `reviewHints`, `applyTarget`, …: what the caller gave.
    pub caller: &'a Map<String, Value>,
}

/// The bytes of changed-files.json, which make the bundle's identity.
pub fn changed_files(files: &[CheckedFile]) -> Vec<u8> {
    let rows: Vec<ChangedBrowserFile<'_>> = files.iter().map(row).collect();
    pretty(&json!({ "schema": CHANGED_FILES_SCHEMA, "files": rows }))
}

fn row(file: &CheckedFile) -> ChangedBrowserFile<'_> {
    ChangedBrowserFile {
        path: &file.path,
        artifact_path: file.omitted().is_none().then(|| in_bundle(&file.path)),
        status: "added",
        encoding: file.encoding,
        mime_type: &file.mime_type,
        size: file.size(),
        sha256: file.sha256(),
        redacted: file.redacted(),
        omitted: file.omitted(),
        kind: &file.kind,
        roles: &file.input.roles,
        metadata: file.input.metadata.as_ref(),
        provenance: file.input.provenance.as_ref(),
        description: file.input.description.as_deref(),
    }
}

/// Writes every file of the bundle into `dir`, which is empty. Files and `changed` hold no secret any
/// more; what is said of them as a whole does until here.
pub fn compose(
    files: &[CheckedFile],
    changed: &[u8],
    about: &About<'_>,
    redactor: &Redactor,
    dir: &Dir,
) -> Result<(), ArtifactError> {
    let digest = content_digest(changed, b"");
    let id = bundle_id(&digest.value);
    let mut tally = Tally::default();
    for file in files {
        tally.add(&in_bundle(&file.path), &file.found.0);
        tally.add(CHANGED_FILES_PATH, &file.found.1);
    }
    let mut staging = Staging::new(dir, redactor, tally);
    let mut metadata = staging.clean(METADATA_PATH, &metadata(&id, &digest, files, about));
    let mut review = staging.clean(REVIEW_PATH, &review(&id, &digest, files, about));
    let mut found = Found::default();
    let mut runtime = runtime(about);
    redactor.value(&mut runtime, &mut found);
    let redaction = staging.tally.summary();
    if redaction.total > 0 || files.iter().any(CheckedFile::redacted) {
        metadata["redaction"] = to_value(&redaction);
        review["redaction"] = to_value(&redaction);
        review["riskFlags"] = json!(risk_flags(files));
    }
    let json = "application/json";
    staging.write(METADATA_PATH, "metadata", json, &pretty(&metadata))?;
    staging.write(CHANGED_FILES_PATH, "changed-files", json, changed)?;
    staging.write(PATCH_PATH, "patch", "text/x-diff", b"")?;
    staging.write(REVIEW_PATH, "review", json, &pretty(&review))?;
    let tests = json!({ "schema": TEST_RESULTS_SCHEMA, "status": "not-run", "tests": [] });
    staging.write(TEST_RESULTS_PATH, "test-results", json, &pretty(&tests))?;
    for file in files {
        if let Content::Kept(bytes) = &file.content {
            staging.write(&in_bundle(&file.path), "browser-artifact", &file.mime_type, bytes)?;
        }
    }
    seal(&id, &digest, &about.created_at, runtime, &found, staging.listed().0, dir)
}

fn risk_flags(files: &[CheckedFile]) -> Vec<String> {
    let redacted = files.iter().filter(|file| file.redacted()).map(|file| format!("redacted:{}", file.path));
    std::iter::once("secrets-redacted".to_owned()).chain(redacted).collect()
}

fn metadata(id: &str, digest: &ContentDigest, files: &[CheckedFile], about: &About<'_>) -> Value {
    json!({
        "id": id,
        "contentDigest": digest,
        "createdAt": about.created_at,
        "runtime": runtime(about),
        "provenance": about.provenance,
        "caller": about.caller,
        "artifacts": {
            "browser": files.iter().filter(|file| file.omitted().is_none()).map(|file| in_bundle(&file.path)).collect::<Vec<_>>(),
            "changedFiles": CHANGED_FILES_PATH,
            "patch": PATCH_PATH,
            "review": REVIEW_PATH,
            "testResults": TEST_RESULTS_PATH,
        },
    })
}

fn runtime(about: &About<'_>) -> Value {
    json!({
        "id": NAME,
        "kind": NAME,
        "execution": NAME,
        "createdAt": about.created_at,
        "provenance": about.provenance,
    })
}

fn review(id: &str, digest: &ContentDigest, files: &[CheckedFile], about: &About<'_>) -> Value {
    let changed: Vec<Value> = files
        .iter()
        .map(|file| json!({ "path": file.path, "status": "added", "label": format!("added {}", file.path) }))
        .collect();
    json!({
        "schema": ARTIFACT_REVIEW_SCHEMA,
        "artifactId": id,
        "createdAt": about.created_at,
        "summary": format!("The browser made {} {}.", files.len(), if files.len() == 1 { "file" } else { "files" }),
        "provenance": about.provenance,
        "reviewHints": about.caller.get("reviewHints").cloned().unwrap_or_else(|| json!([])),
        "changedFiles": changed,
        "evidence": {
            "artifactContentDigest": digest.value,
            "changedFiles": CHANGED_FILES_PATH,
            "patch": PATCH_PATH,
            "patchSha256": FileDigest::of(b"").value,
        },
        "riskFlags": [],
    })
}

fn seal(
    id: &str,
    digest: &ContentDigest,
    created_at: &str,
    runtime: Value,
    found: &Found,
    listed: Vec<ManifestFile>,
    dir: &Dir,
) -> Result<(), ArtifactError> {
    let rows: Vec<ManifestFile> = std::iter::once(ManifestFile::own(found)).chain(listed).collect();
    let mut manifest = json!({
        "id": id,
        "contentDigest": digest,
        "createdAt": created_at,
        "runtime": runtime,
        "files": rows,
    });
    let hash = manifest_self_hash(&manifest);
    manifest["files"][0]["sha256"]["value"] = hash.into();
    dir.create_file(MANIFEST_PATH)
        .and_then(|mut file| file.write_all(&pretty(&manifest)))
        .map_err(ArtifactError::PersistFailed)
}
