//! The command table: what is listed, what is refused, and what each command does.

mod support;

use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::php::patient;
use wp_codebox::sandbox::{Arguments, Command, Execution, HostMount, MountKind, Policy, Sandbox, Spec, command_ids, commands, descriptor, policy_commands};

fn sandbox() -> Sandbox {
    Sandbox::create(support::site::spec(Policy::allowing(command_ids())), &patient()).unwrap()
}

fn object(value: Value) -> Arguments {
    Arguments::of_object(serde_json::from_value(value).unwrap())
}

fn execute(sandbox: &mut Sandbox, id: &str, arguments: Value) -> Execution {
    let command = Command::parse(id, object(arguments)).unwrap();
    sandbox.execute(&command, &patient()).unwrap()
}

fn result(sandbox: &mut Sandbox, id: &str, arguments: Value) -> Value {
    let execution = execute(sandbox, id, arguments);
    execution.outcome.unwrap_or_else(|failure| panic!("{id}: {failure:?}\n{}", execution.record.stderr))
}

#[test]
fn every_command_has_one_row() {
    let described = commands();
    let ids: BTreeSet<&str> = described.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), described.len());
    assert_eq!(described.iter().map(|row| row.id).collect::<Vec<_>>(), command_ids().collect::<Vec<_>>());
    for row in &described {
        let names: BTreeSet<&str> = row.accepted_args.iter().map(|argument| argument.name).collect();
        assert_eq!(names.len(), row.accepted_args.len(), "{}: two arguments of one name", row.id);
        assert!(row.description.ends_with('.') && row.output_shape.ends_with('.'), "{}", row.id);
        assert!(!policy_commands(row.id).is_empty(), "{}", row.id);
        assert_eq!(descriptor(row.id).unwrap().id, row.id);
    }
    assert!(descriptor("wordpress.rm").is_none());
}

#[test]
fn a_descriptor_is_spelled_as_the_catalogue_spells_it() {
    let row = serde_json::to_value(descriptor("wordpress.ability").unwrap()).unwrap();
    assert_eq!(
        row["acceptedArgs"][0],
        json!({ "name": "name", "description": "Name of the ability.", "required": true })
    );
    assert_eq!(row["acceptedArgs"][1]["format"], "json");
    for key in ["id", "description", "outputShape", "policyRequirement", "recipe", "handler"] {
        assert!(row.get(key).is_some(), "{key}");
    }
}

/// Arguments, and the code and the argument of the issue.
const ISSUES: &[(&str, &[&str], &str, &str)] = &[
    ("wordpress.browser-probe", &["url=/"], "unsupported-command", "command"),
    ("rm", &[], "unsupported-command", "command"),
    ("wordpress.run-php", &[], "missing-code", "code"),
    ("wordpress.run-php", &["code= "], "missing-code", "code"),
    ("wordpress.run-php", &["code=1;", "code=2;"], "invalid-code", "code"),
    ("wordpress.run-php", &["code=1;", "bootstrap=half"], "invalid-bootstrap", "bootstrap"),
    ("wordpress.run-php", &["code=1;", "colour=red"], "unsupported-argument", "colour"),
    ("wordpress.run-php", &["code"], "unsupported-argument", "code"),
    ("wordpress.run-php", &["code-file=nowhere.php"], "missing-path", "code-file"),
    ("wordpress.wp-cli", &[], "missing-command", "command"),
    ("wordpress.wp-cli", &["wp"], "missing-command", "command"),
    ("wordpress.wp-cli", &["command=eval 'never closed"], "invalid-command", "command"),
    ("wordpress.ability", &[], "missing-ability-name", "name"),
    ("wordpress.ability", &["name=a/b", "input={"], "invalid-ability-input", "input"),
    ("wordpress.ability", &["name=a/b", "input=@nowhere.json"], "missing-path", "input"),
    ("wordpress.ensure-plugin-active", &[], "missing-plugin-slug", "plugin"),
    ("wordpress.ensure-plugin-active", &["plugin=a", "slug=a"], "invalid-plugin", "plugin"),
    ("wordpress.plugin-state", &["action=activate"], "missing-plugin-slug", "plugin"),
    ("wordpress.plugin-state", &["action=remove"], "invalid-action", "action"),
    ("wordpress.plugin-state", &["network=perhaps"], "invalid-network", "network"),
    ("wordpress.rest-request", &[], "missing-path", "path"),
    ("wordpress.rest-request", &["path=wp/v2"], "invalid-path", "path"),
    ("wordpress.rest-request", &["path=/wp/v2", "params-json=[1]"], "invalid-params-json", "params-json"),
    ("wordpress.rest-request", &["path=/", "body=a", "body-json={}"], "invalid-body-json", "body-json"),
    ("wordpress.rest-request", &["path=/", "headers-json={\"a\": 1}"], "invalid-headers-json", "headers-json"),
    ("wordpress.rest-request", &["path=/", "headers-json={\"a b\": \"c\"}"], "invalid-headers-json", "headers-json"),
    ("wordpress.rest-request", &["path=/", "headers-json={\"a\": \"b\\r\\nc: d\"}"], "invalid-headers-json", "headers-json"),
    ("wordpress.rest-request", &["path=/", "headers-json={\"Host\": \"b\"}"], "invalid-headers-json", "headers-json"),
    ("wordpress.rest-request", &["path=/", "method=GET /"], "invalid-method", "method"),
    ("wordpress.http-request", &[], "missing-url", "url"),
    ("wordpress.http-request", &["url=ftp://localhost/"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=//example.com/"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=http://user@localhost/"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=/a b"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=http:///"], "invalid-url", "url"),
    ("wordpress.http-request", &["url=/", "expect-status=20"], "invalid-expect-status", "expect-status"),
    ("wordpress.phpunit", &[], "missing-plugin-slug", "plugin-slug"),
    ("wordpress.phpunit", &["plugin-slug=../a"], "invalid-plugin-slug", "plugin-slug"),
    ("wordpress.phpunit", &["cwd=tests"], "invalid-cwd", "cwd"),
    ("wordpress.phpunit", &["cwd=/workspace/../internal"], "invalid-cwd", "cwd"),
    ("wordpress.phpunit", &["plugin-slug=a", "test-file=../../b.php"], "invalid-test-file", "test-file"),
    ("wordpress.phpunit", &["plugin-slug=a", "changed-tests-json=[1]"], "invalid-changed-tests-json", "changed-tests-json"),
    ("wordpress.phpunit", &["plugin-slug=a", "env-json={\"1A\": \"b\"}"], "invalid-env-json", "env-json"),
    ("wordpress.phpunit", &["plugin-slug=a", "phpunit-args-json={}"], "invalid-phpunit-args-json", "phpunit-args-json"),
    ("wordpress.phpunit", &["plugin-slug=a", "database-type=mysql"], "invalid-database-type", "database-type"),
    ("wordpress.phpunit", &["plugin-slug=a", "project-bootstrap=b.php"], "invalid-project-bootstrap", "project-bootstrap"),
    ("wordpress.phpunit", &["plugin-slug=a", "discovery-only=perhaps"], "invalid-discovery-only", "discovery-only"),
    ("wordpress.bench", &[], "missing-plugin-slug", "plugin-slug"),
    ("wordpress.bench", &["plugin-slug=../a"], "invalid-plugin-slug", "plugin-slug"),
    ("wordpress.bench", &["plugin-slug=a", "iterations=0"], "invalid-iterations", "iterations"),
    ("wordpress.bench", &["plugin-slug=a", "iterations=10001"], "invalid-iterations", "iterations"),
    ("wordpress.bench", &["plugin-slug=a", "warmup=many"], "invalid-warmup", "warmup"),
    ("wordpress.bench", &["plugin-slug=a", "dependency-slugs=b,../c"], "invalid-dependency-slugs", "dependency-slugs"),
    ("wordpress.bench", &["plugin-slug=a", "reset-policy-json={\"betweenRuns\": \"none\"}"], "invalid-reset-policy", "reset-policy-json"),
    ("wordpress.bench", &["plugin-slug=a", "workloads-json=[{\"id\": \"w\", \"run\": []}]"], "invalid-workloads-json", "workloads-json"),
    ("wordpress.bench", &["plugin-slug=a", "workloads-json=[{\"id\": \"w\", \"run\": [{\"type\": \"wp-cli\", \"command\": \"x\"}]}]"], "invalid-workloads-json", "workloads-json"),
    ("wordpress.bench", &["plugin-slug=a", "workloads-json=[{\"id\": \"w\", \"run\": [{\"type\": \"php\"}]}]"], "invalid-workloads-json", "workloads-json"),
    ("wordpress.bench", &["plugin-slug=a", "lifecycle-json={\"measure\": []}"], "invalid-lifecycle-json", "lifecycle-json"),
    ("wordpress.bench", &["plugin-slug=a", "bootstrap-files-json=[\"a.php\"]"], "invalid-bootstrap-files-json", "bootstrap-files-json"),
    ("wordpress.capture-state-bundle", &["snapshot-include-wp-content=uploads,../.."], "invalid-snapshot-include-wp-content", "snapshot-include-wp-content"),
    ("wordpress.capture-state-bundle", &["snapshot-exclude-wp-content=/uploads"], "invalid-snapshot-exclude-wp-content", "snapshot-exclude-wp-content"),
    ("wordpress.capture-state-bundle", &["label=a\nb"], "invalid-label", "label"),
    ("wp-codebox.agent-sandbox-run", &[], "missing-task", "task"),
    ("wp-codebox.agent-sandbox-run", &["task=x", "max-turns=0"], "invalid-max-turns", "max-turns"),
    ("wp-codebox.agent-sandbox-run", &["task=x", "runtime-task-json={\"input\": {}}"], "invalid-runtime-task-json", "runtime-task-json"),
    ("wp-codebox.agent-sandbox-run", &["task=x", "provider-plugin-slugs=a"], "unsupported-argument", "provider-plugin-slugs"),
    ("inspect-mounted-inputs", &["path=/"], "unsupported-argument", "path"),
    ("wp-codebox.checkpoint-create", &[], "missing-name", "name"),
    ("wp-codebox.checkpoint-create", &["name=a b"], "invalid-name", "name"),
    ("wp-codebox.checkpoint-create", &["name=../a"], "invalid-name", "name"),
    ("wp-codebox.checkpoint-create", &["name=a", "metadata-json=[1]"], "invalid-metadata-json", "metadata-json"),
    ("wp-codebox.checkpoint-restore", &[], "missing-name", "name"),
    ("wp-codebox.checkpoint-list", &["name=a"], "unsupported-argument", "name"),
    ("wp-codebox.readiness-probe", &["type=ability"], "missing-name", "name"),
    ("wp-codebox.readiness-probe", &["type=cat", "name=x"], "invalid-type", "type"),
];

#[test]
fn every_argument_issue_has_its_code_and_names_its_argument() {
    for (id, texts, code, argument) in ISSUES {
        let issue = Command::parse(id, Arguments::of_texts(texts.iter().copied())).unwrap_err();
        assert_eq!((issue.code.as_ref(), issue.argument.as_str()), (*code, *argument), "{id} {texts:?}: {issue}");
    }
}

#[test]
fn both_code_and_a_file_of_code_is_one_too_many() {
    let mut arguments = Arguments::of_texts(["code=1;", "code-file=a.php"]);
    arguments.hand_in("code-file", b"<?php return 2;".to_vec());
    assert_eq!(Command::parse("wordpress.run-php", arguments).unwrap_err().code, "ambiguous-code");
}

#[test]
fn host_files_are_named_first_and_taken_when_they_are_handed_in() {
    let mut arguments = Arguments::of_texts(["name=a/b", "input=@input.json"]);
    let files = arguments.host_files("wordpress.ability");
    assert_eq!((files.len(), files[0].argument.as_str(), files[0].path.as_str()), (1, "input", "input.json"));
    arguments.hand_in("input", b"{\"a\": [1]}".to_vec());
    let command = Command::parse("wordpress.ability", arguments).unwrap();
    assert_eq!(command, Command::ability("a/b", json!({ "a": [1] })));
    // From PHP a text that begins with @ is a text.
    let arguments = object(json!({ "name": "a/b", "input": "@input.json" }));
    assert!(arguments.host_files("wordpress.ability").is_empty());
    assert_eq!(Command::parse("wordpress.ability", arguments).unwrap(), Command::ability("a/b", json!("@input.json")));
}

#[test]
fn words_of_a_recipe_are_a_wp_cli_command() {
    let words = |texts: &[&str]| match Command::parse("wordpress.wp-cli", Arguments::of_texts(texts.iter().copied())) {
        Ok(Command::WpCli { arguments }) => arguments,
        other => panic!("{other:?}"),
    };
    assert_eq!(words(&["command=wp option get 'a b'"]), ["option", "get", "a b"]);
    assert_eq!(words(&["post", "list", "--format=json"]), ["post", "list", "--format=json"]);
    assert_eq!(words(&["option update blogname \"a=b\""]), ["option", "update", "blogname", "a=b"]);
    let listed = object(json!({ "arguments": ["eval", "echo 'a b';"] }));
    let command = Command::parse("wordpress.wp-cli", listed).unwrap();
    assert_eq!(command, Command::WpCli { arguments: vec!["eval".to_owned(), "echo 'a b';".to_owned()] });
}

#[test]
fn hostile_arguments_are_refused_and_nothing_panics() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = "x".repeat(5 << 20);
    let values = [json!(null), json!(1), json!([]), json!({}), json!(["a", {}]), json!(deep), json!(long), json!("\0")];
    for row in commands() {
        for argument in &row.accepted_args {
            for value in &values {
                let given = BTreeMap::from([(argument.name.to_owned(), value.clone())]);
                let parsed = Command::parse(row.id, Arguments::of_object(given));
                assert!(value != &json!(long) || parsed.is_err(), "{} {}", row.id, argument.name);
            }
        }
    }
    let name = "n".repeat(1 << 20);
    let issue = Command::parse(&name, Arguments::default()).unwrap_err();
    assert!(issue.message.len() < 2000);
}

#[test]
fn an_ability_is_executed_as_the_user_that_is_named_and_its_result_held_against_a_schema() {
    let mut sandbox = sandbox();
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
    assert_eq!(who(json!({ "name": "test/who", "user": "admin", "expected-result-schema": "who/v1" })).unwrap()["id"], 1);
    let failure = who(json!({ "name": "test/who", "user": "nobody" })).unwrap_err();
    assert_eq!(failure.data["code"], "user_missing");
    let failure = who(json!({ "name": "test/who", "expected-result-schema": "who/v2" })).unwrap_err();
    assert_eq!((&failure.data["code"], &failure.data["details"]["result"]["id"]), (&json!("ability_result_schema_mismatch"), &json!(1)));
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
    let mut sandbox = sandbox();
    plugin(&mut sandbox, "hello-there", "");
    let report = result(&mut sandbox, "wordpress.plugin-state", json!({}));
    assert_eq!(report["schema"], "wp-codebox/wordpress-plugin-state/v1");
    assert_eq!(report["plugins"][0]["file"], "hello-there/hello-there.php");
    assert_eq!(report["after"]["active"], json!([]));
    let active = result(&mut sandbox, "wordpress.ensure-plugin-active", json!({ "slug": "hello-there" }));
    assert_eq!((&active["active"], &active["before"]["active"], &active["after"]["active"]), (&json!(true), &json!([]), &json!(["hello-there/hello-there.php"])));
    let again = result(&mut sandbox, "wordpress.ensure-plugin-active", json!({ "plugin": "hello-there/hello-there.php" }));
    assert_eq!((&again["active"], &again["before"]), (&json!(true), &again["after"]));
    let off = result(&mut sandbox, "wordpress.plugin-state", json!({ "action": "deactivate", "plugin": "hello-there" }));
    assert_eq!(off["active"], false);
    let status = result(&mut sandbox, "wordpress.plugin-state", json!({ "action": "status", "plugin": "hello-there" }));
    assert_eq!(status["active"], false);
    let failure = execute(&mut sandbox, "wordpress.ensure-plugin-active", json!({ "plugin": "../../evil" })).outcome.unwrap_err();
    assert_eq!(failure.data["code"], "plugin_not_found");
}

#[test]
fn a_rest_request_is_answered_in_process_by_the_rights_of_its_user() {
    let mut sandbox = sandbox();
    let mut rest = |arguments: Value| result(&mut sandbox, "wordpress.rest-request", arguments);
    let posts = rest(json!({ "path": "/wp/v2/posts?per_page=1" }));
    assert_eq!((&posts["status"], &posts["route"]), (&json!(200), &json!("/wp/v2/posts")), "{posts}");
    assert_eq!(posts["headers"]["X-WP-Total"], "1");
    assert_eq!(posts["data"][0]["slug"], "hello-world");
    let made = rest(json!({ "path": "/wp-json/wp/v2/posts", "method": "post", "body-json": { "title": "Made", "status": "publish" } }));
    assert_eq!(made["status"], 201, "{made}");
    let found = rest(json!({ "path": "/wp/v2/posts", "params-json": { "search": "Made", "_fields": "title" } }));
    assert_eq!(found["data"][0]["title"]["rendered"], "Made");
    let refused = rest(json!({ "path": "/wp/v2/posts", "method": "POST", "params-json": { "title": "x" }, "user": "0" }));
    assert_eq!(refused["status"], 401);
    assert_eq!(rest(json!({ "path": "/no/such" }))["data"]["code"], "rest_no_route");
}

#[test]
fn an_http_request_gives_what_a_browser_would_get() {
    let mut sandbox = sandbox();
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
    let unexpected = execute(&mut sandbox, "wordpress.http-request", json!({ "url": "/no-such-page/", "expect-status": 200 }));
    let failure = unexpected.outcome.unwrap_err();
    assert_eq!((&failure.data["code"], &failure.data["details"]["status"]), (&json!("unexpected_status"), &json!(404)));
    assert_eq!(unexpected.record.exit_code, 1);

    let style = execute(&mut sandbox, "wordpress.http-request", json!({ "url": "/wp-includes/css/buttons.css?ver=1" }));
    assert!(style.outcome.unwrap()["headers"]["content-type"].as_str().unwrap().starts_with("text/css"));
    assert!(style.record.stdout.contains(".button"));
}

#[test]
fn an_admin_page_needs_a_user_who_is_logged_in_and_leaves_no_session() {
    let mut sandbox = sandbox();
    let mut http = |arguments: Value| execute(&mut sandbox, "wordpress.http-request", arguments);
    let nobody = http(json!({ "url": "/wp-admin/" })).outcome.unwrap();
    assert_eq!(nobody["status"], 302);
    assert!(nobody["headers"]["location"].as_str().unwrap().contains("/wp-login.php?redirect_to="), "{nobody}");
    let admin = http(json!({ "url": "/wp-admin/options-general.php", "user": "admin" }));
    assert_eq!(admin.outcome.unwrap()["status"], 200, "{}", admin.record.stderr);
    assert!(admin.record.stdout.contains("General Settings"), "{}", admin.record.stdout);
    let bare = http(json!({ "url": "/wp-admin", "user": "1" })).outcome.unwrap();
    assert_eq!((&bare["status"], &bare["headers"]["location"]), (&json!(301), &json!("/wp-admin/")));
    let login = http(json!({ "url": "/wp-login.php", "method": "POST", "body": "log=admin&pwd=wrong" }));
    assert!(login.record.stdout.contains("login_error"), "{}", login.record.stdout);
    assert_eq!(http(json!({ "url": "/", "user": "stranger" })).outcome.unwrap_err().data["code"], "user_missing");
    assert_eq!(support::site::value(&mut sandbox, "return get_user_meta(1, 'session_tokens', true);"), json!(""));
}

#[test]
fn a_page_that_redirects_dies_or_breaks_says_so() {
    let mut sandbox = sandbox();
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
    assert_eq!((&redirect["status"], &redirect["headers"]["location"]), (&json!(307), &json!("https://example.com/there")));
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
    let json = http(json!({ "url": "/?do=echo", "method": "PUT", "body": "{}", "headers-json": { "content-type": "application/json" } }));
    assert!(json.record.stdout.starts_with("[\"PUT\",[],"), "{}", json.record.stdout);
}

#[test]
fn another_host_is_not_requested_and_a_path_does_not_lead_out_of_the_site() {
    let mut sandbox = sandbox();
    let mut http = |url: &str| execute(&mut sandbox, "wordpress.http-request", json!({ "url": url }));
    let foreign = http("http://example.com/").outcome.unwrap_err();
    assert_eq!(foreign.data["code"], "foreign_host");
    assert!(foreign.message.contains("example.com") && foreign.message.contains("localhost"), "{}", foreign.message);
    for url in ["/../internal/codebox/php.ini", "/%2e%2e/internal/codebox/php.ini", "/wp-content/%2e%2e/%2e%2e/internal/codebox/defines.json"] {
        let execution = http(url);
        assert!(!execution.record.stdout.contains("AUTH_KEY") && !execution.record.stdout.contains("opcache"), "{url}");
    }
}

#[test]
fn mounted_inputs_are_listed_without_their_place_on_the_host() {
    let root = tempfile::tempdir().unwrap();
    let mount = HostMount {
        source: root.path().to_owned(),
        target: "/workspace/a".to_owned(),
        kind: MountKind::Directory,
        writable: true,
        capture: false,
    };
    let spec = Spec { mounts: vec![mount], ..support::site::spec(Policy::allowing(command_ids())) };
    let mut sandbox = Sandbox::create(spec, &patient()).unwrap();
    let execution = execute(&mut sandbox, "inspect-mounted-inputs", json!({}));
    let expected = json!([{ "type": "directory", "target": "/workspace/a", "mode": "readwrite", "captureArtifacts": false }]);
    assert_eq!(serde_json::from_str::<Value>(&execution.record.stdout).unwrap(), expected);
    assert_eq!(execution.outcome.unwrap(), expected);
    assert!(!execution.record.stdout.contains(&*root.path().to_string_lossy()));
}

fn readonly(source: &Path, target: &str) -> HostMount {
    HostMount {
        source: source.canonicalize().unwrap(),
        target: target.to_owned(),
        kind: MountKind::Directory,
        writable: false,
        capture: false,
    }
}

/// A plugin with tests, one of which fails as long as `sum()` is wrong.
fn tested_plugin(root: &Path, sum: &str) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("tested.php", &format!("<?php\n/* Plugin Name: Tested */\nadd_action('init', fn() => define('TESTED_INIT', 1));\nregister_activation_hook(__FILE__, fn() => update_option('tested', 'activated'));\nfunction tested_sum($a, $b) {{ return {sum}; }}\n"));
    write("tests/SumTest.php", "<?php\nfinal class SumTest extends PHPUnit\\Framework\\TestCase {\n
        public function test_sum() { $this->assertSame(3, tested_sum(1, 2)); }\n
        public function test_wordpress_and_the_plugin_are_loaded() { $this->assertTrue(defined('TESTED_INIT')); $this->assertSame('activated', get_option('tested')); $this->assertGreaterThan(0, wp_insert_post(['post_title' => 'x'])); }\n
        public function test_later() { $this->markTestSkipped('later'); }\n}\n");
    write("tests/test-env.php", "<?php\nfinal class EnvTest extends PHPUnit\\Framework\\TestCase {\n
        public function test_env() { $this->assertSame('1', getenv('TESTED') ?: '1'); $this->assertTrue(true); }\n}\n");
    write("plain/PlainTest.php", "<?php\nfinal class PlainTest extends PHPUnit\\Framework\\TestCase {\n
        public function test_plain() { $this->assertFalse(function_exists('get_option')); $this->assertSame('yes', PLAIN); }\n}\n");
    write("plain/bootstrap.php", "<?php define('PLAIN', 'yes');");
    write("plain/phpunit.xml", "<phpunit bootstrap=\"bootstrap.php\"><testsuites><testsuite name=\"plain\"><directory>.</directory></testsuite></testsuites></phpunit>");
}

fn with_tests(sum: &str, phpunit: bool) -> (tempfile::TempDir, Sandbox) {
    let root = tempfile::tempdir().unwrap();
    tested_plugin(root.path(), sum);
    let mut mounts = vec![readonly(root.path(), "/wordpress/wp-content/plugins/tested")];
    if phpunit {
        mounts.push(readonly(Path::new("/usr/share/php"), "/usr/share/php"));
    }
    let spec = Spec { mounts, ..support::site::spec(Policy::allowing(command_ids())) };
    (root, Sandbox::create(spec, &patient()).unwrap())
}

#[test]
fn phpunit_runs_a_plugin_s_tests_in_its_wordpress() {
    let (_root, mut sandbox) = with_tests("$a + $b", true);
    let execution = execute(&mut sandbox, "wordpress.phpunit", json!({ "plugin-slug": "tested" }));
    let result = execution.outcome.unwrap_or_else(|failure| panic!("{failure:?}\n{}", execution.record.stdout));
    assert_eq!((&result["schema"], &result["status"]), (&json!("wp-codebox/phpunit-result/v1"), &json!("passed")));
    assert_eq!((&result["total"], &result["passed"], &result["skipped"], &result["assertions"]), (&json!(4), &json!(3), &json!(1), &json!(6)), "{result}");
    assert_eq!(execution.record.exit_code, 0);
    // The summary that others read off the output is there as well.
    assert!(execution.record.stdout.contains("Tests: 4, Assertions: 6, Skipped: 1."), "{}", execution.record.stdout);

    let one = result_of(&mut sandbox, json!({ "plugin-slug": "tested", "test-file": "tests/test-env.php", "env-json": { "TESTED": "1" } }));
    assert_eq!(one["total"], 1, "{one}");
    let two = result_of(&mut sandbox, json!({ "plugin-slug": "tested", "changed-tests-json": ["tests/test-env.php", "tests/SumTest.php"] }));
    assert_eq!(two["total"], 4);
    let filtered = result_of(&mut sandbox, json!({ "plugin-slug": "tested", "phpunit-args-json": ["--filter", "test_sum"] }));
    assert_eq!((&filtered["total"], &filtered["tests"][0]["name"]), (&json!(1), &json!("test_sum")));
    let listed = result_of(&mut sandbox, json!({ "plugin-slug": "tested", "discovery-only": true }));
    assert_eq!((&listed["schema"], &listed["total"]), (&json!("wp-codebox/phpunit-discovery/v1"), &json!(4)), "{listed}");
}

fn result_of(sandbox: &mut Sandbox, arguments: Value) -> Value {
    result(sandbox, "wordpress.phpunit", arguments)
}

#[test]
fn phpunit_runs_a_project_with_its_own_bootstrap_and_without_wordpress() {
    let (_root, mut sandbox) = with_tests("0", true);
    let place = "/wordpress/wp-content/plugins/tested/plain";
    let result = result_of(&mut sandbox, json!({ "cwd": place, "bootstrap-mode": "project" }));
    assert_eq!((&result["total"], &result["passed"]), (&json!(1), &json!(1)));
    let named = json!({ "cwd": place, "bootstrap-mode": "project", "phpunit-xml": "phpunit.xml", "project-bootstrap": "bootstrap.php" });
    assert_eq!(result_of(&mut sandbox, named)["status"], "passed");
}

#[test]
fn failed_tests_fail_the_command_and_are_named() {
    let (_root, mut sandbox) = with_tests("$a - $b", true);
    let execution = execute(&mut sandbox, "wordpress.phpunit", json!({ "plugin-slug": "tested" }));
    let failure = execution.outcome.unwrap_err();
    assert_eq!((failure.message.as_str(), &failure.data["code"]), ("1 of 4 tests failed.", &json!("phpunit_failed")));
    let details = &failure.data["details"];
    assert_eq!((&details["status"], &details["failures"]), (&json!("failed"), &json!(1)));
    let failed: Vec<&Value> = details["tests"].as_array().unwrap().iter().filter(|test| test["status"] == "failed").collect();
    assert_eq!((failed.len(), &failed[0]["name"]), (1, &json!("test_sum")));
    assert!(failed[0]["message"].as_str().unwrap().contains("-1 is identical to 3"), "{}", failed[0]);
    assert_ne!(execution.record.exit_code, 0);
}

#[test]
fn tests_that_cannot_run_say_why() {
    let (_root, mut sandbox) = with_tests("1", false);
    let mut failure = |arguments: Value| execute(&mut sandbox, "wordpress.phpunit", arguments).outcome.unwrap_err();
    let missing = failure(json!({ "plugin-slug": "tested" }));
    assert_eq!(missing.data["code"], "phpunit_missing");
    assert!(missing.message.contains("/usr/share/php") && missing.message.contains("composer"), "{}", missing.message);
    assert_eq!(failure(json!({ "plugin-slug": "no-such" })).data["code"], "missing_path");
    let (_root, mut sandbox) = with_tests("1", true);
    let mut failure = |arguments: Value| execute(&mut sandbox, "wordpress.phpunit", arguments).outcome.unwrap_err();
    assert_eq!(failure(json!({ "plugin-slug": "tested", "test-root": "nowhere" })).data["code"], "phpunit_no_tests");
    assert_eq!(failure(json!({ "plugin-slug": "tested", "phpunit-args-json": ["--filter", "nothing"] })).data["code"], "phpunit_no_tests");
    assert_eq!(failure(json!({ "plugin-slug": "tested", "phpunit-xml": "none.xml" })).data["code"], "missing_path");
    let broken = failure(json!({ "plugin-slug": "tested", "bootstrap-files-json": ["plain/bootstrap.php", "tests/nothing.php"] }));
    assert_eq!(broken.code.as_str(), "wp_codebox_run_fatal", "{broken:?}");
}

/// A plugin with benchmarks.
fn measured_plugin(root: &Path) {
    let write = |name: &str, text: &str| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("measured.php", "<?php /* Plugin Name: Measured */ function measured_work() { return array_sum(range(1, 1000)); }
        register_activation_hook(__FILE__, fn() => update_option('measured_activated', '1'));");
    write("tests/bench/option.php", "<?php return static function (array $context): array {
        static $calls = 0;
        measured_work();
        return ['metrics' => ['calls_count' => ++$calls, 'answer' => 42.5, 'size_bytes' => 10, 'text' => 'no', 'nan' => NAN],
            'metadata' => ['activated' => get_option('measured_activated'), 'shared' => is_dir(getenv('WP_CODEBOX_BENCH_SHARED_STATE')), 'env' => getenv('MEASURED')]];
        };");
    write("tests/bench/plain.php", "<?php return fn() => wp_cache_get('seen') ? ['hit_count' => 1] : (wp_cache_set('seen', 1) ? ['hit_count' => 0] : null);");
}

fn with_benchmarks() -> (tempfile::TempDir, Sandbox) {
    let root = tempfile::tempdir().unwrap();
    measured_plugin(root.path());
    let mounts = vec![readonly(root.path(), "/wordpress/wp-content/plugins/measured")];
    let spec = Spec { mounts, ..support::site::spec(Policy::allowing(command_ids())) };
    (root, Sandbox::create(spec, &patient()).unwrap())
}

#[test]
fn bench_warms_up_measures_and_gives_percentiles() {
    let (_root, mut sandbox) = with_benchmarks();
    let asked = json!({ "plugin-slug": "measured", "component-id": "the-component", "iterations": 20, "warmup": 2,
        "env-json": { "MEASURED": "yes" }, "scenario-ids-json": ["option"] });
    let results = result(&mut sandbox, "wordpress.bench", asked);
    assert_eq!((&results["schema"], &results["component_id"]), (&json!("wp-codebox/bench-results/v1"), &json!("the-component")));
    assert_eq!((&results["iterations"], &results["warmup_iterations"]), (&json!(20), &json!(2)));
    let scenarios = results["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 1);
    let scenario = &scenarios[0];
    assert_eq!((&scenario["id"], &scenario["source"], &scenario["file"]), (&json!("option"), &json!("in_tree"), &json!("tests/bench/option.php")));
    assert_eq!(scenario["metadata"], json!({ "activated": "1", "shared": true, "env": "yes" }));
    // Two rounds were not measured: the counter goes from 3 to 22.
    let calls = &scenario["metrics"]["calls_count"];
    assert_eq!((&calls["unit"], &calls["samples"]["count"]), (&json!("count"), &json!(20)));
    for (name, value) in [("min", 3.0), ("max", 22.0), ("mean", 12.5), ("p50", 12.0), ("p95", 21.0), ("p99", 22.0)] {
        assert_eq!(calls["samples"][name], json!(value), "{name}");
    }
    let names: BTreeSet<&str> = scenario["metrics"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["answer", "calls_count", "duration", "size_bytes"]));
    assert_eq!(scenario["metrics"]["answer"].get("unit"), None);
    assert_eq!(scenario["metrics"]["size_bytes"]["unit"], "bytes");
    let duration = &scenario["metrics"]["duration"];
    assert_eq!((&duration["unit"], &duration["samples"]["count"]), (&json!("ms"), &json!(20)));
    let of = |name: &str| duration["samples"][name].as_f64().unwrap();
    assert!(of("min") > 0.0 && of("min") <= of("p50") && of("p50") <= of("p95") && of("p95") <= of("p99") && of("p99") <= of("max"));
    assert!(scenario["memory"]["peak_bytes"].as_u64().unwrap() > 1 << 20);
}

#[test]
fn bench_runs_configured_workloads_between_its_phases_and_resets_what_it_is_told_to() {
    let (_root, mut sandbox) = with_benchmarks();
    let asked = json!({ "plugin-slug": "measured", "iterations": 3, "warmup": 0,
        "workloads-json": [
            { "id": "php", "run": [{ "type": "php", "code": "<?php return ['set_count' => (int) get_option('bench_setup')];" }] },
            { "id": "rest", "run": [{ "type": "rest-request", "path": "/wp/v2/posts" }] },
            { "id": "ability", "run": [{ "type": "ability", "name": "core/get-site-info", "input": {} }] }],
        "scenario-ids-json": ["php", "rest", "ability", "plain"],
        "lifecycle-json": { "setup": [{ "type": "php", "code": "update_option('bench_setup', 7);" }],
            "prepare": [{ "type": "php", "code": "wp_cache_flush();" }],
            "teardown": [{ "type": "php", "code": "delete_option('bench_setup');" }] },
        "reset-policy-json": { "betweenIterations": "object-cache" } });
    let results = result(&mut sandbox, "wordpress.bench", asked);
    let scenario = |id: &str| results["scenarios"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id}")).clone();
    assert_eq!(scenario("php")["metrics"]["set_count"]["samples"]["values"], json!([7.0, 7.0, 7.0]));
    assert_eq!((&scenario("rest")["source"], &scenario("rest")["iterations"]), (&json!("config"), &json!(3)));
    assert_eq!(scenario("ability")["diagnostics"], json!([]));
    // The cache was emptied, so nothing was ever found in it.
    assert_eq!(scenario("plain")["metrics"]["hit_count"]["samples"]["values"], json!([0.0, 0.0, 0.0]));
    let phases: Vec<&Value> = results["lifecycle"]["phases"].as_array().unwrap().iter().map(|phase| &phase["name"]).collect();
    assert_eq!(phases, ["setup", "prepare", "prepare", "prepare", "prepare", "teardown"]);
    assert_eq!(results["reset_policy"]["events"][0], json!({ "scenario": "plain", "between": "iterations", "count": 2 }));
    assert_eq!(results["reset_policy"]["betweenScenarios"], "none");
    assert_eq!(support::site::value(&mut sandbox, "return get_option('bench_setup', 'gone');"), "gone");
}

#[test]
fn a_workload_that_throws_fails_the_bench_and_the_others_results_stay() {
    let (_root, mut sandbox) = with_benchmarks();
    let asked = json!({ "plugin-slug": "measured", "workloads-json": [
        { "id": "bad", "run": [{ "type": "php", "code": "if ($context['iteration'] === 1) { throw new LogicException('enough'); }" }] }] });
    let failure = execute(&mut sandbox, "wordpress.bench", asked).outcome.unwrap_err();
    assert_eq!((failure.message.as_str(), &failure.data["code"]), ("1 of 3 workloads failed: bad: enough", &json!("bench_failed")));
    let details = &failure.data["details"];
    assert_eq!((&details["diagnostics"][0]["code"], &details["diagnostics"][0]["iteration"]), (&json!("LogicException"), &json!(1)));
    assert_eq!(details["scenarios"].as_array().unwrap().len(), 3);
    assert_eq!(details["scenarios"][0]["iterations"], 3);
    let mut code = |asked: Value| execute(&mut sandbox, "wordpress.bench", asked).outcome.unwrap_err().data["code"].clone();
    assert_eq!(code(json!({ "plugin-slug": "no-such" })), "plugin_not_found");
    assert_eq!(code(json!({ "plugin-slug": "measured", "scenario-ids-json": ["none"] })), "bench_unknown_scenario");
    assert_eq!(code(json!({ "plugin-slug": "measured", "dependency-slugs": ["none"] })), "plugin_not_found");
}

#[test]
fn a_bench_needs_the_commands_that_its_workloads_are() {
    let bench = |workloads: Value| Command::parse("wordpress.bench", object(json!({ "plugin-slug": "a", "workloads-json": workloads }))).unwrap();
    assert_eq!(bench(json!([])).policy_commands(), ["wordpress.bench", "wordpress.run-php"]);
    let rest = bench(json!([{ "id": "r", "run": [{ "type": "rest-request", "path": "/" }, { "type": "ability", "name": "a/b" }] }]));
    assert_eq!(rest.policy_commands(), ["wordpress.bench", "wordpress.run-php", "wordpress.rest-request", "wordpress.ability"]);
}

#[test]
fn an_agent_inside_is_given_a_task() {
    let mut sandbox = sandbox();
    let missing = execute(&mut sandbox, "wp-codebox.agent-sandbox-run", json!({ "task": "tidy up" })).outcome.unwrap_err();
    assert_eq!((missing.code.as_str(), &missing.data["code"]), ("wp_codebox_run_ability_missing", &json!("agents_chat_unavailable")));
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
                 \"fail\" => [\"success\" => false, \"error\" => [\"message\" => \"I could not.\"]],
                 default => [\"reply\" => \"done\", \"got\" => $input],
             }]);
             wp_register_ability(\"my/task\", $row + [\"execute_callback\" => fn($input) => [\"own\" => $input]]);
         });');",
    );
    let mut run = |arguments: Value| execute(&mut sandbox, "wp-codebox.agent-sandbox-run", arguments).outcome;
    let answer = run(json!({ "task": "tidy up", "agent": "helper", "model": "m", "max-turns": 5 })).unwrap();
    assert_eq!((&answer["schema"], &answer["ability"], &answer["result"]["reply"]), (&json!("wp-codebox/agent-sandbox-run/v1"), &json!("agents/chat"), &json!("done")));
    let got = &answer["result"]["got"];
    assert_eq!((&got["agent"], &got["message"], &got["model"], &got["max_turns"]), (&json!("helper"), &json!("tidy up"), &json!("m"), &json!(5)));
    assert_eq!((&got["client_context"]["workspace_root"], got.get("provider")), (&json!("/workspace"), None));
    let own = run(json!({ "task": "x", "runtime-task-json": { "ability": "my/task", "input": { "a": 1 } } })).unwrap();
    assert_eq!((&own["ability"], &own["result"]), (&json!("my/task"), &json!({ "own": { "a": 1 } })));
    let own = run(json!({ "task": "x", "runtime-task-json": { "ability": "my/task" } })).unwrap();
    assert_eq!(own["result"]["own"]["task_input"]["message"], "x");
    for (task, code) in [("wait", "agent_runtime_incomplete"), ("turns", "agent_runtime_incomplete"), ("fail", "agent_runtime_failed")] {
        let failure = run(json!({ "task": task })).unwrap_err();
        assert_eq!(failure.data["code"], code, "{task}");
        assert!(failure.data["details"]["result"].is_object(), "{task}");
    }
    let failure = run(json!({ "task": "x", "runtime-task-json": { "ability": "no/such" } })).unwrap_err();
    assert_eq!(failure.data["code"], "ability_missing");
}

#[test]
fn an_agent_run_is_allowed_by_what_it_stands_for() {
    let command = Command::parse("wp-codebox.agent-sandbox-run", object(json!({ "task": "x" }))).unwrap();
    assert_eq!(command.policy_commands(), ["wordpress.run-php", "wordpress.wp-cli"]);
    assert!(Policy::allowing(["wordpress.run-php", "wordpress.wp-cli"]).judge_command(&command).is_ok());
    assert!(Policy::allowing(["wp-codebox.agent-sandbox-run", "wordpress.run-php"]).judge_command(&command).is_err());
}
