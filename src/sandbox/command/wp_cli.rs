//! `wordpress.wp-cli`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, Row};

pub(super) static ROW: Row = Row {
    id: "wordpress.wp-cli",
    description: "Runs WP-CLI. There is no shell: quotes are read, everything else is an argument.",
    arguments: &[
        Argument::new(
            "command",
            Format::Text,
            "The command line, as after `wp`. Bare words of a recipe are joined to it.",
        ),
        Argument::new("arguments", Format::Text, "The same, already split into words.").repeatable(),
    ],
    bare: Some("command"),
    output_shape: "What WP-CLI prints is stdout and stderr, its status the exit code.",
    output_schema: None,
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let words = match (values.text("command"), values.texts("arguments")) {
        (Some(_), words) if !words.is_empty() => {
            return Err(ArgumentIssue::new("ambiguous-command", "command", "either command or arguments"));
        }
        (Some(line), _) => {
            shell_words::split(&line).map_err(|error| ArgumentIssue::invalid("command", error.to_string()))?
        }
        (None, words) => words,
    };
    // `wp post list` is what people write.
    let skip = usize::from(words.first().is_some_and(|word| word == "wp"));
    let arguments: Vec<String> = words.into_iter().skip(skip).collect();
    if arguments.is_empty() {
        return Err(ArgumentIssue::new("missing-command", "command", "required"));
    }
    Ok(Command::WpCli { arguments })
}
