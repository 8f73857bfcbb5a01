//! The table of abilities: what it says of itself holds.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use wp_codebox::ability;
use wp_codebox::contract::Code;
use wp_codebox::host::PlainHost;

#[test]
fn names_are_wordpresss_and_unique() {
    let mut names = BTreeSet::new();
    for row in ability::table() {
        for name in std::iter::once(&row.name).chain(row.aliases) {
            let (space, short) = name.split_once('/').expect("two segments");
            assert_eq!(space, "wp-codebox");
            assert!(
                short.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert!(names.insert(*name), "{name} twice");
        }
    }
}

#[test]
fn methods_commands_and_capabilities_are_unique() {
    let mut methods = BTreeSet::new();
    let mut commands = BTreeSet::new();
    let mut capabilities = BTreeSet::new();
    for row in ability::table() {
        assert!(methods.insert(row.method), "{}", row.method);
        assert!(capabilities.insert(row.capability), "{}", row.capability);
        if let Some(cli) = row.cli {
            assert!(commands.insert(cli.command), "{}", cli.command);
            if let Some(field) = cli.positional {
                assert!((row.input_schema)()["properties"][field].is_object(), "{}: {field}", row.name);
            }
        }
    }
}

#[test]
fn annotations_do_not_contradict_each_other() {
    for row in ability::table() {
        let a = row.annotations;
        assert!(!(a.readonly && a.destructive), "{} reads only and destroys", row.name);
        assert!(!a.readonly || a.idempotent, "{} reads only but not idempotently", row.name);
    }
}

#[test]
fn a_description_is_ready_to_register() {
    for described in ability::describe() {
        let row = serde_json::to_value(&described).unwrap();
        for field in ["name", "label", "description", "category", "method", "permission"] {
            assert!(row[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {row}");
        }
        assert!(row["meta"]["annotations"]["readonly"].is_boolean());
        assert!(row["meta"]["show_in_rest"].is_boolean());
        assert_eq!(row.get("canonical_ability"), row["meta"].get("canonical_ability"));
    }
}

#[test]
fn an_alias_points_to_its_row_and_does_the_same() {
    let described = ability::describe();
    let find = |name: &str| {
        serde_json::to_value(described.iter().find(|row| row.name == name).expect(name)).unwrap()
    };
    let (alias, canonical) = (find("wp-codebox/run-sandbox-task"), find("wp-codebox/run-agent-task"));
    assert_eq!(alias["meta"]["canonical_ability"], "wp-codebox/run-agent-task");
    assert_eq!(alias["input_schema"], canonical["input_schema"]);
    assert_eq!(alias["method"], canonical["method"]);
    assert!(canonical["meta"].get("canonical_ability").is_none());
    assert!(alias.get("cli").is_none());
    assert_eq!(ability::find("wp-codebox/run-sandbox-task").unwrap().name, "wp-codebox/run-agent-task");
}

/// Every schema below this one, with its path.
fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&Map<String, Value>, &str)) {
    let Value::Object(map) = schema else { panic!("{path}: {schema} is not a schema") };
    visit(map, path);
    if let Some(Value::Object(properties)) = map.get("properties") {
        for (name, property) in properties {
            walk(property, &format!("{path}.{name}"), visit);
        }
    }
    if let Some(items) = map.get("items") {
        walk(items, &format!("{path}.items"), visit);
    }
    if let Some(others) = map.get("additionalProperties").filter(|others| !others.is_boolean()) {
        walk(others, &format!("{path}.additionalProperties"), visit);
    }
    for key in ["anyOf", "oneOf"] {
        for inner in map.get(key).and_then(Value::as_array).into_iter().flatten() {
            walk(inner, &format!("{path}.{key}"), visit);
        }
    }
}

/// What `rest_validate_value_from_schema()` knows, and annotations that it passes over.
const KEYWORDS: &[&str] = &[
    "type",
    "enum",
    "properties",
    "additionalProperties",
    "required",
    "items",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "pattern",
    "format",
    "anyOf",
    "oneOf",
    "title",
    "description",
    "default",
];

#[test]
fn schemas_are_in_wordpresss_dialect() {
    for row in ability::describe() {
        for (side, schema) in [("input", &row.input_schema), ("output", &row.output_schema)] {
            walk(schema, &format!("{} {side}", row.name), &mut |map, path| {
                for key in map.keys() {
                    assert!(KEYWORDS.contains(&key.as_str()), "{path}: {key}");
                }
                assert!(
                    ["type", "anyOf", "oneOf"].iter().any(|k| map.contains_key(*k)),
                    "{path} has no type"
                );
                assert_ne!(map.get("properties"), Some(&json!({})), "{path}: lost on its way through PHP");
            });
        }
    }
}

#[test]
fn input_schemas_are_closed_and_documented() {
    for row in ability::describe() {
        assert_eq!(row.input_schema["type"], "object");
        walk(&row.input_schema, row.name, &mut |map, path| {
            if map.contains_key("properties") {
                assert_eq!(map.get("additionalProperties"), Some(&Value::Bool(false)), "{path} is open");
            }
        });
        let properties = row.input_schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            assert!(property["description"].is_string(), "{}: {name}", row.name);
        }
    }
}

#[test]
fn what_requires_nothing_has_a_default() {
    for row in ability::describe() {
        let required = row.input_schema.get("required").is_some();
        assert_eq!(row.input_schema.get("default").is_none(), required, "{}", row.name);
        if !required {
            ability::validate(row.name, &json!({})).expect(row.name);
        }
    }
}

/// A value that satisfies a schema, with every property present.
fn example(schema: &Value, name: &str) -> Value {
    if let Some(Value::Array(values)) = schema.get("enum") {
        return values[0].clone();
    }
    if let Some(Value::Array(members)) = schema.get("anyOf") {
        return example(&members[0], name);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str().unwrap(),
        kind => kind.as_str().unwrap_or("object"),
    };
    match kind {
        "object" => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let properties = properties.into_iter().flatten();
            let mut object: serde_json::Map<_, _> =
                properties.map(|(k, v)| (k.clone(), example(v, k))).collect();
            if name == "host_tools" {
                object.insert("name".to_owned(), json!("host/x"));
            }
            Value::Object(object)
        }
        "array" => schema.get("items").map_or(json!([]), |items| json!([example(items, name)])),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        _ if ["path", "source", "target", "artifacts_path"].contains(&name) => json!("/srv/x"),
        _ if name == "ability" => json!("a/b"),
        _ if name == "secret_env" => json!("X"),
        _ if name == "decided_at" => json!("2026-01-31T08:00:00Z"),
        // What makes a tool of the policy one that the sandbox may use.
        _ if ["environment", "capability_scope"].contains(&name) => json!("runtime_local"),
        _ if ["execution_location", "transport_visibility"].contains(&name) => json!("sandbox"),
        _ => json!("x"),
    }
}

#[test]
fn the_schema_and_the_reader_know_the_same_fields() {
    for row in ability::describe() {
        let example = example(&row.input_schema, "");
        if let Err(refusal) = ability::validate(row.name, &example) {
            panic!("{}: {refusal}\n{example:#}", row.name);
        }
    }
}

#[test]
fn nothing_else_is_an_ability() {
    for name in [
        "",
        "run-agent-task",
        "wp-codebox/",
        "wp-codebox/nope",
        "core/get-site-info",
        "WP-CODEBOX/run-agent-task",
    ] {
        let refusal = ability::execute(name, json!({}), &PlainHost::default()).unwrap_err();
        assert_eq!(refusal.code, Code::AbilityNotSupported, "{name}");
    }
    assert!(ability::find(" wp-codebox/get-artifact ").is_ok());
    let refusal = ability::validate(&"\u{1b}x".repeat(10_000), &json!({})).unwrap_err();
    assert!(refusal.message.len() < 1000 && !refusal.message.contains('\u{1b}'));
}

#[test]
fn every_refusal_of_bad_input_comes_before_the_host_is_asked() {
    struct Untouched;
    impl wp_codebox::host::Host for Untouched {
        fn settings(&self) -> Result<wp_codebox::host::Settings, wp_codebox::contract::Refusal> {
            panic!("settings")
        }
        fn apply_filters(
            &self,
            _: &str,
            _: Value,
            _: &[Value],
        ) -> Result<Value, wp_codebox::contract::Refusal> {
            panic!("apply_filters")
        }
        fn option(&self, _: &str) -> Option<Value> {
            panic!("option")
        }
        fn env(&self, _: &str) -> Option<String> {
            panic!("env")
        }
        fn current_user(&self) -> Option<wp_codebox::host::User> {
            panic!("current_user")
        }
        fn now(&self) -> std::time::SystemTime {
            panic!("now")
        }
    }
    for row in ability::table() {
        let refusal =
            (row.run)(json!({ "goal": "x", "artifact_id": "x", "nonsense": 1 }), &Untouched).unwrap_err();
        assert_eq!(refusal.code, Code::InputInvalid, "{}", row.name);
    }
}

#[test]
fn an_artifact_must_be_named() {
    for input in [json!({}), json!([]), json!({ "artifact_id": " " }), json!({ "artifact_id": null })] {
        let refusal = ability::validate("wp-codebox/get-artifact", &input).unwrap_err();
        assert_eq!(refusal.code, Code::ArtifactIdMissing);
        assert_eq!(refusal.data(), json!({ "status": 400, "field": "artifact_id" }));
    }
}

mod artifacts {
    use super::*;
    use std::path::Path;
    use wp_codebox::host::Settings;

    fn host(artifacts_dir: &Path, operator: bool) -> PlainHost {
        let settings =
            Settings { artifacts_dir: Some(artifacts_dir.to_owned()), operator, ..Settings::default() };
        PlainHost { settings, ..PlainHost::default() }
    }

    fn execute(name: &str, input: Value, host: &PlainHost) -> Result<Value, Code> {
        ability::execute(name, input, host).map_err(|refusal| refusal.code)
    }

    #[test]
    fn before_the_first_run_the_store_is_empty_and_reading_does_not_make_it() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("artifacts");
        let host = host(&dir, false);
        let list = execute("wp-codebox/list-artifacts", json!({}), &host).unwrap();
        assert_eq!((&list["artifacts"], &list["total"]), (&json!([]), &json!(0)));
        assert_eq!(list["schema"], "wp-codebox/artifact-list/v1");
        let id = format!("artifact-bundle-sha256-{}", "0".repeat(64));
        let got = execute("wp-codebox/get-artifact", json!({ "artifact_id": id }), &host);
        assert_eq!(got, Err(Code::ArtifactNotFound));
        assert!(!dir.exists());
    }

    #[test]
    fn a_named_store_must_be_there_and_allowed() {
        let base = tempfile::tempdir().unwrap();
        let (inside, outside) = (base.path().join("store/inner"), base.path().join("elsewhere"));
        for dir in [&inside, &outside] {
            std::fs::create_dir_all(dir).unwrap();
        }
        std::os::unix::fs::symlink(&outside, base.path().join("store/link")).unwrap();
        let store = base.path().join("store");
        let list = |path: &Path, operator| {
            let input = json!({ "artifacts_path": path });
            execute("wp-codebox/list-artifacts", input, &host(&store, operator)).map(drop)
        };
        assert_eq!(list(&inside, false), Ok(()));
        for outside in [outside.clone(), store.join("link"), "/".into(), "/etc".into()] {
            assert_eq!(list(&outside, false), Err(Code::ArtifactsRootForbidden), "{outside:?}");
        }
        assert_eq!(list(&outside, true), Ok(()));
        assert_eq!(list(&store.join("missing"), true), Err(Code::ArtifactsRootMissing));
        assert!(list(&store.join("../elsewhere"), false).is_err());
    }

    #[test]
    fn without_a_configured_store_there_is_none() {
        let got = execute("wp-codebox/list-artifacts", json!({}), &PlainHost::default());
        assert_eq!(got, Err(Code::ArtifactsRootMissing));
    }
}

mod doctor {
    use super::*;
    use std::path::PathBuf;
    use wp_codebox::ability::{Check, Status, doctor};
    use wp_codebox::host::Settings;

    fn checks(settings: Settings) -> Vec<Check> {
        doctor(&PlainHost { settings, ..PlainHost::default() })
    }

    fn check(settings: Settings, id: &str) -> Check {
        checks(settings).into_iter().find(|check| check.id == id).expect("the check")
    }

    #[test]
    fn everything_that_is_wrong_has_a_fix() {
        for check in checks(Settings::default()) {
            assert_eq!(check.fix.is_empty(), check.status == Status::Ok, "{check:?}");
        }
    }

    #[test]
    fn a_directory_that_can_be_made_is_fine_and_is_not_made() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("a/b");
        let settings = Settings { artifacts_dir: Some(dir.clone()), ..Settings::default() };
        assert_eq!(check(settings, "artifacts_dir").status, Status::Ok);
        assert!(!dir.exists() && !base.path().join("a").exists());
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("file");
        std::fs::write(&file, "").unwrap();
        for dir in [file.clone(), file.join("below")] {
            let settings = Settings { cache_dir: Some(dir), ..Settings::default() };
            assert_eq!(check(settings, "cache_dir").status, Status::Error);
        }
    }

    #[test]
    fn a_missing_pack_is_an_error_and_makes_the_runtime_unavailable() {
        let settings =
            Settings { runtime_dir: Some(PathBuf::from("/nonexistent/pack")), ..Settings::default() };
        let check = check(settings.clone(), "runtime");
        assert_eq!(check.status, Status::Error);
        assert!(check.fix.contains("wp-codebox-runtime build"), "{check:?}");
        let host = PlainHost { settings, ..PlainHost::default() };
        let described = ability::execute("wp-codebox/runtime-descriptor", json!({}), &host).unwrap();
        assert_eq!(described["readiness"]["status"], "unavailable");
        assert_eq!(described["readiness"]["reason"], json!(check.message));
    }
}

mod authorization {
    use super::*;
    use wp_codebox::ability::{Reason, Scope, authorize};
    use wp_codebox::contract::Refusal;
    use wp_codebox::host::{Host, Settings, User};

    /// A site whose filter grants this.
    struct Site(Value);

    impl Host for Site {
        fn settings(&self) -> Result<Settings, Refusal> {
            Ok(Settings::default())
        }
        fn apply_filters(&self, name: &str, _: Value, _: &[Value]) -> Result<Value, Refusal> {
            assert_eq!(name, "wp_codebox_trusted_browser_session_callers");
            Ok(self.0.clone())
        }
        fn option(&self, _: &str) -> Option<Value> {
            None
        }
        fn env(&self, _: &str) -> Option<String> {
            None
        }
        fn current_user(&self) -> Option<User> {
            None
        }
        fn now(&self) -> std::time::SystemTime {
            std::time::SystemTime::now()
        }
    }

    fn verdict(grants: Value, authorization: Value) -> Reason {
        let input = json!({ "authorization": authorization });
        let verdict = authorize(Scope::ArtifactWrite, &input, &Site(grants)).unwrap();
        assert_eq!(verdict.authorized, verdict.reason == Reason::TrustedCallerGrant);
        verdict.reason
    }

    #[test]
    fn nobody_is_trusted_without_a_grant_for_the_very_scope() {
        let ask = json!({ "caller": "a", "scope": "artifact:write" });
        for grants in [
            json!([]),
            json!(null),
            json!(true),
            json!("a"),
            json!({ "b": true }),
            json!({ "a": false }),
            json!({ "a": "browser-session:create" }),
            json!({ "a": ["browser-session:create"] }),
            json!({ "a": { "artifact:write": true } }),
            json!([{ "caller": "a" }]),
            json!([{ "caller": "a", "scopes": ["artifact:read"] }]),
            json!([{ "caller": "b", "scope": "artifact:write" }]),
            json!(["a"]),
        ] {
            assert_eq!(verdict(grants.clone(), ask.clone()), Reason::CallerNotTrusted, "{grants}");
        }
        for grants in [
            json!({ "a": true }),
            json!({ "a": "artifact:write" }),
            json!({ "a": ["x", "artifact:write"] }),
            json!([{ "caller": "a", "scope": "artifact:write" }]),
            json!([{ "caller": "b" }, { "caller": "a", "scopes": ["artifact:write"] }]),
        ] {
            assert_eq!(verdict(grants.clone(), ask.clone()), Reason::TrustedCallerGrant, "{grants}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let all = json!({ "a": true, "": true });
        for nobody in [json!(null), json!({}), json!({ "caller": " " }), json!("a"), json!({ "caller": 1 })] {
            assert_eq!(verdict(all.clone(), nobody), Reason::MissingAuthorization);
        }
        for scope in [json!(null), json!("artifact:read"), json!("")] {
            let asked = json!({ "caller": "a", "scope": scope });
            assert_eq!(verdict(all.clone(), asked), Reason::MissingScope);
        }
    }
}

mod review {
    use super::*;

    fn code(input: Value) -> Code {
        ability::validate("wp-codebox/review-artifact", &input).unwrap_err().code
    }

    #[test]
    fn a_review_needs_an_action_and_an_approval_files() {
        assert_eq!(code(json!({ "action": "reject" })), Code::ArtifactIdMissing);
        assert_eq!(code(json!({ "artifact_id": "x" })), Code::ReviewActionMissing);
        assert_eq!(code(json!({ "artifact_id": "x", "action": "merge" })), Code::ReviewActionInvalid);
        assert_eq!(code(json!({ "artifact_id": "x", "decision": "merge" })), Code::ReviewActionInvalid);
        let two = json!({ "artifact_id": "x", "action": "reject", "decision": "approve" });
        assert_eq!(code(two), Code::ReviewActionInvalid);
        assert_eq!(code(json!({ "artifact_id": "x", "action": "approve" })), Code::ApprovedFilesMissing);
        let reject = json!({ "artifact_id": "x", "decision": "reject" });
        ability::validate("wp-codebox/review-artifact", &reject).unwrap();
    }

    #[test]
    fn an_apply_names_files() {
        for name in ["apply-approved-artifact", "stage-artifact-apply", "apply-artifact-preflight"] {
            let name = format!("wp-codebox/{name}");
            for files in [json!(null), json!([]), json!([" "]), json!(" , "), json!([1])] {
                let input = json!({ "artifact_id": "x", "approved_files": files });
                let refusal = ability::validate(&name, &input).unwrap_err();
                assert!(
                    matches!(refusal.code, Code::ApprovedFilesMissing | Code::InputInvalid),
                    "{files}: {refusal}"
                );
            }
            let refusal = ability::validate(&name, &json!({ "artifact_id": "x" })).unwrap_err();
            assert_eq!(refusal.code, Code::ApprovedFilesMissing);
        }
    }

    #[test]
    fn what_a_caller_says_in_its_own_words_is_bounded_before_anything_has_happened() {
        for (name, field) in [
            ("apply-approved-artifact", "apply_target"),
            ("apply-approved-artifact", "approver"),
            ("stage-artifact-apply", "context"),
            ("review-artifact", "context"),
            ("review-artifact", "apply_target"),
        ] {
            let name = format!("wp-codebox/{name}");
            let input = |length: usize| {
                let mut input =
                    json!({ "artifact_id": "x", "approved_files": "/w/a,/w/b", "action": "approve" });
                if !name.contains("review") {
                    input.as_object_mut().unwrap().remove("action");
                }
                input[field] = json!({ "name": "x".repeat(length) });
                input
            };
            ability::validate(&name, &input(100)).unwrap();
            let refusal = ability::validate(&name, &input(1 << 20)).unwrap_err();
            assert_eq!(
                (refusal.code, &refusal.facts["field"]),
                (Code::InputInvalid, &json!(field)),
                "{name}"
            );
        }
    }
}
