//! From a draft to the files of a bundle.

use super::conclusions::Conclusions;
use super::diffs::Patches;
use super::manifest::Manifest;
use super::metadata::{ARTIFACT_OUTCOME_SCHEMA, OutcomeFile};
use super::paths::{MANIFEST_PATH, MOUNTS_PATH, OUTCOME_PATH, REVIEW_PATH};
use super::read::Bundle;
use super::staging::{Documents, Staging};
use super::{agent, clean, commands, manifest};
use crate::artifact::capture::capture;
use crate::artifact::changed_files::ChangedFiles;
use crate::artifact::confined::Dir;
use crate::artifact::digest::{CHANGED_FILES_PATH, PATCH_PATH, bundle_id, digest_of_parts, evidence_digest};
use crate::artifact::exclude::without_excluded;
use crate::artifact::path::is_bundle_path;
use crate::artifact::{
    ArtifactError, Attachment, AttachmentContent, DATABASE_CHANGES_PATH, DatabaseChanges, Diagnostic, Draft,
    Found, Observation, Severity, TestResults,
};
use crate::contract::iso8601;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

const DIAGNOSTICS_SCHEMA: &str = "wp-codebox/artifact-diagnostics/v1";

/// What is known of a bundle that was just written.
pub struct Composed {
    pub id: String,
    manifest: Value,
    documents: Documents,
}

impl Composed {
    /// The bundle at its place.
    pub fn at(self, directory: &Path) -> Bundle {
        Bundle::written(self.manifest, self.documents, directory)
    }
}

/// Writes every file of the bundle into `dir`.
pub fn compose(draft: &Draft, dir: &Dir) -> Result<Composed, ArtifactError> {
    check(draft)?;
    let mut staging = Staging::new(dir, &draft.redactor, draft.redacted.clone());
    let created_at = iso8601(draft.created_at);
    let mut changed = patches(draft, &created_at, &mut staging)?;
    evidence(draft, &created_at, dir, &changed, &mut staging)?;

    let covered = staging.files().iter().filter(|f| f.path != PATCH_PATH);
    let covered = covered.map(|f| (f.path.as_str(), f.sha256.value.as_str()));
    changed.evidence = Some(evidence_digest(covered));
    let mut listed = staging.clean(CHANGED_FILES_PATH, &changed);
    let conclusions = Conclusions::draw(draft, &created_at, &listed, &mut staging)?;
    listed["conclusions"] = manifest::to_value(&conclusions.digest());
    staging.document(CHANGED_FILES_PATH, "changed-files", listed)?;
    let digest =
        digest_of_parts(dir, &[CHANGED_FILES_PATH, PATCH_PATH]).map_err(ArtifactError::PersistFailed)?;
    let id = bundle_id(&digest.value);
    conclusions.write(&id, &digest, &mut staging)?;

    let mut runtime = draft.runtime.clone();
    let mut found = Found::default();
    clean::runtime(&mut runtime, staging.redactor(), &mut found);
    let (files, documents) = staging.listed();
    let manifest =
        Manifest { id: id.clone(), content_digest: digest, created_at, runtime, files }.sealed(&found);
    dir.create_file(MANIFEST_PATH)
        .and_then(|mut file| file.write_all(&manifest::pretty(&manifest)))
        .map_err(ArtifactError::PersistFailed)?;
    Ok(Composed { id, manifest, documents })
}

/// Refuses what no bundle can hold, before anything is written.
fn check(draft: &Draft) -> Result<(), ArtifactError> {
    let refuse = |field: String, why: String| Err(ArtifactError::DraftInvalid { field, why });
    for (i, set) in draft.changes.iter().enumerate() {
        if set.mount_index >= draft.mounts.len() {
            let why = format!("mount {} is not in the list of mounts", set.mount_index);
            return refuse(format!("changes.{i}.mount_index"), why);
        }
    }
    let mut seen: Vec<String> = Vec::new();
    for (i, Attachment { path, .. }) in draft.attachments.iter().enumerate() {
        let full = format!("files/{path}");
        let reserved = ["diffs/", "mounts/"].iter().any(|own| path.starts_with(own))
            || [CHANGED_FILES_PATH, PATCH_PATH, REVIEW_PATH, OUTCOME_PATH].contains(&full.as_str());
        if !is_bundle_path(&full) || reserved {
            return refuse(format!("attachments.{i}.path"), format!("{path:?} cannot be used"));
        }
        let folded = path.to_lowercase();
        if seen.contains(&folded) {
            return refuse(format!("attachments.{i}.path"), format!("{path:?} is there twice"));
        }
        seen.push(folded);
    }
    Ok(())
}

fn patches(
    draft: &Draft,
    created_at: &str,
    staging: &mut Staging<'_>,
) -> Result<ChangedFiles, ArtifactError> {
    let (changes, excluded) = without_excluded(&draft.changes, &draft.mounts);
    let mut patches = Patches::begin(staging).map_err(ArtifactError::PersistFailed)?;
    let (mut changed, found) = capture(&changes, &draft.limits, &draft.redactor, &mut patches)
        .map_err(ArtifactError::PersistFailed)?;
    changed.excluded = excluded;
    let captured = patches.written().finish(staging, &changes, &draft.mounts)?;
    captured.finish(staging, draft, &changed, created_at)?;
    // Each mount's own patch repeats what this one holds.
    staging.tally.add(PATCH_PATH, &found);
    Ok(changed)
}

/// Every payload file but the patch and the list of changed files.
fn evidence(
    draft: &Draft,
    created_at: &str,
    dir: &Dir,
    changed: &ChangedFiles,
    staging: &mut Staging<'_>,
) -> Result<(), ArtifactError> {
    staging.json_lines("events.jsonl", "events", &draft.events)?;
    // Redacted before they are cut, put in columns and joined: a secret must be whole to be found.
    let mut records = draft.commands.clone();
    clean::commands(&mut records, staging.redactor(), &mut staging.tally);
    let mut log = draft.log.clone();
    clean::log(&mut log, staging.redactor(), &mut staging.tally);
    staging.json_lines("commands.jsonl", "commands", commands::bounded(&records))?;
    let observations = draft.observations.iter().map(Observation::to_row);
    staging.json_lines("observations.jsonl", "observations", observations)?;
    let log: String = log.iter().flat_map(|line| [commands::printable(line), "\n".into()]).collect();
    staging.text("logs/runtime.log", "log", &log)?;
    staging.text("logs/commands.log", "log", &commands::log(&records))?;
    staging.repeats_file("logs/commands.log", "commands.jsonl");
    if let Some(files) = &draft.database {
        let mut found = Found::default();
        let changes = DatabaseChanges::of(files, staging.redactor(), &mut found);
        staging.tally.add(DATABASE_CHANGES_PATH, &found);
        staging.json(DATABASE_CHANGES_PATH, "database-changes", &changes)?;
    }
    staging.json(MOUNTS_PATH, "mounts", &draft.mounts)?;
    staging.json("files/diagnostics.json", "diagnostics", &Diagnostics::of(&draft.diagnostics))?;
    let results = draft.test_results.clone().unwrap_or_else(TestResults::unknown);
    staging.json("files/test-results.json", "test-results", &results)?;
    let outcome = OutcomeFile {
        schema: ARTIFACT_OUTCOME_SCHEMA.into(),
        session_id: draft.session_id.clone(),
        created_at: created_at.into(),
        outcome: draft.outcome.clone(),
    };
    staging.json(OUTCOME_PATH, "outcome", &outcome)?;
    if let Some(agent) = &draft.agent {
        let patch = patch_facts(dir, staging)?;
        let known = agent::Known { draft, created_at, commands: &records, changed, patch };
        agent::write(agent, &known, staging)?;
    }

    for Attachment { path, kind, content } in &draft.attachments {
        let path = format!("files/{path}");
        if staging.has(&path) {
            let (field, why) = ("attachments".into(), format!("{path} is the bundle's own"));
            return Err(ArtifactError::DraftInvalid { field, why });
        }
        match content {
            AttachmentContent::Json(value) => staging.json(&path, kind, value)?,
            AttachmentContent::Text(text) => staging.text(&path, kind, text)?,
            AttachmentContent::Bytes { content_type, bytes } => {
                staging.bytes(&path, kind, content_type, bytes)?;
            }
        }
    }
    Ok(())
}

fn patch_facts(dir: &Dir, staging: &Staging<'_>) -> Result<agent::PatchFacts, ArtifactError> {
    let (_, stat) = dir.open_file(PATCH_PATH).map_err(ArtifactError::PersistFailed)?;
    Ok(agent::PatchFacts::new(stat.st_size as u64, staging.sha256(PATCH_PATH)))
}

/// The content of `files/diagnostics.json`.
#[derive(Serialize)]
struct Diagnostics<'a> {
    schema: &'static str,
    /// `clean` or `reported`.
    status: &'static str,
    summary: Value,
    diagnostics: &'a [Diagnostic],
}

impl<'a> Diagnostics<'a> {
    fn of(diagnostics: &'a [Diagnostic]) -> Self {
        let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        Diagnostics {
            schema: DIAGNOSTICS_SCHEMA,
            status: if diagnostics.is_empty() { "clean" } else { "reported" },
            summary: json!({
                "total": diagnostics.len(),
                "error": count(Severity::Error),
                "warning": count(Severity::Warning),
                "notice": count(Severity::Notice),
                "info": count(Severity::Info),
            }),
            diagnostics,
        }
    }
}
