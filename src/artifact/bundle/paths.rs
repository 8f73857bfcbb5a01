//! What the files of a bundle are called.

use crate::artifact::changed_files::ChangedFile;
use crate::artifact::digest::CHANGED_FILES_PATH;

pub const MANIFEST_PATH: &str = "manifest.json";
pub const METADATA_PATH: &str = "metadata.json";
pub const BLUEPRINT_PATH: &str = "blueprint.after.json";
pub const BLUEPRINT_NOTES_PATH: &str = "blueprint.after-notes.json";
pub const MOUNTS_PATH: &str = "files/mounts.json";
pub const MOUNTED_FILES_PATH: &str = "files/mounted-files.json";
pub const OUTCOME_PATH: &str = "files/outcome.json";
pub const REVIEW_PATH: &str = "files/review.json";
pub const TEST_RESULTS_PATH: &str = "files/test-results.json";
pub const TRANSCRIPT_PATH: &str = "files/transcript.json";
pub const AGENT_RESULT_PATH: &str = "files/agent-result.json";
pub const AGENT_TASK_RESULT_PATH: &str = "files/agent-task-result.json";
pub const COMPLETION_OUTCOME_PATH: &str = "files/completion-outcome.json";

/// The documents that a [`Bundle`](super::Bundle) has.
pub const DOCUMENTS: [&str; 6] = [
    METADATA_PATH,
    CHANGED_FILES_PATH,
    TEST_RESULTS_PATH,
    REVIEW_PATH,
    AGENT_TASK_RESULT_PATH,
    COMPLETION_OUTCOME_PATH,
];

/// Beneath it lie the changed files as the run left them.
pub const CAPTURED_FILES: &str = "files/mounts/";
/// Beneath it lie the mounts' own patches.
pub const MOUNT_PATCHES: &str = "files/diffs/";

/// Where a changed file lies as the run left it.
pub fn captured_path(file: &ChangedFile) -> String {
    format!("{CAPTURED_FILES}{}/{}", file.mount_index, file.relative_path)
}

pub fn mount_patch_path(mount_index: usize) -> String {
    format!("{MOUNT_PATCHES}mount-{mount_index}.patch")
}
