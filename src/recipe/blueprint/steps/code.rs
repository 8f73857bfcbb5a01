//! PHP and WP-CLI.

use super::{Problem, Step};
use crate::recipe::blueprint::path::SandboxPath;
use crate::recipe::blueprint::staging::Staging;
use crate::sandbox::{Arguments, Command, ContentTask};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunPhp {
    code: Code,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "text, or an object with filename and content")]
enum Code {
    Text(String),
    Named(NamedCode),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedCode {
    #[serde(rename = "filename")]
    _filename: String,
    content: String,
}

impl Step for RunPhp {
    fn command(self, _: Staging<'_, '_>) -> Result<Command, Problem> {
        let code = match self.code {
            Code::Text(code) => code,
            Code::Named(named) => named.content,
        };
        Ok(Command::RunPhp { code, bootstrap: true })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunPhpWithOptions {
    options: RunOptions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RunOptions {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    script_path: Option<SandboxPath>,
    #[serde(default)]
    relative_uri: Option<String>,
    #[serde(default)]
    method: Option<Method>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(rename = "$_SERVER", default)]
    server: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
    Head,
    Options,
    Patch,
    Put,
    Delete,
}

impl Method {
    fn as_str(&self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Head => "HEAD",
            Method::Options => "OPTIONS",
            Method::Patch => "PATCH",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

impl Step for RunPhpWithOptions {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let options = self.options;
        let file = match (options.code, options.script_path) {
            (Some(code), None) => staging.text("options.code", code)?.path,
            (None, Some(path)) => path.into(),
            _ => {
                let why = "either code or scriptPath is required";
                return Err(Problem::new("invalid-blueprint", "options", why));
            }
        };
        let mut server = BTreeMap::new();
        for (name, value) in options.headers {
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !name.is_empty();
            if !plain || value.contains(['\r', '\n', '\0']) {
                return Err(Problem::new(
                    "invalid-blueprint",
                    "options.headers",
                    "a header that HTTP does not have",
                ));
            }
            server.insert(format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_")), value);
        }
        server.extend(options.relative_uri.map(|uri| ("REQUEST_URI".to_owned(), uri)));
        server.extend(options.method.map(|method| ("REQUEST_METHOD".to_owned(), method.as_str().to_owned())));
        server.extend(options.protocol.map(|protocol| ("SERVER_PROTOCOL".to_owned(), protocol)));
        server.extend(options.server);
        if options
            .env
            .iter()
            .any(|(name, value)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0'))
        {
            return Err(Problem::new(
                "invalid-blueprint",
                "options.env",
                "a variable that no process can have",
            ));
        }
        Ok(staging.with(ContentTask::RunPhp { file, server, environment: options.env }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct WpCli {
    command: Words,
    /// Every sandbox has its own.
    #[serde(rename = "wpCliPath", default)]
    _wp_cli_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "text, or a list of words")]
enum Words {
    Line(String),
    List(Vec<String>),
}

impl Step for WpCli {
    fn command(self, _: Staging<'_, '_>) -> Result<Command, Problem> {
        let (argument, words) = match self.command {
            Words::List(words) => ("arguments", Value::from(words)),
            Words::Line(line) => ("command", Value::from(line)),
        };
        let arguments = Arguments::of_object(BTreeMap::from([(argument.to_owned(), words)]));
        Command::parse("wordpress.wp-cli", arguments)
            .map_err(|issue| Problem::new("invalid-blueprint", "command", issue.to_string()))
    }
}
