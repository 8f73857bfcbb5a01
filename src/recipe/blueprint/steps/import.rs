//! Content from files: SQL, and what WordPress has exported.

use super::{Problem, Step};
use crate::recipe::blueprint::resource::Resource;
use crate::recipe::blueprint::staging::Staging;
use crate::sandbox::{Command, ContentTask, WxrAuthors};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunSql {
    sql: Resource,
}

impl Step for RunSql {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let file = staging.file("sql", self.sql)?.path;
        Ok(staging.with(ContentTask::ImportSql { file, truncate: Vec::new() }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ImportWxr {
    file: Resource,
    /// Left out, Playground tries to. Here attachments are rows whose address leads to the old place.
    #[serde(default)]
    fetch_attachments: Option<bool>,
    #[serde(default = "yes")]
    rewrite_urls: bool,
    #[serde(default)]
    url_mapping: BTreeMap<String, String>,
    #[serde(default = "yes")]
    import_comments: bool,
    #[serde(default = "administrator")]
    default_author_username: String,
    #[serde(default)]
    authors_mode: Option<WxrAuthors>,
    #[serde(default)]
    authors_map: BTreeMap<String, String>,
    /// The older way to say `"authorsMode": "create"`.
    #[serde(default)]
    import_users: bool,
    /// There is one.
    #[serde(rename = "importer", default)]
    _importer: Option<Importer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Importer {
    Default,
    DataLiberation,
}

fn yes() -> bool {
    true
}

fn administrator() -> String {
    "admin".to_owned()
}

impl Step for ImportWxr {
    fn command(self, mut staging: Staging<'_, '_>) -> Result<Command, Problem> {
        if self.fetch_attachments == Some(true) {
            return Err(Problem::new(
                "unsupported-blueprint-field",
                "fetchAttachments",
                "attachments' files need the network: leave it out, and the addresses of the files are kept",
            ));
        }
        if let Some(old) = self.url_mapping.keys().find(|old| old.is_empty()) {
            let field = format!("urlMapping.{old}");
            return Err(Problem::new("invalid-blueprint", &field, "an address to replace is needed"));
        }
        let by_default = if self.import_users { WxrAuthors::Create } else { WxrAuthors::default() };
        let task = ContentTask::ImportWxr {
            file: staging.file("file", self.file)?.path,
            default_author: self.default_author_username,
            authors: self.authors_mode.unwrap_or(by_default),
            authors_map: self.authors_map,
            comments: self.import_comments,
            rewrite_urls: self.rewrite_urls,
            url_mapping: self.url_mapping,
        };
        Ok(staging.with(task).into())
    }
}
