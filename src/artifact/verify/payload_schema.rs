//! A payload against the JSON Schema that stands beside it.
//!
//! The keywords that describe shapes are checked; references, formats and patterns, which could
//! make a hostile schema costly, are not.

use serde_json::Value;

const MAX_DEPTH: usize = 32;

pub fn check(schema: &Value, payload: &Value) -> Result<(), String> {
    fits(schema, payload, "payload", 0)
}

fn fits(schema: &Value, value: &Value, at: &str, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("{at}: the schema is nested too deeply"));
    }
    let schema = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Bool(false) => return Err(format!("{at} is not allowed")),
        Value::Object(schema) => schema,
        _ => return Err(format!("{at}: the schema is no schema")),
    };
    let inner = |schema: &Value, value: &Value, at: &str| fits(schema, value, at, depth + 1);

    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|kind| is_a(kind, value)) {
        return Err(format!("{at} is not of type {}", types.join(" or ")));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return Err(format!("{at} has another value"));
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.contains(value)
    {
        return Err(format!("{at} is none of the allowed values"));
    }
    for (keyword, exceeds) in [
        ("minimum", (|n, bound| n < bound) as fn(f64, f64) -> bool),
        ("maximum", |n, bound| n > bound),
        ("exclusiveMinimum", |n, bound| n <= bound),
        ("exclusiveMaximum", |n, bound| n >= bound),
    ] {
        let bound = schema.get(keyword).and_then(Value::as_f64);
        if let (Some(n), Some(bound)) = (value.as_f64(), bound)
            && exceeds(n, bound)
        {
            return Err(format!("{at} breaks {keyword} {bound}"));
        }
    }
    let size = match value {
        Value::String(text) => Some(("Length", text.chars().count())),
        Value::Array(items) => Some(("Items", items.len())),
        Value::Object(map) => Some(("Properties", map.len())),
        _ => None,
    };
    if let Some((what, size)) = size {
        let bound = |edge: &str| schema.get(&format!("{edge}{what}")).and_then(Value::as_u64);
        if bound("min").is_some_and(|min| (size as u64) < min)
            || bound("max").is_some_and(|max| (size as u64) > max)
        {
            return Err(format!("{at} has the wrong size"));
        }
    }
    if let Value::Object(map) = value {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if name.as_str().is_some_and(|name| !map.contains_key(name)) {
                return Err(format!("{at} lacks {name}"));
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, item) in map {
            let at = format!("{at}.{name}");
            match properties.and_then(|properties| properties.get(name)) {
                Some(property) => inner(property, item, &at)?,
                None => match schema.get("additionalProperties") {
                    Some(rest) if !schema.contains_key("patternProperties") => inner(rest, item, &at)?,
                    _ => {}
                },
            }
        }
    }
    if let (Value::Array(items), Some(each)) = (value, schema.get("items").filter(|s| !s.is_array())) {
        for (i, item) in items.iter().enumerate() {
            inner(each, item, &format!("{at}[{i}]"))?;
        }
    }
    let branches = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
    for branch in branches("allOf").into_iter().flatten() {
        inner(branch, value, at)?;
    }
    let matching = |list: &Vec<Value>| list.iter().filter(|b| inner(b, value, at).is_ok()).count();
    if branches("anyOf").is_some_and(|list| matching(list) == 0)
        || branches("oneOf").is_some_and(|list| matching(list) != 1)
        || schema.get("not").is_some_and(|not| inner(not, value, at).is_ok())
    {
        return Err(format!("{at} fits the wrong branches of the schema"));
    }
    Ok(())
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => false,
    }
}
