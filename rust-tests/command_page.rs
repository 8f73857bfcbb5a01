//! docs/commands.md says what the command table says. `WP_CODEBOX_WRITE_DOCS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;
use wp_codebox::sandbox::{ArgumentDescriptor, CommandDescriptor, Handler, commands};

/// What stands above it is written by hand.
const MARK: &str = "<!-- From here on written from the command table by rust-tests/command_page.rs. -->\n";

#[test]
fn the_page_of_commands_is_the_command_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (by_hand, found) = text.split_once(MARK).expect("the mark");
    let expected = commands().iter().map(section).collect::<String>();
    if std::env::var_os("WP_CODEBOX_WRITE_DOCS").is_some() {
        std::fs::write(&page, format!("{by_hand}{MARK}{expected}")).unwrap();
        return;
    }
    assert_eq!(
        found, expected,
        "docs/commands.md is out of date: run this test once with WP_CODEBOX_WRITE_DOCS=1"
    );
}

fn section(command: &CommandDescriptor) -> String {
    let mut text = format!("\n## {}\n\n{}\n", command.id, command.description);
    if !command.accepted_args.is_empty() {
        text.push_str("\n| argument | format | |\n|---|---|---|\n");
        command.accepted_args.iter().for_each(|argument| line(&mut text, argument));
    }
    write!(text, "\n{}", command.output_shape).unwrap();
    if let Some(schema) = &command.output_schema {
        write!(text, " Schema: `{}`.", schema.id).unwrap();
    }
    write!(text, "\n\nPolicy: {}.", command.policy_requirement).unwrap();
    if command.handler == Handler::Alias {
        text.push_str(" Its own name need not be there.");
    }
    if !command.recipe {
        text.push_str(" No step of a recipe.");
    }
    text.push('\n');
    text
}

fn line(text: &mut String, argument: &ArgumentDescriptor) {
    let mut notes = Vec::new();
    notes.extend(argument.required.then_some("Required."));
    notes.extend(argument.repeatable.then_some("May be given several times."));
    notes.push(argument.description);
    let format = argument.format.as_deref().unwrap_or("text").replace('|', "\\|");
    writeln!(text, "| `{}` | {format} | {} |", argument.name, notes.join(" ").replace('|', "\\|")).unwrap();
}
