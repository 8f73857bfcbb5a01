//! The command table: every command there is, each known to one row alone.

use super::arguments::{ArgumentIssue, Arguments};
use super::row::{CommandDescriptor, Handler, Row};
use super::{
    Command, ability, agent_run, bench, capture_state, checkpoint, http_request, mounted_inputs, phpunit,
    plugin, probe, rest_request, run_php, unsupported, wp_cli,
};
use crate::contract::shown;

/// Every row, in the order in which lists show them.
static ROWS: [&Row; 16] = [
    &run_php::ROW,
    &wp_cli::ROW,
    &ability::ROW,
    &rest_request::ROW,
    &http_request::ROW,
    &plugin::STATE,
    &plugin::ENSURE_ACTIVE,
    &phpunit::ROW,
    &bench::ROW,
    &capture_state::ROW,
    &mounted_inputs::ROW,
    &checkpoint::CREATE,
    &checkpoint::RESTORE,
    &checkpoint::LIST,
    &agent_run::ROW,
    &probe::ROW,
];

pub(super) fn row(id: &str) -> Option<&'static Row> {
    ROWS.iter().copied().find(|row| row.id == id)
}

/// Every command's name.
pub fn command_ids() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.id)
}

/// Every command, described.
pub fn commands() -> Vec<CommandDescriptor> {
    ROWS.iter().map(|row| row.describe()).collect()
}

/// A command, described.
pub fn descriptor(id: &str) -> Option<CommandDescriptor> {
    row(id).map(Row::describe)
}

/// The names that a policy has to list for a command of this name: its own, or what stands for it.
/// What its arguments bring with them comes on top: [`Command::policy_commands`].
pub fn policy_commands(id: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    if let Some(row) = row(id) {
        expand(row, &mut names);
    }
    names
}

fn expand(row: &'static Row, names: &mut Vec<&'static str>) {
    if row.handler != Handler::Alias && !names.contains(&row.id) {
        names.push(row.id);
    }
    row.requires.iter().filter_map(|id| self::row(id)).for_each(|other| expand(other, names));
}

impl Command {
    /// The command of this name with these arguments.
    pub fn parse(id: &str, arguments: Arguments) -> Result<Command, ArgumentIssue> {
        let Some(row) = row(id) else {
            let known: Vec<&str> = command_ids().collect();
            let message =
                format!("{}: {}; there are {}", shown(id, 100), unsupported::reason(id), known.join(", "));
            return Err(ArgumentIssue::new("unsupported-command", "command", message));
        };
        (row.read)(arguments.fit(row)?)
    }
}
