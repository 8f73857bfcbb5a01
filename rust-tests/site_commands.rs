//! Commands that ask something of the sandbox's site or of an agent in it.

mod support;

use base64::Engine as _;
use serde_json::{Value, json};
use support::command::{execute, mount, result, sandbox};
use wp_codebox::sandbox::{HostMount, Sandbox};

#[test]
fn an_ability_is_executed_as_the_user_that_is_named_and_its_result_held_against_a_schema() {
    let mut sandbox = sandbox(Vec::new());
    support::site::value(
        &mut sandbox,
        "wp_mkdir_p(WPMU_PLUGIN_DIR); return file_put_contents(WPMU_PLUGIN_DIR . '/who.php', '<?php
         add_action(\"wp_abilities_api_categories_init\", fn() => wp_register_ability_category(\"test\", [\"label\" => \"t\", \"description\" => \"t\"]));
         add_action(\"wp_abilities_api_init\", fn() => wp_register_ability(\"test/who\", [\"label\" => \"w\", \"description\" => \"w\", \"category\" => \"test\",
             \"permission_callback\" => \"__return_true\", \"execute_callback\" => fn() => [\"schema\" => \"who/v1\", \"id\" => get_current_user_id()]]));');",
    );
    let mut who = |arguments: Value| execute(&mut sandbox, "wordpress.ability", arguments).outcome;
    assert_eq!(who(json!({ "name": "test/who" })).unwrap()["id"], 1);
    assert_eq!(who(json!({ "name": "test/who", "user": "0" })).unwrap()["id"], 0);
    assert_eq!(
        who(json!({ "name": "test/who", "user": "admin", "expected-result-schema": "who/v1" })).unwrap()["id"],
        1
    );
    let failure = who(json!({ "name": "test/who", "user": "nobody" })).unwrap_err();
    assert_eq!(failure.data["code"], "user_missing");
    let failure = who(json!({ "name": "test/who", "expected-result-schema": "who/v2" })).unwrap_err();
    assert_eq!(
        (&failure.data["code"], &failure.data["details"]["result"]["id"]),
        (&json!("ability_result_schema_mismatch"), &json!(1))
    );
}

fn plugin(sandbox: &mut Sandbox, name: &str, code: &str) {
    let header = format!("<?php /* Plugin Name: {name} */\n{code}");
    let write = format!(
        "$dir = WP_PLUGIN_DIR . '/{name}'; wp_mkdir_p($dir); return file_put_contents(\"$dir/{name}.php\", base64_decode('{}'));",
        base64::engine::general_purpose::STANDARD.encode(header)
    );
    support::site::value(sandbox, &write);
}

#[test]
fn a_plugin_is_reported_activated_and_deactivated() {
    let mut sandbox = sandbox(Vec::new());
    plugin(&mut sandbox, "hello-there", "");
    let report = result(&mut sandbox, "wordpress.plugin-state", json!({}));
    assert_eq!(report["schema"], "wp-codebox/wordpress-plugin-state/v1");
    assert_eq!(report["plugins"][0]["file"], "hello-there/hello-there.php");
    assert_eq!(report["after"]["active"], json!([]));
    let active = result(&mut sandbox, "wordpress.ensure-plugin-active", json!({ "slug": "hello-there" }));
    assert_eq!(
        (&active["active"], &active["before"]["active"], &active["after"]["active"]),
        (&json!(true), &json!([]), &json!(["hello-there/hello-there.php"]))
    );
    let again = result(
        &mut sandbox,
        "wordpress.ensure-plugin-active",
        json!({ "plugin": "hello-there/hello-there.php" }),
    );
    assert_eq!((&again["active"], &again["before"]), (&json!(true), &again["after"]));
    let off = result(
        &mut sandbox,
        "wordpress.plugin-state",
        json!({ "action": "deactivate", "plugin": "hello-there" }),
    );
    assert_eq!(off["active"], false);
    let status = result(
        &mut sandbox,
        "wordpress.plugin-state",
        json!({ "action": "status", "plugin": "hello-there" }),
    );
    assert_eq!(status["active"], false);
    let failure = execute(&mut sandbox, "wordpress.ensure-plugin-active", json!({ "plugin": "../../evil" }))
        .outcome
        .unwrap_err();
    assert_eq!(failure.data["code"], "plugin_not_found");
}

#[test]
fn a_rest_request_is_answered_in_process_by_the_rights_of_its_user() {
    let mut sandbox = sandbox(Vec::new());
    let mut rest = |arguments: Value| result(&mut sandbox, "wordpress.rest-request", arguments);
    let posts = rest(json!({ "path": "/wp/v2/posts?per_page=1" }));
    assert_eq!((&posts["status"], &posts["route"]), (&json!(200), &json!("/wp/v2/posts")), "{posts}");
    assert_eq!(posts["headers"]["X-WP-Total"], "1");
    assert_eq!(posts["data"][0]["slug"], "hello-world");
    let made = rest(
        json!({ "path": "/wp-json/wp/v2/posts", "method": "post", "body-json": { "title": "Made", "status": "publish" } }),
    );
    assert_eq!(made["status"], 201, "{made}");
    let found =
        rest(json!({ "path": "/wp/v2/posts", "params-json": { "search": "Made", "_fields": "title" } }));
    assert_eq!(found["data"][0]["title"]["rendered"], "Made");
    let refused = rest(
        json!({ "path": "/wp/v2/posts", "method": "POST", "params-json": { "title": "x" }, "user": "0" }),
    );
    assert_eq!(refused["status"], 401);
    assert_eq!(rest(json!({ "path": "/no/such" }))["data"]["code"], "rest_no_route");
}

#[test]
fn an_http_request_gives_what_a_browser_would_get() {
    let mut sandbox = sandbox(Vec::new());
    let front = execute(&mut sandbox, "wordpress.http-request", json!({ "url": "/" }));
    let answer = front.outcome.unwrap_or_else(|failure| panic!("{failure:?} {}", front.record.stderr));
    assert_eq!(answer["status"], 200, "{answer}");
    assert!(answer["headers"]["content-type"].as_str().unwrap().starts_with("text/html"), "{answer}");
    assert!(front.record.stdout.contains("<title>WP Codebox</title>"), "{}", front.record.stdout);
    assert_eq!(answer["bodyBytes"], front.record.stdout.len());
    assert_eq!(front.record.exit_code, 0);

    let post = execute(&mut sandbox, "wordpress.http-request", json!({ "url": "http://localhost/?p=1" }));
    let answer = post.outcome.unwrap();
    assert_eq!(answer["status"], 301, "a permalink is where the post is: {answer}");
    let place = answer["headers"]["location"].as_str().unwrap().to_owned();
    assert!(place.ends_with("/hello-world/"), "{place}");
    let post = execute(&mut sandbox, "wordpress.http-request", json!({ "url": place, "expect-status": 200 }));
    assert!(post.record.stdout.contains("Hello world!"), "{}", post.record.stdout);

    let missing = execute(&mut sandbox, "wordpress.http-request", json!({ "url": "/no-such-page/" }));
    assert_eq!(missing.outcome.unwrap()["status"], 404);
    let unexpected = execute(
        &mut sandbox,
        "wordpress.http-request",
        json!({ "url": "/no-such-page/", "expect-status": 200 }),
    );
    let failure = unexpected.outcome.unwrap_err();
    assert_eq!(
        (&failure.data["code"], &failure.data["details"]["status"]),
        (&json!("unexpected_status"), &json!(404))
    );
    assert_eq!(unexpected.record.exit_code, 1);

    let style = execute(
        &mut sandbox,
        "wordpress.http-request",
        json!({ "url": "/wp-includes/css/buttons.css?ver=1" }),
    );
    assert!(style.outcome.unwrap()["headers"]["content-type"].as_str().unwrap().starts_with("text/css"));
    assert!(style.record.stdout.contains(".button"));
}

#[test]
fn an_admin_page_needs_a_user_who_is_logged_in_and_leaves_no_session() {
    let mut sandbox = sandbox(Vec::new());
    let mut http = |arguments: Value| execute(&mut sandbox, "wordpress.http-request", arguments);
    let nobody = http(json!({ "url": "/wp-admin/" })).outcome.unwrap();
    assert_eq!(nobody["status"], 302);
    assert!(
        nobody["headers"]["location"].as_str().unwrap().contains("/wp-login.php?redirect_to="),
        "{nobody}"
    );
    let admin = http(json!({ "url": "/wp-admin/options-general.php", "user": "admin" }));
    assert_eq!(admin.outcome.unwrap()["status"], 200, "{}", admin.record.stderr);
    assert!(admin.record.stdout.contains("General Settings"), "{}", admin.record.stdout);
    let bare = http(json!({ "url": "/wp-admin", "user": "1" })).outcome.unwrap();
    assert_eq!((&bare["status"], &bare["headers"]["location"]), (&json!(301), &json!("/wp-admin/")));
    let login = http(json!({ "url": "/wp-login.php", "method": "POST", "body": "log=admin&pwd=wrong" }));
    assert!(login.record.stdout.contains("login_error"), "{}", login.record.stdout);
    assert_eq!(
        http(json!({ "url": "/", "user": "stranger" })).outcome.unwrap_err().data["code"],
        "user_missing"
    );
    assert_eq!(
        support::site::value(&mut sandbox, "return get_user_meta(1, 'session_tokens', true);"),
        json!("")
    );
}

#[test]
fn a_page_that_redirects_dies_or_breaks_says_so() {
    let mut sandbox = sandbox(Vec::new());
    support::site::value(
        &mut sandbox,
        "wp_mkdir_p(WPMU_PLUGIN_DIR); return file_put_contents(WPMU_PLUGIN_DIR . '/pages.php', '<?php
         add_action(\"template_redirect\", function () { switch ($_GET[\"do\"] ?? \"\") {
             case \"redirect\": setcookie(\"a\", \"1\"); setcookie(\"b\", \"2\"); wp_redirect(\"https://example.com/there\", 307); exit;
             case \"die\": wp_die(\"Not today.\", \"No\", [\"response\" => 403]);
             case \"fatal\": nope();
             case \"echo\": echo json_encode([$_SERVER[\"REQUEST_METHOD\"], $_POST, $_COOKIE, $_SERVER[\"HTTP_X_TEST\"] ?? null, file_get_contents(\"php://input\")]); exit;
         } });');",
    );
    let mut http = |arguments: Value| execute(&mut sandbox, "wordpress.http-request", arguments);
    let redirect = http(json!({ "url": "/?do=redirect" }));
    let redirect = redirect.outcome.unwrap();
    assert_eq!(
        (&redirect["status"], &redirect["headers"]["location"]),
        (&json!(307), &json!("https://example.com/there"))
    );
    assert_eq!(redirect["headers"]["set-cookie"].as_array().map(Vec::len), Some(2), "{redirect}");
    let died = http(json!({ "url": "/?do=die" }));
    assert_eq!(died.outcome.unwrap()["status"], 403);
    assert!(died.record.stdout.contains("Not today."));
    let broken = http(json!({ "url": "/?do=fatal" }));
    assert_eq!(broken.outcome.unwrap()["status"], 500);
    assert!(broken.record.stderr.contains("nope()"), "{}", broken.record.stderr);
    let posted = http(json!({
        "url": "/?do=echo", "method": "POST", "body": "x=1&y[]=2",
        "headers-json": { "X-Test": "t", "Cookie": "c=d" }
    }));
    let seen: Value = serde_json::from_str(&posted.record.stdout).unwrap();
    assert_eq!(seen, json!(["POST", { "x": "1", "y": ["2"] }, { "c": "d" }, "t", "x=1&y[]=2"]));
    let json = http(
        json!({ "url": "/?do=echo", "method": "PUT", "body": "{}", "headers-json": { "content-type": "application/json" } }),
    );
    assert!(json.record.stdout.starts_with("[\"PUT\",[],"), "{}", json.record.stdout);
}

#[test]
fn another_host_is_not_requested_and_a_path_does_not_lead_out_of_the_site() {
    let mut sandbox = sandbox(Vec::new());
    let mut http = |url: &str| execute(&mut sandbox, "wordpress.http-request", json!({ "url": url }));
    let foreign = http("http://example.com/").outcome.unwrap_err();
    assert_eq!(foreign.data["code"], "foreign_host");
    assert!(
        foreign.message.contains("example.com") && foreign.message.contains("localhost"),
        "{}",
        foreign.message
    );
    for url in [
        "/../internal/codebox/php.ini",
        "/%2e%2e/internal/codebox/php.ini",
        "/wp-content/%2e%2e/%2e%2e/internal/codebox/defines.json",
    ] {
        let execution = http(url);
        assert!(
            !execution.record.stdout.contains("AUTH_KEY") && !execution.record.stdout.contains("opcache"),
            "{url}"
        );
    }
}

#[test]
fn mounted_inputs_are_listed_without_their_place_on_the_host() {
    let root = tempfile::tempdir().unwrap();
    let mount = HostMount { capture: false, ..mount(root.path(), "/workspace/a", true) };
    let mut sandbox = sandbox(vec![mount]);
    let execution = execute(&mut sandbox, "inspect-mounted-inputs", json!({}));
    let expected = json!([{ "type": "directory", "target": "/workspace/a", "mode": "readwrite", "captureArtifacts": false }]);
    assert_eq!(serde_json::from_str::<Value>(&execution.record.stdout).unwrap(), expected);
    assert_eq!(execution.outcome.unwrap(), expected);
    assert!(!execution.record.stdout.contains(&*root.path().to_string_lossy()));
}

#[test]
fn an_agent_inside_is_given_a_task() {
    let mut sandbox = sandbox(Vec::new());
    let missing = execute(&mut sandbox, "wp-codebox.agent-sandbox-run", json!({ "task": "tidy up" }))
        .outcome
        .unwrap_err();
    assert_eq!(
        (missing.code.as_str(), &missing.data["code"]),
        ("wp_codebox_run_ability_missing", &json!("agents_chat_unavailable"))
    );
    support::site::value(
        &mut sandbox,
        "wp_mkdir_p(WPMU_PLUGIN_DIR); return file_put_contents(WPMU_PLUGIN_DIR . '/agent.php', '<?php
         add_action(\"wp_abilities_api_categories_init\", fn() => wp_register_ability_category(\"agents\", [\"label\" => \"a\", \"description\" => \"a\"]));
         add_action(\"wp_abilities_api_init\", function () {
             $row = [\"label\" => \"a\", \"description\" => \"a\", \"category\" => \"agents\", \"permission_callback\" => fn() => (bool) apply_filters(\"agents_chat_runtime_principal_permission\", false),
                 \"input_schema\" => [\"type\" => \"object\"]];
             wp_register_ability(\"agents/chat\", $row + [\"execute_callback\" => fn($input) => match ($input[\"message\"]) {
                 \"wait\" => [\"status\" => \"processing\"],
                 \"turns\" => [\"max_turns_reached\" => true, \"reply\" => \"not yet\"],
                 \"loop\" => (function () { while (true); })(),
                 \"fail\" => [\"success\" => false, \"error\" => [\"message\" => \"I could not.\"]],
                 default => [\"reply\" => \"done\", \"got\" => $input],
             }]);
             wp_register_ability(\"my/task\", $row + [\"execute_callback\" => fn($input) => [\"own\" => $input]]);
         });');",
    );
    let mut run = |arguments: Value| execute(&mut sandbox, "wp-codebox.agent-sandbox-run", arguments).outcome;
    let answer = run(json!({ "task": "tidy up", "agent": "helper", "model": "m", "max-turns": 5 })).unwrap();
    assert_eq!(
        (&answer["schema"], &answer["ability"], &answer["result"]["reply"]),
        (&json!("wp-codebox/agent-sandbox-run/v1"), &json!("agents/chat"), &json!("done"))
    );
    let got = &answer["result"]["got"];
    assert_eq!(
        (&got["agent"], &got["message"], &got["model"], &got["max_turns"]),
        (&json!("helper"), &json!("tidy up"), &json!("m"), &json!(5))
    );
    assert_eq!((&got["client_context"]["workspace_root"], got.get("provider")), (&json!("/workspace"), None));
    assert_eq!((got.get("tool_policy"), got.get("structured_artifacts")), (None, None));
    let tool = |id: &str, more: Value| {
        let mut tool = json!({ "id": id, "runtime_tool_id": id.replace('.', "_"), "allowed": true });
        tool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        tool
    };
    let policy = json!({ "schema": "wp-codebox/sandbox-tool-policy/v1", "version": 1, "tools": [
        tool("workspace.read", json!({})),
        tool("workspace.write", json!({ "allowed": false })),
        tool("git.push", json!({ "runtime": { "environment": "control_plane", "capability_scope": "control_plane" } })),
        tool("secret.read", json!({ "transport_visibility": "hidden" })),
    ] });
    let artifact = json!({ "name": "brief", "type": "text", "payload": "short" });
    let answer = run(json!({
        "task": "tidy up", "sandbox-tool-policy-json": policy, "structured-artifacts-json": [artifact],
        "workspace-context-json": { "repo": "a" },
    }))
    .unwrap();
    let got = &answer["result"]["got"];
    assert_eq!(got["tool_policy"], json!({ "mode": "allow", "tools": ["workspace_read"] }));
    assert_eq!(
        (&got["allow_only"], &got["structured_artifacts"]),
        (&json!(["workspace_read"]), &json!([artifact]))
    );
    assert_eq!(got["client_context"]["sandbox_workspace"], json!({ "repo": "a" }));
    let mut nobody = policy.clone();
    nobody["tools"] = json!([]);
    let answer = run(json!({ "task": "tidy up", "sandbox-tool-policy-json": nobody })).unwrap();
    assert_eq!(answer["result"]["got"]["tool_policy"], json!({ "mode": "allow", "tools": [] }));
    let own = run(json!({ "task": "x", "runtime-task-json": { "ability": "my/task", "input": { "a": 1 } } }))
        .unwrap();
    assert_eq!((&own["ability"], &own["result"]), (&json!("my/task"), &json!({ "own": { "a": 1 } })));
    let own = run(json!({ "task": "x", "runtime-task-json": { "ability": "my/task" } })).unwrap();
    assert_eq!(own["result"]["own"]["task_input"]["message"], "x");
    for (task, code) in [
        ("wait", "agent_runtime_incomplete"),
        ("turns", "agent_runtime_incomplete"),
        ("fail", "agent_runtime_failed"),
    ] {
        let failure = run(json!({ "task": task })).unwrap_err();
        assert_eq!(failure.data["code"], code, "{task}");
        assert!(failure.data["details"]["result"].is_object(), "{task}");
    }
    let failure = run(json!({ "task": "x", "runtime-task-json": { "ability": "no/such" } })).unwrap_err();
    assert_eq!(failure.data["code"], "ability_missing");
    let failure = run(json!({ "task": "loop", "timeout-seconds": 1 })).unwrap_err();
    assert_eq!(failure.code.as_str(), "wp_codebox_run_timeout");
}
