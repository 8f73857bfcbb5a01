//! The logs: whole lines, one writer at a time, and a chain that shows every change.

use crate::house::{answer, everything, house};
use crate::support::tree::{text, tree};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use wp_codebox::artifact::apply::{AuditLog, Mode, apply};

fn record(n: usize) -> Map<String, Value> {
    json!({ "schema": "example", "n": n, "name": "caf\u{e9}\n" }).as_object().unwrap().clone()
}

fn filled(lines: usize) -> (tempfile::TempDir, AuditLog) {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog { path: dir.path().join("audit.jsonl") };
    for n in 0..lines {
        let receipt = log.append(record(n)).unwrap();
        assert_eq!(receipt.sequence, n as u64 + 1);
    }
    (dir, log)
}

#[test]
fn lines_follow_each_other_and_are_private() {
    let (_dir, log) = filled(5);
    let verdict = log.verify().unwrap();
    assert_eq!((verdict.valid, verdict.records), (true, 5));
    let lines: Vec<Value> = fs::read_to_string(&log.path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["previous"], "0".repeat(64));
    assert_eq!(lines[4]["previous"], lines[3]["hash"]);
    assert_eq!(verdict.head, lines[4]["hash"].as_str().map(str::to_owned));
    assert_eq!(fs::metadata(&log.path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_log_that_is_not_there_is_empty_and_valid() {
    let log = AuditLog { path: "/nonexistent/audit.jsonl".into() };
    assert_eq!((log.verify().unwrap().valid, log.verify().unwrap().records), (true, 0));
}

#[test]
fn removed_inserted_swapped_and_edited_lines_are_found() {
    let spoils: [fn(Vec<String>) -> Vec<String>; 6] = [
        |lines| lines[1..].to_vec(),
        |lines| [&lines[..2], &lines[3..]].concat(),
        |lines| [&lines[..2], &lines[1..]].concat(),
        |mut lines| {
            lines.swap(1, 2);
            lines
        },
        |mut lines| {
            lines[2] = lines[2].replace("\"n\":2", "\"n\":9");
            lines
        },
        |mut lines| {
            lines[4] = lines[4].replace("\"n\":4", "\"n\":9");
            lines
        },
    ];
    for (i, spoil) in spoils.into_iter().enumerate() {
        let (_dir, log) = filled(5);
        let lines: Vec<String> = fs::read_to_string(&log.path).unwrap().lines().map(str::to_owned).collect();
        fs::write(&log.path, spoil(lines).join("\n") + "\n").unwrap();
        let verdict = log.verify().unwrap();
        assert!(!verdict.valid && !verdict.problems.is_empty(), "{i}");
    }
}

#[test]
fn a_cut_tail_shows_against_the_hash_that_an_apply_returned() {
    let (_dir, log) = filled(5);
    let kept = log.verify().unwrap().head.unwrap();
    let lines: Vec<String> = fs::read_to_string(&log.path).unwrap().lines().map(str::to_owned).collect();
    fs::write(&log.path, lines[..3].join("\n") + "\n").unwrap();
    assert!(log.verify().unwrap().valid);
    assert!(!fs::read_to_string(&log.path).unwrap().contains(&kept));
}

#[test]
fn a_torn_line_is_found_and_the_chain_goes_on_over_it() {
    let (_dir, log) = filled(2);
    let mut file = fs::OpenOptions::new().append(true).open(&log.path).unwrap();
    file.write_all(b"{\"sequence\":3,\"previ").unwrap();
    drop(file);
    assert!(!log.verify().unwrap().valid);
    log.append(record(9)).unwrap();
    let verdict = log.verify().unwrap();
    assert_eq!(verdict.records, 4);
    assert!(!verdict.valid);
    assert!(verdict.problems.iter().all(|problem| (3..=4).contains(&problem.line)), "{verdict:?}");
}

#[test]
fn writers_in_many_threads_and_processes_keep_one_chain() {
    let (_dir, log) = filled(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let log = &log;
            scope.spawn(move || (0..20).for_each(|n| _ = log.append(record(n)).unwrap()));
        }
    });
    let verdict = log.verify().unwrap();
    assert_eq!((verdict.valid, verdict.records), (true, 160), "{verdict:?}");
}

#[test]
fn a_symlink_or_a_pipe_in_its_place_is_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog { path: dir.path().join("audit.jsonl") };
    let outside = dir.path().join("outside");
    fs::write(&outside, "").unwrap();
    symlink(&outside, &log.path).unwrap();
    log.append(record(0)).unwrap_err();
    assert!(!log.verify().unwrap().valid);
    assert_eq!(fs::read(&outside).unwrap(), b"");
    fs::remove_file(&log.path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&log.path).status().unwrap().success());
    log.append(record(0)).unwrap_err();
    assert!(!log.verify().unwrap().valid);
}

#[test]
fn content_and_secrets_stay_out_whatever_adapters_say() {
    let before = tree([("a.php", text("one\n"))]);
    let after = tree([("a.php", text("ONE\n"))]);
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.parent.filter("wp_codebox_apply_approved_artifact", |_, _| {
        let mut answer = answer(&["a.php"]);
        answer["target"] = json!({
            "repo": "example/plugin",
            "Api_Key": "hunter2-a",
            "nested": [{ "access_TOKEN": "hunter2-b", "diff": "hunter2-c", "body": "hunter2-d" }],
        });
        Ok(answer)
    });
    apply(&house.room.store, &everything(&bundle), Mode::Apply, &house.parent).unwrap();
    let text = fs::read_to_string(house.room.root().join("apply-audit.jsonl")).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("example/plugin") && text.contains("[redacted]"));
    assert!(!text.contains("ONE"));
}

#[test]
fn a_huge_record_is_cut_and_says_so() {
    let (_dir, log) = filled(1);
    let mut huge = record(1);
    huge.insert("result".into(), json!("x".repeat(3 << 20)));
    log.append(huge).unwrap();
    log.append(record(2)).unwrap();
    assert!(fs::metadata(&log.path).unwrap().len() < 1 << 20);
    let verdict = log.verify().unwrap();
    assert_eq!((verdict.valid, verdict.records), (true, 3), "{verdict:?}");
    assert!(fs::read_to_string(&log.path).unwrap().contains("\"truncated\":true"));
}

#[test]
fn whatever_is_recorded_the_log_takes_it_and_verifies() {
    let (_dir, log) = filled(1);
    let deep = (0..400).fold(json!(1), |inner, _| json!([inner]));
    let huge = json!("x".repeat(2 << 20));
    for value in [huge, deep, json!({ "many": vec!["\u{1}"; 300_000] }), json!([0.1, 1e308, 1.1e-7])] {
        for field in ["adapter", "apply_target", "approver", "principal", "approved_files", "anything"] {
            let mut record = record(1);
            record.insert(field.into(), value.clone());
            let receipt = log.append(record).unwrap();
            let verdict = log.verify().unwrap();
            assert!(verdict.valid, "{field}: {verdict:?}");
            assert_eq!(verdict.head, Some(receipt.hash));
        }
    }
    // All of them at once, each of which would fit.
    let mut record = record(1);
    (0..20).for_each(|n| _ = record.insert(format!("field_{n}"), json!("y".repeat(100_000))));
    log.append(record).unwrap();
    assert!(log.verify().unwrap().valid);
}

#[test]
fn a_megabyte_target_leaves_a_log_that_can_be_read() {
    let before = tree([("a.php", text("one\n"))]);
    let after = tree([("a.php", text("ONE\n"))]);
    let house = house(&before);
    let bundle = house.run(&before, &after);
    house.parent.filter("wp_codebox_apply_approved_artifact", |_, _| Ok(answer(&["a.php"])));
    let mut request = everything(&bundle);
    request.apply_target = Some(json!({ "name": "x".repeat(3 << 20) }).as_object().unwrap().clone());
    apply(&house.room.store, &request, Mode::Apply, &house.parent).unwrap();
    let lines = crate::deliver::log(&house, "apply-audit.jsonl");
    assert_eq!((lines.len(), &lines[1]["apply_target"]["truncated"]), (2, &json!(true)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Any one byte of a log changed to any other is found.
    #[test]
    fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let (_dir, log) = filled(4);
        let mut bytes = fs::read(&log.path).unwrap();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        fs::write(&log.path, bytes).unwrap();
        prop_assert!(!log.verify().unwrap().valid);
    }
}
