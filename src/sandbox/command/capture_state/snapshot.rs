//! `wp-codebox/wordpress-state-bundle-capture/v1`, and the snapshot in it.

use super::CaptureState;
use super::files::{StateFile, StateFiles};
use crate::contract::{Code, digest_hex, iso8601, stable_json};
use crate::sandbox::command::Failure;
use crate::sandbox::random_id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::SystemTime;

pub const STATE_BUNDLE_SCHEMA: &str = "wp-codebox/wordpress-state-bundle-capture/v1";
pub const RUNTIME_SNAPSHOT_SCHEMA: &str = "wp-codebox/wordpress-runtime-snapshot/v1";

/// What the guest reports. It can write anything there: only the shape is trusted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Read {
    tables: Vec<Table>,
    version: String,
    php_version: String,
    prefix: String,
    site_url: String,
    active_plugins: Vec<String>,
    active_theme: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Capture {
    schema: &'static str,
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    summary: Summary,
    snapshot: Snapshot,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    tables: usize,
    rows: usize,
    files: usize,
    file_bytes: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    schema: &'static str,
    version: u32,
    id: String,
    created_at: String,
    database: Database,
    files: Vec<StateFile>,
    /// Files of wp-content that the sandbox began with and that are gone.
    removed_files: Vec<String>,
    metadata: Metadata,
    compatibility: Compatibility,
    hashes: Hashes,
}

#[derive(Serialize, JsonSchema)]
struct Database {
    tables: Vec<Table>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    /// Statement of MySQL that makes it.
    create: String,
    columns: Vec<String>,
    /// Values in the columns' order: text, null, or an object with `base64` where it is no text.
    rows: Vec<Vec<Value>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    runtime: Versions,
    table_prefix: String,
    site_url: String,
    active_plugins: Vec<String>,
    active_theme: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Versions {
    wordpress_version: String,
    php_version: String,
}

#[derive(Serialize, JsonSchema)]
struct Compatibility {
    backend: &'static str,
    database: &'static str,
}

/// SHA-256 of the canonical JSON of the tables, and of every file's path and SHA-256.
#[derive(Serialize, JsonSchema)]
struct Hashes {
    database: String,
    files: String,
}

pub(super) fn outcome(capture: &CaptureState, read: Value, files: StateFiles) -> Result<Value, Failure> {
    let read: Read = serde_json::from_value(read).map_err(|error| {
        Failure::new(Code::RunFailed, format!("What was captured has the wrong shape: {error}."))
    })?;
    let summary = Summary {
        tables: read.tables.len(),
        rows: read.tables.iter().map(|table| table.rows.len()).sum(),
        files: files.files.len(),
        file_bytes: files.bytes,
    };
    let listed: Vec<Value> =
        files.files.iter().map(|file| json!({ "path": file.path, "sha256": file.sha256 })).collect();
    let digest = |value: &Value| digest_hex([stable_json(value).as_bytes()]);
    let hashes = Hashes { database: digest(&json!(read.tables)), files: digest(&Value::from(listed)) };
    Ok(json!(Capture {
        schema: STATE_BUNDLE_SCHEMA,
        command: super::ROW.id,
        label: capture.label.clone(),
        summary,
        snapshot: Snapshot {
            schema: RUNTIME_SNAPSHOT_SCHEMA,
            version: 1,
            id: random_id("snapshot"),
            created_at: iso8601(SystemTime::now()),
            database: Database { tables: read.tables },
            files: files.files,
            removed_files: files.removed,
            metadata: Metadata {
                runtime: Versions { wordpress_version: read.version, php_version: read.php_version },
                table_prefix: read.prefix,
                site_url: read.site_url,
                active_plugins: read.active_plugins,
                active_theme: read.active_theme,
            },
            compatibility: Compatibility { backend: "wp-codebox-native", database: "sqlite" },
            hashes,
        },
    }))
}
