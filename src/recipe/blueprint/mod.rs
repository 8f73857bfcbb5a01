//! Playground blueprints: those parts that need no network, as commands of the sandbox.
//!
//! In: the value of a blueprint, and the directory beside which it finds its files. Out:
//! [`LabelledCommand`]s in the order in which Playground carries them out, or every [`Issue`].
//!
//! Invariant: a field of a blueprint is carried out, known to mean nothing here, or refused by
//! name; and all of that before anything has happened.

mod document;
mod path;
mod resource;
mod staging;
mod steps;

pub use path::SandboxPath;

use super::host_files::HostFiles;
use super::issue::Issue;
use super::labelled::LabelledCommand;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;

/// Steps that one blueprint can have.
pub const MAX_STEPS: usize = 500;

/// Turns a blueprint into commands. `base`: the directory that the recipe's file is in, for
/// `bundled` resources. `at`: where the blueprint stands, e.g. `$.runtime.blueprint`.
pub fn compile(blueprint: &Value, base: Option<&Path>, at: &str) -> Result<Vec<LabelledCommand>, Vec<Issue>> {
    let mut compiler = steps::Compiler::new(HostFiles::beside(base), at);
    document::compile(blueprint, &mut compiler);
    compiler.finish()
}

/// The commands that a policy has to list for it.
pub fn needed_commands(blueprint: &Map<String, Value>) -> BTreeSet<&'static str> {
    let steps = blueprint.get("steps").and_then(Value::as_array).into_iter().flatten();
    let needed = |step: &Value| match step["step"].as_str() {
        Some("wp-cli") => "wordpress.wp-cli",
        _ => "wordpress.run-php",
    };
    // What stands outside the steps is put into the sandbox by PHP.
    steps.map(needed).chain(["wordpress.run-php"]).collect()
}

/// Every step that is carried out, by its name.
pub fn supported_steps() -> impl Iterator<Item = &'static str> {
    steps::SUPPORTED.iter().map(|(name, _)| *name)
}

/// Every step that is refused, by its name, and why.
pub fn refused_steps() -> impl Iterator<Item = (&'static str, &'static str)> {
    steps::REFUSED.iter().copied()
}
