//! Payloads against schemas: what is not checked is named, and the work is bounded.

use serde_json::{Map, Value, json};
use std::iter::repeat_n;
use wp_codebox::artifact::{check_payload, unsupported_keywords};

fn found(schema: Value) -> Vec<String> {
    unsupported_keywords(schema.as_object().unwrap()).into_iter().map(|one| one.path).collect()
}

#[test]
fn keywords_that_are_not_checked_are_found_by_name_and_path() {
    for keyword in [
        "pattern",
        "format",
        "$ref",
        "$dynamicRef",
        "multipleOf",
        "uniqueItems",
        "contains",
        "minContains",
        "prefixItems",
        "additionalItems",
        "patternProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "unevaluatedProperties",
        "unevaluatedItems",
        "if",
        "then",
        "else",
        "contentEncoding",
        "addtionalProperties",
        "minLenght",
    ] {
        let bad = Value::Object(Map::from_iter([(keyword.to_owned(), json!(1))]));
        assert_eq!(found(bad.clone()), [format!(".{keyword}")]);
        for (schema, at) in [
            (json!({ "properties": { "a": bad } }), ".properties.a"),
            (json!({ "additionalProperties": bad }), ".additionalProperties"),
            (json!({ "items": { "not": bad } }), ".items.not"),
            (json!({ "oneOf": [true, { "anyOf": [bad] }] }), ".oneOf[1].anyOf[0]"),
            (json!({ "allOf": [bad] }), ".allOf[0]"),
        ] {
            assert_eq!(found(schema), [format!("{at}.{keyword}")]);
        }
    }
}

#[test]
fn keywords_with_values_that_would_be_passed_over_are_found() {
    for (keyword, value) in [
        ("type", json!("text")),
        ("type", json!([])),
        ("type", json!(["string", 1])),
        ("enum", json!({ "1": "a" })),
        ("minimum", json!("3")),
        ("exclusiveMinimum", json!(true)),
        ("maxLength", json!(-1)),
        ("minItems", json!(1.5)),
        ("required", json!(true)),
        ("required", json!([1])),
        ("properties", json!(["a"])),
        ("items", json!([{ "type": "string" }])),
        ("allOf", json!({})),
        ("not", json!("string")),
    ] {
        let schema = Value::Object(Map::from_iter([(keyword.to_owned(), value)]));
        assert_eq!(found(schema.clone()), [format!(".{keyword}")], "{schema}");
    }
    let deep = (0..40).fold(json!({ "pattern": "a" }), |inner, _| json!({ "items": inner }));
    assert_eq!(found(deep), [".items".repeat(33)]);
}

#[test]
fn schemas_that_are_checked_as_a_whole_have_no_findings() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "t", "description": "d", "x-own": 1,
        "type": ["object", "null"], "required": ["a"], "additionalProperties": false, "minProperties": 1,
        // Names of properties are no keywords, and neither is what stands in notes and values.
        "properties": {
            "pattern": { "type": "string", "minLength": 1, "default": { "$ref": "#" } },
            "a": { "enum": [{ "format": "x" }], "examples": [{ "pattern": "x" }] },
            "b": { "const": { "$ref": 1 } },
            "c": { "items": { "properties": [] }, "maxItems": 3 },
            "d": { "anyOf": [{ "minimum": 1.5 }, true], "not": { "type": "string" } },
        },
    });
    assert_eq!(found(schema), Vec::<String>::new());
}

#[test]
fn what_is_reported_is_bounded_and_has_its_path() {
    let many = Value::Object((0..500).map(|i| (format!("k{i}"), json!(1))).collect());
    assert_eq!(found(many).len(), 20);
    let schema =
        json!({ "properties": { "a": { "items": { "additionalProperties": { "type": "string" } } } } });
    let error = check_payload(&schema, &json!({ "a": [{}, { "b": 1 }] })).unwrap_err();
    assert_eq!(error, "payload.a[1].b is not of type string");
    let long = Value::Object(Map::from_iter([("n".repeat(1 << 20), json!(1))]));
    assert!(check_payload(&json!({ "additionalProperties": false }), &long).unwrap_err().len() < 200);
}

#[test]
fn a_payload_of_many_items_against_many_branches_is_too_costly() {
    let items = |count| Value::Array(repeat_n(json!(1), count).collect());
    let branches = |count| Value::Array(repeat_n(json!({ "type": "integer" }), count).collect());
    let costly = |schema: &Value, payload: &Value| {
        let error = check_payload(schema, payload).unwrap_err();
        assert!(error.contains("too costly"), "{error}");
    };
    let schema = |keyword: &str, count| json!({ "items": { keyword: branches(count) } });
    assert_eq!(check_payload(&schema("allOf", 10), &items(10_000)), Ok(()));
    costly(&schema("allOf", 1000), &items(10_000));
    let one: Vec<Value> = repeat_n(json!(false), 1000).chain([json!(true)]).collect();
    costly(&json!({ "items": { "oneOf": one } }), &items(10_000));
    costly(&json!({ "items": true }), &items(1_100_000));
    // Comparing and measuring count as well.
    let values: Vec<Value> = (2..2000).map(Value::from).chain([json!(1)]).collect();
    costly(&json!({ "items": { "enum": values } }), &items(10_000));
    let text = json!("x".repeat(1 << 20));
    let lengths: Vec<Value> = repeat_n(json!({ "minLength": 1 }), 1000).collect();
    costly(&json!({ "allOf": lengths }), &text);
    let equals: Vec<Value> = repeat_n(json!({ "const": text }), 100).collect();
    costly(&json!({ "allOf": equals }), &text);
}

#[test]
fn too_costly_is_no_answer_beneath_not_and_anyof() {
    let costly = json!({ "items": { "allOf": Value::Array(repeat_n(json!(true), 1000).collect()) } });
    let items = Value::Array(repeat_n(json!(1), 10_000).collect());
    for schema in [
        json!({ "not": costly }),
        json!({ "anyOf": [costly, true] }),
        json!({ "oneOf": [costly, true] }),
        json!({ "not": { "not": { "not": costly } } }),
    ] {
        let error = check_payload(&schema, &items).unwrap_err();
        assert!(error.contains("too costly"), "{error}");
    }
}

#[test]
fn numbers_are_compared_by_value() {
    for (schema, payload, fits) in [
        (json!({ "const": 1 }), json!(1.0), true),
        (json!({ "not": { "const": { "n": [1] } } }), json!({ "n": [1.0] }), false),
        (json!({ "not": { "enum": ["a", 2] } }), json!(2.0), false),
        (json!({ "const": 1 }), json!(true), false),
        (json!({ "const": { "a": 1 } }), json!({ "b": 1 }), false),
        (json!({ "const": 9_007_199_254_740_993u64 }), json!(9_007_199_254_740_992u64), false),
    ] {
        assert_eq!(check_payload(&schema, &payload).is_ok(), fits, "{schema} {payload}");
    }
}
