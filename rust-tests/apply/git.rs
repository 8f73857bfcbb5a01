//! The built-in adapter on a git repository: a commit on a branch, and nothing else is touched.

use crate::house::{House, code, everything, house};
use crate::support::git;
use crate::support::tree::{self, Node, Tree, text, tree};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use wp_codebox::artifact::Bundle;
use wp_codebox::artifact::apply::{Applied, ApplyError, Mode, apply};
use wp_codebox::contract::Code;

fn edit() -> (Tree, Tree) {
    let before = tree([("a b.php", text("one\n")), ("dir/gone.txt", text("x\n")), ("kept", text("k\n"))]);
    let mut after = before.clone();
    after.insert(b"a b.php".to_vec(), text("ONE\n"));
    after.remove(b"dir/gone.txt".as_slice());
    after.insert(
        "n\u{e9}w/run.sh".as_bytes().to_vec(),
        Node::File { bytes: b"#!\n".to_vec(), executable: true },
    );
    (before, after)
}

/// A repository with a commit of `before` beneath `prefix`, and a target that it is.
fn repository(house: &mut House, before: &Tree, prefix: &str, more: Value) -> PathBuf {
    let path = house.room.dir.path().join("repository");
    fs::create_dir_all(path.join(prefix)).unwrap();
    tree::write(&path.join(prefix), before);
    fs::write(path.join("README"), "outside\n").unwrap();
    let git = &git::all()[0];
    git::must(git, &path, &["init", "-q", "-b", "main"]);
    git::must(git, &path, &["add", "-A"]);
    git::must(git, &path, &["commit", "-q", "-m", "begin"]);
    house.parent.settings.git = Some(git.clone());
    let mut target = json!({ "name": "repo", "kind": "git", "path": path });
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.parent.targets(json!([target]));
    path
}

fn ask(repository: &std::path::Path, args: &[&str]) -> String {
    String::from_utf8(git::must(&git::all()[0], repository, args)).unwrap()
}

fn run(house: &House, bundle: &Bundle, mode: Mode) -> Result<Applied, ApplyError> {
    apply(&house.room.store, &everything(bundle), mode, &house.parent)
}

#[test]
fn a_branch_has_exactly_the_changes_and_a_commit_that_says_whose_they_are() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    let head = ask(&repository, &["rev-parse", "HEAD"]);
    let applied = run(&house, &bundle, Mode::Apply).unwrap();
    let branch = format!("codebox/{}", &bundle.content_digest[..12]);
    assert_eq!(applied.result.branch.as_deref(), Some(branch.as_str()));
    let commit = ask(&repository, &["rev-parse", &branch]);
    assert_eq!(applied.result.commit.as_deref(), Some(commit.trim()));
    assert_eq!(ask(&repository, &["rev-parse", &format!("{branch}^")]), head);
    let message = ask(&repository, &["log", "-1", "--format=%B", &branch]);
    for line in [
        format!("Artifact: {}", bundle.id),
        format!("Content-Digest: sha256:{}", bundle.content_digest),
        format!("Patch-Digest: sha256:{}", applied.patch_sha256),
        "Approved-by: ada (user 7)".to_owned(),
    ] {
        assert!(message.contains(&line), "{message}");
    }
    // The working tree, the index and HEAD are as they were.
    assert_eq!(ask(&repository, &["status", "--porcelain"]), "");
    assert_eq!(ask(&repository, &["rev-parse", "HEAD"]), head);
    ask(&repository, &["checkout", "-q", &branch]);
    let mut expected = after.clone();
    expected.insert(b"README".to_vec(), text("outside\n"));
    assert_eq!(tree::show(&tree::read(&repository)), tree::show(&expected));
    assert_eq!(ask(&repository, &["fsck", "--strict"]), "");
    // It is checked out now: somebody works on it.
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyTargetInvalid);
}

#[test]
fn a_named_branch_moves_on_and_a_prefix_is_where_the_mount_is() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let more = json!({
        "branch": "reviewed/changes",
        "prefix": "/wp-content/plugins/x/",
        "author": "Robot <robot@example.org>",
    });
    let repository = repository(&mut house, &before, "wp-content/plugins/x", more);
    let first = run(&house, &bundle, Mode::Apply).unwrap();
    let names = ask(&repository, &["diff", "--name-status", "-z", "main", "reviewed/changes"]);
    assert_eq!(
        names,
        "M\0wp-content/plugins/x/a b.php\0D\0wp-content/plugins/x/dir/gone.txt\0\
         A\0wp-content/plugins/x/n\u{e9}w/run.sh\0"
    );
    assert_eq!(
        ask(&repository, &["log", "-1", "--format=%an %ae", "reviewed/changes"]),
        "Robot robot@example.org\n"
    );
    // The branch is another base now.
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyBaseStale);
    let tip = ask(&repository, &["rev-parse", "reviewed/changes"]);
    assert_eq!(Some(tip.trim()), first.result.commit.as_deref());
}

#[test]
fn a_dry_run_makes_no_branch_and_no_object() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    let objects = ask(&repository, &["count-objects"]);
    let done = run(&house, &bundle, Mode::DryRun).unwrap();
    assert_eq!((done.result.status.as_str(), done.result.commit), ("dry-run", None));
    assert_eq!(ask(&repository, &["count-objects"]), objects);
    assert_eq!(ask(&repository, &["branch", "--list", "codebox/*"]), "");
}

#[test]
fn nothing_that_the_repository_configures_is_run() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    let proof = house.room.dir.path().join("ran");
    let script = format!("#!/bin/sh\necho ran >>'{}'\ncat\n", proof.display());
    let hook = repository.join(".git/hooks");
    fs::create_dir_all(&hook).unwrap();
    for name in ["reference-transaction", "pre-commit", "post-commit", "post-index-change", "fsmonitor"] {
        fs::write(hook.join(name), &script).unwrap();
        fs::set_permissions(hook.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let run_it = hook.join("fsmonitor").display().to_string();
    for (key, value) in [
        ("core.fsmonitor", run_it.as_str()),
        ("filter.x.clean", run_it.as_str()),
        ("commit.gpgSign", "true"),
        ("gpg.program", run_it.as_str()),
    ] {
        ask(&repository, &["-c", "core.fsmonitor=false", "config", key, value]);
    }
    fs::write(repository.join(".git/info/attributes"), "* filter=x\n").unwrap();
    run(&house, &bundle, Mode::Apply).unwrap();
    assert!(!proof.exists(), "{}", fs::read_to_string(&proof).unwrap());
}

#[test]
fn a_file_that_the_branch_has_otherwise_is_refused() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let mut other = before.clone();
    other.insert(b"a b.php".to_vec(), text("somebody else's\n"));
    let repository = repository(&mut house, &other, "", json!({}));
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyBaseStale);
    assert_eq!(ask(&repository, &["branch", "--list", "codebox/*"]), "");
}

#[test]
fn a_symlink_in_the_repository_is_not_written_through() {
    let before = tree([("dir/a", text("1\n"))]);
    let after = tree([("dir/a", text("1\n")), ("dir/new", text("2\n"))]);
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let linked = tree([("dir", Node::Symlink(b".git/hooks".to_vec()))]);
    repository(&mut house, &linked, "", json!({}));
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyPathRefused);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let (before, after) = edit();
    for more in [
        json!({ "branch": "-x" }),
        json!({ "branch": "a..b" }),
        json!({ "branch": "main" }),
        json!({ "author": "nobody" }),
        json!({ "author": "a\nb <c>" }),
    ] {
        let mut house = house(&before);
        let bundle = house.run(&before, &after);
        repository(&mut house, &before, "", more.clone());
        assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyTargetInvalid, "{more}");
    }
    let mut house_2 = house(&before);
    let bundle = house_2.run(&before, &after);
    repository(&mut house_2, &before, "", json!({ "base": "--all" }));
    assert_eq!(code(run(&house_2, &bundle, Mode::Apply)), Code::ApplyWriteFailed);
    house_2.parent.settings.git = None;
    assert_eq!(code(run(&house_2, &bundle, Mode::Apply)), Code::ApplyTargetInvalid);
}

#[test]
fn an_approvers_name_cannot_forge_lines_of_the_message() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    let mut request = everything(&bundle);
    request.approver = Some(json!("eve\nArtifact: forged\n"));
    let done = apply(&house.room.store, &request, Mode::Apply, &house.parent).unwrap();
    let message = ask(&repository, &["log", "-1", "--format=%B", done.result.branch.as_deref().unwrap()]);
    assert_eq!(message.matches("\nArtifact: ").count(), 1, "{message}");
}
