//! How long each phase took and how it ended: `wp-codebox/recipe-phase-evidence/v1`.

use crate::contract::iso8601;
use crate::sandbox::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Instant, SystemTime};

pub const PHASE_EVIDENCE_SCHEMA: &str = "wp-codebox/recipe-phase-evidence/v1";

/// In the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    /// The sandbox is created and its mounts attached.
    RuntimeStartup,
    /// The mounts, as the sandbox has them.
    MountPlugins,
    RunBlueprintSteps,
    /// Plugins are activated, then set up, then asked whether they are well.
    ActivatePlugins,
    /// Databases, seeds and users.
    ImportFixtureDatabases,
    RunWorkloads,
    RunProbes,
    CollectArtifacts,
}

impl PhaseName {
    /// As it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            PhaseName::RuntimeStartup => "runtime_startup",
            PhaseName::MountPlugins => "mount_plugins",
            PhaseName::RunBlueprintSteps => "run_blueprint_steps",
            PhaseName::ActivatePlugins => "activate_plugins",
            PhaseName::ImportFixtureDatabases => "import_fixture_databases",
            PhaseName::RunWorkloads => "run_workloads",
            PhaseName::RunProbes => "run_probes",
            PhaseName::CollectArtifacts => "collect_artifacts",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PhaseStatus {
    Completed,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseEvidence {
    pub name: PhaseName,
    pub status: PhaseStatus,
    pub started_at: String,
    pub ended_at: String,
    /// Milliseconds, with fractions.
    pub duration_ms: f64,
    /// What there is to say of it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<EvidenceError>,
}

/// Why a phase or a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceError {
    /// A stable code, e.g. `wp_codebox_run_fatal`.
    pub code: String,
    pub message: String,
}

impl From<&Failure> for EvidenceError {
    fn from(failure: &Failure) -> EvidenceError {
        EvidenceError { code: failure.code.as_str().to_owned(), message: failure.message.clone() }
    }
}

/// Something that has begun.
pub(super) struct Begun {
    at: Instant,
    started_at: String,
}

impl Begun {
    pub(super) fn now() -> Begun {
        Begun { at: Instant::now(), started_at: iso8601(SystemTime::now()) }
    }

    pub(super) fn end(self) -> Span {
        Span {
            started_at: self.started_at,
            ended_at: iso8601(SystemTime::now()),
            duration_ms: (self.at.elapsed().as_secs_f64() * 1e6).round() / 1e3,
        }
    }

    pub(super) fn phase(self, name: PhaseName, done: Result<(), &Failure>, data: Value) -> PhaseEvidence {
        let span = self.end();
        PhaseEvidence {
            name,
            status: if done.is_ok() { PhaseStatus::Completed } else { PhaseStatus::Failed },
            started_at: span.started_at,
            ended_at: span.ended_at,
            duration_ms: span.duration_ms,
            data,
            error: done.err().map(EvidenceError::from),
        }
    }
}

/// From when to when something took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    pub started_at: String,
    pub ended_at: String,
    /// Milliseconds, with fractions.
    pub duration_ms: f64,
}
