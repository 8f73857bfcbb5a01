//! Review and metadata: what is said of a bundle when all else is there. Both name its id, and are
//! vouched for by it.

use super::manifest::to_value;
use super::metadata::{ArtifactPaths, Metadata};
use super::paths::{METADATA_PATH, REVIEW_PATH};
use super::progress::progress;
use super::review::{self, Review, ReviewEvidence, ReviewStats};
use super::staging::Staging;
use crate::artifact::digest::{
    CHANGED_FILES_PATH, ContentDigest, FileDigest, PATCH_PATH, conclusions_digest,
};
use crate::artifact::{ArtifactError, DATABASE_CHANGES_PATH, Draft};
use serde::Deserialize;
use serde_json::Value;

/// The two documents without secrets. Until they are written they do not say whose they are.
pub struct Conclusions {
    review: Value,
    metadata: Value,
}

impl Conclusions {
    /// `listed` is changed-files.json, without secrets.
    pub fn draw(
        draft: &Draft,
        created_at: &str,
        listed: &Value,
        staging: &mut Staging<'_>,
    ) -> Result<Conclusions, ArtifactError> {
        let database_changes = staging.has(DATABASE_CHANGES_PATH).then(|| DATABASE_CHANGES_PATH.to_owned());
        let paths = ArtifactPaths { database_changes, ..ArtifactPaths::default() };
        let paths = if draft.agent.is_some() { paths.with_agent() } else { paths };
        let review = review(draft, created_at, &paths, staging);
        let metadata = Metadata {
            id: String::new(),
            content_digest: ContentDigest { algorithm: String::new(), inputs: vec![], value: String::new() },
            created_at: created_at.into(),
            session_id: draft.session_id.clone(),
            runtime: draft.runtime.clone(),
            provenance: draft.provenance.clone(),
            mounts: draft.mounts.clone(),
            outcome: draft.outcome.clone(),
            artifacts: paths,
            redaction: None,
        };
        // The summary counts these two files as well.
        let mut review = staging.clean(REVIEW_PATH, &review);
        let mut metadata = staging.clean(METADATA_PATH, &metadata);
        staging.repeats_file(REVIEW_PATH, CHANGED_FILES_PATH);
        let redaction = staging.tally.summary();
        metadata["redaction"] = to_value(&redaction);
        if redaction.total > 0 {
            review["redaction"] = to_value(&redaction);
        }
        // From what is written, not from what was: whoever reads it comes to the same.
        let unreadable = |why: serde_json::Error| ArtifactError::DraftInvalid {
            field: "redactor".into(),
            why: format!("a secret stands where the bundle has a word or a number of its own: {why}"),
        };
        let outcome = Deserialize::deserialize(&metadata["outcome"]).map_err(unreadable)?;
        let changed = Deserialize::deserialize(listed).map_err(unreadable)?;
        if let Value::Object(review) = &mut review {
            review.extend(review::derived(&outcome, &changed, &redaction));
        }
        Ok(Conclusions { review, metadata })
    }

    pub fn digest(&self) -> FileDigest {
        conclusions_digest(&self.review, &self.metadata)
    }

    /// Says whose they are.
    pub fn write(
        mut self,
        id: &str,
        digest: &ContentDigest,
        staging: &mut Staging<'_>,
    ) -> Result<(), ArtifactError> {
        self.review["artifactId"] = id.into();
        self.review["evidence"]["artifactContentDigest"] = digest.value.as_str().into();
        self.metadata["id"] = id.into();
        self.metadata["contentDigest"] = to_value(digest);
        let files = [(REVIEW_PATH, "review", self.review), (METADATA_PATH, "metadata", self.metadata)];
        files.into_iter().try_for_each(|(path, kind, value)| staging.document(path, kind, value))
    }
}

/// Without what follows from the list of changed files.
fn review(draft: &Draft, created_at: &str, paths: &ArtifactPaths, staging: &Staging<'_>) -> Review {
    Review {
        schema: review::ARTIFACT_REVIEW_SCHEMA.into(),
        artifact_id: String::new(),
        created_at: created_at.into(),
        summary: String::new(),
        stats: ReviewStats::default(),
        changed_files: Vec::new(),
        progress: progress(draft),
        actions: review::actions(),
        evidence: ReviewEvidence {
            artifact_content_digest: String::new(),
            changed_files: CHANGED_FILES_PATH.into(),
            patch: PATCH_PATH.into(),
            patch_sha256: staging.sha256(PATCH_PATH),
            diagnostics: paths.diagnostics.clone(),
            test_results: paths.test_results.clone(),
            outcome: paths.outcome.clone(),
            database_changes: paths.database_changes.clone(),
            agent_result: paths.agent_result.clone(),
            transcript: paths.transcript.clone(),
        },
        provenance: draft.provenance.clone(),
        risk_flags: Vec::new(),
        redaction: None,
    }
}
