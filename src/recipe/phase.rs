//! How long each phase took and how it ended: `wp-codebox/recipe-phase-evidence/v1`.

use crate::contract::iso8601;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::{Instant, SystemTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    /// The sandbox is created and its mounts attached.
    RuntimeStartup,
    ActivatePlugins,
    RunProbes,
    RunWorkloads,
    CollectArtifacts,
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
}

/// A phase that has begun.
pub(super) struct Begun {
    name: PhaseName,
    at: Instant,
    started_at: String,
}

impl Begun {
    pub(super) fn now(name: PhaseName) -> Begun {
        Begun { name, at: Instant::now(), started_at: iso8601(SystemTime::now()) }
    }

    pub(super) fn end(self, status: PhaseStatus) -> PhaseEvidence {
        PhaseEvidence {
            name: self.name,
            status,
            started_at: self.started_at,
            ended_at: iso8601(SystemTime::now()),
            duration_ms: (self.at.elapsed().as_secs_f64() * 1e6).round() / 1e3,
        }
    }
}
