//! Reads test results off what a test runner printed: PHPUnit's summary, or TAP.
//!
//! The text comes from a sandbox, so the counts are its own word; they are bounded, and what does
//! not add up is `unknown`.

use super::test_results::{SuiteCounts, TestStatus, TestSuite};

/// Lines that are looked at, from the end: a summary stands there.
const MOST_LINES: usize = 200_000;
/// More tests than any suite has. A larger number is taken for noise.
const MOST_TESTS: u64 = 10_000_000;

/// The suite that `output` tells of, if it tells of one.
pub fn read_test_output(name: &str, output: &str) -> Option<TestSuite> {
    let counts = phpunit(output).or_else(|| tap(output))?;
    Some(TestSuite {
        name: name.to_owned(),
        status: status(&counts),
        counts,
        reported: false,
        raw_log_references: Vec::new(),
    })
}

/// Failed if one failed, unknown if one is unknown or there is none, skipped if all were.
pub fn status(counts: &SuiteCounts) -> TestStatus {
    match counts {
        SuiteCounts { failed, .. } if *failed > 0 => TestStatus::Failed,
        SuiteCounts { unknown, .. } if *unknown > 0 => TestStatus::Unknown,
        SuiteCounts { passed, .. } if *passed > 0 => TestStatus::Passed,
        SuiteCounts { skipped, .. } if *skipped > 0 => TestStatus::Skipped,
        _ => TestStatus::Unknown,
    }
}

/// `OK (5 tests, 9 assertions)`, or `Tests: 5, Assertions: 9, Errors: 1, Failures: 2, Skipped: 1.`
fn phpunit(output: &str) -> Option<SuiteCounts> {
    output.lines().rev().take(MOST_LINES).find_map(|line| {
        let line = without_colours(line);
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("OK (") {
            let tests =
                rest.strip_suffix(')')?.split(' ').next()?.parse().ok().filter(|n| *n <= MOST_TESTS)?;
            return Some(SuiteCounts { tests, passed: tests, ..SuiteCounts::default() });
        }
        if !line.starts_with("Tests: ") || !line.contains("Assertions: ") {
            return None;
        }
        let mut counts = SuiteCounts::default();
        for part in line.trim_end_matches('.').split(", ") {
            let (what, number) = part.split_once(": ")?;
            let number: u64 = number.parse().ok().filter(|n| *n <= MOST_TESTS)?;
            match what {
                "Tests" => counts.tests = number,
                "Errors" | "Failures" => counts.failed += number,
                "Skipped" | "Incomplete" => counts.skipped += number,
                // A risky test or one with a warning has passed.
                _ => {}
            }
        }
        rest(&mut counts);
        Some(counts)
    })
}

/// TAP 12 to 14: a plan, and a line for each test. Tests that were planned and did not run failed.
fn tap(output: &str) -> Option<SuiteCounts> {
    let mut planned = None;
    let mut counts = SuiteCounts::default();
    let mut bailed = false;
    for line in output.lines().take(MOST_LINES) {
        let (ok, rest) = match (line.strip_prefix("ok"), line.strip_prefix("not ok")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => {
                bailed |= line.starts_with("Bail out!");
                if let Some(plan) = line.strip_prefix("1..") {
                    let number = plan.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                    planned = number.parse().ok().filter(|n| *n <= MOST_TESTS).or(planned);
                }
                continue;
            }
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            continue;
        }
        counts.tests += 1;
        let directive =
            rest.rsplit_once('#').map(|(_, text)| text.trim().to_ascii_uppercase()).unwrap_or_default();
        match (ok, directive.starts_with("SKIP"), directive.starts_with("TODO")) {
            (_, true, _) | (false, _, true) => counts.skipped += 1,
            (true, ..) => counts.passed += 1,
            (false, ..) => counts.failed += 1,
        }
    }
    // One without the other is prose.
    let planned: u64 = planned?;
    if counts.tests == 0 && planned > 0 && !bailed {
        return None;
    }
    let missing = planned.saturating_sub(counts.tests);
    counts.tests += missing;
    counts.failed += missing;
    Some(counts)
}

/// What was counted as neither failed nor skipped has passed.
fn rest(counts: &mut SuiteCounts) {
    match counts.tests.checked_sub(counts.failed + counts.skipped) {
        Some(passed) => counts.passed = passed,
        None => counts.unknown = counts.tests,
    }
}

fn without_colours(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().take(16).find(|c| c.is_ascii_alphabetic());
        } else {
            out.push(c);
        }
    }
    out
}
