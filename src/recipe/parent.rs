//! The parent, as whom a run asks and tells.

use super::host_tools::{HostTool, call_host_tool};
use super::phase::PhaseName;
use super::plan::{Part, Step};
use super::run::{Ended, Progress, StepEvidence};
use crate::artifact::{Found, Redactor};
use crate::contract::{Refusal, to_value};
use crate::host::Host;
use crate::sandbox::{Approval, HostToolCall};
use serde::Serialize;
use serde_json::Value;

pub const PROGRESS_SCHEMA: &str = "wp-codebox/recipe-progress/v1";

/// The parent, as whom a run asks and tells.
pub struct Parent<'a> {
    pub host: &'a dyn Host,
    /// Takes the secrets out of what is told.
    pub redactor: &'a Redactor,
    /// Tools of the parent's that steps may call.
    pub tools: &'a [HostTool],
}

/// `wp-codebox/recipe-progress/v1`: where a run is.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Told<'a> {
    PhaseBegan {
        schema: &'static str,
        phase: PhaseName,
    },
    StepBegan {
        schema: &'static str,
        recipe_phase: Part,
        index: usize,
        step: &'a str,
    },
    StepEnded {
        schema: &'static str,
        recipe_phase: Part,
        index: usize,
        step: &'a str,
        /// `succeeded` or `failed`.
        status: &'static str,
        duration_ms: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    },
}

impl Parent<'_> {
    fn tell(&self, told: &Told<'_>) {
        if let Ok(told) = serde_json::to_value(told) {
            self.host.progress(told);
        }
    }
}

impl Progress for Parent<'_> {
    fn phase_began(&mut self, phase: PhaseName) {
        self.tell(&Told::PhaseBegan { schema: PROGRESS_SCHEMA, phase });
    }

    fn step_began(&mut self, step: &Step) {
        let (recipe_phase, index) = (step.part, step.index);
        self.tell(&Told::StepBegan { schema: PROGRESS_SCHEMA, recipe_phase, index, step: step.name() });
    }

    fn step_ended(&mut self, step: &Step, evidence: &StepEvidence) {
        let (status, span, message) = match &evidence.ended {
            Ended::Succeeded(_, span) => ("succeeded", span, None),
            Ended::Failed(failure, span) => {
                ("failed", span, Some(self.redactor.text(&failure.message, &mut Found::default())))
            }
            Ended::Skipped => return,
        };
        self.tell(&Told::StepEnded {
            schema: PROGRESS_SCHEMA,
            recipe_phase: step.part,
            index: step.index,
            step: step.name(),
            status,
            duration_ms: span.duration_ms,
            message: message.as_deref(),
        });
    }

    fn approve(&mut self, approval: &Approval) -> Result<bool, Refusal> {
        self.host.approve(to_value(approval)?)
    }

    fn call_tool(&mut self, call: &HostToolCall) -> Result<Value, Refusal> {
        call_host_tool(self.tools, call, self.host)
    }
}
