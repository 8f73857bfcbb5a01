//! `wp-codebox/bench-results/v1`, from what the guest measured.

use super::samples::Samples;
use super::{Bench, Cache};
use crate::contract::{Code, iso8601};
use crate::sandbox::command::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::SystemTime;

pub const BENCH_RESULTS_SCHEMA: &str = "wp-codebox/bench-results/v1";

/// Messages that come from a guest are cut here, bytes.
const MESSAGE_MAX: usize = 2000;

/// What the guest reports. It can write anything there: only the shape is trusted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    scenarios: Vec<Measured>,
    phases: Vec<Phase>,
    resets: Vec<ResetEvent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Measured {
    id: String,
    source: Source,
    file: Option<String>,
    samples: BTreeMap<String, Vec<f64>>,
    peak_bytes: u64,
    metadata: Option<Map<String, Value>>,
    error: Option<Diagnostic>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Results {
    schema: &'static str,
    component_id: String,
    iterations: u64,
    warmup_iterations: u64,
    lifecycle: LifecycleReport,
    reset_policy: ResetReport,
    scenarios: Vec<Scenario>,
    diagnostics: Vec<ScenarioDiagnostic>,
    provenance: Provenance,
}

#[derive(Serialize, JsonSchema)]
struct LifecycleReport {
    /// Those that had steps.
    phases: Vec<Phase>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Phase {
    name: String,
    duration_ms: f64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ResetReport {
    between_iterations: Cache,
    between_scenarios: Cache,
    events: Vec<ResetEvent>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ResetEvent {
    scenario: String,
    /// `iterations` or `scenarios`.
    between: String,
    count: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// A file of the plugin.
    InTree,
    /// workloads-json.
    Config,
}

#[derive(Serialize, JsonSchema)]
struct Scenario {
    id: String,
    source: Source,
    /// Relative to the plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Rounds that were measured.
    iterations: usize,
    metrics: BTreeMap<String, Metric>,
    memory: Memory,
    diagnostics: Vec<Diagnostic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Map<String, Value>>,
}

#[derive(Serialize, JsonSchema)]
struct Metric {
    /// `ms`, `bytes`, `count`; left out for a bare number.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    samples: Samples,
}

#[derive(Serialize, JsonSchema)]
struct Memory {
    /// As PHP counts it.
    peak_bytes: u64,
}

/// Why a workload ended early.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Diagnostic {
    code: String,
    message: String,
    file: String,
    line: u64,
    iteration: u64,
}

#[derive(Serialize, JsonSchema)]
struct ScenarioDiagnostic {
    scenario: String,
    #[serde(flatten)]
    diagnostic: Diagnostic,
}

#[derive(Serialize, JsonSchema)]
struct Provenance {
    command: &'static str,
    generated_at: String,
    component: String,
}

/// The results; a failure with them if a workload has thrown.
pub(super) fn outcome(bench: &Bench, report: Value) -> Result<Value, Failure> {
    let report: Report = serde_json::from_value(report).map_err(|error| {
        Failure::new(Code::RunFailed, format!("What was measured has the wrong shape: {error}."))
    })?;
    let scenarios: Vec<Scenario> = report.scenarios.into_iter().map(scenario).collect();
    let diagnosed = |one: &Scenario| {
        let scenario = one.id.clone();
        one.diagnostics
            .first()
            .map(|diagnostic| ScenarioDiagnostic { scenario, diagnostic: diagnostic.clone() })
    };
    let diagnostics: Vec<ScenarioDiagnostic> = scenarios.iter().filter_map(diagnosed).collect();
    let failed = diagnostics.first().map(|first| {
        let (count, of) = (diagnostics.len(), scenarios.len());
        format!("{count} of {of} workloads failed: {}: {}", first.scenario, first.diagnostic.message)
    });
    let results = json!(Results {
        schema: BENCH_RESULTS_SCHEMA,
        component_id: bench.component.clone(),
        iterations: bench.iterations,
        warmup_iterations: bench.warmup,
        lifecycle: LifecycleReport { phases: report.phases },
        reset_policy: ResetReport {
            between_iterations: bench.reset.iterations,
            between_scenarios: bench.reset.scenarios,
            events: report.resets,
        },
        scenarios,
        diagnostics,
        provenance: Provenance {
            command: "wordpress.bench",
            generated_at: iso8601(SystemTime::now()),
            component: bench.plugin.clone(),
        },
    });
    match failed {
        None => Ok(results),
        Some(message) => Err(Failure {
            code: Code::RunFailed,
            message,
            data: json!({ "code": "bench_failed", "details": results }),
        }),
    }
}

fn scenario(measured: Measured) -> Scenario {
    let iterations = measured.samples.get("duration").map_or(0, Vec::len);
    let metric = |(name, values): (String, Vec<f64>)| {
        let samples = Samples::of(values)?;
        Some((name.clone(), Metric { unit: unit(&name), samples }))
    };
    let diagnostic = measured.error.map(|mut error| {
        if error.message.len() > MESSAGE_MAX {
            error.message.truncate(error.message.floor_char_boundary(MESSAGE_MAX));
            error.message.push('…');
        }
        error
    });
    Scenario {
        id: measured.id,
        source: measured.source,
        file: measured.file,
        iterations,
        metrics: measured.samples.into_iter().filter_map(metric).collect(),
        memory: Memory { peak_bytes: measured.peak_bytes },
        diagnostics: diagnostic.into_iter().collect(),
        metadata: measured.metadata,
    }
}

fn unit(metric: &str) -> Option<&'static str> {
    if metric == "duration" {
        return Some("ms");
    }
    ["ms", "bytes", "count"]
        .into_iter()
        .find(|unit| metric.strip_suffix(unit).is_some_and(|name| name.ends_with('_')))
}
