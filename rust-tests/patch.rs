//! Patches against the real git: what we write, `git apply` turns into byte-identical files.

mod support;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use support::tree::{self, Node, Tree, text, tree};
use support::{bundle, git};
use wp_codebox::artifact::{
    CaptureLimits, ChangeStatus, ChangedFiles, Found, Omission, PatchSink, Redactor, capture, verify_bundle,
};
use wp_codebox::contract::{Change, ChangeSet, FileContent, FileKind, FileState};

/// Keeps patches in memory.
#[derive(Default)]
struct Patches {
    combined: Vec<u8>,
    mounts: std::collections::BTreeMap<usize, Vec<u8>>,
}

impl PatchSink for Patches {
    fn combined(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.combined.extend(bytes);
        Ok(())
    }

    fn mount(&mut self, mount_index: usize, bytes: &[u8], _: &Found) -> std::io::Result<()> {
        self.mounts.entry(mount_index).or_default().extend(bytes);
        Ok(())
    }
}

fn diff(before: &Tree, after: &Tree) -> (ChangedFiles, Vec<u8>) {
    let mut patches = Patches::default();
    let sets = [tree::changes("/workspace", 0, before, after)];
    let files = capture(&sets, &CaptureLimits::default(), &Redactor::default(), &mut patches).unwrap().0;
    assert_eq!(patches.mounts.remove(&0).unwrap_or_default(), patches.combined);
    (files, patches.combined)
}

/// Applies the patch to `before` in a directory without a repository, then in an index.
fn apply(git: &Path, before: &Tree, patch: &[u8]) -> Result<[Tree; 2], String> {
    let room = tempfile::tempdir().unwrap();
    let patch_file = room.path().join("the.patch");
    std::fs::write(&patch_file, patch).unwrap();
    let patch_file = patch_file.to_str().unwrap();
    let results = [&["apply"][..], &["apply", "--index"]].map(|how| {
        let dir = room.path().join(how.join("-"));
        std::fs::create_dir(&dir).unwrap();
        tree::write(&dir, before);
        if how.len() > 1 {
            git::must(git, &dir, &["init", "-q"]);
            git::must(git, &dir, &["add", "-A", "-f"]);
        }
        let args: Vec<&str> = how.iter().copied().chain(["--allow-empty", patch_file]).collect();
        let output = git::run(git, &dir, &args);
        if !output.status.success() {
            return Err(format!("{} {how:?}: {}", git.display(), String::from_utf8_lossy(&output.stderr)));
        }
        if how.len() > 1 {
            let left = git::must(git, &dir, &["status", "--porcelain", "--untracked-files=all"]);
            let left = String::from_utf8_lossy(&left).into_owned();
            assert!(left.lines().all(|l| l.as_bytes()[1] == b' '), "index and files differ: {left}");
        }
        Ok(tree::read(&dir))
    });
    let [plain, index] = results;
    Ok([plain?, index?])
}

#[track_caller]
fn assert_applies(before: &Tree, after: &Tree) -> (ChangedFiles, String) {
    let (files, patch) = diff(before, after);
    for git in git::all() {
        match apply(&git, before, &patch) {
            Ok(trees) => {
                for tree in trees {
                    assert!(
                        tree == *after,
                        "{}\ngives {}\nnot {}",
                        lossy(&patch),
                        tree::show(&tree),
                        tree::show(after)
                    );
                }
            }
            Err(why) => panic!("{why}\n{}", lossy(&patch)),
        }
    }
    (files, String::from_utf8(patch).expect("a patch is UTF-8"))
}

fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn binary(bytes: &[u8]) -> Node {
    Node::File { bytes: bytes.to_vec(), executable: false }
}

fn script(content: &str) -> Node {
    Node::File { bytes: content.as_bytes().to_vec(), executable: true }
}

fn link(target: &str) -> Node {
    Node::Symlink(target.as_bytes().to_vec())
}

#[test]
fn one_line_in_the_middle_is_one_small_hunk() {
    let lines: Vec<String> = (1..=40).map(|n| format!("line {n}\n")).collect();
    let mut edited = lines.clone();
    edited[19] = "line twenty\n".into();
    let (_, patch) = assert_applies(
        &tree([("inc/x.php", text(&lines.concat()))]),
        &tree([("inc/x.php", text(&edited.concat()))]),
    );
    let body = patch.split_once("@@").unwrap().1;
    assert_eq!(
        format!("@@{body}"),
        "@@ -17,7 +17,7 @@\n line 17\n line 18\n line 19\n-line 20\n+line twenty\n line 21\n line 22\n line 23\n"
    );
}

#[test]
fn far_edits_are_separate_hunks_and_near_ones_share_one() {
    let lines: Vec<String> = (1..=60).map(|n| format!("line {n}\n")).collect();
    let mut edited = lines.clone();
    for at in [4, 11, 40] {
        edited[at] = "changed\n".into();
    }
    let (_, patch) =
        assert_applies(&tree([("x", text(&lines.concat()))]), &tree([("x", text(&edited.concat()))]));
    assert_eq!(patch.matches("\n@@ ").count(), 2, "{patch}");
}

#[test]
fn empty_files_come_and_go() {
    let (files, _) = assert_applies(
        &tree([("gone", text("")), ("filled", text("")), ("emptied", text("x\n"))]),
        &tree([("new", text("")), ("filled", text("y")), ("emptied", text(""))]),
    );
    let seen: Vec<_> = files.files.iter().map(|f| (f.path.as_str(), f.status)).collect();
    assert_eq!(
        seen,
        [
            ("/workspace/emptied", ChangeStatus::Modified),
            ("/workspace/filled", ChangeStatus::Modified),
            ("/workspace/gone", ChangeStatus::Deleted),
            ("/workspace/new", ChangeStatus::Added),
        ]
    );
}

#[test]
fn a_missing_final_newline_survives_on_either_side() {
    let (_, patch) = assert_applies(
        &tree([("a", text("x\ny")), ("b", text("x\ny\n")), ("c", text("x\ny")), ("d", text("one"))]),
        &tree([("a", text("x\ny\n")), ("b", text("x\ny")), ("c", text("z\ny")), ("d", text("two"))]),
    );
    assert!(patch.contains("\\ No newline at end of file"));
}

#[test]
fn carriage_returns_are_content() {
    let (_, patch) = assert_applies(
        &tree([("a", text("x\r\ny\r\nz\r\n")), ("b", text("x\r\ny\r\n")), ("c", text("p\rq\r"))]),
        &tree([("a", text("x\r\nY\r\nz\r\n")), ("b", text("x\ny\n")), ("c", text("p\rQ\r"))]),
    );
    assert!(patch.contains("-y\r\n+Y\r\n"));
}

#[test]
fn the_executable_bit_changes_alone_and_with_content() {
    let (files, patch) = assert_applies(
        &tree([("a", text("x\n")), ("b", script("x\n"))]),
        &tree([("a", script("x\n")), ("b", text("y\n"))]),
    );
    assert!(patch.contains("old mode 100644\nnew mode 100755\n"));
    assert_eq!(files.files[0].before_mode.as_deref(), Some("100644"));
    assert_eq!(files.files[0].after_mode.as_deref(), Some("100755"));
}

#[test]
fn renames_are_found_by_identity_and_by_likeness() {
    let body: String = (0..30).map(|n| format!("statement {n};\n")).collect();
    let edited = body.replace("statement 7;", "statement seven;");
    let (files, patch) = assert_applies(
        &tree([("old name.php", text(&body)), ("img", binary(b"\0\x01\x02long enough to be one"))]),
        &tree([("new/näme.php", script(&edited)), ("pic", binary(b"\0\x01\x02long enough to be one"))]),
    );
    assert!(patch.contains("rename from \"old name.php\"\n") || patch.contains("rename from old name.php\n"));
    assert!(patch.contains("rename to \"new/n\\303\\244me.php\"\n"), "{patch}");
    assert!(patch.contains("similarity index 100%\nrename from img\nrename to pic\n"), "{patch}");
    let renamed = &files.files[0];
    assert_eq!(renamed.status, ChangeStatus::Renamed);
    assert_eq!(renamed.path, "/workspace/new/näme.php");
    assert_eq!(renamed.renamed_from.as_deref(), Some("/workspace/old name.php"));
    assert_eq!(files.files.len(), 2);
}

#[test]
fn symlinks_come_go_change_and_swap_with_files() {
    assert_applies(
        &tree([
            ("gone", link("a")),
            ("moved", link("a")),
            ("file", text("x\n")),
            ("link", link("../x y")),
            ("dir", link("elsewhere")),
        ]),
        &tree([
            ("new", link("b")),
            ("moved", link("c\\d")),
            ("file", link("x")),
            ("link", text("y\n")),
            ("dir/inside", text("z\n")),
        ]),
    );
}

#[test]
fn binary_files_travel_whole() {
    let noise: Vec<u8> = (0..5000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let (files, patch) = assert_applies(
        &tree([("gone", binary(b"\0a")), ("same size", binary(b"\0\xff")), ("latin1", text("x\n"))]),
        &tree([("new", binary(&noise)), ("same size", binary(b"\0\xfe")), ("latin1", binary(b"caf\xe9\n"))]),
    );
    assert_eq!(patch.matches("GIT binary patch").count(), 4);
    assert!(files.files.iter().all(|f| f.binary));
}

#[test]
fn a_file_becomes_a_directory_and_back() {
    assert_applies(
        &tree([("a", text("file\n")), ("b/x", text("1\n")), ("b/y/z", text("2\n"))]),
        &tree([("a/deep/er", text("3\n")), ("b", text("file\n"))]),
    );
}

#[test]
fn odd_names_are_quoted() {
    let names = [
        " lead",
        "trail ",
        "tab\there",
        "new\nline",
        "quo\"te",
        "back\\slash",
        "-dash",
        "ünïcode",
        "日本語.php",
        "a b/a b",
        "x b/x b",
        "bell\u{7}",
        "cr\r",
        "%41",
        "#",
        "dev/null",
        "\u{feff}bom",
    ];
    let before: Tree = names.iter().map(|n| (n.as_bytes().to_vec(), text("1\n2\n3\n"))).collect();
    let mut after: Tree = names.iter().map(|n| (n.as_bytes().to_vec(), text("1\n2\nIII\n"))).collect();
    assert_applies(&before, &after);
    assert_applies(&before, &Tree::new());
    assert_applies(&Tree::new(), &after);
    after.insert(b"not \xff utf-8".to_vec(), text("x\n"));
    after.insert("percent %41 %zz".into(), text("y\n"));
    let (files, _) = assert_applies(&before, &after);
    let spelled = |path: &str| files.files.iter().find(|f| f.path == path).unwrap();
    assert_eq!(spelled("/workspace/not %FF utf-8").path_encoding.as_deref(), Some("percent"));
    assert_eq!(spelled("/workspace/percent %2541 %zz").path_encoding.as_deref(), Some("percent"));
    assert_eq!(spelled("/workspace/日本語.php").path_encoding, None);
}

#[test]
fn content_that_looks_like_a_patch_stays_content() {
    let a = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n-- \n2.39\n";
    let b = "--- /dev/null\n+++ b/evil\n@@ -0,0 +1 @@\n+x\nGIT binary patch\nliteral 0\n\nFrom 0 Mon\n";
    assert_applies(&tree([("x", text(a))]), &tree([("x", text(b)), ("y", text(a))]));
}

#[test]
fn names_that_git_takes_for_its_own_stay_out_of_the_patch() {
    let names = [
        ".git/config",
        ".GIT/hooks/post-checkout",
        "sub/.git/x",
        "git~1/x",
        ".git./x",
        ".git /x",
        ".g\u{200c}it/x",
        ".git::$INDEX_ALLOCATION/x",
        "a\\.git\\x",
    ];
    let mut after: Tree = names.iter().map(|n| (n.as_bytes().to_vec(), text("x\n"))).collect();
    after.insert(b".gitmodules".to_vec(), link("x"));
    after.insert(b".gitignore".to_vec(), text("vendor\n"));
    let (files, patch) = diff(&Tree::new(), &after);
    let patch = String::from_utf8(patch).unwrap();
    assert_eq!(patch.matches("diff --git").count(), 1, "{patch}");
    assert!(patch.starts_with("diff --git a/.gitignore b/.gitignore\n"));
    let omitted = files.files.iter().filter(|f| f.omitted == Some(Omission::GitInternal)).count();
    assert_eq!(omitted, names.len() + 1);
    for git in git::all() {
        apply(&git, &Tree::new(), patch.as_bytes()).unwrap();
    }
}

#[test]
fn several_changed_mounts_are_told_apart() {
    let before = tree([("x", text("1\n"))]);
    let after = tree([("x", text("2\n"))]);
    let unchanged = tree::changes("/workspace/c", 2, &before, &before);
    let sets = [
        tree::changes("/workspace", 0, &before, &after),
        tree::changes("/wordpress/wp-content/plugins/p", 1, &before, &after),
        unchanged,
    ];
    let mut patches = Patches::default();
    let files = capture(&sets, &CaptureLimits::default(), &Redactor::default(), &mut patches).unwrap().0;
    let names: Vec<_> = files.files.iter().map(|f| f.patch_path.as_deref().unwrap()).collect();
    assert_eq!(names, ["workspace/x", "wordpress/wp-content/plugins/p/x"]);
    assert_eq!(patches.mounts.keys().copied().collect::<Vec<_>>(), [0, 1]);
    assert!(patches.mounts[&1].starts_with(b"diff --git a/x b/x\n"));
    let base = tree([("workspace/x", text("1\n")), ("wordpress/wp-content/plugins/p/x", text("1\n"))]);
    for git in git::all() {
        let [plain, _] = apply(&git, &base, &patches.combined).unwrap();
        assert!(plain.values().all(|node| *node == text("2\n")));
    }
}

#[test]
fn limits_leave_a_truthful_record() {
    let limits = CaptureLimits { max_file_bytes: 100, max_patch_bytes: 700, max_changed_files: 5 };
    let big = "x".repeat(101);
    let after = tree([
        ("a", text("small\n")),
        ("b", text(&big)),
        ("c", text("small\n")),
        ("d", text(&"y".repeat(100))),
        ("e", text("small\n")),
        ("f", text("small\n")),
        ("g", text("small\n")),
    ]);
    let mut patches = Patches::default();
    let sets = [tree::changes("/workspace", 0, &Tree::new(), &after)];
    let files = capture(&sets, &limits, &Redactor::default(), &mut patches).unwrap().0;
    let seen: Vec<_> = files.files.iter().map(|f| (f.omitted, f.truncated)).collect();
    assert_eq!(seen[1], (Some(Omission::FileTooLarge), true));
    assert_eq!(files.files[1].size, 101);
    assert_eq!(files.files[1].patch_path, None);
    assert!(seen.contains(&(Some(Omission::PatchFull), true)), "{seen:?}");
    assert_eq!((files.files.len(), files.unlisted), (5, 2));
    assert!(patches.combined.len() <= 700);
    let git = &git::all()[0];
    apply(git, &Tree::new(), &patches.combined).unwrap();
}

/// One side of a change.
fn side(kind: FileKind, mode: u32, bytes: &[u8]) -> Option<FileState> {
    Some(FileState { kind, mode, size: bytes.len() as u64, content: Arc::new(bytes.to_vec()) })
}

#[test]
fn what_a_patch_knows_nothing_of_is_listed_with_the_reason() {
    struct Gone;
    impl FileContent for Gone {
        fn bytes(&self) -> std::io::Result<Vec<u8>> {
            Err(std::io::ErrorKind::NotFound.into())
        }
    }
    let directory = |mode| side(FileKind::Directory, mode, b"");
    let file = |mode| side(FileKind::Regular, mode, b"x\n");
    let unreadable =
        Some(FileState { kind: FileKind::Regular, mode: 0o644, size: 2, content: Arc::new(Gone) });
    let change = |path: &str, before, after| Change { path: path.into(), before, after };
    let set = ChangeSet {
        mount_index: 0,
        mount_target: "/workspace".into(),
        changes: vec![
            change("came", None, directory(0o755)),
            change("full", None, directory(0o755)),
            change("full/file", None, file(0o644)),
            change("gone", directory(0o755), None),
            change("locked", directory(0o755), directory(0o700)),
            change("private", file(0o644), file(0o600)),
            change("unreadable", file(0o644), unreadable),
        ],
        omitted: 3,
    };
    let mut patches = Patches::default();
    let files = capture(&[set], &CaptureLimits::default(), &Redactor::default(), &mut patches).unwrap().0;
    let rows: Vec<_> =
        files.files.iter().map(|f| (f.relative_path.as_str(), f.status, f.omitted, f.truncated)).collect();
    assert_eq!(
        rows,
        [
            ("came", ChangeStatus::Added, Some(Omission::Directory), false),
            // The directory above it follows from the file.
            ("full/file", ChangeStatus::Added, None, false),
            ("gone", ChangeStatus::Deleted, Some(Omission::Directory), false),
            ("locked", ChangeStatus::Modified, Some(Omission::Directory), false),
            ("private", ChangeStatus::Modified, Some(Omission::PermissionsOnly), false),
            ("unreadable", ChangeStatus::Modified, Some(Omission::Unreadable), true),
        ]
    );
    assert_eq!(files.unlisted, 3, "what the overlay itself left out");
    assert_eq!(
        (files.files[3].before_mode.as_deref(), files.files[3].after_mode.as_deref()),
        (Some("040755"), Some("040700"))
    );
    assert_eq!(
        (files.files[4].before_mode.as_deref(), files.files[4].after_mode.as_deref()),
        (Some("100644"), Some("100600"))
    );
    assert_eq!(lossy(&patches.combined).matches("diff --git").count(), 1);
}

#[test]
fn huge_files_are_replaced_rather_than_searched() {
    let before: String = (0..150_000).map(|n| format!("{}\n", n * 7 % 150_001)).collect();
    let after: String = (0..150_000).map(|n| format!("{}\n", n * 11 % 150_001)).collect();
    assert_applies(&tree([("x", text(&before))]), &tree([("x", text(&after))]));
}

#[test]
fn git_am_takes_the_patch_from_a_mail() {
    let before = tree([("x y", text("1\r\n2\r\n3")), ("gone", text("x\n")), ("b", binary(b"\0"))]);
    let after = tree([("x y", text("1\r\nII\r\n3")), ("né", script("z")), ("b", binary(b"\0\x01"))]);
    let (_, patch) = diff(&before, &after);
    for git in git::all() {
        let room = tempfile::tempdir().unwrap();
        let dir = room.path().join("repo");
        std::fs::create_dir(&dir).unwrap();
        tree::write(&dir, &before);
        git::must(&git, &dir, &["init", "-q"]);
        git::must(&git, &dir, &["add", "-A"]);
        git::must(&git, &dir, &["commit", "-qm", "base"]);
        let mut mail = b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n\
            From: T <t@example.org>\nDate: Fri, 20 Nov 2026 12:00:00 +0000\nSubject: [PATCH] x\n\n---\n"
            .to_vec();
        mail.extend(&patch);
        mail.extend(b"--\n2.39\n");
        let path = room.path().join("mail");
        std::fs::write(&path, mail).unwrap();
        git::must(&git, &dir, &["am", "--keep-cr", path.to_str().unwrap()]);
        assert_eq!(tree::read(&dir), after, "{}", lossy(&patch));
    }
}

// --- random trees

const NAMES: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b"x.php",
    b"a b",
    b" lead",
    b"trail ",
    b"tab\tname",
    b"new\nline",
    b"q\"uote",
    b"back\\slash",
    b"-dash",
    "ü".as_bytes(),
    "日本".as_bytes(),
    b"\xff\xfe",
    b"%41",
    b"b b",
    b"\r",
];

const LINES: &[&[u8]] = &[
    b"",
    b"x",
    b"alpha",
    b"beta",
    b"gamma",
    b"}",
    b"\r",
    b"<?php",
    b"-- ",
    b"--- a/x",
    b"+++ b/x",
    b"@@ -1 +1 @@",
    b"diff --git a/x b/x",
    b"\\ No newline at end of file",
    b"\tindent ",
    "é".as_bytes(),
];

fn path() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(select(NAMES), 1..4).prop_map(|parts| parts.join(&b'/'))
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let lines = |most| {
        (prop::collection::vec(select(LINES), 0..most), any::<bool>()).prop_map(|(lines, last)| {
            let mut text = lines.join(&b'\n');
            if last && !text.is_empty() {
                text.push(b'\n');
            }
            text
        })
    };
    prop_oneof![
        2 => lines(6),
        3 => lines(60),
        1 => prop::collection::vec(any::<u8>(), 0..300),
        1 => Just(Vec::new()),
    ]
}

/// No target that exists in the tree: git itself cannot put a directory where a symlink to itself
/// was.
const TARGETS: &[&[u8]] = &[b"nowhere", b"../x y", b"/absolute", "zeichen-ß".as_bytes(), b"\xfe\nq"];

fn node() -> impl Strategy<Value = Node> {
    prop_oneof![
        6 => (content(), any::<bool>()).prop_map(|(bytes, executable)| Node::File { bytes, executable }),
        1 => select(TARGETS).prop_map(|target| Node::Symlink(target.to_vec())),
    ]
}

/// What a sandbox does to a tree.
#[derive(Debug, Clone)]
enum Op {
    Put(Vec<u8>, Node),
    Remove(Index),
    RemoveDirectory(Index),
    Rename(Index, Vec<u8>),
    Edit(Index, Vec<(Index, Option<Vec<u8>>)>),
    Chmod(Index),
}

fn op() -> impl Strategy<Value = Op> {
    let edit = (any::<Index>(), prop::option::of(select(LINES).prop_map(<[u8]>::to_vec)));
    prop_oneof![
        3 => (path(), node()).prop_map(|(path, node)| Op::Put(path, node)),
        2 => any::<Index>().prop_map(Op::Remove),
        1 => any::<Index>().prop_map(Op::RemoveDirectory),
        3 => (any::<Index>(), path()).prop_map(|(which, to)| Op::Rename(which, to)),
        4 => (any::<Index>(), prop::collection::vec(edit, 1..5)).prop_map(|(which, edits)| Op::Edit(which, edits)),
        1 => any::<Index>().prop_map(Op::Chmod),
    ]
}

/// Puts a node, and removes whatever is in its way.
fn put(tree: &mut Tree, path: Vec<u8>, node: Node) {
    let below = [path.as_slice(), b"/"].concat();
    let above = |other: &[u8]| path.starts_with(&[other, b"/"].concat());
    tree.retain(|other, _| !other.starts_with(&below) && !above(other));
    tree.insert(path, node);
}

fn pick(tree: &Tree, which: &Index) -> Option<Vec<u8>> {
    let paths: Vec<_> = tree.keys().collect();
    (!paths.is_empty()).then(|| which.get(&paths).to_vec())
}

fn perform(tree: &mut Tree, op: Op) {
    match op {
        Op::Put(path, node) => put(tree, path, node),
        Op::Remove(which) => {
            pick(tree, &which).map(|path| tree.remove(&path));
        }
        Op::RemoveDirectory(which) => {
            let Some(path) = pick(tree, &which) else { return };
            let top = path.split(|b| *b == b'/').next().unwrap().to_vec();
            let below = [&top, b"/".as_slice()].concat();
            tree.retain(|other, _| *other != top && !other.starts_with(&below));
        }
        Op::Rename(which, to) => {
            if let Some(node) = pick(tree, &which).and_then(|path| tree.remove(&path)) {
                put(tree, to, node);
            }
        }
        Op::Edit(which, edits) => {
            let Some(Node::File { bytes, .. }) = pick(tree, &which).and_then(|p| tree.get_mut(&p)) else {
                return;
            };
            let mut lines: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            for (at, line) in edits {
                let at = at.index(lines.len());
                match line {
                    Some(line) => lines[at] = line,
                    None if lines.len() > 1 => drop(lines.remove(at)),
                    None => {}
                }
            }
            *bytes = lines.join(&b'\n');
        }
        Op::Chmod(which) => {
            if let Some(Node::File { executable, .. }) = pick(tree, &which).and_then(|p| tree.get_mut(&p)) {
                *executable = !*executable;
            }
        }
    }
}

/// Before and after.
#[derive(Clone)]
struct Trees(Tree, Tree);

impl std::fmt::Debug for Trees {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "before{}\nafter{}", tree::show(&self.0), tree::show(&self.1))
    }
}

fn trees() -> impl Strategy<Value = Trees> {
    (prop::collection::vec((path(), node()), 0..12), prop::collection::vec(op(), 0..10)).prop_map(
        |(nodes, ops)| {
            let mut before = Tree::new();
            nodes.into_iter().for_each(|(path, node)| put(&mut before, path, node));
            let mut after = before.clone();
            ops.into_iter().for_each(|op| perform(&mut after, op));
            Trees(before, after)
        },
    )
}

proptest! {
    // PROPTEST_CASES raises the number.
    #![proptest_config(ProptestConfig { cases: cases(60), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_of_any_tree_applies(Trees(before, after) in trees()) {
        let (files, patch) = diff(&before, &after);
        prop_assert!(std::str::from_utf8(&patch).is_ok());
        prop_assert_eq!(files.files.is_empty(), before == after);
        for git in git::all() {
            match apply(&git, &before, &patch) {
                Ok(trees) => for tree in trees {
                    prop_assert!(tree == after, "{}\ngives {}", lossy(&patch), tree::show(&tree));
                },
                Err(why) => prop_assert!(false, "{}\n{}", why, lossy(&patch)),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(20), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_bundle_of_any_change_of_any_tree_verifies(Trees(before, after) in trees()) {
        let room = bundle::room();
        let written = room.store.write(bundle::draft("session", &before, &after)).unwrap().bundle;
        prop_assert_eq!(verify_bundle(&written.directory).unwrap().violations, []);
    }
}

fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
fn git_reads_our_patch_from_standard_input_and_counts_the_same_files() {
    let before = tree([("a", text("1\n")), ("b c", text("2\n"))]);
    let after = tree([("a", text("I\n")), ("d", text("2\n3\n"))]);
    let (files, patch) = diff(&before, &after);
    for git in git::all() {
        use std::io::Write;
        let mut child = std::process::Command::new(&git)
            .args(["apply", "--numstat", "-z"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&patch).unwrap();
        let output = child.wait_with_output().unwrap();
        let rows = output.stdout.split(|b| *b == 0).filter(|row| !row.is_empty()).count();
        assert_eq!(rows, files.files.len(), "{}", lossy(&output.stdout));
    }
}
