//! Content of another site: what is chosen from the file, and what becomes of it in a sandbox.

mod support;

use serde_json::{Value, json};
use support::php::patient;
use support::site::{spec, value};
use wp_codebox::recipe::seed::{self, SeedResult};
use wp_codebox::recipe::{Issue, document::SiteSeed};
use wp_codebox::sandbox::{Policy, Sandbox};

fn file() -> Value {
    json!({
        "schema": seed::FIXTURE_SCHEMA,
        "users": [
            { "id": 7, "login": "jane", "email": "jane@example.com", "displayName": "Jane Doe", "role": "editor" },
            { "login": "joe", "email": "joe@example.com" },
        ],
        "terms": [
            { "slug": "local", "taxonomy": "category", "parent": "news" },
            { "slug": "news", "taxonomy": "category", "name": "News \\ \"quoted\"" },
            { "slug": "red", "taxonomy": "post_tag" },
        ],
        "posts": [
            { "id": 40, "slug": "child", "type": "page", "title": "Child", "parent": "above" },
            { "id": 41, "slug": "above", "type": "page", "title": "Above" },
            {
                "id": 42, "slug": "hello", "title": "Hello", "content": "<!-- wp:html --><b onclick='x()'>a\\b</b><!-- /wp:html -->",
                "date": "2020-01-02 03:04:05", "author": "jane", "terms": { "category": ["local"] },
                "meta": { "colour": "r\\ed", "sizes": [1, { "a": null }] },
            },
            { "slug": "secret", "status": "private", "title": "Secret" },
            { "slug": "empty", "author": "joe" },
        ],
        "media": [{ "slug": "cat", "title": "Cat", "mimeType": "image/png" }],
        "options": { "blogname": "Seeded", "list": ["a", { "b": 1 }], "hidden": "h" },
        "activePlugins": [],
        "activeTheme": "twentytwentyfive",
    })
}

fn seed(scopes: Value) -> SiteSeed {
    serde_json::from_value(json!({ "type": "fixture", "name": "s", "source": "s.json", "scopes": scopes }))
        .unwrap()
}

fn compile(scopes: Value, file: &Value) -> Result<seed::Import, Issue> {
    seed::compile(&seed(scopes), file.to_string().as_bytes(), "$.inputs.siteSeeds[0]")
}

fn everything() -> Value {
    json!({
        "users": { "maxRecords": 9 }, "terms": { "maxRecords": 9 }, "posts": { "maxRecords": 9 },
        "media": { "maxRecords": 9 }, "options": { "names": ["blogname", "list"] }, "activePlugins": true,
        "activeTheme": true,
    })
}

fn imported(sandbox: &mut Sandbox, scopes: Value) -> SeedResult {
    let declared = seed(scopes.clone());
    let import = compile(scopes, &file()).unwrap();
    let value = sandbox.execute(&import.command.command, &patient()).unwrap().outcome.unwrap();
    SeedResult::of(&declared, import.source_sha256, &value)
}

fn sandbox() -> Sandbox {
    Sandbox::create(spec(Policy::allowing(["wordpress.run-php"])), &patient()).unwrap()
}

#[test]
fn everything_is_imported_and_a_second_time_changes_nothing() {
    let mut sandbox = sandbox();
    for _ in 0..2 {
        let result = imported(&mut sandbox, everything());
        assert_eq!(
            serde_json::to_value(result.counts).unwrap(),
            json!({ "users": 2, "terms": 3, "posts": 5, "media": 1, "options": 2, "activePlugins": 0, "activeTheme": 1 })
        );
        let seen = value(
            &mut sandbox,
            "$post = fn ($slug, $type) => get_posts(['name' => $slug, 'post_type' => $type, 'post_status' => 'any'])[0];
             $hello = $post('hello', 'post');
             return [
                 get_option('blogname'), get_option('list'), get_option('hidden'),
                 $hello->post_content, $hello->post_date, get_userdata((int) $hello->post_author)->user_login,
                 wp_get_post_categories($hello->ID, ['fields' => 'slugs']),
                 get_post_meta($hello->ID, 'colour', true), get_post_meta($hello->ID, 'sizes', true),
                 get_term_by('slug', 'news', 'category')->name,
                 get_term(get_term_by('slug', 'local', 'category')->parent)->slug,
                 $post('child', 'page')->post_parent === $post('above', 'page')->ID,
                 $post('secret', 'post')->post_status, get_post_mime_type($post('cat', 'attachment')),
                 count(get_posts(['post_type' => 'any', 'post_status' => 'any', 'name' => 'hello', 'numberposts' => -1])),
             ];",
        );
        assert_eq!(
            seen,
            json!([
                "Seeded", ["a", { "b": 1 }], false,
                "<!-- wp:html --><b onclick='x()'>a\\b</b><!-- /wp:html -->", "2020-01-02 03:04:05", "seed-user-7",
                ["local"], "r\\ed", [1, { "a": null }], "News \\ \"quoted\"", "news", true, "private", "image/png", 1,
            ])
        );
    }
}

#[test]
fn names_and_addresses_of_people_never_enter_the_sandbox() {
    let mut sandbox = sandbox();
    imported(&mut sandbox, everything());
    let users = value(
        &mut sandbox,
        "return array_map(fn ($u) => [$u->user_login, $u->user_email, $u->display_name, $u->roles[0]], get_users(['orderby' => 'ID', 'exclude' => [1]]));",
    );
    assert_eq!(
        users,
        json!([
            ["seed-user-7", "seed-user-7@example.invalid", "seed-user-7", "editor"],
            ["seed-user-2", "seed-user-2@example.invalid", "seed-user-2", "subscriber"],
        ])
    );
    let staged = format!("{:?}", compile(everything(), &file()).unwrap().command);
    assert!(!staged.contains("jane") && !staged.contains("example.com"));
}

#[test]
fn two_people_of_a_file_never_become_one() {
    let mut sandbox = sandbox();
    let file = json!({
        "users": [
            { "id": 2, "login": "alice", "role": "editor" },
            { "login": "bob", "role": "author" },
            { "id": 3, "login": "carol", "role": "editor" },
            { "login": "dora", "role": "author" },
        ],
        "posts": [{ "slug": "hers", "author": "alice" }, { "slug": "his", "author": "bob" }],
    });
    // Who a person is does not depend on whom else the scopes name.
    for scopes in [
        json!({ "users": { "roles": ["author"], "maxRecords": 9 } }),
        json!({ "users": { "maxRecords": 9 }, "posts": { "maxRecords": 9 } }),
    ] {
        let import = compile(scopes, &file).unwrap();
        sandbox.execute(&import.command.command, &patient()).unwrap().outcome.unwrap();
    }
    let seen = value(
        &mut sandbox,
        "$author = fn ($slug) => get_userdata((int) get_posts(['name' => $slug])[0]->post_author)->user_login;
         $users = array_map(fn ($u) => [$u->user_login, $u->roles[0]], get_users(['orderby' => 'login', 'exclude' => [1]]));
         return [$users, $author('hers'), $author('his')];",
    );
    let people = [
        ("seed-user-2", "editor"),
        ("seed-user-3", "editor"),
        ("seed-user-4", "author"),
        ("seed-user-5", "author"),
    ];
    assert_eq!(seen, json!([people, "seed-user-2", "seed-user-4"]));
}

#[test]
fn only_what_the_scopes_name_is_imported() {
    let mut sandbox = sandbox();
    for (scopes, expected) in [
        (json!({ "posts": { "slugs": ["hello"] } }), json!({ "posts": 1 })),
        (json!({ "posts": { "postTypes": ["page"], "maxRecords": 1 } }), json!({ "posts": 1 })),
        (json!({ "posts": { "ids": [42, 99] } }), json!({ "posts": 1 })),
        (json!({ "posts": { "statuses": ["private"], "maxRecords": 5 } }), json!({ "posts": 1 })),
        (json!({ "users": { "roles": ["editor"], "maxRecords": 5 } }), json!({ "users": 1 })),
        (json!({ "terms": { "taxonomies": ["post_tag"], "maxRecords": 5 } }), json!({ "terms": 1 })),
        (json!({ "options": { "names": ["list", "none"] } }), json!({ "options": 1 })),
    ] {
        let wanted = expected.as_object().unwrap();
        let counts = serde_json::to_value(imported(&mut sandbox, scopes.clone()).counts).unwrap();
        for (kind, count) in counts.as_object().unwrap() {
            assert_eq!(count, wanted.get(kind).unwrap_or(&json!(0)), "{kind} of {scopes}");
        }
    }
}

#[test]
fn a_file_of_another_shape_is_refused_with_the_way_to_the_field() {
    for (file, why) in [
        (json!([]), "an object is expected"),
        (json!({ "colour": 1 }), "colour"),
        (json!({ "posts": [{ "title": "no slug" }] }), "posts[0]"),
        (json!({ "posts": [[1, "a"]] }), "posts[0]"),
        (json!({ "posts": [{ "slug": "a", "password": "x" }] }), "posts[0].password"),
        (json!({ "schema": "wp-codebox/site-seed-fixture/v2" }), "schema"),
        (json!({ "users": [{ "id": 2, "login": "a" }, { "id": 2, "login": "b" }] }), "users[1].id"),
        (json!({ "users": [{ "id": 2, "login": "a" }, { "login": "a" }] }), "users[1].login"),
        (json!({ "posts": vec![json!({ "slug": "a" }); 10_001] }), "at most 10000"),
    ] {
        let issue = compile(json!({ "posts": { "maxRecords": 1 } }), &file).unwrap_err();
        assert_eq!(
            (issue.code.as_ref(), issue.path.as_str()),
            ("invalid-site-seed-source", "$.inputs.siteSeeds[0].source")
        );
        assert!(issue.message.contains(why) && issue.message.len() < 400, "{}", issue.message);
    }
}

#[test]
fn what_the_site_does_not_know_is_a_failure_with_its_name() {
    let mut sandbox = sandbox();
    let one = json!({ "maxRecords": 1 });
    for (scopes, file, reason) in [
        (json!({ "posts": one }), json!({ "posts": [{ "slug": "a", "type": "book" }] }), "book"),
        (json!({ "terms": one }), json!({ "terms": [{ "slug": "a", "taxonomy": "genre" }] }), "genre"),
        (json!({ "users": one }), json!({ "users": [{ "login": "a", "role": "king" }] }), "king"),
        (json!({ "activePlugins": true }), json!({ "activePlugins": ["gone/gone.php"] }), "gone"),
        (json!({ "activeTheme": true }), json!({ "activeTheme": "bare" }), "bare"),
    ] {
        let import = compile(scopes, &file).unwrap();
        let failure = sandbox.execute(&import.command.command, &patient()).unwrap().outcome.unwrap_err();
        assert!(failure.message.contains(reason), "{}", failure.message);
    }
}
