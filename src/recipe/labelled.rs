//! A command that says what it is for.

use crate::sandbox::Command;

/// A command of a run and the name under which its execution is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledCommand {
    /// e.g. `blueprint.writeFile[3]`.
    pub label: String,
    pub command: Command,
}
