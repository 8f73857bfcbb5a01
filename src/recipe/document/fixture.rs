//! `inputs.fixtureDatabases[]` and `inputs.fixtureUsers[]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An SQL file that is imported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixtureDatabase {
    /// Unique among the databases.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// The author's version of it, kept in the artifact.
    #[schemars(length(min = 1, max = 200))]
    pub version: String,
    /// Host path, relative to the recipe's file.
    #[schemars(length(max = 4096))]
    pub source: String,
    #[serde(default)]
    pub format: DatabaseFormat,
    #[serde(default)]
    pub reset: DatabaseReset,
    /// The author's own notes, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseFormat {
    #[default]
    Sql,
}

/// What is done before an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseReset {
    #[serde(default)]
    pub strategy: ResetStrategy,
    /// Names of tables, with their prefix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 64)))]
    pub tables: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResetStrategy {
    None,
    /// Empties the tables that are named.
    #[default]
    TruncateTables,
}

/// A user that is there before the workflow.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixtureUser {
    /// Unique among the users.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// The user's number. Left out: the next one.
    #[serde(rename = "userId", default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4_294_967_295u64))]
    pub user_id: Option<u64>,
    /// The login. Left out: the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60))]
    pub username: Option<String>,
    /// Left out: `<username>@example.org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub email: Option<String>,
    /// Left out: `subscriber`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub role: Option<String>,
    #[serde(rename = "displayName", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 250))]
    pub display_name: Option<String>,
    /// Left out: a random one. A secret: it is kept out of everything that leaves the sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub password: Option<String>,
    /// The author's own notes, kept in the artifact. At most 64 KiB of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// Without the password.
impl std::fmt::Debug for FixtureUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FixtureUser").field("name", &self.name).finish_non_exhaustive()
    }
}
