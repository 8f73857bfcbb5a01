//! Documents that only the reference implementation writes: episode traces, runtime reference
//! manifests, replay indexes, typed artifacts, tool-call transcripts, cases.

use super::hashes::stated;
use super::payload_schema::Work;
use super::references::reference;
use super::{Checked, Report, ViolationCode as Code};
use crate::artifact::bundle::{MANIFEST_PATH, read_json};
use crate::contract::{digest_hex, parse_iso8601, stable_json, stable_json_unescaped};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

const TRACE_SCHEMA: &str = "wp-codebox/runtime-episode-trace/v1";
/// What an episode trace must not speak of, at any depth: it records, it does not judge.
const FORBIDDEN_IN_TRACES: [&str; 8] =
    ["reward", "success", "grader", "scenario", "task-set", "task_set", "taskSet", "benchmark"];

pub fn check(bundle: &mut Checked<'_>, report: &mut Report) {
    for path in bundle.of_kind("runtime-episode-trace") {
        with(bundle, &path, report, trace);
    }
    for path in bundle.of_kind("runtime-reference-manifest") {
        with(bundle, &path, report, reference_manifest);
    }
    for path in bundle.of_kind("runtime-replay-index") {
        with(bundle, &path, report, replay_index);
    }
    let mut work = Work::default();
    for path in bundle.of_kind("typed-artifacts-index") {
        with(bundle, &path, report, |b, path, index, report| {
            typed_artifacts(b, path, index, &mut work, report)
        });
    }
    for path in bundle.of_kind("tool-call-transcript") {
        with(bundle, &path, report, transcript);
    }
    cases(bundle, report);
}

fn with(
    bundle: &mut Checked<'_>,
    path: &str,
    report: &mut Report,
    check: impl FnOnce(&mut Checked<'_>, &str, &Value, &mut Report),
) {
    match read_json(bundle.dir, path) {
        Ok(document) => check(bundle, path, &document, report),
        Err(e) => report.add(Code::MalformedReference, path, e.to_string(), Some(path)),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether `digest` is that of `payload` under `schema`. The reference writes canonical JSON with
/// text as it is, its WordPress plugin with escapes.
fn is_digest(digest: &Value, schema: &str, payload: &Value) -> bool {
    let forms = [stable_json(payload), stable_json_unescaped(payload)];
    stated(digest).is_some_and(|stated| {
        forms.iter().any(|f| digest_hex([schema.as_bytes(), b"\n", f.as_bytes()]) == stated)
    })
}

fn trace(_: &mut Checked<'_>, path: &str, trace: &Value, report: &mut Report) {
    let mut wrong = |at: &str, why: &str| {
        report.add(Code::MalformedReference, format!("{path}:{at}"), why, Some(path));
    };
    if trace["schema"] != TRACE_SCHEMA || trace["version"] != 1 {
        wrong("schema", "It is no episode trace of version 1.");
        return;
    }
    if let Some(key) = forbidden(trace) {
        wrong(key, "An episode trace has no such field.");
    }
    let payload = |value: &Value, schema: &str, fields: &[&str]| {
        let mut map = Map::from_iter([("schema".to_owned(), Value::from(schema))]);
        map.extend(fields.iter().filter_map(|f| Some(((*f).to_owned(), value.get(*f)?.clone()))));
        map.entry("artifactRefs").or_insert_with(|| json!([]));
        Value::Object(map)
    };
    let observation = |value: &Value| {
        let schema = "wp-codebox/runtime-episode-observation/v1";
        let fields = ["type", "data", "observedAt", "artifactRefs"];
        value["digest"].is_null()
            || is_digest(&value["digest"], TRACE_SCHEMA, &payload(value, schema, &fields))
    };
    for (i, seen) in list(&trace["reset"]["observations"]).iter().enumerate() {
        if !observation(seen) {
            wrong(&format!("reset.observations[{i}].digest"), "It is not that of the observation.");
        }
    }
    for (i, step) in list(&trace["steps"]).iter().enumerate() {
        if step["index"] != i {
            wrong(&format!("steps[{i}].index"), "It is not the step's position.");
        }
        if step["observation"].is_object() && !observation(&step["observation"]) {
            wrong(&format!("steps[{i}].observation.digest"), "It is not that of the observation.");
        }
    }
    for (i, snapshot) in list(&trace["snapshots"]).iter().enumerate() {
        let schema = "wp-codebox/runtime-episode-snapshot/v1";
        let fields = ["id", "createdAt", "semantics", "metadata", "artifactRefs"];
        let digest = &snapshot["digest"];
        if !digest.is_null() && !is_digest(digest, TRACE_SCHEMA, &payload(snapshot, schema, &fields)) {
            wrong(&format!("snapshots[{i}].digest"), "It is not that of the snapshot.");
        }
    }
}

fn forbidden(value: &Value) -> Option<&'static str> {
    match value {
        Value::Array(items) => items.iter().find_map(forbidden),
        Value::Object(map) => FORBIDDEN_IN_TRACES
            .into_iter()
            .find(|key| map.contains_key(*key))
            .or_else(|| map.values().find_map(forbidden)),
        _ => None,
    }
}

fn reference_manifest(b: &mut Checked<'_>, path: &str, document: &Value, report: &mut Report) {
    let covered = ["schema", "version", "runtime", "artifactBundle", "files", "trace", "events", "snapshots"];
    let schema = "wp-codebox/runtime-reference-manifest/v1";
    sealed(b, path, document, schema, "runtime-reference-manifest-sha256-", &covered, report);
    for (i, file) in list(&document["files"]).iter().enumerate() {
        file_ref(b, file, "sha256", &format!("{path}:files[{i}]"), report);
    }
    for key in ["trace", "events"].into_iter().filter(|key| document[*key].is_object()) {
        file_ref(b, &document[key], "sha256", &format!("{path}:{key}"), report);
    }
    artifact_refs(b, &document["snapshots"], &format!("{path}:snapshots"), report);
}

fn replay_index(b: &mut Checked<'_>, path: &str, document: &Value, report: &mut Report) {
    let covered = [
        "schema",
        "version",
        "runtime",
        "artifactBundle",
        "references",
        "actions",
        "observations",
        "snapshots",
        "replay",
    ];
    let schema = "wp-codebox/runtime-replay-reference-index/v1";
    sealed(b, path, document, schema, "runtime-replay-reference-index-sha256-", &covered, report);
    for (key, file) in document["references"].as_object().into_iter().flatten() {
        file_ref(b, file, "sha256", &format!("{path}:references.{key}"), report);
    }
    artifact_refs(b, &document["observations"], &format!("{path}:observations"), report);
    artifact_refs(b, &document["snapshots"], &format!("{path}:snapshots"), report);
}

/// A document with a digest over some of its fields, an id from the digest, and the bundle's id.
fn sealed(
    bundle: &Checked<'_>,
    path: &str,
    document: &Value,
    schema: &str,
    id_prefix: &str,
    covered: &[&str],
    report: &mut Report,
) {
    if document["schema"] != schema || stated(&document["digest"]).is_none() {
        let why = format!("It is no {schema}.");
        report.add(Code::MalformedReference, path, why, Some(path));
        return;
    }
    let payload = covered.iter().filter_map(|f| Some(((*f).to_owned(), document.get(*f)?.clone())));
    let payload = Value::Object(payload.collect());
    if !is_digest(&document["digest"], schema, &payload) {
        let why = "It is not the digest of what the document refers to.";
        report.add(Code::DigestMismatch, format!("{path}:digest"), why, Some(path));
    }
    let digest = document["digest"]["value"].as_str().unwrap_or_default();
    if document["id"] != format!("{id_prefix}{digest}") {
        let why = "The id is not that of the digest.";
        report.add(Code::BundleIdMismatch, format!("{path}:id"), why, Some(path));
    }
    let of = &document["artifactBundle"];
    if of["id"] != bundle.id() || of["digest"]["value"] != bundle.content_digest() {
        let why = "It belongs to another bundle.";
        report.add(Code::ReviewEvidenceMismatch, format!("{path}:artifactBundle"), why, Some(path));
    }
}

/// `{path, <field>: digest}`: listed, and with that hash.
fn file_ref(b: &mut Checked<'_>, file: &Value, field: &str, at: &str, report: &mut Report) {
    let Some(path) = file["path"].as_str() else {
        report.add(Code::MalformedReference, at, "It names no file.", None);
        return;
    };
    let digest = match &file[field] {
        Value::String(hex) => json!({ "algorithm": "sha256", "value": hex }),
        other => other.clone(),
    };
    let at_hash = format!("{at}.{field}");
    let Some(stated) = stated(&digest) else {
        report.add(Code::MissingFileHash, at_hash, "It has no lower-case sha256.", Some(path));
        return;
    };
    if reference(b, path, &format!("{at}.path"), report)
        // These describe each other and the bundle; their hashes are settled by the manifest.
        && path != MANIFEST_PATH
        && b.hashes.of(path).is_some_and(|actual| actual != stated)
    {
        let why = "The file's bytes do not have this hash.";
        report.add(Code::FileHashMismatch, at_hash, why, Some(path));
    }
}

fn artifact_refs(b: &mut Checked<'_>, rows: &Value, at: &str, report: &mut Report) {
    for (i, row) in list(rows).iter().enumerate() {
        for (j, file) in list(&row["artifactRefs"]).iter().enumerate() {
            if file["path"].is_string() {
                file_ref(b, file, "digest", &format!("{at}[{i}].artifactRefs[{j}]"), report);
            }
        }
    }
}

fn typed_artifacts(b: &mut Checked<'_>, path: &str, index: &Value, work: &mut Work, report: &mut Report) {
    if index["schema"] != "wp-codebox/typed-artifacts-index/v1" || !index["artifacts"].is_array() {
        let why = "It is no index of typed artifacts.";
        report.add(Code::MalformedReference, path, why, Some(path));
        return;
    }
    for (i, entry) in list(&index["artifacts"]).iter().enumerate() {
        let at = format!("{path}:artifacts[{i}]");
        let file = &entry["artifact"];
        if file["sha256"].is_null() && file["path"].is_string() {
            let path = file["path"].as_str().unwrap_or_default();
            reference(b, path, &format!("{at}.artifact.path"), report);
        } else {
            file_ref(b, file, "sha256", &format!("{at}.artifact"), report);
        }
        let schema = [&entry["payload_schema"], &entry["payloadSchema"]];
        if let Some(schema) = schema.into_iter().find(|schema| schema.is_object())
            && let Some(payload) = entry.get("payload")
            && let Err(why) = work.check(schema, payload)
        {
            report.add(Code::PayloadSchemaViolation, format!("{at}.payload"), why, Some(path));
        }
    }
}

fn transcript(b: &mut Checked<'_>, path: &str, transcript: &Value, report: &mut Report) {
    let policy = |value: &Value| {
        matches!(value["redaction"]["policy"].as_str(), Some("none" | "required" | "applied"))
    };
    let mut wrong = |at: String, why: &str| {
        report.add(Code::MalformedReference, at, why, Some(path));
    };
    if transcript["schema"] != "wp-codebox/tool-call-transcript/v1" || !transcript["tool_calls"].is_array() {
        wrong(path.into(), "It is no tool-call transcript.");
        return;
    }
    if !policy(transcript) {
        wrong(format!("{path}:redaction"), "It names no redaction policy.");
    }
    let mut ids = HashSet::new();
    for (i, call) in list(&transcript["tool_calls"]).iter().enumerate() {
        let at = format!("{path}:tool_calls[{i}]");
        let named = ["call_id", "tool_name"].iter().all(|f| call[*f].as_str().is_some_and(|t| !t.is_empty()));
        let phase = (call["call_id"].to_string(), call["phase"].to_string());
        if !named || !ids.insert(phase) {
            report.add(
                Code::MalformedReference,
                at.as_str(),
                "The call has no name, or another's.",
                Some(path),
            );
        }
        if !policy(call) {
            report.add(
                Code::MalformedReference,
                format!("{at}.redaction"),
                "It names no redaction policy.",
                Some(path),
            );
        }
        for key in ["input_artifacts", "output_artifacts"] {
            for (j, file) in list(&call[key]).iter().enumerate() {
                let field = if file["digest"].is_null() { "sha256" } else { "digest" };
                file_ref(b, file, field, &format!("{at}.{key}[{j}]"), report);
            }
        }
    }
}

/// `manifest.cases[]`: unique ids, real dates, artifacts that are listed with their digests.
fn cases(bundle: &mut Checked<'_>, report: &mut Report) {
    let cases = bundle.manifest["cases"].clone();
    let mut ids = HashSet::new();
    for (i, case) in list(&cases).iter().enumerate() {
        let at = format!("manifest.cases[{i}]");
        let id = case["id"].as_str().unwrap_or_default();
        if id.is_empty() || !ids.insert(id) {
            let why = "The case has no id, or another's.";
            report.add(Code::InvalidManifestShape, format!("{at}.id"), why, Some(MANIFEST_PATH));
        }
        for field in ["createdAt", "startedAt", "finishedAt"] {
            if case.get(field).is_some_and(|t| t.as_str().and_then(parse_iso8601).is_none()) {
                let at = format!("{at}.{field}");
                report.add(Code::InvalidManifestShape, at, "It is no date.", Some(MANIFEST_PATH));
            }
        }
        for (j, file) in list(&case["artifacts"]).iter().enumerate() {
            let at = format!("{at}.artifacts[{j}]");
            match file {
                Value::String(path) => drop(reference(bundle, path, &at, report)),
                file if file["sha256"].is_null() && file["digest"].is_null() => {
                    let path = file["path"].as_str().unwrap_or_default();
                    reference(bundle, path, &format!("{at}.path"), report);
                }
                file => {
                    let field = if file["digest"].is_null() { "sha256" } else { "digest" };
                    file_ref(bundle, file, field, &at, report);
                }
            }
        }
    }
}
