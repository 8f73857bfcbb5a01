//! Options, constants, users and content that is there.

use super::{Problem, Step};
use crate::recipe::blueprint::staging::Staging;
use crate::sandbox::{Command, ContentTask, ResetKind, check_constant};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetSiteOptions {
    options: Map<String, Value>,
}

impl Step for SetSiteOptions {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let unfit = self.options.keys().find(|name| name.is_empty() || name.chars().count() > 191);
        if let Some(name) = unfit {
            let field = format!("options.{name}");
            return Err(Problem::new(
                "invalid-blueprint",
                &field,
                "an option's name has 1 to 191 characters",
            ));
        }
        Ok(staging.with(ContentTask::SetOptions { options: self.options }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DefineConstants {
    consts: Map<String, Value>,
    /// Both ways end in the sandbox's wp-config.php.
    #[serde(rename = "method", default)]
    _method: Option<Method>,
    #[serde(rename = "virtualize", default)]
    _virtualize: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    RewriteWpConfig,
    DefineBeforeRun,
}

impl Step for DefineConstants {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        for (name, value) in &self.consts {
            let refuse = |why: &str| Err(Problem::new("invalid-blueprint", &format!("consts.{name}"), why));
            if let Err(why) = check_constant(name) {
                return refuse(why);
            }
            if value.is_object() {
                return refuse("a constant is text, a number, a boolean, null, or a list");
            }
        }
        Ok(staging.with(ContentTask::DefineConstants { constants: self.consts }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DefineSiteUrl {
    site_url: String,
}

impl Step for DefineSiteUrl {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let url = self.site_url.trim_end_matches('/');
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        if host.is_none_or(|host| {
            host.is_empty() || host.contains(|c: char| c.is_control() || c.is_whitespace())
        }) {
            return Err(Problem::new("invalid-blueprint", "siteUrl", "an http or https address is needed"));
        }
        let constants = json!({ "WP_HOME": url, "WP_SITEURL": url });
        let constants = constants.as_object().cloned().unwrap_or_default();
        Ok(staging.with(ContentTask::DefineConstants { constants }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    #[serde(default)]
    username: Option<String>,
    /// Playground does not look at it either.
    #[serde(rename = "password", default)]
    _password: Option<String>,
}

impl Step for LogIn {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        let username = self.username.unwrap_or_else(|| "admin".to_owned());
        Ok(staging.with(ContentTask::LogIn { username }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct UpdateUserMeta {
    meta: Map<String, Value>,
    user_id: u32,
}

impl Step for UpdateUserMeta {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        Ok(staging.with(ContentTask::SetUserMeta { user_id: self.user_id, meta: self.meta }).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ResetData {
    /// Left out: all of it, posts of other types too.
    #[serde(default)]
    content_types: Option<Vec<ResetKind>>,
}

impl Step for ResetData {
    fn command(self, staging: Staging<'_, '_>) -> Result<Command, Problem> {
        Ok(staging.with(ContentTask::ResetData { kinds: self.content_types }).into())
    }
}
