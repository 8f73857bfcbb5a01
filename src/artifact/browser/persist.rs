//! Keeping a browser's files in the store.

use super::compose::{About, changed_files, compose};
use super::error::BrowserArtifactError;
use super::normalize::{self, BrowserFileInput, Encoding};
use super::path::in_bundle;
use crate::artifact::bundle::Limits;
use crate::artifact::digest::{bundle_id, content_digest};
use crate::artifact::{ArtifactError, Bundle, Omission, Redactor, Store, WriteStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Schema id of [`Persisted`].
pub const BROWSER_PERSISTENCE_SCHEMA: &str = "wp-codebox/browser-artifact-persistence/v1";
const REF_SCHEMA: &str = "wp-codebox/browser-artifact-ref/v1";
const GRANT_SCHEMA: &str = "wp-codebox/browser-artifact-grant/v1";
const BUNDLE_SCHEMA: &str = "wp-codebox/browser-persisted-artifact-bundle/v1";

/// What to keep, and on whose behalf.
#[derive(Debug, Clone, Default)]
pub struct PersistRequest {
    pub files: Vec<BrowserFileInput>,
    pub session_id: Option<String>,
    pub provenance: Value,
    /// What the caller said of itself.
    pub caller: Map<String, Value>,
    /// The verdict on the caller's authority, where one was asked for.
    pub authorization: Option<Value>,
    /// RFC 3339.
    pub created_at: String,
}

/// `wp-codebox/browser-artifact-persistence/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Persisted {
    pub success: bool,
    pub schema: String,
    pub status: WriteStatus,
    pub artifact_id: String,
    pub content_digest: String,
    pub directory: PathBuf,
    pub artifact_ref: ArtifactRef,
    pub persisted_bundle: PersistedBundle,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    pub artifact: Bundle,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Value>,
}

/// `wp-codebox/browser-artifact-ref/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactRef {
    pub schema: String,
    pub artifact_id: String,
    pub content_digest: String,
    pub artifacts_path: PathBuf,
    pub status: WriteStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
}

/// `wp-codebox/browser-artifact-grant/v1`: under which authority the bundle was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    pub schema: String,
    pub scope: String,
    pub session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Value>,
    pub artifacts_path: PathBuf,
}

/// `wp-codebox/browser-persisted-artifact-bundle/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersistedBundle {
    pub schema: String,
    pub artifact_id: String,
    pub content_digest: String,
    pub directory: PathBuf,
    pub status: WriteStatus,
    pub root: String,
    pub entrypoint: String,
    /// In the caller's order.
    pub files: Vec<PersistedFile>,
    pub provenance: Value,
    pub caller: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersistedFile {
    pub path: String,
    /// Where in the bundle it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_path: Option<String>,
    /// `added`.
    pub status: String,
    pub encoding: Encoding,
    pub mime_type: String,
    pub size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// A secret was taken out of the content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// Why the content was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<Omission>,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Store {
    /// Keeps a browser's files as a bundle. The second time the same files are `existing`.
    pub fn persist(&self, request: PersistRequest) -> Result<Persisted, BrowserArtifactError> {
        let redactor = normalize::redactor();
        let files = normalize::check(request.files, "", redactor)?;
        let changed = changed_files(&files);
        let digest = content_digest(&changed, b"").value;
        let id = bundle_id(&digest);
        let about = About {
            created_at: request.created_at,
            provenance: &request.provenance,
            caller: &request.caller,
        };
        let compose = |dir: &_| -> Result<String, ArtifactError> {
            compose(&files, &changed, &about, redactor, dir)?;
            Ok(id.clone())
        };
        let status = match self.holds(&id) {
            true => WriteStatus::Existing,
            false => self.write_with(compose)?.1,
        };
        // What was there already has to prove itself, file by file; what was just written is read back.
        let artifact = match status {
            WriteStatus::Existing => self.verified(&id)?.0,
            WriteStatus::Created => self.read(&self.locate(&id)?, Limits::Strict)?,
        };
        let grant =
            request.session_id.clone().filter(|_| !request.caller.is_empty()).map(|session_id| Grant {
                schema: GRANT_SCHEMA.into(),
                scope: "artifact:write".into(),
                session_id,
                authorization: request.authorization.clone(),
                artifacts_path: self.root().into(),
            });
        Ok(Persisted {
            success: true,
            schema: BROWSER_PERSISTENCE_SCHEMA.into(),
            status,
            artifact_id: id.clone(),
            content_digest: digest.clone(),
            directory: artifact.directory.clone(),
            artifact_ref: ArtifactRef {
                schema: REF_SCHEMA.into(),
                artifact_id: id.clone(),
                content_digest: digest.clone(),
                artifacts_path: self.root().into(),
                status,
                session_id: request.session_id,
                grant: grant.clone(),
            },
            persisted_bundle: PersistedBundle {
                schema: BUNDLE_SCHEMA.into(),
                artifact_id: id,
                content_digest: digest,
                directory: artifact.directory.clone(),
                status,
                root: String::new(),
                entrypoint: files.first().map(|file| file.path.clone()).unwrap_or_default(),
                files: files.iter().map(PersistedFile::of).collect(),
                provenance: normalize::clean(request.provenance, redactor),
                caller: cleaned(request.caller, redactor),
            },
            grant,
            artifact,
            authorization: request.authorization,
        })
    }
}

fn cleaned(map: Map<String, Value>, redactor: &Redactor) -> Map<String, Value> {
    match normalize::clean(Value::Object(map), redactor) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl PersistedFile {
    fn of(file: &normalize::CheckedFile) -> Self {
        PersistedFile {
            path: file.path.clone(),
            artifact_path: file.omitted().is_none().then(|| in_bundle(&file.path)),
            status: "added".into(),
            encoding: file.encoding,
            mime_type: file.mime_type.clone(),
            size: file.size(),
            sha256: file.sha256(),
            redacted: file.redacted(),
            omitted: file.omitted(),
            kind: file.kind.clone(),
            roles: file.input.roles.clone(),
            metadata: file.input.metadata.clone(),
            provenance: file.input.provenance.clone(),
            description: file.input.description.clone(),
        }
    }
}
