//! `wordpress.rest-request`.

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::http::{self, BODY, HEADERS, METHOD, Timing};
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use crate::contract::output_schema;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const REST_REQUEST_SCHEMA: &str = "wp-codebox/wordpress-rest-request/v1";

pub(super) static ROW: Row = Row {
    id: "wordpress.rest-request",
    description: "Makes a request of the sandbox's own REST API, in process.",
    arguments: &[
        Argument::new(
            "path",
            Format::Text,
            "Route, such as /wp/v2/posts; may have a query and /wp-json in front.",
        )
        .required("missing-path"),
        METHOD,
        HEADERS,
        Argument::new(
            "params-json",
            Format::Json,
            "Query parameters of a GET, else body parameters: an object.",
        ),
        BODY,
        Argument::new("body-json", Format::Json, "Request body as JSON."),
        Argument::new(
            "user",
            Format::Text,
            "Id, login or address of the user that asks. Left out: the administrator; 0: nobody.",
        ),
    ],
    bare: None,
    output_shape: "Status, headers and data of the response. A status of 400 or more is a response as any other.",
    output_schema: Some(|| OutputSchema { id: REST_REQUEST_SCHEMA, json_schema: output_schema::<Answer>() }),
    requires: &[],
    recipe: true,
    handler: Handler::Guest,
    read,
};

/// A request of the sandbox's own REST API.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RestRequest {
    pub method: String,
    pub path: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// `wp-codebox/wordpress-rest-request/v1`, as the guest reports it.
#[derive(Serialize, JsonSchema)]
struct Answer {
    schema: String,
    command: String,
    method: String,
    /// As it was asked for.
    path: String,
    /// The route that matched; empty if none did.
    route: String,
    status: u16,
    headers: BTreeMap<String, String>,
    data: Value,
    timing: Timing,
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let path = values.required("path");
    if !http::is_path(&path) {
        return Err(ArgumentIssue::invalid("path", "a route such as /wp/v2/posts is expected"));
    }
    let mut headers = http::headers(&mut values)?;
    let body = match (values.text("body"), values.json("body-json")) {
        (Some(_), Some(_)) => {
            return Err(ArgumentIssue::invalid("body-json", "only one of body and body-json"));
        }
        (None, Some(json)) => {
            headers.entry("Content-Type".to_owned()).or_insert_with(|| "application/json".to_owned());
            Some(json.to_string())
        }
        (body, None) => body,
    };
    Ok(Command::RestRequest(RestRequest {
        method: http::method(&mut values)?,
        path,
        headers,
        params: values.typed("params-json")?.unwrap_or_default(),
        body,
        user: values.text("user"),
    }))
}
