//! One bundle: what its files are, how a draft becomes them, how they are read back.
//!
//! In: a [`Draft`](super::Draft), or a directory. Out: files in a staging directory, or a
//! [`Bundle`].
//!
//! Invariant: the manifest lists every file with the hash of its bytes, and the id follows from
//! the content digest.

mod agent;
mod captured;
mod clean;
mod commands;
mod compose;
mod conclusions;
mod diffs;
mod manifest;
mod metadata;
mod paths;
mod progress;
mod read;
mod review;
mod staging;
mod unique;

pub use agent::{
    AGENT_RESULT_SCHEMA, AGENT_TASK_RESULT_SCHEMA, AGENT_TRANSCRIPT_SCHEMA, COMPLETION_OUTCOME_SCHEMA,
};
pub(super) use agent::{Executed, Facts, PatchFacts, derived as derived_agent};
pub use manifest::{FileRedaction, Manifest, ManifestFile, RedactionPolicy};
pub(super) use metadata::ArtifactPaths;
pub use metadata::{ARTIFACT_OUTCOME_SCHEMA, Metadata};
pub(super) use paths::{
    AGENT_RESULT_PATH, AGENT_TASK_RESULT_PATH, BLUEPRINT_PATH, CAPTURED_FILES, COMPLETION_OUTCOME_PATH,
    MOUNT_PATCHES, MOUNTED_FILES_PATH, MOUNTS_PATH, OUTCOME_PATH, TEST_RESULTS_PATH, TRANSCRIPT_PATH,
    captured_path, mount_patch_path,
};
pub use paths::{MANIFEST_PATH, METADATA_PATH, REVIEW_PATH};
pub use progress::{ProgressStep, ProgressType};
pub use read::{Bundle, BundlePaths};
pub(super) use review::derived as derived_review;
pub use review::{ARTIFACT_REVIEW_SCHEMA, Review};

pub use clean::{commands as clean_commands, log as clean_log, withhold};
pub(super) use compose::compose;
pub(super) use manifest::{pretty, to_value};
pub(super) use read::{
    Limits, is_bundle_manifest, is_plausible_id, parse_document, read_json, read_manifest, read_manifest_raw,
    recompute,
};
pub(super) use staging::Staging;
