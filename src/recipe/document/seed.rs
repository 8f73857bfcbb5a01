//! `inputs.siteSeeds[]`: content that is imported before the workflow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Content from a file: as much of it as the scopes name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteSeed {
    #[serde(rename = "type")]
    pub kind: SeedType,
    /// Unique among the seeds.
    #[schemars(length(max = 200))]
    pub name: String,
    /// Host path of the file, relative to the recipe's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub source: Option<String>,
    #[serde(default)]
    pub format: SeedFormat,
    #[serde(rename = "deterministicIds", default, skip_serializing_if = "Option::is_none")]
    pub deterministic_ids: Option<DeterministicIds>,
    /// What is imported. Nothing else is.
    #[serde(default)]
    pub scopes: Scopes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeedType {
    Fixture,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeedFormat {
    #[default]
    Json,
}

/// Which ids imported content gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeterministicIds {
    pub strategy: IdStrategy,
    /// What becomes of a recipe whose strategy cannot be had.
    #[serde(rename = "onUnsupported", default)]
    pub on_unsupported: OnUnsupported,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdStrategy {
    /// Slugs, option names and logins say what a thing is; WordPress numbers it.
    PlatformIdentifiers,
    /// The numbers of the file. It cannot be had.
    Numeric,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnUnsupported {
    /// The recipe is refused.
    #[default]
    Block,
    /// WordPress numbers things itself.
    Warn,
}

/// What is imported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scopes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posts: Option<Selector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Selector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Selector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Selector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Selector>,
    /// The list of active plugins.
    #[serde(rename = "activePlugins", default)]
    pub active_plugins: bool,
    /// The active theme.
    #[serde(rename = "activeTheme", default)]
    pub active_theme: bool,
}

impl Scopes {
    /// Names of what is imported.
    pub fn names(&self) -> Vec<&'static str> {
        [
            ("posts", self.posts.is_some()),
            ("terms", self.terms.is_some()),
            ("options", self.options.is_some()),
            ("users", self.users.is_some()),
            ("media", self.media.is_some()),
            ("activePlugins", self.active_plugins),
            ("activeTheme", self.active_theme),
        ]
        .into_iter()
        .filter_map(|(name, wanted)| wanted.then_some(name))
        .collect()
    }
}

/// Which records of a kind: those that fit every list that is given, at most so many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// At most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<u64>,
    /// At most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 200)))]
    pub slugs: Vec<String>,
    /// At most 100: names of options, logins of users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 200)))]
    pub names: Vec<String>,
    /// At most 25.
    #[serde(rename = "postTypes", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 200)))]
    pub post_types: Vec<String>,
    /// At most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 200)))]
    pub taxonomies: Vec<String>,
    /// At most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 200)))]
    pub roles: Vec<String>,
    /// At most 25.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 200)))]
    pub statuses: Vec<String>,
    /// Media: the files too.
    #[serde(rename = "includeFiles", default)]
    pub include_files: bool,
    /// Users: names and addresses are replaced. Left out: they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymize: Option<bool>,
    /// 1 to 100.
    #[serde(rename = "maxRecords", default, skip_serializing_if = "Option::is_none")]
    pub max_records: Option<u64>,
}
