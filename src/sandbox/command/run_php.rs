//! `wordpress.run-php`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format, Handler, Row};

pub(super) static ROW: Row = Row {
    id: "wordpress.run-php",
    description: "Runs PHP code in a loaded WordPress, or without it.",
    arguments: &[
        Argument::new("code", Format::Text, "PHP code; `<?php` in front may be left out."),
        Argument::new("code-file", Format::HostFile, "A PHP file of the host, in place of code."),
        Argument::new("bootstrap", BOOTSTRAP, "Whether WordPress is loaded first. Default: wordpress."),
    ],
    bare: None,
    output_shape: "What the code prints is stdout, what it returns is the result. Where it dies, the error's details have \
                   file, line and, if PHP knows one, the trace.",
    output_schema: None,
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

const BOOTSTRAP: Format = Format::OneOf(&["wordpress", "none"]);

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let code = code(&mut values)?
        .ok_or_else(|| ArgumentIssue::new("missing-code", "code", "required: code or code-file"))?;
    Ok(Command::RunPhp { code, bootstrap: values.text("bootstrap").is_none_or(|word| word == "wordpress") })
}

/// `code`, or the content of `code-file`, as a PHP file.
pub(super) fn code(values: &mut Values) -> Result<Option<String>, ArgumentIssue> {
    let code = match (values.text("code"), values.text("code-file")) {
        (Some(_), Some(_)) => {
            return Err(ArgumentIssue::new("ambiguous-code", "code", "either code or code-file"));
        }
        (code, file) => code.or(file),
    };
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else { return Ok(None) };
    Ok(Some(if code.trim_start().starts_with("<?") { code } else { format!("<?php {code}") }))
}
