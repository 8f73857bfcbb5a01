//! The bundle that leaves a sandbox.
//!
//! In: a [`Draft`], what a run hands over when it ends. Out: a directory beneath the store's root
//! that a reviewer, a script or `git apply` can use, and envelopes that describe it.
//!
//! Invariant: a bundle's id is derived from its bytes; a bundle, once committed, is never changed;
//! nothing outside the store's root is read or written on behalf of a bundle.

pub mod apply;
mod browser;
mod bundle;
mod capture;
mod changed_files;
pub(crate) mod confined;
mod database;
mod digest;
mod draft;
mod error;
mod exclude;
mod location;
pub mod patch;
mod path;
mod redact;
mod store;
mod test_output;
mod test_results;
mod verify;

pub use bundle::{
    AGENT_RESULT_SCHEMA, AGENT_TASK_RESULT_SCHEMA, AGENT_TRANSCRIPT_SCHEMA, ARTIFACT_OUTCOME_SCHEMA,
    ARTIFACT_REVIEW_SCHEMA, Bundle, BundlePaths, COMPLETION_OUTCOME_SCHEMA, FileRedaction, MANIFEST_PATH,
    METADATA_PATH, Manifest, ManifestFile, Metadata, ProgressStep, ProgressType, REVIEW_PATH,
    RedactionPolicy, Review,
};

pub use crate::contract::{CommandRecord, Event};
pub use browser::{
    BROWSER_NORMALIZATION_SCHEMA, BROWSER_PERSISTENCE_SCHEMA, BrowserArtifactError, BrowserFileInput,
    Described, Encoding, NormalizedBundle, NormalizedFile, PersistRequest, Persisted, normalize,
};
pub use bundle::{clean_commands, clean_log, withhold};
pub use capture::{PatchSink, capture};
pub use changed_files::{CHANGED_FILES_SCHEMA, ChangeStatus, ChangedFile, ChangedFiles, NodeKind, Omission};
pub use database::{
    DATABASE_CHANGES_PATH, DATABASE_CHANGES_SCHEMA, DatabaseChanges, DatabaseStatus, DatabaseSummary,
    RowChange, RowStatus, TableChanges, TableStatus,
};
pub use digest::{
    CHANGED_FILES_PATH, ContentDigest, FILE_LIST_INPUT, FileDigest, ID_PREFIX, PATCH_PATH, bundle_id,
    conclusions_digest, content_digest, evidence_digest, file_list_digests, input_digest, is_sha256_hex,
    manifest_self_hash, manifest_self_hashes,
};
pub use draft::{
    AgentRun, Attachment, AttachmentContent, CaptureLimits, Diagnostic, Draft, Environment, Failure,
    MountRecord, Observation, Outcome, Provenance, RuntimeInfo, Severity,
};
pub use error::ArtifactError;
pub use location::{real_path, store_directory};
pub use redact::{
    Found, REDACTION_SCHEMA, RedactedArtifact, Redaction, RedactionStatus, Redactor, Secret, SecretError,
    Stream, Tally,
};
pub use store::{
    ARTIFACT_LIST_SCHEMA, ARTIFACT_SCHEMA, ArtifactEnvelope, ArtifactList, BundleRef, Discarded,
    ImportOperation, ImportRequest, ImportStatus, Left, LeftReason, ListQuery, PRUNE_SCHEMA, PruneReason,
    PruneReport, Pruned, RESULT_ENVELOPE_SCHEMA, ResultEnvelope, Retention, RunStatus, Store, WriteStatus,
    Written,
};
pub use store::{ZipError, unpack_zip, zip_names};
pub use test_output::{read_test_output, status as test_status};
pub use test_results::{
    RawLogReference, SuiteCounts, TEST_RESULTS_SCHEMA, TestResults, TestStatus, TestSuite, TestSummary,
};
pub use verify::{
    BundleVerdict, INSPECTION_SCHEMA, IdCovers, Inspection, STORE_VERIFICATION_SCHEMA, StoreVerification,
    Unsupported, VERIFICATION_SCHEMA, Verification, VerifyQuery, Violation, ViolationCode, check_payload,
    unsupported_keywords, verify_bundle,
};
