//! The table as data: what the plugin registers, what the docs list.

use super::row::{Ability, Annotations, Cli, Permission};
use super::table;
use serde::Serialize;
use serde_json::{Map, Value};

/// The category of every ability.
const CATEGORY: &str = "wp-codebox";

/// One registrable ability: a row, or one of its aliases.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    pub name: &'static str,
    /// For an alias, the name that it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_ability: Option<&'static str>,
    pub method: &'static str,
    pub label: &'static str,
    pub description: String,
    pub category: &'static str,
    pub input_schema: Value,
    pub output_schema: Value,
    pub permission: Permission,
    /// As `wp_register_ability()` takes it.
    pub meta: Meta,
    /// Aliases have no command of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cli: Option<Cli>,
}

/// WordPress's `meta`.
#[derive(Debug, Clone, Serialize)]
pub struct Meta {
    pub annotations: Annotations,
    pub show_in_rest: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_ability: Option<&'static str>,
}

/// Every row, each followed by its aliases.
pub fn describe() -> Vec<Description> {
    table()
        .flat_map(|row| {
            let aliases = row.aliases.iter().map(|alias| one(row, Some(alias)));
            std::iter::once(one(row, None)).chain(aliases)
        })
        .collect()
}

fn one(row: &Ability, alias: Option<&'static str>) -> Description {
    let canonical_ability = alias.map(|_| row.name);
    Description {
        name: alias.unwrap_or(row.name),
        canonical_ability,
        method: row.method,
        label: row.label,
        description: match alias {
            None => row.description.to_owned(),
            Some(_) => format!("Another name of {}. {}", row.name, row.description),
        },
        category: CATEGORY,
        input_schema: with_default((row.input_schema)()),
        output_schema: (row.output_schema)().clone(),
        permission: row.permission,
        meta: Meta { annotations: row.annotations, show_in_rest: row.show_in_rest, canonical_ability },
        cli: row.cli.filter(|_| alias.is_none()),
    }
}

/// WordPress refuses a missing input unless the schema has a default. Where nothing is required the
/// default is PHP's empty array, as in core's own abilities.
fn with_default(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(map) = &mut schema
        && asks_nothing(map)
    {
        map.insert("default".into(), Value::Array(Vec::new()));
    }
    schema
}

fn asks_nothing(schema: &Map<String, Value>) -> bool {
    schema.get("required").and_then(Value::as_array).is_none_or(Vec::is_empty)
}
