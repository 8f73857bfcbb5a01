//! Known attacks on whoever applies a patch, each by its name. The bundles verify: their maker is the
//! attacker.

use crate::approval::with_patch;
use crate::house::{House, everything, house};
use crate::support::tree::{self, Node, Tree, text, tree};
use std::fs;
use std::os::unix::fs::symlink;
use wp_codebox::artifact::Bundle;
use wp_codebox::artifact::apply::{Mode, apply};
use wp_codebox::artifact::patch::{Block, DiffBudget, PatchError, check_conflicts, parse};
use wp_codebox::contract::{Code, Refusal};

/// Applies the patch to a directory that also has a git directory, and expects a refusal that
/// leaves everything, inside and outside, as it was.
fn refused(before: &Tree, after: &Tree, patch: &str) -> Code {
    let mut house = house(before);
    house.parent.settings.mount_roots.clear();
    fs::create_dir_all(house.work.join(".git/hooks")).unwrap();
    fs::write(house.room.dir.path().join("outside.txt"), "outside\n").unwrap();
    let bundle = with_patch(&house, &house.run(before, after), patch);
    house.apply_here();
    let was = snapshot(&house);
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    let refusal = Refusal::from(done.map(|_| bundle_name(&bundle)).unwrap_err());
    assert_eq!(snapshot(&house), was, "{refusal}");
    refusal.code
}

fn bundle_name(bundle: &Bundle) -> String {
    bundle.id.clone()
}

fn snapshot(house: &House) -> String {
    let hooks = fs::read_dir(house.work.join(".git/hooks")).unwrap().count();
    let outside = fs::read_to_string(house.room.dir.path().join("outside.txt")).unwrap();
    format!("{}{hooks}{outside}", tree::show(&house.now()))
}

fn one() -> (Tree, Tree) {
    (tree([("a.txt", text("1\n"))]), tree([("a.txt", text("2\n"))]))
}

fn create(path: &str, mode: &str, line: &str) -> String {
    format!(
        "diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{line}\n\\ No newline at end of file\n"
    )
}

#[test]
fn cve_2023_23946_a_moved_symlink_is_no_directory_for_the_next_block() {
    let patch = format!(
        "diff --git a/link b/moved\nsimilarity index 100%\nrename from link\nrename to moved\n{}",
        create("moved/pwned.txt", "100644", "x")
    );
    let blocks = parse(patch.as_bytes()).unwrap();
    assert!(matches!(check_conflicts(&blocks), Err(PatchError::Conflict(_))));
    let (before, after) = one();
    refused(&before, &after, &patch);
}

#[test]
fn cve_2023_25652_nothing_is_written_for_what_is_rejected() {
    let (before, after) = one();
    let patch = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-other\n+2\n";
    assert_eq!(refused(&before, &after, patch), Code::ApplyBaseStale);
    // git would have followed a link of this name.
    let mut house = house(&before);
    house.parent.settings.mount_roots.clear();
    let outside = house.room.dir.path().join("outside.txt");
    fs::write(&outside, "outside\n").unwrap();
    symlink(&outside, house.work.join("a.txt.rej")).unwrap();
    let bundle = with_patch(&house, &house.run(&before, &after), patch);
    house.apply_here();
    apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent).unwrap_err();
    assert_eq!(fs::read_to_string(outside).unwrap(), "outside\n");
}

#[test]
fn cve_2024_32002_a_symlink_whose_name_differs_in_case_is_no_directory() {
    let patch =
        format!("{}{}", create("a", "120000", ".git"), create("A/hooks/post-checkout", "100755", "x"));
    let blocks = parse(patch.as_bytes()).unwrap();
    assert!(matches!(check_conflicts(&blocks), Err(PatchError::Conflict(_))));
    let (before, after) = one();
    refused(&before, &after, &patch);
}

#[test]
fn cve_2026_71556_a_symlink_into_the_git_directory_is_not_written() {
    let before = Tree::new();
    let after = tree([("hooks", Node::Symlink(b".git/hooks".to_vec()))]);
    let code = refused(&before, &after, &create("hooks", "120000", ".git/hooks"));
    assert_eq!(code, Code::ApplyPathRefused);
}

#[test]
fn cve_2014_9390_no_spelling_of_the_git_directory_is_a_path() {
    for name in [
        ".git",
        ".GIT",
        ".Git",
        "git~1",
        "GIT~1",
        ".git.",
        ".git ",
        ".git . .",
        ".git::$INDEX_ALLOCATION",
        ".g\u{200c}it",
        ".gi\u{200d}t",
        "\u{feff}.git",
        "x/.git",
        ".git\\hooks",
    ] {
        let patch = create(&format!("{name}/hooks/post-checkout"), "100755", "x");
        let quoted = patch.replace('\\', "\\\\");
        for patch in [patch.as_str(), quoted.as_str()] {
            assert!(parse(patch.as_bytes()).is_err(), "{name:?}");
        }
    }
}

#[test]
fn ghsa_vqjp_4c8c_hfgg_a_trailing_slash_does_not_reach_through_a_symlink() {
    for path in ["link/", "link/.", "link//x", "./link", "link/./x"] {
        assert!(parse(create(path, "100644", "x").as_bytes()).is_err(), "{path}");
    }
}

#[test]
fn no_path_leaves_the_tree() {
    for path in ["../x", "a/../../x", "/etc/x", "a/..", "..", "", "C:/x\0", "a\0b"] {
        let patch = create(path, "100644", "x");
        assert!(parse(patch.as_bytes()).is_err(), "{path:?}");
    }
    let encoded = "diff --git \"a/\\056\\056/x\" \"b/\\056\\056/x\"\nnew file mode 100644\n";
    assert!(parse(encoded.as_bytes()).is_err());
}

#[test]
fn a_file_beneath_a_symlink_that_the_parent_has_is_not_written() {
    let before = tree([("dir/a.txt", text("1\n"))]);
    let after = tree([("dir/a.txt", text("1\n")), ("dir/b.txt", text("2\n"))]);
    let mut house = house(&before);
    house.parent.settings.mount_roots.clear();
    let bundle = house.run(&before, &after);
    house.apply_here();
    let outside = house.room.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(house.work.join("dir")).unwrap();
    symlink(&outside, house.work.join("dir")).unwrap();
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(Refusal::from(done.unwrap_err()).code, Code::ApplyPathRefused);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn time_of_check_to_time_of_use_a_file_that_changes_between_review_and_apply_stops_it() {
    let (before, after) = one();
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.apply_here();
    let work = house.work.clone();
    // The filter is asked after the base was checked and before the built-in adapter writes.
    house.parent.filter("wp_codebox_apply_approved_artifact", move |value, _| {
        fs::write(work.join("a.txt"), "changed meanwhile\n").unwrap();
        Ok(value)
    });
    let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
    assert_eq!(Refusal::from(done.unwrap_err()).code, Code::ApplyBaseStale);
    assert_eq!(fs::read_to_string(house.work.join("a.txt")).unwrap(), "changed meanwhile\n");
}

#[test]
fn devices_setuid_and_submodules_are_no_modes_of_a_patch() {
    for mode in ["104755", "160000", "040000", "060000", "020666", "100777", "777", ""] {
        assert!(parse(create("x", mode, "x").as_bytes()).is_err(), "{mode}");
    }
}

/// A patch that adds a file of so many zeros: some ten kilobytes for ten megabytes.
fn zeros(bytes: usize) -> String {
    let mode = wp_codebox::artifact::patch::GitMode::Regular;
    let block = Block::added(b"a.txt", mode, &vec![0; bytes], &mut DiffBudget::default());
    let mut patch = Vec::new();
    block.render("", &mut patch);
    String::from_utf8(patch).unwrap()
}

#[test]
fn a_binary_patch_that_inflates_to_gigabytes_is_refused_with_its_file_and_the_limit() {
    let after = tree([("a.txt", Node::File { bytes: vec![0, 1], executable: false })]);
    let small = zeros(1000);
    for (patch, expected) in [
        // It says what it is.
        (zeros((64 << 20) + 1), Code::ApplyPathRefused),
        (small.replace("literal 1000\n", "literal 99999999999\n"), Code::ApplyPathRefused),
        (small.replace("literal 1000\n", "literal 18446744073709551615\n"), Code::ApplyPathRefused),
        // It says that it is small, and is not inflated beyond what it says.
        (zeros(32 << 20).replace(&format!("literal {}\n", 32 << 20), "literal 1000\n"), Code::ApplyBaseStale),
        (small.replace("literal 1000\n", "literal 1001\n"), Code::ApplyBaseStale),
    ] {
        assert!(patch.len() < 1 << 20);
        let mut house = house(&Tree::new());
        house.parent.settings.mount_roots.clear();
        house.apply_here();
        let bundle = with_patch(&house, &house.run(&Tree::new(), &after), &patch);
        let done = apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent);
        let refusal = Refusal::from(done.unwrap_err());
        assert_eq!(refusal.code, expected, "{refusal}");
        if expected == Code::ApplyPathRefused {
            assert!(refusal.message.contains("/workspace/a.txt"), "{refusal}");
            assert!(refusal.message.contains("67108864"), "{refusal}");
        }
        assert_eq!(house.now(), Tree::new());
    }
}

#[test]
fn a_delta_whose_copies_repeat_is_not_applied_at_all() {
    let delta = "diff --git a/a.txt b/a.txt\nindex 0000000..1111111 100644\nGIT binary patch\ndelta 10\nRcmZQzfB=;r{>t\n\n";
    let refusal = parse(delta.as_bytes()).unwrap_err();
    assert!(refusal.to_string().contains("no delta"), "{refusal}");
}

#[test]
fn a_patch_of_millions_of_empty_lines_is_refused_before_they_are_kept() {
    let lines = 4_000_001;
    let head = "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n";
    let patch = format!("{head}@@ -0,0 +1,{lines} @@\n{}", "+\n".repeat(lines));
    let refusal = parse(patch.as_bytes()).unwrap_err();
    assert!(refusal.to_string().contains("too many lines"), "{refusal}");
}

#[test]
fn a_patch_that_touches_a_file_twice_or_moves_it_on_is_refused() {
    let edit = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-1\n+2\n";
    let again = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-2\n+evil\n";
    let moved = |from: &str, to: &str| {
        format!("diff --git a/{from} b/{to}\nsimilarity index 100%\nrename from {from}\nrename to {to}\n")
    };
    for patch in [
        format!("{edit}{again}"),
        format!("{edit}{edit}"),
        format!("{}{}", moved("a.txt", "b.txt"), moved("b.txt", "c.txt")),
        format!("{}{}", moved("b.txt", "c.txt"), moved("a.txt", "b.txt")),
        format!("{}{}", moved("a.txt", "b.txt"), moved("a.txt", "c.txt")),
        format!("{}{}", moved("a.txt", "c.txt"), moved("b.txt", "c.txt")),
        format!("{}{}", moved("a.txt", "b.txt"), create("a.txt", "100644", "x")),
    ] {
        let blocks = parse(patch.as_bytes()).unwrap();
        assert!(matches!(check_conflicts(&blocks), Err(PatchError::Conflict(_))), "{patch}");
    }
    let (before, after) = one();
    assert_eq!(refused(&before, &after, &format!("{edit}{again}")), Code::ArtifactVerificationFailed);
}
