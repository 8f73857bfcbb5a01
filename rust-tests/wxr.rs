//! Imports of WordPress's export files, by the blueprint step `importWxr`.

mod support;

use serde_json::{Value, json};
use support::php::patient;
use support::site::{spec, value};
use wp_codebox::recipe::blueprint;
use wp_codebox::sandbox::{Policy, Sandbox};

fn sandbox() -> Sandbox {
    Sandbox::create(spec(Policy::allowing(["wordpress.run-php"])), &patient()).unwrap()
}

/// Imports `export` with the step's other fields: what was done, or why it was not.
fn import(sandbox: &mut Sandbox, export: &str, mut step: Value) -> Result<Value, String> {
    step["step"] = "importWxr".into();
    step["file"] = json!({ "resource": "literal", "name": "export.xml", "contents": export });
    let commands = blueprint::compile(&json!({ "steps": [step] }), None, "$.runtime.blueprint").unwrap();
    let execution = sandbox.execute(&commands[0].command, &patient()).unwrap();
    execution.outcome.map_err(|failure| failure.message)
}

/// A file as the exporter writes it, with its own header.
fn export(rest: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Old</title><wp:wxr_version>1.2</wp:wxr_version>
<wp:base_site_url>https://old.example</wp:base_site_url><wp:base_blog_url>https://old.example/blog</wp:base_blog_url>
{rest}</channel></rss>"#
    )
}

fn item(id: u32, title: &str, content: &str, more: &str) -> String {
    format!(
        "<item><title><![CDATA[{title}]]></title><dc:creator><![CDATA[zoe]]></dc:creator>\
         <content:encoded><![CDATA[{content}]]></content:encoded><wp:post_id>{id}</wp:post_id>\
         <wp:post_date>2024-01-02 03:04:05</wp:post_date><wp:post_date_gmt>2024-01-02 03:04:05</wp:post_date_gmt>\
         <wp:status>publish</wp:status>{more}</item>"
    )
}

#[test]
fn what_wordpress_exports_comes_back_as_it_was() {
    let mut old = sandbox();
    let written = value(
        &mut old,
        r#"
        require_once ABSPATH . 'wp-admin/includes/export.php';
        $menu = wp_create_nav_menu('Main');
        $news = wp_insert_term('News', 'category')['term_id'];
        $local = wp_insert_term('Local & "near"', 'category', ['parent' => $news])['term_id'];
        $parent = wp_insert_post(['post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'Parent']);
        wp_insert_post(['post_type' => 'page', 'post_status' => 'draft', 'post_title' => 'Child', 'post_parent' => $parent, 'menu_order' => 3]);
        $picture = wp_insert_attachment(['post_title' => 'Picture', 'post_mime_type' => 'image/png', 'post_status' => 'inherit', 'guid' => home_url('/p.png')]);
        $post = wp_insert_post(['post_status' => 'publish', 'post_title' => 'A \\\\ "post" ]]>', 'post_content' => '<p>' . home_url('/page') . ' äöü 😀</p>', 'post_category' => [$local], 'tags_input' => ['one', 'two']]);
        // Without the file WordPress itself would set none.
        add_post_meta($post, '_thumbnail_id', $picture);
        add_post_meta($post, 'tree', ['a' => [1, 'x\\\\y'], 'url' => home_url('/in/meta')]);
        stick_post($post);
        $first = wp_insert_comment(['comment_post_ID' => $post, 'comment_content' => 'first', 'comment_author' => 'A']);
        wp_insert_comment(['comment_post_ID' => $post, 'comment_content' => 'answer', 'comment_parent' => $first]);
        wp_update_nav_menu_item($menu, 0, ['menu-item-object-id' => $parent, 'menu-item-object' => 'page', 'menu-item-type' => 'post_type', 'menu-item-status' => 'publish']);
        ob_start();
        @export_wp();
        return ob_get_clean();
        "#,
    );
    let written = written.as_str().unwrap();
    assert!(written.contains("wp:wxr_version"), "{written}");

    let mut new = sandbox();
    value(
        &mut new,
        "foreach (get_posts(['post_type' => 'any', 'post_status' => 'any', 'numberposts' => -1]) as $post) wp_delete_post($post->ID, true);",
    );
    value(
        &mut new,
        "for ($i = 0; $i < 12; $i++) wp_insert_post(['post_title' => \"Filler $i\", 'post_status' => 'private']);",
    );
    let counts = import(&mut new, written, json!({})).unwrap();
    assert_eq!(counts["attachments"], 1, "{counts}");
    let seen = value(
        &mut new,
        r#"
        $find = fn($title, $type) => get_posts(['title' => wp_slash($title), 'post_type' => $type, 'post_status' => 'any'])[0] ?? null;
        $post = $find('A \\ "post" ]]>', 'post');
        $comments = get_comments(['post_id' => $post->ID, 'order' => 'ASC', 'orderby' => 'comment_ID']);
        $item = get_posts(['post_type' => 'nav_menu_item'])[0];
        return [
            'content' => $post->post_content,
            'tree' => get_post_meta($post->ID, 'tree', true),
            'picture' => get_post_thumbnail_id($post->ID) === $find('Picture', 'attachment')->ID,
            'categories' => array_map(fn($term) => [html_entity_decode($term->name), get_term($term->parent)->name], wp_get_post_categories($post->ID, ['fields' => 'all'])),
            'tags' => wp_get_post_tags($post->ID, ['fields' => 'names']),
            'count' => get_term_by('name', 'one', 'post_tag')->count,
            'sticky' => is_sticky($post->ID),
            'child' => [get_post($find('Child', 'page')->post_parent)->post_title, $find('Child', 'page')->menu_order, $find('Child', 'page')->post_status],
            'comments' => [array_column($comments, 'comment_content'), $comments[1]->comment_parent === $comments[0]->comment_ID],
            'menu' => [wp_get_post_terms($item->ID, 'nav_menu')[0]->name, get_the_title((int) get_post_meta($item->ID, '_menu_item_object_id', true))],
        ];
        "#,
    );
    let home = value(&mut new, "return home_url();");
    let home = home.as_str().unwrap();
    assert_eq!(
        seen,
        json!({
            "content": format!("<p>{home}/page äöü 😀</p>"),
            "tree": { "a": [1, "x\\y"], "url": format!("{home}/in/meta") },
            "picture": true,
            "categories": [["Local & \"near\"", "News"]],
            "tags": ["one", "two"],
            "count": 1,
            "sticky": true,
            "child": ["Parent", 3, "draft"],
            "comments": [["first", "answer"], true],
            "menu": ["Main", "Parent"],
        })
    );
    // The same file once more changes nothing.
    let again = import(&mut new, written, json!({})).unwrap();
    assert_eq!(
        (&again["posts"], &again["attachments"], &again["comments"]),
        (&json!(1), &json!(0), &json!(0)),
        "{again}"
    );
}

#[test]
fn addresses_of_the_old_site_become_this_one_s_and_no_other_s() {
    let content = "https://old.example/blog/a https://old.example https://old.example.com/x https://old.examples/ https://cdn.example/y";
    let file = export(&item(900, "Addresses", content, "<wp:post_type>post</wp:post_type>"));
    let read = "return get_post(900)->post_content;";
    let mut new = sandbox();
    import(&mut new, &file, json!({ "urlMapping": { "https://cdn.example": "https://here.example/cdn" } }))
        .unwrap();
    let home = value(&mut new, "return home_url();");
    let home = home.as_str().unwrap();
    assert_eq!(
        value(&mut new, read),
        format!("{home}/a {home} https://old.example.com/x https://old.examples/ https://here.example/cdn/y")
    );
    let mut kept = sandbox();
    import(&mut kept, &file, json!({ "rewriteUrls": false })).unwrap();
    assert_eq!(value(&mut kept, read), content);
}

#[test]
fn posts_belong_to_whom_the_step_says() {
    let author = "<wp:author><wp:author_login>zoe</wp:author_login><wp:author_email>zoe@old.example</wp:author_email></wp:author>";
    let file = export(&format!("{author}{}", item(900, "Hers", "", "<wp:post_type>post</wp:post_type>")));
    let owner = |step: Value| -> Result<Value, String> {
        let mut new = sandbox();
        value(&mut new, "wp_insert_user(['user_login' => 'ann', 'user_pass' => 'x']);");
        import(&mut new, &file, step)?;
        Ok(value(&mut new, "return get_userdata(get_post(900)->post_author)->user_login;"))
    };
    assert_eq!(owner(json!({})), Ok(json!("admin")));
    assert_eq!(owner(json!({ "defaultAuthorUsername": "ann" })), Ok(json!("ann")));
    assert_eq!(owner(json!({ "authorsMode": "create" })), Ok(json!("zoe")));
    assert_eq!(owner(json!({ "importUsers": true })), Ok(json!("zoe")));
    assert_eq!(owner(json!({ "authorsMode": "map", "authorsMap": { "zoe": "ann" } })), Ok(json!("ann")));
    assert_eq!(owner(json!({ "authorsMode": "map" })), Ok(json!("admin")));
    let missing = Err("There is no user nobody.".to_owned());
    assert_eq!(owner(json!({ "defaultAuthorUsername": "nobody" })), missing);
    assert_eq!(owner(json!({ "authorsMode": "map", "authorsMap": { "zoe": "nobody" } })), missing);
}

#[test]
fn what_the_site_does_not_know_is_counted_as_skipped() {
    let file = export(&format!(
        "<wp:term><wp:term_id>7</wp:term_id><wp:term_taxonomy>genre</wp:term_taxonomy><wp:term_slug>x</wp:term_slug></wp:term>{}{}",
        item(900, "Known", "", "<wp:post_type>post</wp:post_type>"),
        item(901, "Unknown", "", "<wp:post_type>book</wp:post_type>"),
    ));
    let counts = import(&mut sandbox(), &file, json!({ "importComments": false })).unwrap();
    assert_eq!((&counts["posts"], &counts["skipped"]), (&json!(1), &json!(2)));
}

#[test]
fn files_that_are_no_export_are_refused_with_the_line() {
    let whole = export(&item(900, "A", "", "<wp:post_type>post</wp:post_type>"));
    let cut = &whole[..whole.len() - 20];
    let entities = "<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///wordpress/wp-config.php\">]><rss><channel>&x;</channel></rss>";
    for (file, says) in [
        ("", "cannot be read"),
        ("not xml", "line 1"),
        ("<rss><channel><item/></channel></rss>", "wxr_version"),
        ("<feed/>", "no export"),
        (cut, "line"),
        (entities, "document type"),
    ] {
        let message = import(&mut sandbox(), file, json!({})).unwrap_err();
        assert!(message.contains(says), "{file}: {message}");
    }
}

#[test]
fn an_object_in_a_custom_field_is_kept_and_its_class_never_asked() {
    let meta = "<wp:post_type>post</wp:post_type><wp:postmeta><wp:meta_key>bomb</wp:meta_key>\
        <wp:meta_value><![CDATA[O:8:\"Watchman\":1:{s:2:\"is\";s:5:\"awake\";}]]></wp:meta_value></wp:postmeta>";
    let mut new = sandbox();
    let plugin = "file_put_contents(WPMU_PLUGIN_DIR . '/watchman.php', \"<?php class Watchman { public \\$is; function __wakeup() { touch('/tmp/woken'); } }\");";
    value(&mut new, plugin);
    import(&mut new, &export(&item(900, "A", "", meta)), json!({})).unwrap();
    let stored = "global $wpdb; return $wpdb->get_var(\"SELECT meta_value FROM $wpdb->postmeta WHERE meta_key = 'bomb'\");";
    assert_eq!(value(&mut new, stored), "O:8:\"Watchman\":1:{s:2:\"is\";s:5:\"awake\";}");
    assert_eq!(value(&mut new, "return file_exists('/tmp/woken');"), false);
}

#[test]
fn what_needs_the_network_or_means_nothing_is_refused() {
    let issue = |step: Value| {
        let issues = blueprint::compile(&json!({ "steps": [step] }), None, "$.b").unwrap_err();
        (issues[0].code.to_string(), issues[0].path.clone())
    };
    let file = json!({ "resource": "literal", "name": "x", "contents": "" });
    for (step, code, path) in [
        (
            json!({ "step": "importWxr", "file": file, "fetchAttachments": true }),
            "unsupported-blueprint-field",
            "$.b.steps[0].fetchAttachments",
        ),
        (
            json!({ "step": "importWxr", "file": { "resource": "url", "url": "x" } }),
            "unsupported-blueprint-resource",
            "$.b.steps[0].file",
        ),
        (
            json!({ "step": "importWxr", "file": file, "urlMapping": { "": "x" } }),
            "invalid-blueprint",
            "$.b.steps[0].urlMapping.",
        ),
        (
            json!({ "step": "importWxr", "file": file, "authorsMode": "guess" }),
            "invalid-blueprint",
            "$.b.steps[0].authorsMode",
        ),
        (json!({ "step": "importWxr" }), "invalid-blueprint", "$.b.steps[0].file"),
    ] {
        assert_eq!(issue(step), (code.to_owned(), path.to_owned()));
    }
}
