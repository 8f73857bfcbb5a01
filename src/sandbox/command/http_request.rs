//! `wordpress.http-request`: what a browser would get from the sandbox's own site.

use super::arguments::{ArgumentIssue, Values};
use super::http::{self, BODY, HEADERS, METHOD, Timing};
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use super::{Command, Failure};
use crate::contract::{Code, output_schema};
use crate::engine::{Request, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const HTTP_REQUEST_SCHEMA: &str = "wp-codebox/wordpress-http-request/v1";

pub(super) static ROW: Row = Row {
    id: "wordpress.http-request",
    description: "Requests a page of the sandbox's own site as a browser would, without a socket. Redirects are \
                  reported and not followed.",
    arguments: &[
        Argument::new("url", Format::Text, "A URL of the site, or its path: /, /wp-admin/plugins.php.")
            .required("missing-url"),
        METHOD,
        HEADERS,
        BODY,
        Argument::new(
            "expect-status",
            Format::Integer { min: 100, max: 599 },
            "Another status is a failure.",
        ),
        Argument::new(
            "user",
            Format::Text,
            "Id, login or address of the user that is logged in. Left out: nobody.",
        ),
    ],
    bare: None,
    output_shape: "Status and headers are the result, the body is stdout.",
    output_schema: Some(|| OutputSchema { id: HTTP_REQUEST_SCHEMA, json_schema: output_schema::<Answer>() }),
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

/// A request of the sandbox's own site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpRequest {
    pub method: String,
    /// As it was given.
    pub url: String,
    #[serde(skip)]
    pub place: Place,
    #[serde(rename = "headers-json", skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    #[serde(rename = "expect-status", skip_serializing_if = "Option::is_none")]
    pub expect_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub https: bool,
    /// With the port, if there is one.
    pub host: String,
    /// With the query.
    pub path: String,
}

/// `wp-codebox/wordpress-http-request/v1`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    schema: &'static str,
    command: &'static str,
    method: &'a str,
    url: &'a str,
    resolved_url: String,
    status: u16,
    /// By name in small letters; several of one name are a list.
    headers: BTreeMap<String, Value>,
    body_bytes: u64,
    timing: Timing,
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let url = values.required("url");
    let place = Place::of(&url).ok_or_else(|| {
        ArgumentIssue::invalid("url", "a path that begins with / is expected, or an http or https URL")
    })?;
    Ok(Command::HttpRequest(HttpRequest {
        method: http::method(&mut values)?,
        url,
        place,
        headers: http::headers(&mut values)?,
        body: values.text("body").unwrap_or_default(),
        expect_status: values.integer("expect-status").and_then(|status| u16::try_from(status).ok()),
        user: values.text("user"),
    }))
}

impl Place {
    fn of(url: &str) -> Option<Place> {
        let url = url.split('#').next()?;
        let (https, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ if url.starts_with("//") || !http::is_path(url) => return None,
            _ => return Some(Place { https: false, host: "localhost".to_owned(), path: url.to_owned() }),
        };
        let (host, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        (is_host(host) && http::is_path(&path)).then(|| Place {
            https,
            host: host.to_ascii_lowercase(),
            path,
        })
    }
}

/// A name or an IPv4 address, with a port perhaps.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let proper = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    (1..=253).contains(&name.len()) && name.bytes().all(proper) && port.parse::<u16>().is_ok()
}

impl HttpRequest {
    /// The request as PHP gets it.
    pub(super) fn request(&self, script: &str) -> Request {
        let mut request = Request {
            method: self.method.clone(),
            uri: self.place.path.clone(),
            host: self.place.host.clone(),
            body: self.body.clone().into_bytes(),
            ..Request::script(script)
        };
        if self.place.https {
            request.server.push(("HTTPS".to_owned(), "on".to_owned()));
        }
        for (name, value) in &self.headers {
            match name.to_ascii_lowercase().as_str() {
                "cookie" => request.cookies.clone_from(value),
                "content-type" => request.content_type.clone_from(value),
                "content-length" => {}
                name => request
                    .server
                    .push((format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_")), value.clone())),
            }
        }
        if !request.body.is_empty() && request.content_type.is_empty() {
            request.content_type = "application/x-www-form-urlencoded".to_owned();
        }
        request
    }

    /// What came back.
    pub(super) fn outcome(&self, response: &Response, elapsed: Duration) -> Result<Value, Failure> {
        let (status, headers) = head(&response.headers);
        let scheme = if self.place.https { "https" } else { "http" };
        let answer = Answer {
            schema: HTTP_REQUEST_SCHEMA,
            command: ROW.id,
            method: &self.method,
            url: &self.url,
            resolved_url: format!("{scheme}://{}{}", self.place.host, self.place.path),
            status,
            headers,
            body_bytes: response.stdout.len() as u64 + response.stdout_dropped,
            timing: Timing::of(elapsed),
        };
        let answer = json!(answer);
        match self.expect_status {
            Some(expected) if expected != status => Err(Failure {
                code: Code::RunFailed,
                message: format!("{} answered with status {status}, not {expected}.", self.url),
                data: json!({ "code": "unexpected_status", "details": answer }),
            }),
            _ => Ok(answer),
        }
    }
}

/// What PHP wrote as the response's head.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: Vec<String>,
}

/// Status and headers. The guest can write anything there: only the shape is trusted.
fn head(bytes: &[u8]) -> (u16, BTreeMap<String, Value>) {
    // A request that was open before has left its own in front.
    let heads = serde_json::Deserializer::from_slice(bytes).into_iter::<Head>().map_while(Result::ok);
    let head = heads.last().unwrap_or(Head { status: 200, headers: Vec::new() });
    let mut headers: BTreeMap<String, Value> = BTreeMap::new();
    for header in head.headers {
        let Some((name, value)) = header.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), Value::from(value.trim()));
        let together = match headers.remove(&name) {
            None => value,
            Some(Value::Array(mut values)) => {
                values.push(value);
                Value::Array(values)
            }
            Some(first) => Value::Array(vec![first, value]),
        };
        headers.insert(name, together);
    }
    (head.status, headers)
}
