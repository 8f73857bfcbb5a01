//! Credentials that nobody configured.

use wp_codebox::artifact::{Found, Redactor};

fn clean(text: &str) -> String {
    Redactor::default().text(text, &mut Found::default()).into_owned()
}

/// Put together here, so that no scanner takes this file for a leak.
fn tokens() -> Vec<(&'static str, String)> {
    let random = "9aXq2Lm4Pz8Rt6Vb1Nc3KdF7gH5jWs0YyTuE2oI";
    let digits = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    vec![
        ("github-token", format!("ghp{}{}", '_', &random[..36])),
        ("github-token", format!("github_pat{}{random}", '_')),
        ("gitlab-token", format!("glpat{}{}", '-', &random[..20])),
        ("aws-access-key", format!("AKI{}{}", 'A', "Q3EGRIZ7JX5TKW2N")),
        ("stripe-key", format!("sk_live{}{}", '_', &random[..24])),
        ("openai-api-key", format!("sk{}proj-{random}", '-')),
        ("anthropic-api-key", format!("sk{}ant-api03-{random}", '-')),
        ("slack-token", format!("xoxb{}123456789012-{}", '-', &random[..24])),
        ("google-api-key", format!("AIz{}{}", 'a', &random[..35])),
        ("sendgrid-key", format!("SG{}{}.{random}abcd", '.', &random[..22])),
        ("npm-token", format!("npm{}{}", '_', &random[..36])),
        ("digitalocean-token", format!("dop_v1{}{digits}", '_')),
        ("jwt", format!("eyJ{}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{random}", "hbGciOiJIUzI1NiJ9")),
    ]
}

#[test]
fn tokens_go_and_what_is_around_them_stays() {
    for (kind, token) in tokens() {
        for (before, after) in
            [("", ""), ("$key = '", "';"), ("key=", "&x=1"), ("x\\n", "\\n"), ("(", ")\n"), ("see ", ".")]
        {
            let shown = clean(&format!("{before}{token}{after}"));
            assert_eq!(shown, format!("{before}[REDACTED:{kind}]{after}"), "{token}");
        }
    }
}

#[test]
fn tokens_split_between_chunks_go_too() {
    for (kind, token) in tokens() {
        let text = format!("{}{token} {}", "-\n".repeat(100), "x;\n".repeat(8000));
        for block in [150, 199, 200, 201, 205, 210, 230] {
            let redactor = Redactor::default();
            let mut stream = redactor.stream().with_block(block);
            let mut out = Vec::new();
            stream.push(text.as_bytes(), &mut out);
            stream.finish(&mut out);
            let out = String::from_utf8(out).unwrap();
            assert!(out.contains(&format!("\n[REDACTED:{kind}] ")), "{kind} {block}");
        }
    }
}

#[test]
fn words_that_look_like_tokens_stay() {
    for text in [
        "task-list-of-many-things-to-do-today",
        "class=\"sk-folding-cube-with-many-sides\"",
        "sk-learn-is-a-python-library-for-learning",
        "ghp_this_is_not_a_token_at_all",
        "AKIAAAAAAAAAAAAAAAAA",
        "xoxb-your-token-goes-here-please",
        "sk_test_your_key_goes_here_now",
        "eyJ is how a JWT begins",
        "npm_config_registry_of_the_whole_company",
        "https://example.com/a:b@c",
        "https://user:password@example.com/",
        "ftp://username:pass@example.com",
        "mysql://$user:$pass@localhost",
        "https://medium.com/@someone/a-story",
        "Authorization: Bearer YOUR_TOKEN_HERE",
        "'Authorization' => 'Basic ' . base64_encode( $user . ':' . $pass )",
        "headers.Authorization = `Bearer ${token}`;",
        "Authorization: required",
        "Cookie: name=value; other=thing",
        "setcookie( TEST_COOKIE, 'WP Cookie check', 0, COOKIEPATH, COOKIE_DOMAIN );",
        "Set-Cookie: theme=light; Path=/some/long/path0; Expires=Wed21Oct2026; HttpOnly",
        "openssl_pkey_get_private( '-----BEGIN PRIVATE KEY-----' . $body . '-----END PRIVATE KEY-----' )",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
    ] {
        assert_eq!(clean(text), text);
    }
}

#[test]
fn private_keys() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    for kind in
        ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
    {
        let key = format!("-----BEGIN {kind}-----\n{body}\n{body}\nAbc/+d==\n-----END {kind}-----\nafter\n");
        let shown = clean(&key);
        assert!(!shown.contains("Us8cKj") && !shown.contains("Abc/"), "{shown}");
        assert!(shown.starts_with(&format!("-----BEGIN {kind}-----\n[REDACTED:private-key]\n")), "{shown}");
        assert!(shown.ends_with(&format!("-----END {kind}-----\nafter\n")), "{shown}");
        assert_eq!(shown.lines().count(), key.lines().count());
        let patch: String = key.lines().map(|line| format!("+{line}\n")).collect();
        let shown = clean(&patch);
        assert!(!shown.contains("Us8cKj"), "{shown}");
        assert!(shown.lines().all(|line| line.starts_with('+')), "{shown}");
        let json = clean(&serde_json::to_string(&key).unwrap());
        assert!(
            !json.contains("Us8cKj") && json.ends_with(&format!("-----END {kind}-----\\nafter\\n\"")),
            "{json}"
        );
    }
    let headed = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n{body}\n"
    );
    assert!(!clean(&headed).contains("Us8cKj"));
    let cut = format!("-----BEGIN PRIVATE KEY-----\n{body}\n{body}");
    assert!(!clean(&cut).contains("Us8cKj"));
}

#[test]
fn passwords_in_urls() {
    assert_eq!(
        clean("postgres://app:h4rd-t0-gu3ss@db.internal:5432/app"),
        "postgres://app:[REDACTED:url-credentials]@db.internal:5432/app"
    );
    assert_eq!(
        clean("git clone https://9aXq2Lm4Pz8Rt6Vb1Nc3@github.com/a/b"),
        "git clone https://[REDACTED:url-credentials]@github.com/a/b"
    );
}

#[test]
fn authorization_headers() {
    for (text, shown) in [
        ("Authorization: Bearer abc.def-0123456789", "Authorization: Bearer [REDACTED:authorization-header]"),
        (
            "authorization: bearer 9aXq2Lm4Pz8Rt6Vb\r\nHost: x",
            "authorization: bearer [REDACTED:authorization-header]\r\nHost: x",
        ),
        (
            "{\"Authorization\":\"Basic dXNlcjpodW50ZXIyMg==\"}",
            "{\"Authorization\":\"Basic [REDACTED:authorization-header]\"}",
        ),
        (
            "'Authorization' => 'Token 9aXq2Lm4Pz8Rt6Vb'",
            "'Authorization' => 'Token [REDACTED:authorization-header]'",
        ),
        ("Proxy-Authorization: 9aXq2Lm4Pz8Rt6Vb1Nc3", "Proxy-Authorization: [REDACTED:authorization-header]"),
        (
            "a:1:{s:13:\"Authorization\";s:23:\"Bearer 9aXq2Lm4Pz8Rt6Vb\";}",
            "a:1:{s:13:\"Authorization\";s:23:\"Bearer [REDACTED:authorization-header]\";}",
        ),
        (
            "  [\"Authorization\"]=>\n  string(23) \"Bearer 9aXq2Lm4Pz8Rt6Vb\"\n",
            "  [\"Authorization\"]=>\n  string(23) \"Bearer [REDACTED:authorization-header]\"\n",
        ),
        (
            "[Authorization] => Bearer 9aXq2Lm4Pz8Rt6Vb",
            "[Authorization] => Bearer [REDACTED:authorization-header]",
        ),
        (
            "HTTP_AUTHORIZATION=Bearer 9aXq2Lm4Pz8Rt6Vb1Nc3",
            "HTTP_AUTHORIZATION=Bearer [REDACTED:authorization-header]",
        ),
    ] {
        assert_eq!(clean(text), shown);
    }
    let digest =
        clean("Authorization: Digest username=\"a\", response=\"6629fae49393a05397450978507c4ef1\"\nX: y");
    assert_eq!(digest, "Authorization: Digest [REDACTED:authorization-header]\nX: y");
}

#[test]
fn cookie_headers() {
    assert_eq!(
        clean("Cookie: wordpress_logged_in_abc=admin|1699|tokentoken; theme=dark; sid=9aXq2Lm4Pz"),
        "Cookie: wordpress_logged_in_abc=[REDACTED:cookie-header]; theme=dark; sid=[REDACTED:cookie-header]"
    );
    assert_eq!(
        clean("Set-Cookie: PHPSESSID=k3j4h5k3j4h5k3; path=/; HttpOnly"),
        "Set-Cookie: PHPSESSID=[REDACTED:cookie-header]; path=/; HttpOnly"
    );
    assert_eq!(clean("{\"cookie\":\"a=1234567890abc\"}"), "{\"cookie\":\"a=[REDACTED:cookie-header]\"}");
}

#[test]
fn redacted_text_is_not_redacted_again() {
    for (_, token) in tokens() {
        let once = clean(&format!("key: {token}; https://u:{token}@h/"));
        assert_eq!(clean(&once), once);
    }
}
