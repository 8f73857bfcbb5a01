//! PHP's messages about errors, as its log has them.

const FATAL: &str = "PHP Fatal error:";

/// A fatal error.
#[derive(Debug, PartialEq)]
pub(super) struct Fatal {
    pub message: String,
    pub file: Option<String>,
    pub line: Option<u64>,
    pub trace: Option<String>,
}

/// The last fatal error in a log: how one is known that came after a step had left its outcome, in a
/// shutdown function or a destructor. PHP runs nothing more then that could report it.
pub(super) fn last_fatal(log: &[u8]) -> Option<Fatal> {
    let log = String::from_utf8_lossy(log);
    let text = log[log.rfind(FATAL)? + FATAL.len()..].trim_start();
    let (message, trace) = match text.split_once("\nStack trace:\n") {
        Some((message, rest)) => {
            (message, Some(rest.split("\n  thrown in ").next().unwrap_or(rest).trim_end().to_owned()))
        }
        None => (text.lines().next().unwrap_or_default(), None),
    };
    let place = error_place(message);
    Some(Fatal {
        message: message.to_owned(),
        file: place.map(|(file, _)| file.to_owned()),
        line: place.map(|(_, line)| line),
        trace,
    })
}

/// Where an error was: "… in /workspace/a.php on line 3", or "… in /workspace/a.php:3".
pub fn error_place(message: &str) -> Option<(&str, u64)> {
    let (_, place) = message.rsplit_once(" in ")?;
    let (path, number) = place.split_once(" on line ").or_else(|| place.rsplit_once(':'))?;
    path.starts_with('/').then_some((path, number.trim_end().parse().ok()?))
}
