//! `wordpress.capture-state-bundle`: what WordPress is made of at this moment. The guest reads the
//! database; files are read off the overlay, so they are what is there and cost what has changed.

mod files;
mod snapshot;

pub(in crate::sandbox) use files::changed_files;
pub use snapshot::{RUNTIME_SNAPSHOT_SCHEMA, STATE_BUNDLE_SCHEMA};

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::execution::Failure;
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use crate::contract::output_schema;
use files::StateFiles;
use serde::Serialize;
use serde_json::Value;
use snapshot::Capture;

pub(super) static ROW: Row = Row {
    id: "wordpress.capture-state-bundle",
    description: "Captures the database, and the files of wp-content that were not there when the sandbox began. Mounts are \
                  left out: what changes in them is collected anyway. Changes nothing.",
    arguments: &[
        Argument::new("label", Format::Text, "What the capture is called."),
        Argument::new(
            "snapshot-include-wp-content",
            Format::Words,
            "Only files beneath these paths of wp-content.",
        ),
        Argument::new("snapshot-exclude-wp-content", Format::Words, "No files beneath these."),
        Argument::new(
            "snapshot-database-tables",
            Format::Words,
            "Only these tables, with or without the prefix.",
        ),
        Argument::new("snapshot-exclude-database-tables", Format::Words, "Not these."),
        Argument::new("snapshot-option-names", Format::Words, "Only these rows of the options."),
        Argument::new(
            "snapshot-post-types",
            Format::Words,
            "Only posts of these types, and what belongs to them.",
        ),
    ],
    bare: None,
    output_shape: "The snapshot: tables with their rows, files with their content, versions, and a digest of each half.",
    output_schema: Some(|| OutputSchema { id: STATE_BUNDLE_SCHEMA, json_schema: output_schema::<Capture>() }),
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

const LABEL_MAX: usize = 200;
/// Most words of one argument.
const WORDS_MAX: usize = 1000;

/// What is captured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CaptureState {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Relative to wp-content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except_paths: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except_tables: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_types: Vec<String>,
}

impl CaptureState {
    /// The capture, from what the guest has read and what the overlay holds.
    pub(in crate::sandbox) fn outcome(&self, read: Value, files: StateFiles) -> Result<Value, Failure> {
        snapshot::outcome(self, read, files)
    }

    /// Whether a path of wp-content is wanted.
    fn wants(&self, path: &str) -> bool {
        let beneath = |root: &String| {
            path.strip_prefix(root.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        (self.paths.is_empty() || self.paths.iter().any(beneath)) && !self.except_paths.iter().any(beneath)
    }
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let label = values.text("label");
    if label.as_ref().is_some_and(|label| label.len() > LABEL_MAX || label.chars().any(char::is_control)) {
        return Err(ArgumentIssue::invalid(
            "label",
            format!("at most {LABEL_MAX} bytes of text are expected"),
        ));
    }
    let mut words = |name: &str| {
        let words = values.words(name);
        let fit = words.len() <= WORDS_MAX && words.iter().all(|word| (1..=1024).contains(&word.len()));
        if fit {
            Ok(words)
        } else {
            Err(ArgumentIssue::invalid(name, format!("at most {WORDS_MAX} words of at most 1024 bytes")))
        }
    };
    Ok(Command::CaptureState(Box::new(CaptureState {
        label,
        paths: paths("snapshot-include-wp-content", words("snapshot-include-wp-content")?)?,
        except_paths: paths("snapshot-exclude-wp-content", words("snapshot-exclude-wp-content")?)?,
        tables: words("snapshot-database-tables")?,
        except_tables: words("snapshot-exclude-database-tables")?,
        options: words("snapshot-option-names")?,
        post_types: words("snapshot-post-types")?,
    })))
}

/// Paths relative to wp-content, without a slash at the end.
fn paths(argument: &str, paths: Vec<String>) -> Result<Vec<String>, ArgumentIssue> {
    let path = |path: String| {
        let path = path.trim_end_matches('/').to_owned();
        let proper = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if proper {
            Ok(path)
        } else {
            Err(ArgumentIssue::invalid(argument, "paths relative to wp-content are expected"))
        }
    };
    paths.into_iter().map(path).collect()
}
