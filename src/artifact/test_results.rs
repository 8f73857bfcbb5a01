//! `files/test-results.json`: what the run's own tests said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schema id of [`TestResults`].
pub const TEST_RESULTS_SCHEMA: &str = "wp-codebox/test-results/v1";

/// All suites of a run. Made by [`TestResults::unknown`] or [`TestResults::of`], which keep the
/// sums right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestResults {
    pub schema: String,
    pub status: TestStatus,
    pub summary: TestSummary,
    pub suites: Vec<TestSuite>,
    pub raw_log_references: Vec<RawLogReference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestStatus {
    /// No test ran, or what ran could not be read.
    Unknown,
    Passed,
    Failed,
    Skipped,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestSummary {
    pub total: u64,
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
    pub unknown: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestSuite {
    pub name: String,
    pub status: TestStatus,
    #[serde(flatten)]
    pub counts: SuiteCounts,
    /// The word of the code that is to be tested: no command of the run's own ran these tests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reported: bool,
    #[serde(default)]
    pub raw_log_references: Vec<RawLogReference>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteCounts {
    pub tests: u64,
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
    pub unknown: u64,
}

/// Where in the bundle the raw output of the tests is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RawLogReference {
    pub path: String,
    /// `commands-jsonl`, `commands-log`, `phpunit-result` or `phpunit-output`.
    pub kind: String,
}

impl TestResults {
    /// No test ran.
    pub fn unknown() -> Self {
        TestResults::of(Vec::new())
    }

    /// Sums the suites up: failed if one failed, unknown if one is unknown or there is none,
    /// skipped if all were skipped, passed otherwise.
    pub fn of(suites: Vec<TestSuite>) -> Self {
        let mut summary = TestSummary::default();
        for suite in &suites {
            summary.total += suite.counts.tests;
            summary.passed += suite.counts.passed;
            summary.failed += suite.counts.failed;
            summary.skipped += suite.counts.skipped;
            summary.unknown += suite.counts.unknown;
        }
        let any = |status| suites.iter().any(|s| s.status == status);
        let status = if any(TestStatus::Failed) {
            TestStatus::Failed
        } else if suites.is_empty() || any(TestStatus::Unknown) {
            TestStatus::Unknown
        } else if any(TestStatus::Passed) {
            TestStatus::Passed
        } else {
            TestStatus::Skipped
        };
        TestResults {
            schema: TEST_RESULTS_SCHEMA.to_owned(),
            status,
            summary,
            suites,
            raw_log_references: Vec::new(),
        }
    }
}
