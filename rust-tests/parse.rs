//! Reading hostile patches: never a panic, never a path that leads elsewhere, and what is read is what
//! git reads.

mod support;

use proptest::prelude::*;
use support::git;
use wp_codebox::artifact::patch::{apply, check_conflicts, is_git_internal, parse};

const GOOD: &str = "diff --git a/a.txt b/a.txt\nindex 5626abf..f719efd 100644\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n\
diff --git a/old name b/new name\nsimilarity index 100%\nrename from old name\nrename to new name\n\
diff --git \"a/caf\\303\\251\" \"b/caf\\303\\251\"\nnew file mode 100755\nindex 0000000..257cc56\n--- /dev/null\n+++ \"b/caf\\303\\251\"\n@@ -0,0 +1 @@\n+foo\n\\ No newline at end of file\n\
diff --git a/gone b/gone\ndeleted file mode 100644\nindex 257cc56..0000000\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-foo\n";

/// No block that was read touches what no patch may touch.
fn assert_harmless(patch: &[u8]) {
    let Ok(blocks) = parse(patch) else { return };
    let mut end = 0;
    for block in &blocks {
        assert!(block.span.start >= end && block.span.end <= patch.len());
        end = block.span.end;
        for path in block.paths() {
            assert!(!path.is_empty() && path[0] != b'/');
            assert!(path.split(|b| *b == b'/').all(|s| !s.is_empty() && s != b".." && s != b"."));
            assert!(!path.contains(&0) && !is_git_internal(path));
        }
        // Carrying it out on anything ends in bytes or a refusal.
        let _ = apply(patch, block, b"one\n");
        let _ = apply(patch, block, b"");
    }
    let _ = check_conflicts(&blocks);
    // A block stands for itself.
    for block in &blocks {
        let alone = parse(&patch[block.span.clone()]).unwrap();
        assert_eq!(alone.len(), 1);
        assert_eq!(alone[0].path(), block.path());
    }
}

#[test]
fn the_seed_is_read() {
    assert_eq!(parse(GOOD.as_bytes()).unwrap().len(), 4);
    assert_harmless(GOOD.as_bytes());
}

#[test]
fn every_prefix_of_a_patch_is_harmless() {
    for end in 0..GOOD.len() {
        assert_harmless(&GOOD.as_bytes()[..end]);
    }
}

#[test]
fn sizes_in_headers_allocate_nothing() {
    for head in
        ["@@ -1,999999999 +1,999999999 @@", "@@ -0,0 +1,4294967295 @@", "@@ -1 +99999999999999999999 @@"]
    {
        let patch = format!("diff --git a/x b/x\n--- a/x\n+++ b/x\n{head}\n-a\n+b\n");
        assert!(parse(patch.as_bytes()).is_err(), "{head}");
    }
    let literal = "diff --git a/x b/x\nindex 0000000..1111111\nGIT binary patch\nliteral 18446744073709551615\nzcmZ\n\n";
    if let Ok(blocks) = parse(literal.as_bytes()) {
        assert!(apply(literal.as_bytes(), &blocks[0], b"").is_err());
    }
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => prop::sample::select(GOOD.lines().map(|l| l.as_bytes().to_vec()).collect::<Vec<_>>()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => "[-+ @\\\\]{1,3}[a-z0-9/., ]{0,12}".prop_map(String::into_bytes),
        1 => prop::sample::select(vec![
            b"diff --git a/../x b/../x".to_vec(),
            b"diff --git a/.git/config b/.git/config".to_vec(),
            b"rename from .GIT/hooks/x".to_vec(),
            b"rename to ../../x".to_vec(),
            b"new file mode 120000".to_vec(),
            b"copy from a".to_vec(),
            b"GIT binary patch".to_vec(),
            b"literal 5".to_vec(),
            b"delta 9".to_vec(),
            b"--- \"a/\\056\\056/x\"".to_vec(),
            b"+++ /dev/null".to_vec(),
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_harmless(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        assert_harmless(&bytes);
    }

    #[test]
    fn lines_in_any_order_are_harmless(lines in prop::collection::vec(line(), 0..30)) {
        assert_harmless(&lines.join(&b'\n'));
    }

    #[test]
    fn a_mutated_patch_is_harmless(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..10)) {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (at, to) in edits {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        assert_harmless(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// What we carry out, git carries out, with the same result.
    #[test]
    fn what_applies_here_applies_in_git(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"+- \nab012@,".to_vec())), 0..4),
    ) {
        let mut patch = GOOD.as_bytes()[..GOOD.find("diff --git a/old").unwrap()].to_vec();
        for (at, to) in edits {
            let at = at.index(patch.len());
            patch[at] = to;
        }
        let Ok(blocks) = parse(&patch) else { return Ok(()) };
        let [block] = blocks.as_slice() else { return Ok(()) };
        if block.path() != b"a.txt" || block.is_rename() {
            return Ok(());
        }
        let Ok(ours) = apply(&patch, block, b"one\n") else { return Ok(()) };
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.txt"), "one\n").unwrap();
        let file = dir.path().join("the.patch");
        std::fs::write(&file, &patch).unwrap();
        let done = git::run(&git::all()[0], dir.path(), &["apply", "--unidiff-zero", "the.patch"]);
        prop_assert!(
            done.status.success(),
            "{}\n{}", String::from_utf8_lossy(&done.stderr), String::from_utf8_lossy(&patch)
        );
        let theirs = std::fs::read(dir.path().join("a.txt")).ok();
        let gone = block.new_path.is_none();
        prop_assert_eq!(theirs, (!gone).then_some(ours));
    }
}
