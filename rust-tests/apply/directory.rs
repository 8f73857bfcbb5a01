//! The built-in adapter on a directory: what git would make of it, or nothing.

use crate::approval::with_patch;
use crate::house::{House, code, everything, house, request};
use crate::support::tree::{self, Node, Tree, text, tree};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use wp_codebox::artifact::Bundle;
use wp_codebox::artifact::apply::{Applied, ApplyError, Mode, apply};
use wp_codebox::contract::{Code, Refusal};

fn script(content: &str) -> Node {
    Node::File { bytes: content.as_bytes().to_vec(), executable: true }
}

fn binary(bytes: &[u8]) -> Node {
    Node::File { bytes: bytes.to_vec(), executable: false }
}

/// Every kind of change at once.
fn many() -> (Tree, Tree) {
    let body: String = (0..50).map(|n| format!("line {n}\n")).collect();
    let before = tree([
        ("edit.php", text("one\ntwo\nthree\n")),
        ("gone/deep/file.txt", text("bye\n")),
        ("moved from.txt", text(&body)),
        ("script.sh", text("#!/bin/sh\n")),
        ("plain.sh", script("#!/bin/sh\n")),
        ("logo.bin", binary(&[0, 1, 2, 250, 251])),
        ("crlf.txt", text("a\r\nb\r\n")),
        ("turns", text("a file that a directory takes the name of\n")),
        ("no-newline.txt", text("end")),
        ("kept.txt", text("kept\n")),
        ("\u{e9}t\u{e9}.txt", text("x\n")),
    ]);
    let mut after = before.clone();
    let set = |after: &mut Tree, path: &str, node: Node| _ = after.insert(path.as_bytes().to_vec(), node);
    set(&mut after, "edit.php", text("one\n2\nthree\n"));
    after.remove(b"gone/deep/file.txt".as_slice());
    after.remove(b"turns".as_slice());
    set(&mut after, "turns/into/directory.txt", text("x\n"));
    after.remove(b"moved from.txt".as_slice());
    set(&mut after, "moved/to.txt", text(&body.replace("line 20\n", "line twenty\n")));
    set(&mut after, "script.sh", script("#!/bin/sh\n"));
    set(&mut after, "plain.sh", text("#!/bin/sh\n"));
    set(&mut after, "logo.bin", binary(&[255, 0, 9]));
    set(&mut after, "crlf.txt", text("a\r\nB\r\n"));
    set(&mut after, "no-newline.txt", text("END"));
    set(&mut after, "\u{e9}t\u{e9}.txt", text("y\n"));
    set(&mut after, "new/in/depth/file.txt", text("hello\n"));
    set(&mut after, "empty.txt", text(""));
    (before, after)
}

fn run(house: &House, bundle: &Bundle, mode: Mode) -> Result<Applied, ApplyError> {
    apply(&house.room.store, &everything(bundle), mode, &house.parent)
}

fn clean(house: &House) -> bool {
    !house.work.join(".wp-codebox-apply").exists()
}

#[test]
fn every_kind_of_change_arrives_byte_for_byte() {
    let (before, after) = many();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.apply_here();
    fs::set_permissions(house.work.join("edit.php"), fs::Permissions::from_mode(0o664)).unwrap();
    let applied = run(&house, &bundle, Mode::Apply).unwrap();
    assert_eq!(tree::show(&house.now()), tree::show(&after));
    assert!(clean(&house));
    assert_eq!(applied.result.adapter, "wp-codebox/directory");
    assert_eq!(applied.result.status, "applied");
    assert_eq!(applied.result.target["name"], "here");
    assert_eq!(applied.result.audit_reference, format!("{}#1", bundle.id));
    // Permissions that a patch knows nothing of stay.
    let mode = |path: &str| fs::metadata(house.work.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("edit.php"), 0o664);
    assert_eq!(mode("empty.txt"), 0o644);
    assert_eq!(mode("new/in"), 0o755);
    // The second time the base is another.
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyBaseStale);
}

#[test]
fn a_dry_run_changes_nothing_and_asks_no_other_adapter() {
    let (before, after) = many();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.parent.filter("wp_codebox_apply_approved_artifact", |_, _| panic!("asked"));
    assert_eq!(code(run(&house, &bundle, Mode::DryRun)), Code::ApplyAdapterMissing);
    house.apply_here();
    let done = run(&house, &bundle, Mode::DryRun).unwrap();
    assert_eq!((done.dry_run, done.result.status.as_str(), done.audit), (true, "dry-run", None));
    assert_eq!(house.now(), before);
    assert!(clean(&house) && !house.room.root().join("apply-audit.jsonl").exists());
}

#[test]
fn a_file_makes_room_for_a_directory_of_its_name_and_a_directory_is_never_replaced() {
    let before = tree([("was-file", text("1\n")), ("was-dir/a", text("2\n"))]);
    let mut after = tree([("was-file/deep/a", text("4\n")), ("was-dir/a", text("2\n"))]);
    let house_1 = house(&before);
    house_1.apply_here();
    let bundle = house_1.run(&before, &after);
    // By itself the new file has no room.
    let alone = request(&bundle, &["was-file/deep/a"]);
    let done = apply(&house_1.room.store, &alone, Mode::Apply, &house_1.parent);
    assert_eq!(code(done), Code::ApplyBaseStale);
    run(&house_1, &bundle, Mode::Apply).unwrap();
    assert_eq!(tree::show(&house_1.now()), tree::show(&after));

    after.remove(b"was-dir/a".as_slice());
    after.insert(b"was-dir".to_vec(), text("5\n"));
    let house_2 = house(&before);
    house_2.apply_here();
    let bundle = house_2.run(&before, &after);
    assert_eq!(code(run(&house_2, &bundle, Mode::Apply)), Code::ApplyPathRefused);
    assert_eq!(house_2.now(), before);
}

#[test]
fn a_file_that_is_run_as_somebody_else_is_not_any_more_when_its_content_changes() {
    let (before, after) = (tree([("tool", script("1\n"))]), tree([("tool", script("2\n"))]));
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.apply_here();
    fs::set_permissions(house.work.join("tool"), fs::Permissions::from_mode(0o6755)).unwrap();
    run(&house, &bundle, Mode::Apply).unwrap();
    assert_eq!(fs::metadata(house.work.join("tool")).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn the_adapters_own_directory_is_no_name_of_a_file_in_any_case() {
    for name in [".wp-codebox-apply/journal.json", ".WP-Codebox-Apply/journal.json", "x/.wp-codebox-apply2"] {
        let after = tree([(name, text("{}"))]);
        let house = house(&Tree::new());
        let bundle = house.run(&Tree::new(), &after);
        house.apply_here();
        assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyPathRefused, "{name}");
        assert_eq!(house.now(), Tree::new());
    }
}

#[test]
fn one_stale_file_keeps_all_the_others_as_they_are() {
    let (before, after) = many();
    for spoil in [
        (|work: &Path| fs::write(work.join("crlf.txt"), "a\nb\n").unwrap()) as fn(&Path),
        |work| fs::remove_file(work.join("logo.bin")).unwrap(),
        |work| fs::write(work.join("empty.txt"), "").unwrap(),
        |work| fs::create_dir(work.join("empty.txt")).unwrap(),
        |work| fs::write(work.join("new"), "a file where a directory has to be").unwrap(),
    ] {
        let mut house = house(&before);
        let bundle = house.run(&before, &after);
        house.apply_here();
        // So that the adapter itself has to notice.
        house.parent.settings.mount_roots.clear();
        spoil(&house.work);
        let was = house.now();
        let refusal = Refusal::from(run(&house, &bundle, Mode::Apply).unwrap_err());
        assert!(matches!(refusal.code, Code::ApplyBaseStale | Code::ApplyPathRefused), "{refusal}");
        assert_eq!(house.now(), was);
        assert!(clean(&house));
    }
}

#[test]
fn a_symlink_is_neither_written_nor_followed_nor_replaced() {
    let before = tree([("a.txt", text("one\n")), ("dir/b.txt", text("two\n"))]);
    let mut after = before.clone();
    after.insert(b"link".to_vec(), Node::Symlink(b"/etc/passwd".to_vec()));
    let house_1 = house(&before);
    let bundle = house_1.run(&before, &after);
    house_1.apply_here();
    assert_eq!(code(run(&house_1, &bundle, Mode::Apply)), Code::ApplyPathRefused);
    assert_eq!(house_1.now(), before);

    // The parent's file, or its directory, has become a symlink since.
    let after = tree([("a.txt", text("ONE\n")), ("dir/b.txt", text("TWO\n"))]);
    for spoil in [
        (|work: &Path, out: &Path| {
            fs::write(out, "one\n").unwrap();
            fs::remove_file(work.join("a.txt")).unwrap();
            symlink(out, work.join("a.txt")).unwrap();
        }) as fn(&Path, &Path),
        |work, out| {
            fs::rename(work.join("dir"), out).unwrap();
            symlink(out, work.join("dir")).unwrap();
        },
    ] {
        let mut house = house(&before);
        let bundle = house.run(&before, &after);
        house.apply_here();
        house.parent.settings.mount_roots.clear();
        let outside = house.room.dir.path().join("outside");
        spoil(&house.work, &outside);
        let seen = || match outside.is_dir() {
            true => fs::read_to_string(outside.join("b.txt")).unwrap(),
            false => fs::read_to_string(&outside).unwrap(),
        };
        let was = seen();
        assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyPathRefused);
        assert_eq!(seen(), was);
        assert!(clean(&house));
    }
}

#[test]
fn targets_must_be_configured_named_and_fit() {
    let (before, after) = (tree([("a.txt", text("1\n"))]), tree([("a.txt", text("2\n"))]));
    let house = house(&before);
    let bundle = house.run(&before, &after);
    let here = |more: serde_json::Value| {
        let mut target = json!({ "name": "here", "kind": "directory", "path": house.work });
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        target
    };
    let ask = |targets: serde_json::Value, name: Option<&str>| {
        house.parent.targets(targets);
        let mut request = request(&bundle, &["a.txt"]);
        request.apply_target = name.map(|name| json!({ "name": name }).as_object().unwrap().clone());
        apply(&house.room.store, &request, Mode::DryRun, &house.parent)
    };
    for nothing in [json!(null), json!(""), json!([]), json!({})] {
        assert_eq!(code(ask(nothing, None)), Code::ApplyAdapterMissing);
    }
    for bad in [
        json!(["/srv"]),
        json!([{ "name": "x", "kind": "ftp", "path": "/srv" }]),
        json!([{ "name": "x", "kind": "directory", "path": "relative" }]),
        json!([{ "name": "", "kind": "directory", "path": "/srv" }]),
        json!([here(json!({})), here(json!({}))]),
        json!([here(json!({ "shell": "rm" }))]),
        json!([here(json!({ "mount": "/elsewhere" }))]),
        json!([here(json!({ "path": house.work.join("nothing") }))]),
        json!([here(json!({})), here(json!({ "name": "there" }))]),
    ] {
        assert_eq!(code(ask(bad.clone(), None)), Code::ApplyTargetInvalid, "{bad}");
    }
    let two = json!([here(json!({})), here(json!({ "name": "there", "mount": "/workspace/" }))]);
    assert_eq!(code(ask(two.clone(), Some("nowhere"))), Code::ApplyTargetInvalid);
    assert_eq!(ask(two.clone(), Some("there")).unwrap().result.target["name"], "there");
    // By name in a map, and through the filter.
    house.parent.filter("wp_codebox_apply_targets", move |_, _| Ok(json!({ "0": two[0] })));
    ask(json!(null), None).unwrap();
}

#[test]
fn the_file_of_the_setting_stands_in_for_the_option() {
    let (before, after) = (tree([("a.txt", text("1\n"))]), tree([("a.txt", text("2\n"))]));
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let file = house.room.dir.path().join("targets.json");
    fs::write(&file, json!([{ "name": "here", "kind": "directory", "path": house.work }]).to_string())
        .unwrap();
    house.parent.settings.apply_targets = Some(file.clone());
    run(&house, &bundle, Mode::DryRun).unwrap();
    fs::write(&file, "{").unwrap();
    assert_eq!(code(run(&house, &bundle, Mode::DryRun)), Code::ApplyTargetInvalid);
}

#[test]
fn two_applies_to_one_target_do_not_meet() {
    let (before, after) = (tree([("a.txt", text("1\n"))]), tree([("a.txt", text("2\n"))]));
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.apply_here();
    let held = fs::File::open(&house.work).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyTargetBusy);
    drop(held);
    run(&house, &bundle, Mode::Apply).unwrap();
}

#[test]
fn a_patch_that_promises_other_content_than_it_gives_is_refused() {
    let (before, after) = (tree([("a.txt", text("1\n"))]), tree([("a.txt", text("2\n"))]));
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.apply_here();
    let patch = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-1\n+evil\n";
    let bundle = with_patch(&house, &bundle, patch);
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyPathRefused);
    assert_eq!(house.now(), before);
}

/// A child that is this test again, applies, and may be killed.
const CHILD: &str = "WP_CODEBOX_TEST_APPLY_CHILD";

#[test]
fn killed_at_any_moment_it_is_all_or_nothing() {
    if let Ok(place) = std::env::var(CHILD) {
        child(Path::new(&place));
        return;
    }
    let (mut before, mut after) = many();
    for n in 0..40 {
        let name = format!("bulk/{n}.txt").into_bytes();
        before.insert(name.clone(), text("old\n"));
        after.insert(name, text("new\n"));
        after.insert(format!("fresh/{n}/file.txt").into_bytes(), text("fresh\n"));
    }
    let mut halves = 0;
    for round in 0..40u32 {
        let house = house(&before);
        let bundle = house.run(&before, &after);
        let place = house.room.dir.path().join("request.json");
        fs::write(
            &place,
            json!({ "id": bundle.id, "files": everything(&bundle).approved_files }).to_string(),
        )
        .unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "directory::killed_at_any_moment_it_is_all_or_nothing", "--nocapture"]);
        command.env(CHILD, house.room.dir.path()).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        // Killed when so many of the new files have arrived, or after it has ended.
        let wanted = round as usize;
        let arrived = || (0..40).filter(|n| house.work.join(format!("fresh/{n}/file.txt")).exists()).count();
        while child.try_wait().unwrap().is_none() && arrived() < wanted.max(1) {
            std::hint::spin_loop();
        }
        let _ = child.kill();
        child.wait().unwrap();
        let half = house.work.join(".wp-codebox-apply/journal.json").exists();
        halves += usize::from(half);
        // Whoever comes next finds the old state or the new one.
        house.apply_here();
        let mut parent = house.parent;
        parent.settings.mount_roots.clear();
        let next = apply(&house.room.store, &everything(&bundle), Mode::Apply, &parent);
        let now = tree::read(&house.work);
        match next {
            Ok(_) => assert_eq!(tree::show(&now), tree::show(&after)),
            Err(error) => {
                let code = Refusal::from(error).code;
                assert!(matches!(code, Code::ApplyBaseStale | Code::ApplyPathRefused), "{code:?}");
                assert_eq!(tree::show(&now), tree::show(&after));
            }
        }
        assert!(!house.work.join(".wp-codebox-apply").exists());
    }
    assert!(halves > 0, "no child was killed half-way");
}

fn child(place: &Path) {
    let request: serde_json::Value =
        serde_json::from_slice(&fs::read(place.join("request.json")).unwrap()).unwrap();
    let mut parent = house(&Tree::new()).parent;
    parent.targets(json!([{ "name": "here", "kind": "directory", "path": place.join("work") }]));
    parent.settings.mount_roots.clear();
    let store = wp_codebox::artifact::Store::open(&place.join("artifacts")).unwrap();
    let request = wp_codebox::artifact::apply::ApplyRequest {
        artifact_id: request["id"].as_str().unwrap().into(),
        approved_files: serde_json::from_value(request["files"].clone()).unwrap(),
        ..Default::default()
    };
    apply(&store, &request, Mode::Apply, &parent).unwrap();
}
