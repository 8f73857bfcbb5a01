//! What PHP wrote to its error log, as diagnostics of the bundle.

use crate::artifact::{Diagnostic, Severity};
use crate::sandbox::error_place;
use serde_json::{Value, json};

/// Further errors are counted in a last diagnostic.
const MOST: usize = 50;
/// Bytes of one message.
const LONGEST: usize = 2000;

const KINDS: [(&str, Severity); 10] = [
    ("PHP Fatal error:", Severity::Error),
    ("PHP Parse error:", Severity::Error),
    ("PHP Recoverable fatal error:", Severity::Error),
    ("PHP Catchable fatal error:", Severity::Error),
    ("PHP Core error:", Severity::Error),
    ("PHP Core warning:", Severity::Warning),
    ("PHP Warning:", Severity::Warning),
    ("PHP Notice:", Severity::Notice),
    ("PHP Deprecated:", Severity::Info),
    ("PHP Strict Standards:", Severity::Info),
];

/// The errors in the lines of a log, which holds no secret any more.
pub fn read(log: &[String]) -> Vec<Diagnostic> {
    let mut found = log.iter().filter_map(|line| error(line));
    let mut diagnostics: Vec<Diagnostic> = found
        .by_ref()
        .take(MOST)
        .enumerate()
        .map(|(index, error)| Diagnostic { id: format!("php-error-{}", index + 1), ..error })
        .collect();
    let more = found.count();
    if more > 0 {
        diagnostics.push(Diagnostic {
            id: "php-errors-omitted".to_owned(),
            message: format!("{more} further errors are in the log."),
            severity: Severity::Info,
            path: None,
            details: json!({ "omitted": more }),
            ..template()
        });
    }
    diagnostics
}

fn error(line: &str) -> Option<Diagnostic> {
    let (severity, text) =
        KINDS.iter().find_map(|(kind, severity)| Some((*severity, line.split_once(kind)?.1.trim())))?;
    let message = text[..text.floor_char_boundary(LONGEST.min(text.len()))].to_owned();
    let (path, details) = match error_place(text) {
        Some((path, line)) => (Some(path.to_owned()), json!({ "line": line })),
        None => (None, Value::Null),
    };
    Some(Diagnostic { message, severity, path, details, ..template() })
}

fn template() -> Diagnostic {
    Diagnostic {
        id: String::new(),
        kind: "php-error".to_owned(),
        severity: Severity::Info,
        message: String::new(),
        category: Some("php".to_owned()),
        source: Some("logs/runtime.log".to_owned()),
        path: None,
        details: Value::Null,
    }
}
