//! What requests have in common: methods, headers, paths.

use super::arguments::{ArgumentIssue, Values};
use super::row::{Argument, Format};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const METHOD: Argument = Argument::new("method", Format::Text, "HTTP method. Default: GET.");
pub(super) const HEADERS: Argument =
    Argument::new("headers-json", Format::Json, "Request headers: an object of strings.");
pub(super) const BODY: Argument = Argument::new("body", Format::Text, "Request body.");

/// Longest URL, bytes.
const URL_MAX: usize = 8192;
/// Most headers of a request, and the longest of them, bytes.
const HEADERS_MAX: usize = 100;
const HEADER_MAX: usize = 8192;

/// How long an answer took.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timing {
    duration_ms: f64,
}

impl Timing {
    pub fn of(elapsed: Duration) -> Timing {
        Timing { duration_ms: (elapsed.as_secs_f64() * 1e6).round() / 1e3 }
    }
}

/// The method, in capital letters.
pub(super) fn method(values: &mut Values) -> Result<String, ArgumentIssue> {
    let method = values.text("method").unwrap_or_else(|| "GET".to_owned()).to_ascii_uppercase();
    if !(1..=16).contains(&method.len()) || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(ArgumentIssue::invalid("method", "an HTTP method is expected"));
    }
    Ok(method)
}

pub(super) fn headers(values: &mut Values) -> Result<BTreeMap<String, String>, ArgumentIssue> {
    let headers: BTreeMap<String, String> = values.typed("headers-json")?.unwrap_or_default();
    let invalid = |why: String| Err(ArgumentIssue::invalid("headers-json", why));
    if headers.len() > HEADERS_MAX {
        return invalid(format!("at most {HEADERS_MAX} headers"));
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    for (name, value) in &headers {
        if name.is_empty() || !name.bytes().all(is_token) {
            return invalid("a header has a name that no header can have".to_owned());
        }
        if name.len() + value.len() > HEADER_MAX
            || value.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
        {
            return invalid(format!("{name}: at most {HEADER_MAX} bytes, and one line"));
        }
        if name.eq_ignore_ascii_case("host") {
            return invalid("the host is the URL's".to_owned());
        }
    }
    Ok(headers)
}

/// Whether a path with a query can stand in the first line of a request.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.len() <= URL_MAX && path.bytes().all(|byte| byte > b' ' && byte != 0x7f)
}
