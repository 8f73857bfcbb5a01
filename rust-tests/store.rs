//! The store: what is written is there, what is not whole is not, and nothing else is touched.

mod support;

use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;
use support::bundle::{draft, files, instant, room};
use support::tree::{Tree, text, tree};
use wp_codebox::artifact::{ArtifactError, Failure, ListQuery, Outcome, RunStatus, Store};
use wp_codebox::contract::{Code, Refusal};

fn one_file() -> Tree {
    tree([("x.php", text("<?php\n"))])
}

fn code(error: ArtifactError) -> Code {
    Refusal::from(error).code
}

#[test]
fn opening_makes_a_private_root_that_web_servers_do_not_serve() {
    let room = room();
    let mode = fs::metadata(room.root()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(files(&room.root()), [".htaccess", "index.php", "web.config"]);
    let htaccess = room.root().join(".htaccess");
    assert!(fs::read_to_string(&htaccess).unwrap().contains("Require all denied"));
    fs::write(&htaccess, "# the operator's own\n").unwrap();
    Store::open(&room.root()).unwrap();
    assert_eq!(fs::read_to_string(&htaccess).unwrap(), "# the operator's own\n");
}

#[test]
fn a_root_that_is_missing_or_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Store::open_existing(&dir.path().join("no")).unwrap_err();
    assert_eq!(code(missing), Code::ArtifactsRootMissing);
    fs::write(dir.path().join("file"), "").unwrap();
    let file = Store::open(&dir.path().join("file")).unwrap_err();
    assert_eq!(code(file), Code::ArtifactsRootUnwritable);
}

#[test]
fn lists_are_newest_first_and_paged() {
    let room = room();
    for n in [3, 1, 4, 0, 2] {
        let mut draft = draft(&format!("session-{n}"), &Tree::new(), &one_file());
        draft.created_at = instant(n);
        room.store.write(draft).unwrap();
    }
    let sessions = |list: &wp_codebox::artifact::ArtifactList| -> Vec<String> {
        list.artifacts
            .iter()
            .map(|bundle| {
                let bundle = room.store.get(&bundle.id).unwrap().artifact;
                bundle.metadata.unwrap()["sessionId"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    let all = room.store.list(&ListQuery::default()).unwrap();
    assert_eq!(sessions(&all), ["session-4", "session-3", "session-2", "session-1", "session-0"]);
    assert_eq!((all.total, all.next_cursor), (5, None));

    let mut query = ListQuery { limit: Some(2), ..ListQuery::default() };
    let first = room.store.list(&query).unwrap();
    assert_eq!(sessions(&first), ["session-4", "session-3"]);
    assert_eq!(first.total, 5);
    // A newer bundle does not shift the pages that follow.
    let mut newer = draft("session-9", &Tree::new(), &one_file());
    newer.created_at = instant(9);
    room.store.write(newer).unwrap();
    query.cursor = first.next_cursor;
    let second = room.store.list(&query).unwrap();
    assert_eq!(sessions(&second), ["session-2", "session-1"]);
    query.cursor = second.next_cursor;
    let third = room.store.list(&query).unwrap();
    assert_eq!(sessions(&third), ["session-0"]);
    assert_eq!(third.next_cursor, None);
}

#[test]
fn lists_can_be_filtered() {
    let room = room();
    for n in 0..4 {
        let mut draft = draft(&format!("session-{n}"), &Tree::new(), &one_file());
        draft.created_at = instant(n * 60);
        if n % 2 == 1 {
            let failure = Failure { code: "x".into(), message: "y".into(), data: json!(null) };
            draft.outcome = Outcome::Failed { failure };
        }
        room.store.write(draft).unwrap();
    }
    let count = |query: ListQuery| room.store.list(&query).unwrap().total;
    let at = |n: u64| Some(wp_codebox::contract::iso8601(instant(n * 60)));
    assert_eq!(count(ListQuery { status: Some(RunStatus::Failed), ..Default::default() }), 2);
    assert_eq!(count(ListQuery { status: Some(RunStatus::Succeeded), ..Default::default() }), 2);
    assert_eq!(count(ListQuery { session_id: Some("session-2".into()), ..Default::default() }), 1);
    assert_eq!(count(ListQuery { created_after: at(1), ..Default::default() }), 3);
    assert_eq!(count(ListQuery { created_after: at(1), created_before: at(3), ..Default::default() }), 2);
    let bad = room.store.list(&ListQuery { created_after: Some("yesterday".into()), ..Default::default() });
    assert_eq!(code(bad.unwrap_err()), Code::InputInvalid);
    let bad = room.store.list(&ListQuery { cursor: Some("%".into()), ..Default::default() });
    assert_eq!(code(bad.unwrap_err()), Code::InputInvalid);
}

#[test]
fn the_index_is_only_a_cache() {
    let room = room();
    let a = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap().bundle;
    let b = room.store.write(draft("b", &Tree::new(), &one_file())).unwrap().bundle;
    let list = || room.store.list(&ListQuery::default()).unwrap().total;
    assert_eq!(list(), 2);
    let index = room.root().join(".index");
    assert!(index.is_file());
    for rubbish in ["", "wp-codebox/artifact-index/v1\nx\ty\n", "\u{0}\u{1}"] {
        fs::write(&index, rubbish).unwrap();
        assert_eq!(list(), 2);
    }
    fs::remove_dir_all(&b.directory).unwrap();
    assert_eq!(list(), 1);
    // A manifest that changes is read again.
    let manifest = a.directory.join("manifest.json");
    fs::write(&manifest, r#"{"id":"another","createdAt":"2026-01-01T00:00:00Z"}"#).unwrap();
    let only = room.store.list(&ListQuery::default()).unwrap();
    assert_eq!(only.artifacts[0].id, "another");
}

#[test]
fn bundles_are_found_two_levels_deep_and_no_deeper() {
    let room = room();
    let bundle = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap().bundle;
    let nested = room.root().join("run-1");
    fs::create_dir_all(nested.join("deeper")).unwrap();
    fs::rename(&bundle.directory, nested.join("bundle")).unwrap();
    assert_eq!(
        room.store.get(&bundle.id).unwrap().artifact.directory,
        nested.canonicalize().unwrap().join("bundle")
    );
    fs::rename(nested.join("bundle"), nested.join("deeper/bundle")).unwrap();
    assert_eq!(code(room.store.get(&bundle.id).unwrap_err()), Code::ArtifactNotFound);
}

#[test]
fn ids_are_refused_before_they_are_paths() {
    let room = room();
    fs::create_dir(room.dir.path().join("outside")).unwrap();
    fs::write(room.dir.path().join("outside/manifest.json"), r#"{"id":"outside"}"#).unwrap();
    for (id, expected) in [
        ("", Code::ArtifactIdMissing),
        ("  ", Code::ArtifactIdMissing),
        ("..", Code::ArtifactIdInvalid),
        ("../outside", Code::ArtifactIdInvalid),
        ("a/b", Code::ArtifactIdInvalid),
        ("a\\b", Code::ArtifactIdInvalid),
        ("a\0b", Code::ArtifactIdInvalid),
        (".index", Code::ArtifactIdInvalid),
        (&"a".repeat(129), Code::ArtifactIdInvalid),
        ("artifact-bundle-sha256-0", Code::ArtifactNotFound),
    ] {
        assert_eq!(code(room.store.get(id).unwrap_err()), expected, "{id:?}");
    }
}

#[test]
fn symlinks_in_the_root_lead_nowhere() {
    let room = room();
    let bundle = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap().bundle;
    let outside = room.dir.path().join("outside");
    fs::rename(&bundle.directory, &outside).unwrap();
    symlink(&outside, &bundle.directory).unwrap();
    symlink(&outside, room.root().join("other")).unwrap();
    fs::create_dir(room.root().join("fake")).unwrap();
    symlink(outside.join("manifest.json"), room.root().join("fake/manifest.json")).unwrap();
    assert_eq!(room.store.list(&ListQuery::default()).unwrap().total, 0);
    assert_eq!(code(room.store.get(&bundle.id).unwrap_err()), Code::ArtifactNotFound);
}

#[test]
fn a_tampered_bundle_is_shown_by_get_and_refused_by_get_strict() {
    let room = room();
    let bundle = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap().bundle;
    let id = bundle.id.as_str();
    room.store.get_strict(id).unwrap();
    let patch = fs::read(&bundle.paths.patch).unwrap();

    fs::write(&bundle.paths.patch, [&patch[..], b"\n"].concat()).unwrap();
    assert!(room.store.get(id).unwrap().artifact.manifest.is_some());
    assert_eq!(code(room.store.get_strict(id).unwrap_err()), Code::ArtifactDigestMismatch);

    fs::remove_file(&bundle.paths.patch).unwrap();
    assert_eq!(code(room.store.get_strict(id).unwrap_err()), Code::PatchMissing);

    // A symlink in its place is no patch either.
    fs::write(room.dir.path().join("outside"), &patch).unwrap();
    symlink(room.dir.path().join("outside"), &bundle.paths.patch).unwrap();
    assert_eq!(code(room.store.get_strict(id).unwrap_err()), Code::PatchMissing);
    fs::remove_file(&bundle.paths.patch).unwrap();
    fs::write(&bundle.paths.patch, &patch).unwrap();
    room.store.get_strict(id).unwrap();

    let review = bundle.directory.join("files/review.json");
    fs::write(&review, "{").unwrap();
    assert_eq!(code(room.store.get_strict(id).unwrap_err()), Code::ArtifactJsonInvalid);
    let deep = "[".repeat(1_000_000);
    fs::write(&review, format!("{{\"a\":{deep}")).unwrap();
    assert_eq!(code(room.store.get_strict(id).unwrap_err()), Code::ArtifactJsonInvalid);
    fs::remove_file(&review).unwrap();
    assert_eq!(room.store.get_strict(id).unwrap().review, None);

    let manifest = bundle.directory.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let renamed = format!("artifact-bundle-sha256-{}", "0".repeat(64));
    fs::write(&manifest, text.replacen(id, &renamed, 1)).unwrap();
    assert_eq!(code(room.store.get_strict(&renamed).unwrap_err()), Code::ArtifactIdMismatch);
    fs::remove_file(&bundle.paths.changed_files).unwrap();
    assert_eq!(code(room.store.get_strict(&renamed).unwrap_err()), Code::ChangedFilesMissing);
}

#[test]
fn a_pipe_in_a_bundle_is_not_waited_for() {
    let room = room();
    let bundle = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap().bundle;
    fs::remove_file(&bundle.paths.patch).unwrap();
    let status = std::process::Command::new("mkfifo").arg(&bundle.paths.patch).status().unwrap();
    assert!(status.success());
    assert_eq!(code(room.store.get_strict(&bundle.id).unwrap_err()), Code::PatchMissing);
}

#[test]
fn an_existing_bundle_is_never_overwritten_even_if_it_is_damaged() {
    let room = room();
    let bundle = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap().bundle;
    fs::write(&bundle.paths.patch, "changed").unwrap();
    let error = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap_err();
    assert_eq!(code(error), Code::ArtifactDigestMismatch);
    assert_eq!(fs::read_to_string(&bundle.paths.patch).unwrap(), "changed");
}

#[test]
fn writers_in_many_threads_do_not_meet() {
    let room = room();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &room.store;
            scope.spawn(move || {
                for n in 0..6 {
                    // Every second bundle is one that all threads write.
                    let session = if n % 2 == 0 { format!("{thread}-{n}") } else { format!("all-{n}") };
                    let mut draft = draft(&session, &Tree::new(), &one_file());
                    draft.created_at = instant(0) + Duration::from_secs(n);
                    store.write(draft).unwrap();
                    store.list(&ListQuery::default()).unwrap();
                }
            });
        }
    });
    let list = room.store.list(&ListQuery::default()).unwrap();
    assert_eq!(list.total, 8 * 3 + 3);
    for bundle in &list.artifacts {
        room.store.get_strict(&bundle.id).unwrap();
    }
    assert!(!files(&room.root()).iter().any(|name| name.starts_with(".tmp")));
}

#[test]
fn whoever_may_only_write_artifacts_cannot_write_into_a_bundle() {
    let room = room();
    let bundle = room.store.write(draft("a", &Tree::new(), &one_file())).unwrap().bundle;
    let nested = bundle.directory.join("files/new/deeper");
    for root in [bundle.directory.clone(), bundle.directory.join("files"), nested.clone()] {
        assert_eq!(code(Store::open(&root).unwrap_err()), Code::ArtifactsRootForbidden);
    }
    assert!(!nested.exists());
    // Whoever reads would leave an index there, and whoever decides a line in a log.
    for root in [bundle.directory.clone(), bundle.directory.join("files")] {
        assert_eq!(code(Store::open_existing(&root).unwrap_err()), Code::ArtifactsRootForbidden);
    }
    let link = room.dir.path().join("link");
    symlink(bundle.directory.join("files"), &link).unwrap();
    assert_eq!(code(Store::open(&link).unwrap_err()), Code::ArtifactsRootForbidden);
    // What is about to become a bundle, or is on its way out.
    let half_made = room.root().join(".tmp-0123456789abcdef/files");
    fs::create_dir_all(&half_made).unwrap();
    assert_eq!(code(Store::open(&half_made).unwrap_err()), Code::ArtifactsRootForbidden);
    room.store.verified(&bundle.id).unwrap();
    // A web application's manifest above a store is nobody's bundle.
    fs::write(room.dir.path().join("manifest.json"), r#"{"id":"my-app"}"#).unwrap();
    Store::open(&room.root()).unwrap();
}
