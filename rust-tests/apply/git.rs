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
        json!({ "prefix": "../x" }),
        json!({ "prefix": "x/.git/hooks" }),
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

/// Everything in a git directory but objects and logs.
fn state(repository: &std::path::Path) -> String {
    ["refs", "index", "status"]
        .map(|what| match what {
            "refs" => ask(repository, &["for-each-ref"]),
            "index" => ask(repository, &["ls-files", "-s"]),
            _ => ask(repository, &["status", "--porcelain", "--ignored"]),
        })
        .concat()
}

#[test]
fn a_directory_inside_a_repository_is_not_that_repository() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    fs::create_dir_all(repository.join("plugins/mine")).unwrap();
    let was = state(&repository);
    for path in ["plugins/mine", "dir", "plugins"] {
        let target = json!({ "name": "inner", "kind": "git", "path": repository.join(path) });
        house.parent.targets(json!([target]));
        assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyTargetInvalid, "{path}");
    }
    std::os::unix::fs::symlink(repository.join(".git"), repository.join("plugins/mine/.git")).unwrap();
    let target = json!({ "name": "inner", "kind": "git", "path": repository.join("plugins/mine") });
    house.parent.targets(json!([target]));
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyTargetInvalid);
    fs::remove_file(repository.join("plugins/mine/.git")).unwrap();
    assert_eq!(state(&repository), was);
}

#[test]
fn a_bare_repository_a_linked_tree_and_a_submodule_are_repositories_of_their_own() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let outer = repository(&mut house, &before, "", json!({}));
    let beside = |name: &str| house.room.dir.path().join(name);
    let text = |path: &std::path::Path| path.display().to_string();
    ask(&outer, &["clone", "-q", "--bare", ".", &text(&beside("bare.git"))]);
    ask(&outer, &["worktree", "add", "-q", "-b", "other", &text(&beside("linked"))]);
    ask(
        &outer,
        &["-c", "protocol.file.allow=always", "submodule", "add", "-q", &text(&beside("bare.git")), "sub"],
    );
    ask(&outer, &["commit", "-q", "-m", "sub"]);
    let was = ask(&outer, &["rev-parse", "main"]);
    for (path, holds) in [
        (beside("bare.git"), beside("bare.git")),
        (beside("linked"), outer.clone()),
        (outer.join("sub"), outer.join("sub")),
    ] {
        house.parent.targets(json!([{ "name": "it", "kind": "git", "path": path }]));
        let done = run(&house, &bundle, Mode::Apply).unwrap();
        let branch = done.result.branch.unwrap();
        assert_eq!(Some(ask(&holds, &["rev-parse", &branch]).trim()), done.result.commit.as_deref());
        assert_eq!(ask(&holds, &["show", &format!("{branch}:a b.php")]), "ONE\n");
        ask(&holds, &["branch", "-D", &branch]);
    }
    assert_eq!(ask(&outer, &["rev-parse", "main"]), was);
    assert_eq!(ask(&outer, &["status", "--porcelain"]), "");
    // What lies in the submodule is not the outer repository's to change.
    house.parent.targets(json!([{ "name": "it", "kind": "git", "path": outer, "prefix": "sub" }]));
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyPathRefused);
}

#[test]
fn variables_of_gits_in_the_environment_lead_nowhere() {
    let names = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_SSH_COMMAND"];
    if std::env::var_os("GIT_DIR").is_none() {
        // In a process of its own: others read the environment too.
        let this = ["--exact", "git::variables_of_gits_in_the_environment_lead_nowhere"];
        let mut own = std::process::Command::new(std::env::current_exe().unwrap());
        own.args(this).envs(names.map(|name| (name, "/nonexistent/elsewhere")));
        let ended = own.output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
        assert!(String::from_utf8_lossy(&ended.stdout).contains("1 passed"));
        return;
    }
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    // A program in git's place that says what it was given, and then is git.
    let seen = house.room.dir.path().join("seen");
    let wrapper = house.room.dir.path().join("git.sh");
    let script =
        format!("#!/bin/sh\nenv >>'{}'\nexec '{}' \"$@\"\n", seen.display(), git::all()[0].display());
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    house.parent.settings.git = Some(wrapper);
    let done = run(&house, &bundle, Mode::Apply);
    let branch = done.unwrap().result.branch.unwrap();
    assert_eq!(ask(&repository, &["show", &format!("{branch}:a b.php")]), "ONE\n");
    assert!(!fs::read_to_string(seen).unwrap().contains("/nonexistent/elsewhere"));
}

#[test]
fn nothing_in_the_repositorys_configuration_changes_what_is_committed() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    let attributes = house.room.dir.path().join("attributes");
    fs::write(&attributes, "* text eol=crlf ident filter=x\n").unwrap();
    for (key, value) in [
        ("core.attributesFile", attributes.to_str().unwrap()),
        ("core.autocrlf", "true"),
        ("core.splitIndex", "true"),
        ("core.untrackedCache", "true"),
        ("core.sparseCheckout", "true"),
        ("core.ignoreCase", "true"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("core.worktree", house.room.dir.path().to_str().unwrap()),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", "ssh://nowhere/x"),
        ("core.sshCommand", "false"),
    ] {
        ask(&repository, &["config", key, value]);
    }
    let branch = run(&house, &bundle, Mode::Apply).unwrap().result.branch.unwrap();
    for key in
        ["core.worktree", "core.splitIndex", "core.autocrlf", "core.sparseCheckout", "core.attributesFile"]
    {
        ask(&repository, &["config", "--unset", key]);
    }
    let shared: Vec<_> = fs::read_dir(repository.join(".git"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("sharedindex"))
        .collect();
    assert!(shared.is_empty());
    assert_eq!(ask(&repository, &["show", &format!("{branch}:a b.php")]), "ONE\n");
    assert!(!ask(&repository, &["cat-file", "commit", &branch]).contains("encoding"));
    ask(&repository, &["checkout", "-q", &branch]);
    assert_eq!(fs::read_to_string(repository.join("a b.php")).unwrap(), "ONE\n");
}

#[test]
fn a_branch_that_stands_for_another_one_does_not_move_it() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({ "branch": "alias" }));
    ask(&repository, &["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let was = ask(&repository, &["rev-parse", "main"]);
    assert_eq!(code(run(&house, &bundle, Mode::Apply)), Code::ApplyTargetInvalid);
    assert_eq!(ask(&repository, &["rev-parse", "main"]), was);
}

#[test]
fn a_repository_of_another_owner_is_used_as_configured_and_nothing_of_it_is_run() {
    let (before, after) = edit();
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let repository = repository(&mut house, &before, "", json!({}));
    // Only root can give a repository away; everybody else has their own.
    let owner = std::process::Command::new("chown").args(["-R", "12345:12345"]).arg(&repository).status();
    let away = owner.is_ok_and(|status| status.success());
    let branch = run(&house, &bundle, Mode::Apply).unwrap().result.branch.unwrap();
    let safe = if away { "safe.directory=*" } else { "safe.directory=" };
    assert_eq!(ask(&repository, &["-c", safe, "show", &format!("{branch}:a b.php")]), "ONE\n");
}

#[test]
fn a_repository_with_longer_ids_takes_deletions_and_a_directory_for_a_file_too() {
    let before = tree([("was-file", text("1\n")), ("gone", text("3\n"))]);
    let after = tree([("was-file/a", text("4\n"))]);
    let mut house = house(&before);
    let bundle = house.run(&before, &after);
    let path = house.room.dir.path().join("repository");
    fs::create_dir_all(&path).unwrap();
    tree::write(&path, &before);
    ask(&path, &["init", "-q", "-b", "main", "--object-format=sha256"]);
    ask(&path, &["add", "-A"]);
    ask(&path, &["commit", "-q", "-m", "begin"]);
    house.parent.settings.git = Some(git::all()[0].clone());
    house.parent.targets(json!([{ "name": "repo", "kind": "git", "path": path }]));
    let branch = run(&house, &bundle, Mode::Apply).unwrap().result.branch.unwrap();
    ask(&path, &["checkout", "-q", &branch]);
    assert_eq!(tree::show(&tree::read(&path)), tree::show(&after));
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
    // Nor does a name that is only stated hide who has really applied.
    assert!(message.contains("\nApplied-by: ada (user 7)\n"), "{message}");
}
