//! Reading a task input: refusals name the field and carry the right code; what passes is in its
//! normal form.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wp_codebox::contract::{Code, Input, Refusal};
use wp_codebox::task::input::{AgentTaskInput, LoadAs, MountMode};

fn parse(input: Value) -> Result<AgentTaskInput, Refusal> {
    AgentTaskInput::parse(input)
}

#[track_caller]
fn accepted(input: Value) -> AgentTaskInput {
    match parse(input) {
        Ok(input) => input,
        Err(refusal) => panic!("refused: {refusal:?}"),
    }
}

/// The refusal's code and field.
#[track_caller]
fn refused(input: Value) -> (Code, String) {
    let shown = input.to_string();
    let refusal = match parse(input) {
        Ok(_) => panic!("accepted: {shown}"),
        Err(refusal) => refusal,
    };
    let field = refusal.facts.get("field").and_then(Value::as_str).unwrap_or("").to_owned();
    assert!(refusal.message.starts_with(&field), "the message does not begin with the field: {refusal:?}");
    (refusal.code, field)
}

#[track_caller]
fn assert_refused(input: Value, code: Code, field: &str) {
    assert_eq!(refused(input), (code, field.to_owned()));
}

/// A valid input with one field more.
fn with(field: &str, value: Value) -> Value {
    let mut input = json!({ "goal": "Fix it." });
    input[field] = value;
    input
}

fn with_mount(mount: Value) -> Value {
    with("mounts", json!([{ "source": "/a", "target": "/first" }, mount]))
}

fn with_component(component: Value) -> Value {
    with("component_contracts", json!([component]))
}

#[test]
fn a_goal_is_enough() {
    let input = accepted(json!({ "goal": "  Fix it.\n" }));
    assert_eq!(input.goal, "Fix it.");
    assert!(input.mounts.is_empty() && input.runtime_task.is_none());
}

#[test]
fn without_a_goal_there_is_no_task() {
    for input in [
        json!({}),
        json!([]),
        json!({ "goal": null }),
        json!({ "goal": "" }),
        json!({ "goal": " \t\n" }),
        // Wins over everything that is also wrong.
        json!({ "goal": "", "nonsense": 1, "mounts": 5 }),
    ] {
        assert_refused(input, Code::TaskMissing, "goal");
    }
    assert_refused(json!({ "goal": 5 }), Code::InputInvalid, "goal");
}

#[test]
fn raw_code_is_refused_before_anything_else() {
    assert_refused(json!({ "code": "echo 1;" }), Code::RawCodeForbidden, "code");
    assert_refused(with("code", json!("")), Code::RawCodeForbidden, "code");
    assert_refused(
        json!({ "goal": "", "code_file": "/x.php", "nonsense": 1 }),
        Code::RawCodeForbidden,
        "code_file",
    );
}

#[test]
fn the_input_must_be_an_object() {
    for input in [json!(null), json!("goal"), json!(5), json!([1]), json!([{ "goal": "x" }])] {
        assert_eq!(refused(input).0, Code::InputInvalid);
    }
}

#[test]
fn unknown_fields_are_refused_with_their_path() {
    let cases = [
        (with("nonsense", json!(null)), "nonsense"),
        (with("target", json!({ "kindd": "plugin" })), "target.kindd"),
        (with_mount(json!({ "source": "/a", "target": "/b", "type": "file" })), "mounts.1.type"),
        (
            with_component(
                json!({ "path": "/a", "readiness_probe": { "type": "filter", "name": "x", "y": 1 } }),
            ),
            "component_contracts.0.readiness_probe.y",
        ),
        (with("runtime_task", json!({ "ability": "a/b", "args": [] })), "runtime_task.args"),
        (with("orchestrator", json!({ "queue": "x" })), "orchestrator.queue"),
    ];
    for (input, field) in cases {
        assert_refused(input, Code::InputInvalid, field);
    }
}

#[test]
fn wrong_types_are_refused_with_their_path() {
    let cases = [
        (with("task_timeout_seconds", json!("60")), "task_timeout_seconds"),
        (with("task_timeout_seconds", json!(1.5)), "task_timeout_seconds"),
        (with("context", json!("text")), "context"),
        (with("context", json!([1])), "context"),
        (with("allowed_tools", json!("workspace.read")), "allowed_tools"),
        (with("allowed_tools", json!(["a", 5])), "allowed_tools.1"),
        (with("runtime_task", json!("a/b")), "runtime_task"),
        (with("target", json!({ "path": [] })), "target.path"),
        (with_component(json!({ "path": "/a", "activate": "yes" })), "component_contracts.0.activate"),
        (with("version", json!("1")), "version"),
    ];
    for (input, field) in cases {
        assert_refused(input, Code::InputInvalid, field);
    }
}

#[test]
fn messages_speak_json_not_rust() {
    for input in [
        with("mounts", json!(["x"])),
        with("target", json!("x")),
        with("context", json!(5)),
        with("allowed_tools", json!({ "a": 1 })),
    ] {
        let message = parse(input).unwrap_err().message;
        assert!(!message.contains("struct") && !message.contains("a map"), "{message}");
        assert!(!message.contains("sequence"), "{message}");
    }
}

#[test]
fn schema_and_version_must_be_ours() {
    accepted(with("schema", json!("wp-codebox/task-input/v1")));
    accepted(with("version", json!(1)));
    assert_refused(with("schema", json!("wp-codebox/task-input/v2")), Code::InputInvalid, "schema");
    assert_refused(with("version", json!(2)), Code::InputInvalid, "version");
}

#[test]
fn phps_empty_array_is_an_empty_object_where_one_belongs() {
    let input = accepted(json!({
        "goal": "x",
        "context": [], "policy": [], "target": [], "orchestrator": [],
        "mounts": [{ "source": "/a", "target": "/b", "metadata": [] }],
        "component_contracts": [{ "path": "/a", "provenance": [] }],
    }));
    assert!(input.context.is_empty() && input.mounts[0].metadata.is_empty());
}

#[test]
fn a_free_form_value_keeps_its_shape() {
    let task = json!({ "ability": "a/b", "input": { "list": [], "map": {}, "n": 1.5 } });
    let input = accepted(with("runtime_task", task.clone()));
    assert_eq!(serde_json::to_value(input.runtime_task).unwrap(), task);
}

#[test]
fn empty_means_left_out() {
    let input = accepted(json!({
        "goal": "x", "artifacts_path": "", "session_id": "", "sandbox_session_id": null,
        "provider": "", "model": "", "wp": "", "runtime_task": [], "sandbox_tool_policy": {},
    }));
    assert!(input.artifacts_path.is_none() && input.session_id.is_none());
    assert!(input.runtime_task.is_none() && input.sandbox_tool_policy.is_none());
}

#[test]
fn what_is_not_carried_out_is_refused_unless_it_asks_for_nothing() {
    accepted(json!({
        "goal": "x", "staged_files": [], "agent_bundles": [], "tool_bridge": {},
        "parent_tool_bridge": [], "inherit": null, "preview_hold_seconds": 0, "debug": false,
    }));
    for field in ["staged_files", "stagedFiles", "agent_bundles", "site_seeds"] {
        assert_refused(with(field, json!(["X"])), Code::InputInvalid, field);
        assert!(parse(with(field, json!(["X"]))).unwrap_err().message.contains("not supported"));
    }
}

#[test]
fn secrets_are_named_and_nothing_else() {
    let input = accepted(with("secret_env", json!(["API_KEY", "_X2"])));
    assert_eq!(input.secret_env, ["API_KEY", "_X2"]);
    for (names, path) in [
        (json!(["api_key"]), "secret_env.0"),
        (json!(["OK", "2X"]), "secret_env.1"),
        (json!(["A=B"]), "secret_env.0"),
        (json!([""]), "secret_env.0"),
        (json!(["PATH"]), "secret_env.0"),
        (json!(["HTTP_PROXY"]), "secret_env.0"),
        (json!(["TWICE", "TWICE"]), "secret_env.1"),
        (json!([{ "API_KEY": "value" }]), "secret_env.0"),
    ] {
        assert_refused(with("secret_env", names), Code::SecretEnvInvalid, path);
    }
}

#[test]
fn mounts_come_out_normalised() {
    let input = accepted(with(
        "mounts",
        json!([
            { "source": "/srv/site//", "target": "/workspace//wp-content/" },
            { "source": "/srv/with space", "target": "/ünïcode", "mode": "readonly" },
        ]),
    ));
    assert_eq!(input.mounts[0].source, "/srv/site");
    assert_eq!(input.mounts[0].target, "/workspace/wp-content");
    assert_eq!(input.mounts[0].mode, MountMode::Readwrite);
    assert_eq!(input.mounts[1].source, "/srv/with space");
    assert_eq!(input.mounts[1].mode, MountMode::Readonly);
}

#[test]
fn bad_mounts_have_codes_of_their_own() {
    use Code::*;
    let ok = |field: &str, value: Value| {
        let mut mount = json!({ "source": "/a", "target": "/b" });
        mount[field] = value;
        with_mount(mount)
    };
    assert_refused(with_mount(json!("x")), MountInvalid, "mounts.1");
    assert_refused(with_mount(json!(null)), MountInvalid, "mounts.1");
    assert_refused(with_mount(json!({ "source": "/a" })), MountTargetInvalid, "mounts.1.target");
    assert_refused(with_mount(json!({ "target": "/a" })), MountSourceInvalid, "mounts.1.source");
    for target in [
        "",
        "/",
        "//",
        "workspace",
        "./a",
        "/a/../b",
        "/..",
        "/a/./b",
        "/a\0b",
        "/a\\..\\b",
        "/a\nb",
        "../a",
        " /a",
    ] {
        assert_refused(ok("target", json!(target)), MountTargetInvalid, "mounts.1.target");
    }
    assert_refused(
        ok("target", json!(format!("/{}", "x".repeat(256)))),
        MountTargetInvalid,
        "mounts.1.target",
    );
    assert_refused(ok("target", json!("/x/".repeat(2000))), MountTargetInvalid, "mounts.1.target");
    // Taken, also in another spelling.
    assert_refused(ok("target", json!("/first")), MountTargetInvalid, "mounts.1.target");
    assert_refused(ok("target", json!("//first/")), MountTargetInvalid, "mounts.1.target");
    for source in ["", "relative", "a/../b", "/a/../b", "/a\0", "file:///a", "php://input"] {
        assert_refused(ok("source", json!(source)), MountSourceInvalid, "mounts.1.source");
    }
    for mode in [json!("rw"), json!("READONLY"), json!(""), json!(1)] {
        assert_refused(ok("mode", mode), MountModeInvalid, "mounts.1.mode");
    }
    assert_refused(ok("metadata", json!("x")), InputInvalid, "mounts.1.metadata");
    let index = parse(ok("target", json!("/.."))).unwrap_err().facts["index"].clone();
    assert_eq!(index, 1);
}

#[test]
fn a_target_path_has_no_dot_dot() {
    accepted(with("target", json!({ "kind": "plugin", "path": "wp-content/plugins/a..b" })));
    for path in ["../x", "a/../b", "a\\..\\b", "..", "a\0b"] {
        assert_refused(with("target", json!({ "path": path })), Code::InputInvalid, "target.path");
    }
}

#[test]
fn components_have_two_spellings_and_a_slug() {
    let input = accepted(with(
        "component_contracts",
        json!([
            { "source": "/srv/My_Plugin/", "load_as": "plugin", "activate": true },
            { "path": "/srv/other", "slug": "Some_Agent", "source": "/srv/other" },
        ]),
    ));
    let [first, second] = input.component_contracts.as_slice() else { panic!("two components") };
    assert_eq!((first.slug.as_str(), first.path.as_str()), ("my-plugin", "/srv/My_Plugin"));
    assert_eq!((first.load_as, first.activate), (LoadAs::Plugin, true));
    assert_eq!((second.slug.as_str(), second.load_as), ("some-agent", LoadAs::MuPlugin));
}

#[test]
fn bad_components_are_refused() {
    use Code::*;
    assert_refused(with_component(json!(5)), ComponentInvalid, "component_contracts.0");
    for component in [json!({ "slug": "x" }), json!({ "path": "" }), json!({ "path": null })] {
        assert_refused(with_component(component), ComponentPathMissing, "component_contracts.0.path");
    }
    assert_refused(
        with_component(json!({ "path": "rel" })),
        ComponentPathMissing,
        "component_contracts.0.path",
    );
    assert_refused(
        with_component(json!({ "path": "/a", "source": "/b" })),
        ComponentInvalid,
        "component_contracts.0.source",
    );
    assert_refused(with_component(json!({ "path": "/…" })), ComponentInvalid, "component_contracts.0.slug");
    assert_refused(
        with("component_contracts", json!([{ "path": "/a/x" }, { "path": "/b/X" }])),
        ComponentInvalid,
        "component_contracts.1.slug",
    );
    assert_refused(
        with_component(json!({ "path": "/a", "loadAs": "theme" })),
        InputInvalid,
        "component_contracts.0.loadAs",
    );
}

#[test]
fn an_abilitys_name_has_two_segments() {
    accepted(with("runtime_task", json!({ "ability": "demo/repair-2" })));
    for name in ["demo", "demo/", "/x", "a/b/c", "Demo/x", "demo/x_y", "demo/*", "demo/x\n"] {
        assert_refused(
            with("runtime_task", json!({ "ability": name })),
            Code::InputInvalid,
            "runtime_task.ability",
        );
    }
}

#[test]
fn session_ids_are_plain() {
    accepted(with("sandbox_session_id", json!("job:42.a_b-c@host")));
    for id in ["../x", "a b", ".hidden", "-x", "é", "a/b", "a\0"] {
        assert_refused(with("sandbox_session_id", json!(id)), Code::SessionIdInvalid, "sandbox_session_id");
    }
    let long = "x".repeat(201);
    assert_refused(with("sandbox_session_id", json!(long)), Code::SessionIdInvalid, "sandbox_session_id");
}

/// A policy of one tool with some of its fields changed.
fn tool_policy(change: Value) -> Value {
    let mut tool = json!({
        "id": "workspace.read", "runtime_tool_id": "workspace_read", "aliases": ["read"],
        "execution_location": "sandbox", "transport_visibility": "sandbox", "allowed": true,
        "runtime": { "environment": "runtime_local", "capability_scope": "runtime_local" },
    });
    for (field, value) in change.as_object().unwrap() {
        tool[field] = value.clone();
    }
    json!({ "schema": "wp-codebox/sandbox-tool-policy/v1", "version": 1, "tools": [tool] })
}

fn with_tools(asked: Value, policy: Value) -> Value {
    json!({ "goal": "x", "allowed_tools": asked, "sandbox_tool_policy": policy })
}

#[test]
fn tools_are_allowed_by_id_runtime_id_or_alias() {
    accepted(with("allowed_tools", json!(["anything"])));
    accepted(with_tools(json!([]), tool_policy(json!({ "allowed": false }))));
    let asked = json!(["workspace.read", "workspace_read", "read"]);
    accepted(with_tools(asked.clone(), tool_policy(json!({}))));
    accepted(with_tools(asked.clone(), tool_policy(json!({ "transport_visibility": "both" }))));
    // The policy of the plugin's own documentation has no runtime.
    let mut policy = tool_policy(json!({}));
    policy["tools"][0].as_object_mut().unwrap().remove("runtime");
    accepted(with_tools(asked, policy));
}

#[test]
fn denied_tools_are_named_with_a_reason() {
    let parent = json!({ "environment": "parent", "capability_scope": "runtime_local" });
    let scope = json!({ "environment": "runtime_local", "capability_scope": "site" });
    let cases = [
        ("write", json!({}), "not-in-policy"),
        ("read", json!({ "runtime": parent, "allowed": false }), "parent-only"),
        ("read", json!({ "runtime": scope }), "parent-only"),
        ("read", json!({ "execution_location": "parent" }), "parent-only"),
        ("read", json!({ "transport_visibility": "hidden", "allowed": false }), "hidden"),
        ("read", json!({ "transport_visibility": "parent" }), "not-visible-in-sandbox"),
        ("read", json!({ "allowed": false }), "not-allowed"),
    ];
    for (asked, change, reason) in cases {
        let refusal = parse(with_tools(json!([asked]), tool_policy(change))).unwrap_err();
        assert_eq!(refusal.code, Code::ToolNotAllowed);
        assert_eq!(refusal.facts["denied_tools"], json!([{ "tool": asked, "reason": reason }]));
        assert_eq!(refusal.data()["status"], 403);
    }
}

#[test]
fn a_bad_tool_policy_has_a_code_of_its_own() {
    let twice = |policy: Value| {
        let tool = policy["tools"][0].clone();
        json!({ "schema": policy["schema"], "version": 1, "tools": [tool, tool] })
    };
    let cases = [
        (twice(tool_policy(json!({}))), "sandbox_tool_policy.tools.1.id"),
        (tool_policy(json!({ "id": "" })), "sandbox_tool_policy.tools.0.id"),
        (tool_policy(json!({ "allowed": "yes" })), "sandbox_tool_policy.tools.0.allowed"),
        (json!({ "version": 1, "tools": [] }), "sandbox_tool_policy.schema"),
        (json!({ "schema": "x", "version": 1, "tools": [] }), "sandbox_tool_policy.schema"),
    ];
    for (policy, field) in cases {
        assert_refused(with("sandbox_tool_policy", policy), Code::ToolPolicyInvalid, field);
    }
}

#[test]
fn sizes_have_limits() {
    accepted(json!({ "goal": "é".repeat(65_536) }));
    assert_refused(json!({ "goal": "é".repeat(65_537) }), Code::InputInvalid, "goal");
    let mounts: Vec<Value> = (0..65).map(|i| json!({ "source": "/a", "target": format!("/m{i}") })).collect();
    accepted(with("mounts", json!(&mounts[..64])));
    assert_refused(with("mounts", json!(mounts)), Code::InputInvalid, "mounts");
    let big = |bytes: usize| json!({ "x": "y".repeat(bytes) });
    accepted(with("context", big((1 << 20) - 8)));
    assert_refused(with("context", big(1 << 20)), Code::InputInvalid, "context");
    assert_refused(with("policy", big(64 << 10)), Code::InputInvalid, "policy");
    assert_refused(
        with_mount(json!({ "source": "/a", "target": "/b", "metadata": big(64 << 10) })),
        Code::InputInvalid,
        "mounts.1.metadata",
    );
    assert_refused(
        with("runtime_task", json!({ "ability": "a/b", "input": big(4 << 20) })),
        Code::InputInvalid,
        "runtime_task.input",
    );
    assert_refused(with("task_timeout_seconds", json!(0)), Code::InputInvalid, "task_timeout_seconds");
    assert_refused(with("task_timeout_seconds", json!(86_401)), Code::InputInvalid, "task_timeout_seconds");
    assert_refused(with("task_timeout_seconds", json!(-1)), Code::InputInvalid, "task_timeout_seconds");
    assert_refused(with("allowed_tools", json!([""])), Code::InputInvalid, "allowed_tools.0");
}

#[test]
fn hostile_names_do_not_reach_the_message_whole() {
    let name = format!("\u{1b}[2J\n{}", "x".repeat(100_000));
    let refusal = parse(with(&name, json!(1))).unwrap_err();
    assert!(refusal.message.len() < 1000, "{} bytes", refusal.message.len());
    assert!(!refusal.message.chars().any(char::is_control));
    let value = format!("\u{7}\n{}", "x".repeat(100_000));
    let refusal = parse(with("target", json!(value))).unwrap_err();
    assert!(refusal.message.len() < 2000, "{} bytes", refusal.message.len());
    assert!(!refusal.message.chars().any(char::is_control));
}

/// Any JSON, with the names of real fields among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "\\PC{0,12}".prop_map(Value::from),
        prop_oneof![Just("/a"), Just("/b/../c"), Just("readonly"), Just("a/b")].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let key = prop_oneof![
            Just("goal".to_owned()),
            Just("mounts".to_owned()),
            Just("source".to_owned()),
            Just("target".to_owned()),
            Just("mode".to_owned()),
            Just("metadata".to_owned()),
            Just("component_contracts".to_owned()),
            Just("path".to_owned()),
            Just("load_as".to_owned()),
            Just("runtime_task".to_owned()),
            Just("ability".to_owned()),
            Just("context".to_owned()),
            "\\PC{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    })
}

proptest! {
    /// Whatever comes, there is an answer, and a refusal is a client's error with a message.
    #[test]
    fn any_input_has_an_answer(mut input in any_json()) {
        if let Value::Object(map) = &mut input {
            map.entry("goal").or_insert(json!("x"));
        }
        if let Err(refusal) = parse(input) {
            prop_assert_eq!(refusal.code.http_status(), 400);
            prop_assert!(!refusal.message.is_empty());
        }
    }

    /// What was read can be read again and stays the same.
    #[test]
    fn the_normal_form_is_stable(
        goal in "[a-z ]{0,20}x",
        targets in prop::collection::btree_set("/{1,2}[a-z]{1,8}(/{1,3}[a-z.]{0,3}[a-z])?/{0,2}", 0..4),
        slug in "[A-Za-z_][A-Za-z0-9_-]{0,10}",
        context in any_json(),
    ) {
        let mounts: Vec<Value> = targets.iter().map(|t| json!({ "source": "/srv//", "target": t })).collect();
        let input = json!({
            "goal": goal, "mounts": mounts, "context": { "x": context },
            "component_contracts": [{ "source": "/srv/x", "slug": slug }],
        });
        let first = parse(input);
        prop_assume!(first.is_ok());
        let once = serde_json::to_value(first.unwrap()).unwrap();
        let again = parse(once.clone()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(serde_json::to_value(&again).unwrap(), once);
    }
}
