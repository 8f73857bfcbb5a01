//! `wp-codebox.checkpoint-create`, `-restore` and `-list`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use crate::contract::{json_fits, output_schema};
use crate::sandbox::checkpoint::{CHECKPOINT_RESULT_SCHEMA, CheckpointResult};
use serde_json::{Map, Value};

/// What is to be done with a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckpointCall {
    Create { name: String, metadata: Map<String, Value> },
    Restore { name: String },
    List,
}

/// Longest name, characters.
const NAME_MAX: usize = 120;
/// Largest metadata as JSON, bytes.
const METADATA_MAX: usize = 64 << 10;

const NAME: Argument =
    Argument::new("name", Format::Text, "1 to 120 of A-Z, a-z, 0-9, dot, hyphen and underscore.")
        .required("missing-name");

const BASE: Row = Row {
    id: "",
    description: "",
    arguments: &[],
    bare: None,
    output_shape: "The checkpoint, or all of them in the order in which they were made, also as JSON on stdout.",
    output_schema: Some(schema),
    requires: &[],
    recipe: true,
    handler: Handler::Host,
    read: |_| Ok(Command::Checkpoint(CheckpointCall::List)),
};

pub(super) static CREATE: Row = Row {
    id: "wp-codebox.checkpoint-create",
    description: "Keeps the sandbox as it is now under a name, in place of an earlier checkpoint of that name.",
    arguments: &[NAME, Argument::new("metadata-json", Format::Json, "An object that is listed with it.")],
    read: |mut values| {
        let metadata = metadata(&mut values)?;
        Ok(Command::Checkpoint(CheckpointCall::Create { name: name(&mut values)?, metadata }))
    },
    ..BASE
};

pub(super) static RESTORE: Row = Row {
    id: "wp-codebox.checkpoint-restore",
    description: "Returns to a checkpoint, also after a command was stopped.",
    arguments: &[NAME],
    read: |mut values| Ok(Command::Checkpoint(CheckpointCall::Restore { name: name(&mut values)? })),
    ..BASE
};

pub(super) static LIST: Row = Row {
    id: "wp-codebox.checkpoint-list",
    description: "Lists the sandbox's checkpoints. Changes nothing.",
    ..BASE
};

impl CheckpointCall {
    pub(super) fn row(&self) -> &'static Row {
        match self {
            CheckpointCall::Create { .. } => &CREATE,
            CheckpointCall::Restore { .. } => &RESTORE,
            CheckpointCall::List => &LIST,
        }
    }

    pub(super) fn arguments(&self) -> Vec<String> {
        match self {
            CheckpointCall::Create { name, metadata } if metadata.is_empty() => vec![format!("name={name}")],
            CheckpointCall::Create { name, metadata } => {
                vec![format!("name={name}"), format!("metadata-json={}", Value::from(metadata.clone()))]
            }
            CheckpointCall::Restore { name } => vec![format!("name={name}")],
            CheckpointCall::List => Vec::new(),
        }
    }
}

fn schema() -> OutputSchema {
    OutputSchema { id: CHECKPOINT_RESULT_SCHEMA, json_schema: output_schema::<CheckpointResult>() }
}

fn metadata(values: &mut Values) -> Result<Map<String, Value>, ArgumentIssue> {
    let metadata: Map<String, Value> = values.typed("metadata-json")?.unwrap_or_default();
    if !json_fits(&metadata, METADATA_MAX) {
        return Err(ArgumentIssue::invalid("metadata-json", format!("at most {METADATA_MAX} bytes")));
    }
    Ok(metadata)
}

fn name(values: &mut Values) -> Result<String, ArgumentIssue> {
    let name = values.required("name");
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.len() <= NAME_MAX && name.bytes().all(fits) {
        Ok(name)
    } else {
        Err(ArgumentIssue::invalid("name", NAME.description))
    }
}
