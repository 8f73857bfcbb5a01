//! Test results of a task: those that its ability reports (`test_results` of its result, either the
//! results themselves or `{before, after}`). What counts is how things stand in the end.

use crate::artifact::{SuiteCounts, TestResults, TestSuite, test_status};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
struct Report {
    #[serde(default)]
    name: Option<String>,
    tests: Vec<Test>,
}

#[derive(Debug, Deserialize)]
struct Test {
    #[serde(default)]
    status: String,
}

/// The results in `value`, as one suite named after the ability.
pub(super) fn read(ability: &str, value: &Value) -> Option<TestResults> {
    let reported = value.get("test_results")?;
    let last = reported.get("after").unwrap_or(reported);
    let report: Report = serde_json::from_value(last.clone()).ok()?;
    let mut counts = SuiteCounts { tests: report.tests.len() as u64, ..SuiteCounts::default() };
    for test in &report.tests {
        match test.status.as_str() {
            "passed" | "ok" => counts.passed += 1,
            "failed" | "error" => counts.failed += 1,
            "skipped" => counts.skipped += 1,
            _ => counts.unknown += 1,
        }
    }
    Some(TestResults::of(vec![TestSuite {
        name: report.name.unwrap_or_else(|| ability.to_owned()),
        status: test_status(&counts),
        counts,
        reported: true,
        raw_log_references: Vec::new(),
    }]))
}
