//! `wordpress.bench`.

mod results;
mod samples;
mod workload;

pub use results::BENCH_RESULTS_SCHEMA;

use super::Command;
use super::arguments::{ArgumentIssue, Values};
use super::execution::Failure;
use super::phpunit::{is_slug, is_variable};
use super::row::{Argument, Format, Handler, OutputSchema, Row};
use crate::contract::output_schema;
use results::Results;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use workload::{Lifecycle, Workload};

const ITERATIONS_MAX: u64 = 10_000;
const WARMUP_MAX: u64 = 1_000;
const INVALID_RESET: &str = "invalid-reset-policy";

pub(super) static ROW: Row = Row {
    id: "wordpress.bench",
    description: "Measures workloads in a WordPress with a plugin: files tests/bench/*.php of the plugin, each of which \
                  returns a function, and configured ones.",
    arguments: &[
        Argument::new("plugin-slug", Format::Text, "Directory of the plugin in the plugins directory.")
            .required("missing-plugin-slug"),
        Argument::new("component-id", Format::Text, "What the results call it. Default: the plugin's slug."),
        Argument::new(
            "iterations",
            Format::Integer { min: 1, max: ITERATIONS_MAX },
            "Rounds that are measured. Default: 3.",
        ),
        Argument::new(
            "warmup",
            Format::Integer { min: 0, max: WARMUP_MAX },
            "Rounds before them that are not. Default: 1.",
        ),
        Argument::new("dependency-slugs", Format::Words, "Plugins that are loaded before it."),
        Argument::new("env-json", Format::Json, "Environment variables: an object of strings."),
        Argument::new(
            "bootstrap-files-json",
            Format::Json,
            "Files of the sandbox that are loaded after WordPress: a list.",
        ),
        Argument::new(
            "workloads-json",
            Format::Json,
            "Configured workloads: a list of objects with id and run, a list of steps. A step \
                      has a type, php (with code), rest-request or ability, and the arguments of the command of that name.",
        ),
        Argument::new("scenario-ids-json", Format::Json, "Only the workloads of these names: a list."),
        Argument::new(
            "lifecycle-json",
            Format::Json,
            "Steps that are not measured: an object with setup, prepare (before each workload) and teardown.",
        ),
        Argument::new(
            "reset-policy-json",
            Format::Json,
            "betweenIterations and betweenScenarios: none or object-cache.",
        )
        .invalid(INVALID_RESET),
    ],
    bare: None,
    output_shape: "For each workload and metric the count, mean, p50, p95, p99, min, max, deviation and values. duration, in \
                   milliseconds, is always there; numbers that a workload returns are further metrics. A workload that throws \
                   fails the command, with the results in its data.",
    output_schema: Some(|| OutputSchema {
        id: BENCH_RESULTS_SCHEMA,
        json_schema: output_schema::<Results>(),
    }),
    requires: &["wordpress.run-php"],
    recipe: true,
    handler: Handler::Guest,
    read,
};

/// Workloads to measure. Paths are the sandbox's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bench {
    pub plugin: String,
    pub component: String,
    pub iterations: u64,
    pub warmup: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bootstrap_files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    workloads: Vec<Workload>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    lifecycle: Lifecycle,
    reset: Reset,
}

/// What is emptied, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Reset {
    iterations: Cache,
    scenarios: Cache,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ResetPolicy {
    #[serde(default)]
    between_iterations: Cache,
    #[serde(default)]
    between_scenarios: Cache,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Cache {
    #[default]
    None,
    ObjectCache,
}

impl Bench {
    /// The commands that its workloads are made of.
    pub(super) fn policy_commands(&self) -> impl Iterator<Item = &'static str> {
        self.workloads.iter().flat_map(Workload::commands).chain(self.lifecycle.commands())
    }

    /// What was measured, from what the guest reports.
    pub(super) fn outcome(&self, report: Value) -> Result<Value, Failure> {
        results::outcome(self, report)
    }
}

fn read(mut values: Values) -> Result<Command, ArgumentIssue> {
    let plugin = slug("plugin-slug", values.required("plugin-slug"))?;
    let component = values.text("component-id").unwrap_or_else(|| plugin.clone());
    if component.is_empty() || component.len() > 200 || component.chars().any(char::is_control) {
        return Err(ArgumentIssue::invalid("component-id", "at most 200 bytes of text are expected"));
    }
    let dependencies =
        values.words("dependency-slugs").into_iter().map(|name| slug("dependency-slugs", name));
    let dependencies = dependencies.collect::<Result<_, _>>()?;
    let variables: BTreeMap<String, String> = values.typed("env-json")?.unwrap_or_default();
    if variables.keys().any(|name| !is_variable(name)) {
        return Err(ArgumentIssue::invalid("env-json", "a name that no environment variable can have"));
    }
    let bootstrap_files: Vec<String> = values.typed("bootstrap-files-json")?.unwrap_or_default();
    if bootstrap_files.iter().any(|path| !super::row::is_sandbox_path(path)) {
        return Err(ArgumentIssue::invalid(
            "bootstrap-files-json",
            "absolute paths of the sandbox are expected",
        ));
    }
    let reset: Option<ResetPolicy> = values
        .typed("reset-policy-json")
        .map_err(|issue| ArgumentIssue { code: INVALID_RESET.into(), ..issue })?;
    Ok(Command::Bench(Box::new(Bench {
        iterations: values.integer("iterations").unwrap_or(3),
        warmup: values.integer("warmup").unwrap_or(1),
        workloads: workload::read(values.typed("workloads-json")?.unwrap_or_default())?,
        scenarios: values.typed("scenario-ids-json")?.unwrap_or_default(),
        lifecycle: Lifecycle::read(values.typed("lifecycle-json")?.unwrap_or_default())?,
        reset: reset.map_or_else(Reset::default, |policy| Reset {
            iterations: policy.between_iterations,
            scenarios: policy.between_scenarios,
        }),
        plugin,
        component,
        dependencies,
        variables,
        bootstrap_files,
    })))
}

fn slug(argument: &str, slug: String) -> Result<String, ArgumentIssue> {
    if is_slug(&slug) {
        Ok(slug)
    } else {
        Err(ArgumentIssue::invalid(argument, "a name of a directory is expected"))
    }
}
