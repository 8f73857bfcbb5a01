//! What is kept beside the image of a sandbox that a plan's preparations have made ready: their
//! evidence, for the runs that start there.

use super::phase::{PhaseEvidence, PhaseName, Span};
use super::plan::{Plan, Stage};
use super::run::{Ended, Run, StepEvidence};
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
