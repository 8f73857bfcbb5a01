//! `wp-codebox.readiness-probe`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, Row};

pub(super) static ROW: Row = Row {
    id: "wp-codebox.readiness-probe",
    description: "Tells whether an ability or a filter is registered. Changes nothing.",
    arguments: &[
        Argument::new("type", Format::OneOf(&["ability", "filter"]), "What is looked for.")
            .required("missing-type"),
        Argument::new("name", Format::Text, "Its name.").required("missing-name"),
    ],
    bare: None,
    output_shape: "The result is true or false.",
    output_schema: None,
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

/// What a readiness probe looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    Ability,
    Filter,
}

impl ProbeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ProbeKind::Ability => "ability",
            ProbeKind::Filter => "filter",
        }
    }
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let kind = if values.required("type") == "ability" { ProbeKind::Ability } else { ProbeKind::Filter };
    Ok(Command::Probe { kind, name: values.required("name") })
}
