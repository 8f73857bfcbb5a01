//! What a benchmark is told to do: steps, each of them a command's arguments.

use crate::contract::shown;
use crate::sandbox::command::{AbilityCall, ArgumentIssue, Arguments, Command, RestRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const WORKLOADS_MAX: usize = 100;
const STEPS_MAX: usize = 100;

/// A configured workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Workload {
    id: String,
    run: Vec<Step>,
}

/// Steps that are not measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Lifecycle {
    setup: Vec<Step>,
    prepare: Vec<Step>,
    teardown: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Step {
    Php { code: String },
    RestRequest { call: RestRequest },
    Ability { call: AbilityCall },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkloadInput {
    id: String,
    run: Vec<StepInput>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LifecycleInput {
    setup: Vec<StepInput>,
    prepare: Vec<StepInput>,
    teardown: Vec<StepInput>,
}

#[derive(Deserialize)]
struct StepInput {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    arguments: BTreeMap<String, Value>,
}

impl Workload {
    pub(super) fn commands(&self) -> impl Iterator<Item = &'static str> {
        self.run.iter().map(Step::command)
    }
}

impl Lifecycle {
    pub(super) fn read(input: LifecycleInput) -> Result<Lifecycle, ArgumentIssue> {
        let read = |name: &str, steps| steps_of("lifecycle-json", name, steps);
        Ok(Lifecycle {
            setup: read("setup", input.setup)?,
            prepare: read("prepare", input.prepare)?,
            teardown: read("teardown", input.teardown)?,
        })
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = &'static str> {
        [&self.setup, &self.prepare, &self.teardown].into_iter().flatten().map(Step::command)
    }
}

impl Step {
    /// The command whose arguments it has.
    fn command(&self) -> &'static str {
        match self {
            Step::Php { .. } => "wordpress.run-php",
            Step::RestRequest { .. } => "wordpress.rest-request",
            Step::Ability { .. } => "wordpress.ability",
        }
    }
}

pub(super) fn read(input: Vec<WorkloadInput>) -> Result<Vec<Workload>, ArgumentIssue> {
    let invalid = |why: String| Err(ArgumentIssue::invalid("workloads-json", why));
    if input.len() > WORKLOADS_MAX {
        return invalid(format!("at most {WORKLOADS_MAX} workloads"));
    }
    let mut names = BTreeSet::new();
    let mut workloads = Vec::with_capacity(input.len());
    for (index, WorkloadInput { id, run }) in input.into_iter().enumerate() {
        let proper = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if id.is_empty() || id.len() > 100 || !id.bytes().all(proper) {
            return invalid(format!(
                "[{index}].id: at most 100 letters, digits, dots, dashes and underscores are expected"
            ));
        }
        if !names.insert(id.clone()) {
            return invalid(format!("[{index}].id: {id} is there twice"));
        }
        if run.is_empty() {
            return invalid(format!("[{index}].run: a step is expected"));
        }
        workloads.push(Workload { run: steps_of("workloads-json", &format!("[{index}].run"), run)?, id });
    }
    Ok(workloads)
}

fn steps_of(argument: &str, place: &str, steps: Vec<StepInput>) -> Result<Vec<Step>, ArgumentIssue> {
    if steps.len() > STEPS_MAX {
        return Err(ArgumentIssue::invalid(argument, format!("{place}: at most {STEPS_MAX} steps")));
    }
    let mut read = Vec::with_capacity(steps.len());
    for (index, step) in steps.into_iter().enumerate() {
        read.push(
            one(step).map_err(|why| ArgumentIssue::invalid(argument, format!("{place}[{index}].{why}")))?,
        );
    }
    Ok(read)
}

fn one(step: StepInput) -> Result<Step, String> {
    let id = match step.kind.as_str() {
        "php" => "wordpress.run-php",
        "rest-request" => "wordpress.rest-request",
        "ability" => "wordpress.ability",
        kind => {
            return Err(format!(
                "type: {} is not supported; there are php, rest-request and ability",
                shown(kind, 100)
            ));
        }
    };
    match Command::parse(id, Arguments::of_object(step.arguments)).map_err(|issue| issue.to_string())? {
        Command::RunPhp { code, bootstrap: true } => Ok(Step::Php { code }),
        Command::RestRequest(call) => Ok(Step::RestRequest { call }),
        Command::Ability(call) => Ok(Step::Ability { call }),
        _ => Err("bootstrap: WordPress is always loaded".to_owned()),
    }
}
