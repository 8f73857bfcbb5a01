//! Bringing a bundle into the store: from a directory, a manifest, or a zip archive.

use super::copy::{CopyError, copy};
use super::scratch::Scratch;
use super::write::is_taken;
use super::zip::{ZipError, unpack};
use super::{Located, Store};
use crate::artifact::bundle::{Limits, is_bundle_manifest, read_manifest};
use crate::artifact::confined::Dir;
use crate::artifact::verify::verify;
use crate::artifact::{ArtifactError, Bundle, Verification, real_path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Schema id of [`ResultEnvelope`].
pub const RESULT_ENVELOPE_SCHEMA: &str = "wp-codebox/artifact-result-envelope/v1";

/// What to import, and what it has to be.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// A bundle's directory, or a zip archive of one.
    pub source_bundle_path: Option<PathBuf>,
    /// A bundle's `manifest.json`; with a bundle path, it must be that bundle's.
    pub source_manifest_path: Option<PathBuf>,
    pub expected_artifact_id: Option<String>,
    pub expected_content_digest: Option<String>,
    /// Replace a bundle of the same id: one that is damaged, or this very one.
    pub replace: bool,
    /// Where sources may lie; `None`: anywhere, for the operator.
    pub allowed_roots: Option<Vec<PathBuf>>,
    /// Returned as they are.
    pub metadata: Option<Value>,
    pub evidence_refs: Vec<Value>,
}

/// Which of the two abilities is speaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOperation {
    Import,
    Reimport,
}

/// `wp-codebox/artifact-result-envelope/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultEnvelope {
    pub success: bool,
    pub schema: String,
    pub operation: String,
    pub operation_schema: String,
    pub status: ImportStatus,
    #[serde(rename = "artifactBundle")]
    pub artifact_bundle: BundleRef,
    #[serde(rename = "artifactRefs")]
    pub artifact_refs: Vec<BundleRef>,
    #[serde(rename = "evidenceRefs")]
    pub evidence_refs: Vec<Value>,
    pub verification: Verification,
    pub result: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    pub diagnostics: Vec<Value>,
    pub artifact: Bundle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportStatus {
    Created,
    /// It was there already; nothing was written.
    Existing,
    /// It took the place of the one that was there.
    Updated,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleRef {
    /// `artifact-bundle`.
    pub kind: String,
    pub id: String,
    pub path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Value>,
}

impl Store {
    /// Copies a bundle into the store, verifies the copy, and gives it its name. The second time
    /// the same bundle is `existing`.
    pub fn import(
        &self,
        request: &ImportRequest,
        operation: ImportOperation,
    ) -> Result<ResultEnvelope, ArtifactError> {
        let source = Source::open(request)?;
        if let Source::Directory(dir, path) = &source {
            // Before anything is copied, and with the violations named.
            verify(dir, path).into_result()?;
            request.check(&read_manifest(dir)?)?;
        }
        let unwritable = |why| ArtifactError::RootUnwritable { root: self.root.clone(), why };
        let scratch = Scratch::new(&self.dir).map_err(unwritable)?;
        source.copy_into(&scratch.dir)?;
        verify(&scratch.dir, source.path()).into_result()?;
        let manifest = read_manifest(&scratch.dir)?;
        request.check(&manifest)?;
        let id = manifest["id"].as_str().unwrap_or_default().to_owned();

        let (status, located) = match self.find(&id)? {
            Some(there) if !request.replace => (ImportStatus::Existing, there),
            Some(there) if !is_bundle_manifest(&there.manifest) => {
                return Err(ArtifactError::NotABundle(id));
            }
            Some(there) => {
                // The id does not vouch for every file of a bundle; its manifest does.
                let sound = verify(&there.dir, Path::new(&there.place)).into_result().is_ok();
                if sound && there.manifest != manifest {
                    return Err(ArtifactError::ImportReplacesAnother(id));
                }
                (ImportStatus::Updated, self.put(scratch, &id, Some(&there.place))?)
            }
            None => match self.put(scratch, &id, None) {
                // Somebody else imported it meanwhile.
                Err(ArtifactError::ImportFinalizeFailed(why)) if is_taken(&why) => {
                    let there = self.find(&id)?.ok_or(ArtifactError::NotFound(id))?;
                    (ImportStatus::Existing, there)
                }
                result => (ImportStatus::Created, result?),
            },
        };
        let digest = |manifest: &Value| manifest["contentDigest"]["value"].clone();
        if digest(&located.manifest) != digest(&manifest) {
            return Err(ArtifactError::ImportDigestMismatch {
                expected: digest(&located.manifest).as_str().unwrap_or_default().into(),
                actual: digest(&manifest).as_str().unwrap_or_default().into(),
            });
        }
        self.envelope(request, operation, status, &located)
    }

    fn find(&self, id: &str) -> Result<Option<Located>, ArtifactError> {
        match self.locate(id) {
            Ok(located) => Ok(Some(located)),
            Err(ArtifactError::NotFound(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Puts a finished directory in its place; in one step also if it replaces another there.
    fn put(&self, scratch: Scratch<'_>, id: &str, replaced: Option<&str>) -> Result<Located, ArtifactError> {
        let failed = ArtifactError::ImportFinalizeFailed;
        scratch.dir.sync_file_system().map_err(failed)?;
        match replaced {
            Some(place) if place == id => scratch.replace(id).map_err(failed)?,
            Some(place) => {
                scratch.commit(id).map_err(|(_, why)| failed(why))?;
                self.remove(place)?;
            }
            None => scratch.commit(id).map_err(|(_, why)| failed(why))?,
        }
        self.dir.sync().map_err(failed)?;
        self.at(id).ok_or_else(|| ArtifactError::NotFound(id.into()))
    }

    fn envelope(
        &self,
        request: &ImportRequest,
        operation: ImportOperation,
        status: ImportStatus,
        located: &Located,
    ) -> Result<ResultEnvelope, ArtifactError> {
        let artifact = match self.read(located, Limits::Strict) {
            Ok(bundle) => bundle,
            Err(_) => self.read(located, Limits::Generic)?,
        };
        let verification = verify(&located.dir, &artifact.directory).into_result()?;
        let operation = operation.name();
        let bundle = BundleRef {
            kind: "artifact-bundle".into(),
            id: artifact.id.clone(),
            path: artifact.directory.clone(),
            digest: Some(json!({ "algorithm": "sha256", "value": artifact.content_digest })),
        };
        Ok(ResultEnvelope {
            success: true,
            schema: RESULT_ENVELOPE_SCHEMA.into(),
            operation: operation.into(),
            operation_schema: format!("wp-codebox/{operation}/v1"),
            status,
            artifact_refs: vec![bundle.clone()],
            artifact_bundle: bundle,
            evidence_refs: request.evidence_refs.clone(),
            verification,
            result: json!({
                "artifact_id": artifact.id,
                "content_digest": artifact.content_digest,
                "directory": artifact.directory,
            }),
            metadata: request.metadata.clone(),
            diagnostics: Vec::new(),
            artifact,
        })
    }
}

impl ImportOperation {
    fn name(self) -> &'static str {
        match self {
            ImportOperation::Import => "import-artifact-bundle",
            ImportOperation::Reimport => "reimport-artifact-bundle",
        }
    }
}

impl ImportRequest {
    /// The source that a reimport falls back to: what an earlier result said of the bundle.
    pub fn source_from(artifact_ref: &Value, artifact_result: &Value) -> Option<PathBuf> {
        let stated =
            [&artifact_result["artifactBundle"]["path"], &artifact_ref["directory"], &artifact_ref["path"]];
        if let Some(path) = stated.into_iter().find_map(Value::as_str) {
            return Some(path.into());
        }
        let root = Path::new(artifact_ref["artifacts_path"].as_str()?);
        Some(root.join(artifact_ref["artifact_id"].as_str()?))
    }

    fn check(&self, manifest: &Value) -> Result<(), ArtifactError> {
        let actual = manifest["id"].as_str().unwrap_or_default();
        if let Some(expected) = self.expected_artifact_id.as_deref().filter(|id| *id != actual) {
            let (expected, actual) = (expected.into(), actual.into());
            return Err(ArtifactError::ImportIdMismatch { expected, actual });
        }
        let actual = manifest["contentDigest"]["value"].as_str().unwrap_or_default();
        if let Some(expected) = self.expected_content_digest.as_deref().filter(|d| *d != actual) {
            let (expected, actual) = (expected.into(), actual.into());
            return Err(ArtifactError::ImportDigestMismatch { expected, actual });
        }
        Ok(())
    }
}

/// Where a bundle comes from.
enum Source {
    Directory(Dir, PathBuf),
    Zip(File, PathBuf),
}

impl Source {
    fn open(request: &ImportRequest) -> Result<Source, ArtifactError> {
        let resolve = |path: &Path| {
            let missing = |_| ArtifactError::ImportSourceMissing(path.into());
            let found = path.canonicalize();
            if let Some(roots) = &request.allowed_roots {
                // Whether something is there is nobody's business who may not look.
                let real = found.as_ref().ok().cloned().or_else(|| real_path(path));
                let mut roots = roots.iter().filter_map(|root| root.canonicalize().ok());
                if !real.is_some_and(|real| roots.any(|root| real.starts_with(root))) {
                    return Err(ArtifactError::ImportSourceForbidden(path.into()));
                }
            }
            found.map_err(missing)
        };
        let bundle = request.source_bundle_path.as_deref().map(resolve).transpose()?;
        let manifest = request.source_manifest_path.as_deref().map(resolve).transpose()?;
        let path = match (bundle, manifest) {
            (None, None) => return Err(ArtifactError::ImportSourceMissing(PathBuf::new())),
            (Some(bundle), None) => bundle,
            (bundle, Some(manifest)) => {
                let parent = manifest.parent().map(Path::to_owned).unwrap_or_default();
                if !manifest.ends_with("manifest.json") || bundle.is_some_and(|b| b != parent) {
                    return Err(ArtifactError::ImportSourceInvalid(manifest));
                }
                parent
            }
        };
        let unreadable = |_| ArtifactError::ImportSourceMissing(path.clone());
        let kind = path.metadata().map_err(unreadable)?;
        if kind.is_dir() {
            Ok(Source::Directory(Dir::open_trusted(&path).map_err(unreadable)?, path))
        } else if kind.is_file() {
            Ok(Source::Zip(File::open(&path).map_err(unreadable)?, path))
        } else {
            Err(ArtifactError::ImportSourceInvalid(path))
        }
    }

    fn path(&self) -> &Path {
        match self {
            Source::Directory(_, path) | Source::Zip(_, path) => path,
        }
    }

    fn copy_into(&self, to: &Dir) -> Result<(), ArtifactError> {
        match self {
            Source::Directory(from, _) => copy(from, to).map_err(|why| match why {
                CopyError::Io(why) => ArtifactError::ImportCopyFailed(why),
                other => ArtifactError::ImportSourceUnsafe(other.to_string()),
            }),
            Source::Zip(archive, _) => {
                let mut archive = archive;
                unpack(&mut archive, to).map_err(|why| match why {
                    ZipError::Io(why) => ArtifactError::ImportCopyFailed(why),
                    other => ArtifactError::ZipInvalid { reason: other.reason(), why: other.to_string() },
                })
            }
        }
    }
}
