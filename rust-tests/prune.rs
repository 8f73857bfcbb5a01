//! Retention, and what is left of operations that did not end.

mod support;

use std::fs;
use std::time::{Duration, SystemTime};
use support::bundle::{Room, draft, instant, room};
use support::tree::{Tree, text, tree};
use wp_codebox::artifact::{ListQuery, PruneReason, PruneReport, Retention};

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
