//! The file of a seed: `wp-codebox/site-seed-fixture/v1`.

use crate::contract::shown;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub const FIXTURE_SCHEMA: &str = "wp-codebox/site-seed-fixture/v1";

/// Records of one kind.
const MAX_RECORDS: usize = 10_000;

/// Content of a site. Slugs and logins say what belongs to what.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Fixture {
    schema: Option<String>,
    pub posts: Option<Vec<Post>>,
    pub terms: Option<Vec<Term>>,
    pub options: Option<Map<String, Value>>,
    pub users: Option<Vec<User>>,
    pub media: Option<Vec<Post>>,
    /// Plugin files, relative to the plugins' directory.
    pub active_plugins: Option<Vec<String>>,
    /// The theme's directory.
    pub active_theme: Option<String>,
}

/// A post of any type, or an attachment without its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Post {
    /// The number that it had. WordPress gives it another.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    pub slug: String,
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    excerpt: String,
    /// `YYYY-MM-DD HH:MM:SS`, in the site's time.
    #[serde(default)]
    date: Option<String>,
    /// A login.
    #[serde(default)]
    pub author: Option<String>,
    /// Slug of a post of the same type.
    #[serde(default)]
    parent: Option<String>,
    #[serde(default)]
    menu_order: i64,
    #[serde(default)]
    mime_type: Option<String>,
    /// Slugs by taxonomy.
    #[serde(default)]
    terms: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    meta: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Term {
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    pub slug: String,
    pub taxonomy: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    description: String,
    /// Slug of a term of the same taxonomy.
    #[serde(default)]
    parent: Option<String>,
}

/// A person. Nothing but the role and a number goes on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    /// The number that the person had.
    #[serde(default)]
    pub id: Option<u64>,
    /// Who the person is inside: the number, or one that nobody of the file has.
    #[serde(skip)]
    pub number: u64,
    pub login: String,
    #[serde(default)]
    pub role: Option<String>,
    #[serde(rename = "email", default)]
    _email: Option<String>,
    #[serde(rename = "displayName", default)]
    _display_name: Option<String>,
}

/// Reads a file, or says what is wrong with it and where.
pub(super) fn read(bytes: &[u8]) -> Result<Fixture, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    if let Some(field) = listed(&value) {
        return Err(format!("{field}: an object is expected"));
    }
    let mut fixture: Fixture = serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.inner().to_string());
        shown(&format!("{path}: {why}"), 300)
    })?;
    if fixture.schema.as_deref().is_some_and(|schema| schema != FIXTURE_SCHEMA) {
        return Err(format!("schema: {FIXTURE_SCHEMA} is expected"));
    }
    let counts = [
        ("posts", fixture.posts.as_ref().map_or(0, Vec::len)),
        ("terms", fixture.terms.as_ref().map_or(0, Vec::len)),
        ("options", fixture.options.as_ref().map_or(0, Map::len)),
        ("users", fixture.users.as_ref().map_or(0, Vec::len)),
        ("media", fixture.media.as_ref().map_or(0, Vec::len)),
        ("activePlugins", fixture.active_plugins.as_ref().map_or(0, Vec::len)),
    ];
    if let Some((kind, _)) = counts.into_iter().find(|(_, count)| *count > MAX_RECORDS) {
        return Err(format!("{kind}: at most {MAX_RECORDS}"));
    }
    number(fixture.users.as_deref_mut().unwrap_or_default())?;
    Ok(fixture)
}

/// Gives each person a number of their own: who has none gets their place in the file, or the next one
/// that is free.
fn number(users: &mut [User]) -> Result<(), String> {
    let (mut taken, mut logins) = (BTreeSet::new(), BTreeSet::new());
    for (index, user) in users.iter().enumerate() {
        if user.id.is_some_and(|id| !taken.insert(id)) {
            return Err(format!("users[{index}].id: another user has this number"));
        }
        if !logins.insert(user.login.as_str()) {
            return Err(format!("users[{index}].login: another user has this login"));
        }
    }
    for (place, user) in (1..).zip(users) {
        user.number = match user.id {
            Some(id) => id,
            // There are fewer of them than numbers.
            None => (place..).find(|number| taken.insert(*number)).unwrap_or(place),
        };
    }
    Ok(())
}

/// A record that is a list: serde would take its items for an object's fields.
fn listed(value: &Value) -> Option<String> {
    let Value::Object(kinds) = value else { return Some("the file".to_owned()) };
    ["posts", "terms", "users", "media"].into_iter().find_map(|kind| {
        let records = kinds.get(kind)?.as_array()?;
        let index = records.iter().position(Value::is_array)?;
        Some(format!("{kind}[{index}]"))
    })
}
