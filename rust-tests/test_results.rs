//! What PHPUnit and TAP producers print, read into suites.

use wp_codebox::artifact::{SuiteCounts, TestStatus, read_test_output};
use wp_codebox::contract::CommandRecord;
use wp_codebox::recipe::printed_tests;

fn read(output: &str) -> Option<(TestStatus, [u64; 5])> {
    let suite = read_test_output("suite", output)?;
    let SuiteCounts { tests, passed, failed, skipped, unknown } = suite.counts;
    Some((suite.status, [tests, passed, failed, skipped, unknown]))
}

#[test]
fn phpunit_summaries() {
    use TestStatus::{Failed, Passed, Skipped, Unknown};
    for (output, expected) in [
        ("PHPUnit 9.6\n\n..... 5 / 5 (100%)\n\nOK (5 tests, 9 assertions)\n", (Passed, [5, 5, 0, 0, 0])),
        ("OK (1 test, 1 assertion)", (Passed, [1, 1, 0, 0, 0])),
        ("\u{1b}[30;42mOK (2 tests, 2 assertions)\u{1b}[0m", (Passed, [2, 2, 0, 0, 0])),
        ("FAILURES!\nTests: 7, Assertions: 9, Errors: 1, Failures: 2.\n", (Failed, [7, 4, 3, 0, 0])),
        (
            "OK, but incomplete, skipped, or risky tests!\nTests: 4, Assertions: 3, Skipped: 1, Incomplete: 1, Risky: 1.",
            (Passed, [4, 2, 0, 2, 0]),
        ),
        ("Tests: 2, Assertions: 0, Skipped: 2.", (Skipped, [2, 0, 0, 2, 0])),
        ("Tests: 2, Assertions: 0, Skipped: 9.", (Unknown, [2, 0, 0, 9, 2])),
        // The last run counts.
        ("OK (9 tests, 9 assertions)\nTests: 1, Assertions: 1, Failures: 1.", (Failed, [1, 0, 1, 0, 0])),
    ] {
        assert_eq!(read(output), Some(expected), "{output}");
    }
}

#[test]
fn tap() {
    use TestStatus::{Failed, Passed, Skipped};
    for (output, expected) in [
        ("TAP version 13\n1..3\nok 1 - a\nok 2\nok 3 # SKIP no network\n", (Passed, [3, 2, 0, 1, 0])),
        ("ok 1\nnot ok 2 - b\n  ---\n  message: x\n  ...\n1..2", (Failed, [2, 1, 1, 0, 0])),
        ("1..2\nnot ok 1 # TODO later\nok 2", (Passed, [2, 1, 0, 1, 0])),
        ("1..4\nok 1\nok 2\n", (Failed, [4, 2, 2, 0, 0])),
        ("1..3\nBail out! no database", (Failed, [3, 0, 3, 0, 0])),
        ("1..1\nok 1 # skip", (Skipped, [1, 0, 0, 1, 0])),
    ] {
        assert_eq!(read(output), Some(expected), "{output}");
    }
}

#[test]
fn what_is_no_test_output_tells_of_no_tests() {
    for output in [
        "",
        "OK",
        "okay, all is well\nnot okay",
        "ok 1 - without a plan",
        "pages 1..3 are empty",
        "1..3",
        "Tests: many, Assertions: 3.",
        "OK (99999999999999999999 tests, 1 assertion)",
        "OK (99999999999 tests, 1 assertion)",
        "Tests: 5",
    ] {
        assert_eq!(read(output), None, "{output}");
    }
}

#[test]
fn what_any_code_can_print_is_reported_and_what_phpunit_ran_is_not() {
    let record = |command: &str, stdout: &str| CommandRecord {
        command: command.to_owned(),
        stdout: stdout.to_owned(),
        ..CommandRecord::default()
    };
    let printed = |command, stdout| printed_tests(&[record(command, stdout)]).unwrap().suites[0].reported;
    for stdout in ["OK (5 tests, 9 assertions)\n", "1..2\nok 1\nok 2\n"] {
        assert!(printed("wordpress.run-php", stdout), "{stdout}");
        assert!(printed("wordpress.wp-cli", stdout), "{stdout}");
        assert!(!printed("wordpress.phpunit", stdout), "{stdout}");
    }
}
