//! What more than one room says to the outside: stable error codes, refusals, how input is read
//! and described, canonical JSON, and the description of a changed file. Plain data; nothing in here does anything.
//!
//! Invariant: a code, once published, keeps its spelling and its HTTP status.

mod canonical;
mod change;
mod code;
mod database;
mod input;
mod json;
mod json_size;
mod record;
mod refusal;
mod schema;
mod time;

pub use canonical::{digest_hex, stable_json, stable_json_unescaped};
pub use change::{Change, ChangeSet, FileContent, FileKind, FileState};
pub use code::Code;
pub use database::DatabaseFiles;
pub use input::{FieldPath, Input, shown};
pub use json::{is_default, to_value};
pub use json_size::{JSON_DEPTH, json_fits, json_memory, json_nests};
pub use record::{CommandRecord, Event, OutputCut};
pub use refusal::Refusal;
pub use schema::{input_schema, output_schema};
pub use time::{iso8601, parse_iso8601};
