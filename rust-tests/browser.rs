//! Files that a browser has made: their one form, and the bundle that they become.

mod support;

use serde_json::{Value, json};
use std::fs;
use support::bundle::room;
use wp_codebox::artifact::{
    BrowserArtifactError, BrowserFileInput, Described, ImportOperation, ImportRequest, PersistRequest,
    VerifyQuery, WriteStatus, normalize,
};
use wp_codebox::contract::{Code, Refusal};

fn file(path: &str, content: &str) -> BrowserFileInput {
    BrowserFileInput { path: path.into(), content: Some(content.into()), ..Default::default() }
}

fn described(entrypoint: &str) -> Described {
    Described { schema_id: "example/site/v1".into(), entrypoint: entrypoint.into(), ..Default::default() }
}

fn refused(files: Vec<BrowserFileInput>) -> Refusal {
    normalize(described("index.html"), files).unwrap_err().into()
}

#[test]
fn files_have_one_form_whatever_their_order_and_spelling() {
    let a = normalize(
        described("index.html"),
        vec![file("/site//index.html", "<p>"), file("site\\style.css", "p{}"), file("index.html", "x")],
    )
    .unwrap();
    let b = normalize(
        described("index.html"),
        vec![file("index.html", "x"), file("site/style.css", "p{}"), file("site/index.html", "<p>")],
    )
    .unwrap();
    assert_eq!(a, b);
    let paths: Vec<&str> = a.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["index.html", "site/index.html", "site/style.css"]);
    assert_eq!(a.files[2].mime_type, "text/css");
    assert_eq!(a.files[2].size, 3);
    assert_eq!(a.roles, json!([]));
}

#[test]
fn a_root_leads_what_does_not_lie_beneath_it_yet() {
    let described = Described { root: "/site/".into(), ..described("index.html") };
    let bundle =
        normalize(described, vec![file("index.html", ""), file("site/a.txt", ""), file("sitemap", "")]);
    let bundle = bundle.unwrap();
    let paths: Vec<&str> = bundle.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["site/a.txt", "site/index.html", "site/sitemap"]);
    assert_eq!((bundle.root.as_str(), bundle.entrypoint.as_str()), ("site", "site/index.html"));
}

#[test]
fn every_mistake_has_its_code_and_its_place() {
    let base64 = |text: &str| BrowserFileInput {
        path: "a".into(),
        content_base64: Some(text.into()),
        ..Default::default()
    };
    let both = BrowserFileInput { content: Some("x".into()), ..base64("eA==") };
    let neither = BrowserFileInput { path: "a".into(), ..Default::default() };
    for (files, code) in [
        (vec![], Code::BrowserArtifactFilesMissing),
        (vec![both], Code::BrowserArtifactFileInvalid),
        (vec![neither], Code::BrowserArtifactFileInvalid),
        (vec![base64("e")], Code::BrowserArtifactBase64Invalid),
        (vec![base64("eA=")], Code::BrowserArtifactBase64Invalid),
        (vec![file("a", &"x".repeat((5 << 20) + 1))], Code::BrowserArtifactFileTooLarge),
        (vec![file("a", ""), file("A", "")], Code::BrowserArtifactPathDuplicate),
        (vec![file("a", "")], Code::BrowserArtifactEntrypointMissing),
    ] {
        assert_eq!(refused(files).code, code);
    }
    let second = refused(vec![file("index.html", ""), file("x.PhP", "")]);
    assert_eq!(second.code, Code::BrowserArtifactExtensionBlocked);
    assert_eq!((&second.facts["index"], &second.facts["extension"]), (&json!(1), &json!("php")));
    let unnamed = normalize(Described { schema_id: " ".into(), ..described("a") }, vec![file("a", "")]);
    assert!(matches!(unnamed, Err(BrowserArtifactError::SchemaMissing)));
}

#[test]
fn no_path_leaves_the_bundle() {
    for path in ["", "/", "..", "../x", "a/../x", "./x", "a/./x", "C:/x", "c:x", "a\0b", "a\nb", "\\..\\x"] {
        assert_eq!(refused(vec![file(path, "")]).code, Code::BrowserArtifactPathInvalid, "{path:?}");
    }
    let long = "x/".repeat(600);
    assert_eq!(refused(vec![file(&long, "")]).code, Code::BrowserArtifactPathInvalid);
    // Each is short enough, together they are not.
    let described = Described { root: "r".repeat(250), ..described("x") };
    let deep = vec!["d".repeat(250); 4].join("/");
    let refusal = Refusal::from(normalize(described, vec![file(&deep, "")]).unwrap_err());
    assert_eq!(refusal.code, Code::BrowserArtifactPathInvalid);
}

fn request(files: Vec<BrowserFileInput>) -> PersistRequest {
    PersistRequest {
        files,
        provenance: json!({ "tool": "example" }),
        created_at: "2026-11-20T10:00:00.000Z".into(),
        ..PersistRequest::default()
    }
}

#[test]
fn a_persisted_bundle_verifies_and_the_second_time_is_existing() {
    let room = room();
    let binary = BrowserFileInput {
        path: "logo.png".into(),
        content_base64: Some("iVBORw0KGgoA/w==".into()),
        roles: vec!["image".into()],
        ..Default::default()
    };
    let files = vec![file("site/index.html", "<p>Hello\u{e9}</p>"), binary];
    let first = room.store.persist(request(files.clone())).unwrap();
    assert_eq!(first.status, WriteStatus::Created);
    assert_eq!(first.artifact_id, format!("artifact-bundle-sha256-{}", first.content_digest));
    let kept = first.directory.join("files/browser/site/index.html");
    assert_eq!(fs::read_to_string(kept).unwrap(), "<p>Hello\u{e9}</p>");

    let inspection = room.store.inspect(&first.artifact_id).unwrap();
    assert_eq!(inspection.verification.violations, []);
    assert!(room.store.verify_all(&VerifyQuery::default(), &[]).unwrap().valid);

    let mut later = request(files);
    later.created_at = "2027-01-01T00:00:00.000Z".into();
    let second = room.store.persist(later).unwrap();
    assert_eq!(second.status, WriteStatus::Existing);
    assert_eq!(second.artifact, first.artifact);
    assert_eq!(second.persisted_bundle.files, first.persisted_bundle.files);
}

#[test]
fn the_order_of_the_caller_is_kept_and_counts() {
    let room = room();
    let (a, b) = (file("a.txt", "a"), file("b.txt", "b"));
    let one = room.store.persist(request(vec![b.clone(), a.clone()])).unwrap();
    let other = room.store.persist(request(vec![a, b])).unwrap();
    assert_ne!(one.artifact_id, other.artifact_id);
    let paths = |rows: &Value| -> Vec<String> {
        let rows = rows["files"].as_array().unwrap();
        rows.iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(one.artifact.changed_files.as_ref().unwrap()), ["b.txt", "a.txt"]);
    assert_eq!(one.persisted_bundle.entrypoint, "b.txt");
}

#[test]
fn a_grant_needs_a_session_and_a_caller() {
    let room = room();
    let mut request = request(vec![file("a", "1")]);
    request.session_id = Some("session-1".into());
    assert_eq!(room.store.persist(request.clone()).unwrap().grant, None);
    request.caller.insert("kind".into(), json!("example"));
    let persisted = room.store.persist(request).unwrap();
    assert_eq!(persisted.grant.as_ref().unwrap().session_id, "session-1");
    assert_eq!(persisted.artifact_ref.grant, persisted.grant);
}

#[test]
fn a_damaged_bundle_of_the_same_files_is_not_taken_for_existing() {
    let room = room();
    let files = vec![file("a.txt", "a")];
    let first = room.store.persist(request(files.clone())).unwrap();
    fs::write(&first.artifact.paths.changed_files, "{}").unwrap();
    let refusal = Refusal::from(room.store.persist(request(files)).unwrap_err());
    assert_eq!(refusal.code, Code::ArtifactDigestMismatch);
}

#[test]
fn an_import_cannot_put_other_files_under_the_id_of_a_browsers_bundle() {
    let (honest, other) = (room(), room());
    let files = vec![file("index.html", "<p>honest</p>")];
    let first = honest.store.persist(request(files.clone())).unwrap();
    let copy = other.dir.path().join("copy");
    let import = |path: &std::path::Path| {
        let request = ImportRequest { source_bundle_path: Some(path.into()), ..Default::default() };
        other.store.import(&request, ImportOperation::Import).map(|_| ())
    };
    for (path, content) in [("files/browser/index.html", "EVIL"), ("files/browser/more.html", "EVIL")] {
        let copied = std::process::Command::new("cp").arg("-r").args([&first.directory, &copy]).status();
        assert!(copied.unwrap().success());
        fs::write(copy.join(path), content).unwrap();
        support::forge::edit(&copy, "manifest.json", |manifest| {
            let rows = manifest["files"].as_array_mut().unwrap();
            if !rows.iter().any(|row| row["path"] == path) {
                let mut row = rows.last().unwrap().clone();
                row["path"] = json!(path);
                rows.push(row);
            }
            for row in rows.iter_mut().filter(|row| row["path"] == path) {
                row["sha256"]["value"] = support::forge::sha256(&[content]).into();
            }
        });
        support::forge::seal(&copy);
        let refusal = Refusal::from(import(&copy).unwrap_err());
        assert_eq!(refusal.code, Code::ArtifactVerificationFailed, "{path}");
        // One that is there already is not taken for the honest one.
        let there = other.root().join(&first.artifact_id);
        fs::rename(&copy, &there).unwrap();
        let refusal = Refusal::from(other.store.persist(request(files.clone())).unwrap_err());
        assert_eq!(refusal.code, Code::ArtifactVerificationFailed, "{path}");
        fs::remove_dir_all(&there).unwrap();
    }
    assert_eq!(other.store.persist(request(files)).unwrap().status, WriteStatus::Created);
    import(&first.directory).unwrap();
}

const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

fn base64(path: &str, bytes: &[u8]) -> BrowserFileInput {
    use base64::Engine;
    let content_base64 = Some(base64::prelude::BASE64_STANDARD.encode(bytes));
    BrowserFileInput { path: path.into(), content_base64, ..Default::default() }
}

/// Files that have a token wherever one can be.
fn leaky() -> Vec<BrowserFileInput> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, TOKEN.as_bytes()).unwrap();
    let mut described = file("b.txt", "nothing");
    described.description = Some(format!("made with {TOKEN}"));
    described.roles = vec![TOKEN.into()];
    described.metadata = json!({ TOKEN: [TOKEN] }).as_object().cloned();
    described.provenance = json!({ "url": format!("https://me:{TOKEN}@example.org/") }).as_object().cloned();
    vec![
        file("a.html", &format!("<p>{TOKEN}</p>\n")),
        described,
        base64("text.css", format!("/* {TOKEN} */").as_bytes()),
        base64("raw.bin", format!("\0{TOKEN}").as_bytes()),
        base64("packed.gz", &gzip.finish().unwrap()),
        base64("clean.bin", b"\0\x01"),
    ]
}

#[test]
fn no_token_is_anywhere_in_a_bundle_of_a_browsers_files() {
    let room = room();
    let mut request = request(leaky());
    request.provenance = json!({ "token": TOKEN });
    request.caller =
        json!({ "metadata": { "note": TOKEN }, "reviewHints": [TOKEN] }).as_object().cloned().unwrap();
    let persisted = room.store.persist(request).unwrap();
    assert!(!serde_json::to_string(&persisted).unwrap().contains(TOKEN));
    for name in support::bundle::files(&persisted.directory) {
        let bytes = fs::read(persisted.directory.join(&name)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{name}");
    }
    assert_eq!(room.store.inspect(&persisted.artifact_id).unwrap().verification.violations, []);
    let read =
        |name: &str| fs::read_to_string(persisted.directory.join(format!("files/browser/{name}"))).unwrap();
    assert_eq!(read("a.html"), "<p>[REDACTED:github-token]</p>\n");
    assert_eq!(read("text.css"), "/* [REDACTED:github-token] */");

    let changed = persisted.artifact.changed_files.unwrap();
    let row = |path: &str| {
        changed["files"].as_array().unwrap().iter().find(|row| row["path"] == path).unwrap().clone()
    };
    for path in ["raw.bin", "packed.gz"] {
        assert_eq!(
            (&row(path)["omitted"], &row(path)["redacted"]),
            (&json!("secret"), &json!(true)),
            "{path}"
        );
        assert_eq!((row(path).get("artifactPath"), row(path).get("sha256")), (None, None), "{path}");
        assert!(!persisted.directory.join("files/browser").join(path).exists());
    }
    assert_eq!((&row("a.html")["redacted"], row("b.txt").get("redacted")), (&json!(true), None));
    assert_eq!(row("clean.bin").get("redacted"), None);

    let manifest = persisted.artifact.manifest.unwrap();
    for row in manifest["files"].as_array().unwrap() {
        let bytes = fs::read(persisted.directory.join(row["path"].as_str().unwrap())).unwrap();
        let marked = String::from_utf8_lossy(&bytes).contains("[REDACTED:");
        assert_eq!(row["redaction"]["policy"], if marked { "applied" } else { "none" }, "{}", row["path"]);
    }
    let review = persisted.artifact.review.unwrap();
    assert_eq!(review["riskFlags"][0], "secrets-redacted");
    assert_eq!(review["redaction"], persisted.artifact.metadata.unwrap()["redaction"]);
}

#[test]
fn a_normalized_bundle_has_no_token_either() {
    let mut about = described("a.html");
    about.metadata = json!({ "k": TOKEN });
    about.provenance = json!({ TOKEN: 1 });
    let bundle = normalize(about, leaky()).unwrap();
    assert!(!serde_json::to_string(&bundle).unwrap().contains(TOKEN));
    let file = |path: &str| bundle.files.iter().find(|file| file.path == path).unwrap();
    assert_eq!(file("a.html").content.as_deref(), Some("<p>[REDACTED:github-token]</p>\n"));
    assert!(file("packed.gz").omitted.is_some() && file("packed.gz").content_base64.is_none());
    assert_eq!(file("clean.bin").content_base64.as_deref(), Some("AAE="));
}

#[test]
fn a_token_in_the_name_of_a_browsers_file_is_refused_and_not_told() {
    let refusal = refused(vec![file(&format!("{TOKEN}.txt"), "")]);
    assert_eq!(refusal.code, Code::BrowserArtifactPathInvalid);
    assert!(!format!("{refusal:?}").contains(TOKEN));
}
