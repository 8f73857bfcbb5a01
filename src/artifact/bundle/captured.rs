//! The changed files themselves, as they are after the run: `files/mounts/<mount>/<path>`, the index
//! of them, and a Playground blueprint that writes them again.

use super::paths::{BLUEPRINT_NOTES_PATH, BLUEPRINT_PATH, MOUNTED_FILES_PATH, captured_path};
use super::staging::{Staging, Writing};
use crate::artifact::changed_files::{ChangeStatus, ChangedFile, ChangedFiles, NodeKind};
use crate::artifact::path::is_bundle_path;
use crate::artifact::{ArtifactError, Draft, Found, RuntimeInfo, patch};
use crate::contract::digest_hex;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

const MOST_FILES: usize = 200;
const LARGEST_FILE: usize = 1 << 20;
const MOST_BYTES: usize = 16 << 20;

/// What has been written so far.
#[derive(Default)]
pub struct Captured {
    writings: Vec<(Writing, Found)>,
    files: Vec<CapturedFile>,
    skipped: Vec<SkippedFile>,
    bytes: usize,
    /// Lower-cased paths of files, and of directories above them: a bundle must also fit on a disk
    /// that does not tell cases apart.
    names: BTreeSet<String>,
    directories: BTreeSet<String>,
    /// `writeFile` steps of the blueprint: sandbox path and text.
    texts: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CapturedFile {
    mount_index: usize,
    target: String,
    relative_path: String,
    artifact_path: String,
    /// Of the file in the bundle.
    size: usize,
    sha256: String,
    content_type: &'static str,
    /// Whether the blueprint writes it.
    replayable: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SkippedFile {
    mount_index: usize,
    target: String,
    relative_path: String,
    reason: Skip,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Skip {
    MaxFilesExceeded,
    MaxFileBytesExceeded,
    MaxTotalBytesExceeded,
    /// The name cannot be a file's in a bundle: it has a secret in it, or control characters, or
    /// another file has it in another case.
    UnusableName,
}

impl Captured {
    /// Writes one changed file.
    pub fn add(&mut self, staging: &Staging<'_>, file: &ChangedFile, bytes: &[u8]) -> io::Result<()> {
        let artifact_path = captured_path(file);
        let secret = staging.redactor().holds(artifact_path.as_bytes());
        let reason = self.refusal(&artifact_path, bytes.len());
        if let Some(reason) = reason.or(secret.then_some(Skip::UnusableName)) {
            self.skipped.push(SkippedFile {
                mount_index: file.mount_index,
                target: file.path.clone(),
                relative_path: file.relative_path.clone(),
                reason,
            });
            return Ok(());
        }
        let text = patch::is_text(bytes);
        let mut found = Found::default();
        let clean = staging.redactor().bytes(bytes, &mut found);
        let content_type = if text { "text/plain; charset=utf-8" } else { "application/octet-stream" };
        let mut writing = staging.begin(artifact_path.clone(), "file", content_type)?;
        writing.write_all(&clean)?;
        writing.close()?;
        let redacted = file.redacted || !found.is_empty();
        self.writings.push((writing, found));
        let replayable = match std::str::from_utf8(&clean) {
            Ok(shown) if text && !redacted => {
                self.texts.push((file.path.clone(), shown.to_owned()));
                true
            }
            _ => false,
        };
        self.bytes += clean.len();
        self.files.push(CapturedFile {
            mount_index: file.mount_index,
            target: file.path.clone(),
            relative_path: file.relative_path.clone(),
            artifact_path,
            size: clean.len(),
            sha256: digest_hex([&*clean]),
            content_type,
            replayable,
        });
        Ok(())
    }

    fn refusal(&mut self, path: &str, size: usize) -> Option<Skip> {
        if self.files.len() >= MOST_FILES {
            return Some(Skip::MaxFilesExceeded);
        }
        if size > LARGEST_FILE {
            return Some(Skip::MaxFileBytesExceeded);
        }
        if self.bytes + size > MOST_BYTES {
            return Some(Skip::MaxTotalBytesExceeded);
        }
        let folded = path.to_lowercase();
        let above: Vec<String> =
            folded.match_indices('/').map(|(slash, _)| folded[..slash].to_owned()).collect();
        let taken = self.names.contains(&folded)
            || self.directories.contains(&folded)
            || above.iter().any(|directory| self.names.contains(directory));
        if taken || !is_bundle_path(path) {
            return Some(Skip::UnusableName);
        }
        self.names.insert(folded);
        self.directories.extend(above);
        None
    }

    /// Lists the files, and writes the index, the blueprint and the notes on it.
    pub fn finish(
        self,
        staging: &mut Staging<'_>,
        draft: &Draft,
        changed: &ChangedFiles,
        created_at: &str,
    ) -> Result<(), ArtifactError> {
        let replayable = self.texts.len();
        let (captured, skipped) = (self.files.len(), self.skipped.len());
        // What the patch shows of these files has been counted there.
        for (writing, found) in self.writings {
            staging.repeats(writing.path(), &found);
            staging.finish(writing)?;
        }
        let index = json!({
            "files": self.files,
            "skipped": self.skipped,
            "limits": { "maxFiles": MOST_FILES, "maxFileBytes": LARGEST_FILE, "maxTotalBytes": MOST_BYTES },
        });
        staging.json(MOUNTED_FILES_PATH, "mounted-files", &index)?;
        let redacted: Vec<&str> =
            changed.files.iter().filter(|file| file.redacted).map(|file| file.path.as_str()).collect();
        let blueprint = blueprint(&draft.runtime, &self.texts, &removed(&self.texts, changed, staging));
        staging.json(BLUEPRINT_PATH, "blueprint-after", &blueprint)?;
        let notes = json!({
            "createdAt": created_at,
            "runtime": {
                "id": draft.runtime.id,
                "backend": draft.runtime.backend,
                "environment": draft.runtime.environment,
            },
            "replayStatus": "partial",
            "blueprintPath": BLUEPRINT_PATH,
            "mounts": draft.mounts,
            "capturedFilesPath": MOUNTED_FILES_PATH,
            "capturedFileCount": captured,
            "replayableFileCount": replayable,
            "skippedFileCount": skipped,
            "redactedFiles": redacted,
            "limitations": LIMITATIONS,
            "nextCaptureTargets": ["database-export", "active-theme", "active-plugins", "uploads", "binary-file-replay"],
        });
        staging.json(BLUEPRINT_NOTES_PATH, "blueprint-after-notes", &notes)
    }
}

const LIMITATIONS: [&str; 5] = [
    "Only files that changed are written: mount the same sources first.",
    "Files that are not text, symbolic links and permissions are not replayed.",
    "Files with a redacted secret are not replayed: redactedFiles names them.",
    "The database is not replayed: files/database-changes.json says what changed.",
    "Components and activated plugins are not part of the blueprint.",
];

/// What the blueprint removes: files that went, and those that it writes under another name. Not what
/// has a secret in its name, which is told nowhere.
fn removed<'a>(texts: &[(String, String)], changed: &'a ChangedFiles, staging: &Staging<'_>) -> Vec<&'a str> {
    let written: BTreeSet<&str> = texts.iter().map(|(path, _)| path.as_str()).collect();
    let gone =
        changed.files.iter().filter(|file| file.kind != NodeKind::Directory && file.path_encoding.is_none());
    gone.filter_map(|file| match file.status {
        ChangeStatus::Deleted => Some(file.path.as_str()),
        ChangeStatus::Renamed => file.renamed_from.as_deref().filter(|_| written.contains(&*file.path)),
        ChangeStatus::Added | ChangeStatus::Modified => None,
    })
    .filter(|path| !staging.redactor().holds(path.as_bytes()))
    .collect()
}

/// A blueprint of WordPress Playground that makes the changes again.
fn blueprint(runtime: &RuntimeInfo, texts: &[(String, String)], removed: &[&str]) -> Value {
    let mut steps: Vec<Value> = removed.iter().map(|path| json!({ "step": "rm", "path": path })).collect();
    let mut made = BTreeSet::new();
    for (path, text) in texts {
        for (slash, _) in path.match_indices('/').filter(|(slash, _)| *slash > 0) {
            let directory = &path[..slash];
            // Playground has these.
            if !["/wordpress", "/wordpress/wp-content", "/tmp"].contains(&directory) && made.insert(directory)
            {
                steps.push(json!({ "step": "mkdir", "path": directory }));
            }
        }
        steps.push(json!({ "step": "writeFile", "path": path, "data": text }));
    }
    let version = |text: &Option<String>, parts: usize| {
        let text = text.as_deref().unwrap_or("latest");
        text.split('.').take(parts).collect::<Vec<_>>().join(".")
    };
    json!({
        "$schema": "https://playground.wordpress.net/blueprint-schema.json",
        "landingPage": "/",
        "preferredVersions": {
            "php": version(&runtime.environment.php_version, 2),
            "wp": version(&runtime.environment.version, 3),
        },
        "steps": steps,
    })
}
