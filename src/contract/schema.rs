//! JSON Schema from Rust types, in the dialect that WordPress understands: no references, a type
//! wherever a value stands, `enum` instead of `oneOf` over constants.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// What a caller may send: objects are closed, and a field that may be left out is not also `null`.
pub fn input_schema<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft07().for_deserialize();
    let mut schema = derive::<T>(generator);
    tidy(&mut schema, Side::Input);
    schema
}

/// What a caller receives: objects stay open, so that later versions may add to them.
pub fn output_schema<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft07().for_serialize();
    let mut schema = derive::<T>(generator);
    tidy(&mut schema, Side::Output);
    schema
}

fn derive<T: JsonSchema>(mut settings: SchemaSettings) -> Value {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = Value::from(schema);
    if let Value::Object(map) = &mut schema {
        // The name of the Rust type.
        map.remove("title");
    }
    schema
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Input,
    Output,
}

/// Rewrites a schema and all that it holds.
fn tidy(schema: &mut Value, side: Side) {
    let map = match schema {
        // `true`: any value. WordPress asks for a type everywhere.
        Value::Bool(_) => {
            *schema = any();
            return;
        }
        Value::Object(map) => map,
        _ => return,
    };
    enum_of_constants(map);
    collapse_nullable(map, side);
    if side == Side::Input {
        drop_null(map);
    }
    // Widths of Rust's integers, which no validator knows; the bounds beside them stay.
    if map.get("format").and_then(Value::as_str).is_some_and(is_rust_width) {
        map.remove("format");
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(|property| tidy(property, side));
        if properties.is_empty() {
            // An empty object would turn into an empty list on its way through PHP.
            map.remove("properties");
        }
    }
    if let Some(items) = map.get_mut("items") {
        tidy(items, side);
    }
    if let Some(others @ Value::Object(_)) = map.get_mut("additionalProperties") {
        tidy(others, side);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(members)) = map.get_mut(key) {
            members.iter_mut().for_each(|member| tidy(member, side));
        }
    }
    let typed = ["type", "anyOf", "oneOf", "allOf"].iter().any(|key| map.contains_key(*key));
    if !typed {
        if map.contains_key("enum") {
            map.insert("type".into(), "string".into());
        } else {
            map.insert("type".into(), any()["type"].clone());
        }
    }
}

fn any() -> Value {
    json!({ "type": ["object", "array", "string", "number", "integer", "boolean", "null"] })
}

fn is_rust_width(format: &str) -> bool {
    format.starts_with("int") || format.starts_with("uint") || format == "double"
}

/// `oneOf: [{const: a}, {const: b}]` and `const: a` to `enum: […]`.
fn enum_of_constants(map: &mut Map<String, Value>) {
    if let Some(only) = map.remove("const") {
        map.insert("enum".into(), Value::Array(vec![only]));
    }
    let Some(Value::Array(members)) = map.get("oneOf") else {
        return;
    };
    let values: Option<Vec<Value>> = members
        .iter()
        .map(|member| match (member.get("const"), member.get("enum")) {
            (Some(value), None) => Some(vec![value.clone()]),
            (None, Some(Value::Array(values))) => Some(values.clone()),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()
        .map(|lists| lists.into_iter().flatten().collect());
    if let Some(values) = values {
        map.remove("oneOf");
        map.insert("type".into(), "string".into());
        map.insert("enum".into(), Value::Array(values));
    }
}

/// `anyOf: [X, {type: null}]` to X with `null` among its types, or among its forms.
fn collapse_nullable(map: &mut Map<String, Value>, side: Side) {
    let Some(Value::Array(members)) = map.get("anyOf") else {
        return;
    };
    let [Value::Object(one), other] = members.as_slice() else {
        return;
    };
    if other.get("type") != Some(&Value::from("null")) {
        return;
    }
    let mut one = one.clone();
    if let Some(Value::Array(forms)) = one.get_mut("anyOf") {
        if side == Side::Output {
            forms.push(other.clone());
        }
    } else {
        enum_of_constants(&mut one);
        let Some(Value::String(kind)) = one.get("type").cloned() else {
            return;
        };
        one.insert("type".into(), json!([kind, "null"]));
    }
    map.remove("anyOf");
    for (key, value) in one {
        // The field's own description says more than the type's.
        map.entry(key).or_insert(value);
    }
}

fn drop_null(map: &mut Map<String, Value>) {
    if map.get("default") == Some(&Value::Null) {
        map.remove("default");
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(types)) = map.get_mut("type") else {
        return;
    };
    types.retain(|kind| kind != "null");
    if let [only] = types.as_slice() {
        let only = only.clone();
        map.insert("type".into(), only);
    }
}
