//! Retention, and what is left of operations that did not end.

mod support;

use std::fs;
use std::time::{Duration, SystemTime};
use support::bundle::{Room, draft, instant, room};
use support::tree::{Tree, text, tree};
use wp_codebox::artifact::{
    ArtifactError, ImportOperation, ImportRequest, LeftReason, ListQuery, PruneReason, PruneReport, Retention,
};

/// Five bundles, a minute apart; the sessions are named after their age.
fn five() -> (Room, Vec<String>) {
    let room = room();
    let ids = (0..5)
        .map(|n| {
            let mut draft = draft(&format!("{n}"), &Tree::new(), &tree([("x", text("x\n"))]));
            draft.created_at = instant(n * 60);
            room.store.write(draft).unwrap().bundle.id
        })
        .collect();
    (room, ids)
}

fn now() -> SystemTime {
    instant(5 * 60)
}

fn removed(report: &PruneReport) -> Vec<&str> {
    report.removed.iter().map(|pruned| pruned.artifact_id.as_str()).collect()
}

fn left(room: &Room) -> Vec<String> {
    let list = room.store.list(&ListQuery::default()).unwrap();
    list.artifacts.into_iter().map(|bundle| bundle.id).collect()
}

#[test]
fn without_a_limit_nothing_goes() {
    let (room, _) = five();
    let report = room.store.prune(&Retention::default(), now()).unwrap();
    assert_eq!((report.kept, report.removed.len()), (5, 0));
}

#[test]
fn the_old_the_many_and_the_large_go_oldest_first() {
    let (room, ids) = five();
    let size = |id: &str| -> u64 {
        walkdir::WalkDir::new(room.root().join(id))
            .into_iter()
            .map(|entry| entry.unwrap().metadata().unwrap())
            .filter(|metadata| metadata.is_file())
            .map(|metadata| metadata.len())
            .sum()
    };
    let two = size(&ids[4]) + size(&ids[3]);
    for (retention, reason, stay) in [
        (Retention { max_age_seconds: Some(150), ..Default::default() }, PruneReason::Age, 2),
        (Retention { max_count: Some(3), ..Default::default() }, PruneReason::Count, 3),
        (Retention { max_bytes: Some(two), ..Default::default() }, PruneReason::Size, 2),
        (Retention { max_bytes: Some(two - 1), ..Default::default() }, PruneReason::Size, 1),
        (Retention { max_count: Some(0), ..Default::default() }, PruneReason::Count, 0),
    ] {
        let dry = Retention { dry_run: true, ..retention.clone() };
        let report = room.store.prune(&dry, now()).unwrap();
        let expected: Vec<&str> = ids[..5 - stay].iter().rev().map(String::as_str).collect();
        assert_eq!(removed(&report), expected, "{retention:?}");
        assert!(report.removed.iter().all(|pruned| pruned.reason == reason && pruned.bytes > 0));
        assert_eq!(left(&room).len(), 5);
    }
    let report = room.store.prune(&Retention { max_count: Some(2), ..Default::default() }, now()).unwrap();
    assert_eq!((report.kept, report.dry_run), (2, false));
    assert_eq!(left(&room), [ids[4].clone(), ids[3].clone()]);
}

#[test]
fn what_is_to_be_kept_is_kept_and_counts() {
    let (room, ids) = five();
    let retention = Retention { max_count: Some(1), keep: vec![ids[0].clone()], ..Default::default() };
    let report = room.store.prune(&retention, now()).unwrap();
    assert_eq!((report.kept, left(&room)), (2, vec![ids[4].clone(), ids[0].clone()]));
}

#[test]
fn what_crashes_left_goes_and_what_is_in_use_stays() {
    let (room, _) = five();
    for name in [".tmp-0123456789abcdef", ".trash-0123456789abcdef"] {
        fs::create_dir_all(room.root().join(name).join("files/deep")).unwrap();
        fs::write(room.root().join(name).join("files/deep/x"), "x").unwrap();
    }
    fs::write(room.root().join(".index-0123456789abcdef"), "x").unwrap();
    let busy = room.root().join(".tmp-fedcba9876543210");
    fs::create_dir(&busy).unwrap();
    let held = fs::File::open(&busy).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    fs::create_dir(room.root().join(".somebody-elses")).unwrap();
    // A moment ago: somebody may still be at it.
    let report = room.store.prune(&Retention::default(), SystemTime::now()).unwrap();
    assert_eq!(report.leftovers_removed, 0);
    let later = SystemTime::now() + Duration::from_secs(120);
    let report = room.store.prune(&Retention::default(), later).unwrap();
    assert_eq!(report.leftovers_removed, 3);
    assert!(busy.exists() && room.root().join(".somebody-elses").exists());
    drop(held);
    assert_eq!(room.store.prune(&Retention::default(), later).unwrap().leftovers_removed, 1);
    assert_eq!(left(&room).len(), 5);
}

#[test]
fn a_dry_run_leaves_leftovers_too() {
    let (room, _) = five();
    fs::create_dir(room.root().join(".tmp-0123456789abcdef")).unwrap();
    let later = SystemTime::now() + Duration::from_secs(120);
    let retention = Retention { dry_run: true, ..Default::default() };
    assert_eq!(room.store.prune(&retention, later).unwrap().leftovers_removed, 0);
    assert!(room.root().join(".tmp-0123456789abcdef").exists());
}

#[test]
fn a_bundle_from_a_time_to_come_is_neither_the_newest_for_ever_nor_never_too_old() {
    let room = room();
    let (before, after) = (tree([("a", text("1\n"))]), tree([("a", text("2\n"))]));
    let mut future = draft("future", &before, &after);
    future.created_at = instant(251_000_000_000);
    let future = room.store.write(future).unwrap().bundle.id;
    let mut now = draft("now", &before, &after);
    now.created_at = std::time::SystemTime::now();
    let now = room.store.write(now).unwrap().bundle.id;
    let listed = room.store.list(&Default::default()).unwrap().artifacts;
    assert_eq!(listed.iter().map(|bundle| &bundle.id).collect::<Vec<_>>(), [&now, &future]);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    let retention = Retention { max_age_seconds: Some(60), dry_run: true, ..Default::default() };
    let report = room.store.prune(&retention, later).unwrap();
    assert_eq!(report.removed.len(), 2);
    let retention = Retention { max_count: Some(1), ..Default::default() };
    let report = room.store.prune(&retention, later).unwrap();
    assert_eq!(report.removed.iter().map(|gone| &gone.artifact_id).collect::<Vec<_>>(), [&future]);
}

#[test]
fn a_web_application_with_a_manifest_of_its_own_is_no_bundle_and_stays() {
    let (room, _) = five();
    let root = room.root().canonicalize().unwrap();
    let applications = [root.join("pwa"), root.join("site/app")];
    for application in &applications {
        fs::create_dir_all(application).unwrap();
        fs::write(application.join("manifest.json"), r#"{"id":"my-app","name":"My PWA"}"#).unwrap();
        fs::write(application.join("important.txt"), "mine").unwrap();
    }
    let everything =
        Retention { max_age_seconds: Some(0), max_count: Some(0), max_bytes: Some(0), ..Default::default() };
    let report = room.store.prune(&everything, now()).unwrap();
    assert_eq!((report.success, report.removed.len(), report.kept), (true, 5, 0));
    let mut left: Vec<_> = report.left.iter().map(|left| (left.directory.clone(), left.reason)).collect();
    left.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(left, applications.clone().map(|at| (at, LeftReason::NotABundle)));
    let refused = room.store.discard("my-app").unwrap_err();
    assert!(matches!(refused, ArtifactError::NotABundle(_)), "{refused}");
    // A bundle of the same id takes nobody's place.
    let mut foreign = support::forge::Foreign::new();
    foreign.add_json(
        "files/review.json",
        "review",
        &serde_json::json!({ "evidence": {}, "changedFiles": [] }),
    );
    foreign.write(false);
    support::forge::edit(foreign.dir.path(), "manifest.json", |manifest| manifest["id"] = "my-app".into());
    support::forge::seal(foreign.dir.path());
    let request = ImportRequest {
        source_bundle_path: Some(foreign.dir.path().into()),
        replace: true,
        ..Default::default()
    };
    let refused = room.store.import(&request, ImportOperation::Import).unwrap_err();
    assert!(matches!(refused, ArtifactError::NotABundle(_)), "{refused}");
    for application in &applications {
        assert_eq!(fs::read_to_string(application.join("important.txt")).unwrap(), "mine");
    }
}

#[test]
fn a_bundle_that_does_not_say_when_it_was_made_is_as_old_as_its_file() {
    let (room, ids) = five();
    let manifest = room.root().join(&ids[0]).join("manifest.json");
    let mut value = support::bundle::json(&manifest);
    value["createdAt"] = "long ago".into();
    fs::write(&manifest, value.to_string()).unwrap();
    let days = Retention { max_age_seconds: Some(86_400), keep: ids[1..].to_vec(), ..Default::default() };
    assert_eq!(removed(&room.store.prune(&days, SystemTime::now()).unwrap()), [""; 0]);
    let later = SystemTime::now() + Duration::from_secs(2 * 86_400);
    assert_eq!(removed(&room.store.prune(&days, later).unwrap()), [&ids[0]]);
}

#[test]
fn a_tree_of_any_depth_is_removed_and_does_not_stop_a_prune() {
    let (room, ids) = five();
    let mut deep = rustix::fs::open(
        room.root().join(&ids[4]).join("files"),
        rustix::fs::OFlags::DIRECTORY,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    // Deeper than any path can say, and than descriptors last; some names are those that a removal
    // might use itself.
    for level in 0..3000 {
        let name = ["d", "moved-1", "moved-2"][level % 3];
        rustix::fs::mkdirat(&deep, name, rustix::fs::Mode::RWXU).unwrap();
        rustix::fs::mkdirat(&deep, "empty", rustix::fs::Mode::RUSR).unwrap();
        deep = rustix::fs::openat(&deep, name, rustix::fs::OFlags::DIRECTORY, rustix::fs::Mode::empty())
            .unwrap();
    }
    let report = room.store.prune(&Retention { max_count: Some(0), ..Default::default() }, now()).unwrap();
    assert!(report.success && report.left.is_empty(), "{:?}", report.left);
    assert_eq!(report.removed.len(), 5);
    let names: Vec<_> = fs::read_dir(room.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with(".trash")), "{names:?}");
}
