//! `wordpress.ability`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, Row};
use serde::Serialize;
use serde_json::Value;

pub(super) static ROW: Row = Row {
    id: "wordpress.ability",
    description: "Executes an ability that is registered inside.",
    arguments: &[
        Argument::new("name", Format::Text, "Name of the ability.").required("missing-ability-name"),
        Argument::new("input", Format::JsonValue, "Its input. Left out: none.")
            .invalid("invalid-ability-input"),
        Argument::new(
            "user",
            Format::Text,
            "Id, login or address of the user that executes it. Left out: the administrator; 0: nobody.",
        ),
        Argument::new("expected-result-schema", Format::Text, "What the result's schema has to be."),
    ],
    bare: None,
    output_shape: "The result is what the ability returned.",
    output_schema: None,
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

/// An ability to execute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AbilityCall {
    pub name: String,
    pub input: Value,
    /// Id, login or address of the user that executes it; none: the administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What `schema` of the result has to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_schema: Option<String>,
}

impl Command {
    /// An ability, executed as the administrator.
    pub fn ability(name: impl Into<String>, input: Value) -> Command {
        Command::Ability(AbilityCall { name: name.into(), input, user: None, expected_schema: None })
    }
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    Ok(Command::Ability(AbilityCall {
        name: values.required("name"),
        input: values.json("input").unwrap_or_default(),
        user: values.text("user"),
        expected_schema: values.text("expected-result-schema"),
    }))
}
