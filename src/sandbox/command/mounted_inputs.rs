//! `inspect-mounted-inputs`: what the host has mounted, as the sandbox sees it.

use super::Command;
use super::row::{Handler, OutputSchema, Row};
use crate::contract::output_schema;
use crate::sandbox::spec::{HostMount, MountKind};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

const MOUNTED_INPUTS_SCHEMA: &str = "wp-codebox/mounted-inputs/v1";

pub(super) static ROW: Row = Row {
    id: "inspect-mounted-inputs",
    description: "Lists what is mounted. Changes nothing.",
    arguments: &[],
    bare: None,
    output_shape: "A list of mounts, also as JSON on stdout. Where they come from on the host is not told.",
    output_schema: Some(|| OutputSchema {
        id: MOUNTED_INPUTS_SCHEMA,
        json_schema: output_schema::<Vec<MountedInput>>(),
    }),
    requires: &[],
    recipe: true,
    handler: Handler::Host,
    read: |_| Ok(Command::MountedInputs),
};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MountedInput<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    target: &'a str,
    mode: &'static str,
    capture_artifacts: bool,
}

/// What the command returns.
pub(in crate::sandbox) fn mounted_inputs(mounts: &[HostMount]) -> Value {
    mounts.iter().map(mounted_input).collect()
}

/// One mount, as results and events show it.
pub(in crate::sandbox) fn mounted_input(mount: &HostMount) -> Value {
    json!(MountedInput {
        kind: match mount.kind {
            MountKind::Directory => "directory",
            MountKind::File => "file",
        },
        target: &mount.target,
        mode: if mount.writable { "readwrite" } else { "readonly" },
        capture_artifacts: mount.capture && mount.writable,
    })
}
