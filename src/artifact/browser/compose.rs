//! The files of a bundle that a browser has made.

use super::normalize::{CheckedFile, Encoding};
use super::path::in_bundle;
use crate::artifact::ArtifactError;
use crate::artifact::bundle::{ARTIFACT_REVIEW_SCHEMA, MANIFEST_PATH, METADATA_PATH, REVIEW_PATH};
use crate::artifact::changed_files::CHANGED_FILES_SCHEMA;
use crate::artifact::confined::Dir;
use crate::artifact::digest::{
    CHANGED_FILES_PATH, ContentDigest, FileDigest, PATCH_PATH, bundle_id, content_digest,
    manifest_self_hash,
};
use crate::artifact::test_results::TEST_RESULTS_SCHEMA;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::Write;

const TEST_RESULTS_PATH: &str = "files/test-results.json";
const NAME: &str = "browser-playground";

/// A row of changed-files.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangedBrowserFile<'a> {
    path: &'a str,
    artifact_path: String,
    status: &'static str,
    encoding: Encoding,
    mime_type: &'a str,
    size: usize,
    sha256: &'a str,
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
        artifact_path: in_bundle(&file.path),
        status: "added",
        encoding: file.encoding,
        mime_type: &file.mime_type,
        size: file.bytes.len(),
        sha256: &file.sha256,
        kind: &file.kind,
        roles: &file.input.roles,
        metadata: file.input.metadata.as_ref(),
        provenance: file.input.provenance.as_ref(),
        description: file.input.description.as_deref(),
    }
}

/// Writes every file of the bundle into `dir`, which is empty.
pub fn compose(
    files: &[CheckedFile],
    changed: &[u8],
    about: &About<'_>,
    dir: &Dir,
) -> Result<(), ArtifactError> {
    let digest = content_digest(changed, b"");
    let id = bundle_id(&digest.value);
    let mut writer = Writer { dir, rows: Vec::new() };
    let json = "application/json";
    writer.file(METADATA_PATH, "metadata", json, &pretty(&metadata(&id, &digest, files, about)))?;
    writer.file(CHANGED_FILES_PATH, "changed-files", json, changed)?;
    writer.file(PATCH_PATH, "patch", "text/x-diff", b"")?;
    writer.file(REVIEW_PATH, "review", json, &pretty(&review(&id, &digest, files, about)))?;
    let tests = json!({ "schema": TEST_RESULTS_SCHEMA, "status": "not-run", "tests": [] });
    writer.file(TEST_RESULTS_PATH, "test-results", json, &pretty(&tests))?;
    for file in files {
        writer.file(&in_bundle(&file.path), "browser-artifact", &file.mime_type, &file.bytes)?;
    }
    writer.seal(&id, &digest, about)
}

fn metadata(
    id: &str,
    digest: &ContentDigest,
    files: &[CheckedFile],
    about: &About<'_>,
) -> Value {
    json!({
        "id": id,
        "contentDigest": digest,
        "createdAt": about.created_at,
        "runtime": runtime(about),
        "provenance": about.provenance,
        "caller": about.caller,
        "artifacts": {
            "browser": files.iter().map(|file| in_bundle(&file.path)).collect::<Vec<_>>(),
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

/// Writes files and remembers their hashes.
struct Writer<'a> {
    dir: &'a Dir,
    rows: Vec<Value>,
}

impl Writer<'_> {
    fn file(
        &mut self,
        path: &str,
        kind: &str,
        content_type: &str,
        bytes: &[u8],
    ) -> Result<(), ArtifactError> {
        self.dir
            .create_parents(path)
            .and_then(|()| self.dir.create_file(path)?.write_all(bytes))
            .map_err(ArtifactError::PersistFailed)?;
        self.rows.push(json!({
            "path": path,
            "kind": kind,
            "contentType": content_type,
            "sha256": FileDigest::of(bytes),
        }));
        Ok(())
    }

    fn seal(
        mut self,
        id: &str,
        digest: &ContentDigest,
        about: &About<'_>,
    ) -> Result<(), ArtifactError> {
        let own = json!({
            "path": MANIFEST_PATH,
            "kind": "manifest",
            "contentType": "application/json",
            "sha256": FileDigest::sha256("0".repeat(64)),
        });
        self.rows.insert(0, own);
        let mut manifest = json!({
            "id": id,
            "contentDigest": digest,
            "createdAt": about.created_at,
            "runtime": runtime(about),
            "files": self.rows,
        });
        let hash = manifest_self_hash(&manifest);
        manifest["files"][0]["sha256"]["value"] = hash.into();
        self.dir
            .create_file(MANIFEST_PATH)
            .and_then(|mut file| file.write_all(&pretty(&manifest)))
            .map_err(ArtifactError::PersistFailed)
    }
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("a JSON value serialises");
    bytes.push(b'\n');
    bytes
}
