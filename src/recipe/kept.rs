//! What is kept beside the image of a sandbox that a plan's preparations have made ready: their
//! evidence, for the runs that start there.

use super::phase::{PhaseEvidence, PhaseName, Span};
use super::plan::{Plan, Stage};
use super::run::{Ended, Run, StepEvidence, met};
use crate::contract::{CommandRecord, Event, OutputCut};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What evidence from an image says of itself, in its `data`.
const FROM_IMAGE: &str = "fromImage";

#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    phases: Vec<PhaseEvidence>,
    steps: Vec<KeptStep>,
    commands: Vec<CommandRecord>,
    /// Where the commands' output was cut, which their records do not say.
    cuts: Vec<OutputCut>,
    events: Vec<Event>,
}

#[derive(Serialize, Deserialize)]
struct KeptStep {
    value: Value,
    span: Span,
    command: Option<usize>,
}

impl Kept {
    /// The evidence of a run that has just made its sandbox ready: every step has succeeded.
    pub(super) fn of(run: &Run, events: Vec<Event>) -> Option<Kept> {
        let step = |evidence: &StepEvidence| match &evidence.ended {
            Ended::Succeeded(value, span) => {
                Some(KeptStep { value: value.clone(), span: span.clone(), command: evidence.command })
            }
            Ended::Failed(..) | Ended::Skipped => None,
        };
        let before = [PhaseName::RuntimeStartup, PhaseName::MountPlugins];
        Some(Kept {
            phases: run.phases.iter().filter(|phase| !before.contains(&phase.name)).cloned().collect(),
            steps: run.steps.iter().map(step).collect::<Option<_>>()?,
            commands: run.commands.clone(),
            cuts: run.commands.iter().map(|record| record.cut).collect(),
            events,
        })
    }

    /// Whether the steps, with what they returned, are steps of these stages that succeed.
    pub(super) fn meets(&self, stages: &[Stage]) -> bool {
        let planned: Vec<_> = stages.iter().flat_map(|stage| &stage.steps).collect();
        let printed = |kept: &KeptStep| {
            kept.command.and_then(|at| self.commands.get(at)).map_or("", |record| record.stdout.as_str())
        };
        planned.len() == self.steps.len()
            && planned
                .iter()
                .zip(&self.steps)
                .all(|(step, kept)| met(&step.expected, kept.value.clone(), printed(kept)).is_ok())
    }

    /// Adds the evidence to a run that started from the image, and gives the events.
    pub(super) fn hand_on(self, plan: &Plan, run: &mut Run) -> Vec<Event> {
        run.phases.extend(self.phases.into_iter().map(|mut phase| {
            phase.data = marked(phase.data);
            phase
        }));
        let planned = plan
            .preparations
            .iter()
            .flat_map(|Stage { phase, steps }| steps.iter().map(move |step| (phase, step)));
        run.steps.extend(planned.zip(self.steps).map(|((phase, step), kept)| StepEvidence {
            step: step.clone(),
            phase: *phase,
            ended: Ended::Succeeded(kept.value, kept.span),
            command: kept.command,
            limit: None,
            from_image: true,
        }));
        let commands = self.commands.into_iter().zip(self.cuts);
        run.commands.extend(commands.map(|(record, cut)| CommandRecord { cut, ..record }));
        let event = |event: Event| Event { data: marked(event.data), ..event };
        self.events.into_iter().map(event).collect()
    }
}

fn marked(mut data: Value) -> Value {
    if data.is_null() {
        data = json!({});
    }
    if let Value::Object(map) = &mut data {
        map.insert(FROM_IMAGE.to_owned(), true.into());
    }
    data
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Expected, Part, Step};
    use super::*;
    use crate::sandbox::Command;

    fn kept(value: Value) -> Kept {
        let span = Span { started_at: String::new(), ended_at: String::new(), duration_ms: 0.0 };
        let step = KeptStep { value, span, command: None };
        Kept {
            phases: Vec::new(),
            steps: vec![step],
            commands: Vec::new(),
            cuts: Vec::new(),
            events: Vec::new(),
        }
    }

    #[test]
    fn what_steps_returned_when_an_image_was_made_is_judged_by_the_plan_that_starts_there() {
        let report = json!({ "plugin": "plug/plug.php", "active": false });
        let command = Command::ActivatePlugin { plugin: "plug/plug.php".to_owned() };
        let step = Step::new(Part::Health, 0, command);
        let active = Expected::Active { plugin: "plug/plug.php".to_owned() };
        let stages = |expected: Expected| {
            [Stage { phase: PhaseName::ActivatePlugins, steps: vec![Step { expected, ..step.clone() }] }]
        };
        assert!(kept(report.clone()).meets(&stages(Expected::Anything)));
        assert!(!kept(report).meets(&stages(active.clone())));
        assert!(kept(json!({ "active": true })).meets(&stages(active)));
        assert!(!kept(Value::Null).meets(&[]));
    }
}
