//! What every run looks at before its sandbox ends: the runtime, and its mounts.

use super::evidence::{runtime_info, wordpress_version};
use super::plan::Plan;
use crate::artifact::Observation;
use crate::contract::iso8601;
use crate::sandbox::{Sandbox, random_id};
use serde_json::{Value, json};
use std::time::SystemTime;

/// The observations, each with its event.
pub(super) fn observe(sandbox: &mut Sandbox, plan: &Plan) -> Vec<Observation> {
    let wp = wordpress_version(&plan.spec);
    let status = if sandbox.is_stopped() { "stopped" } else { "created" };
    let info = runtime_info(sandbox.id(), sandbox.created_at(), status, plan, &wp);
    let mut look = |kind: &str, data: Value| {
        let observed_at = iso8601(SystemTime::now());
        sandbox.note("runtime.observed", json!({ "type": kind, "observedAt": observed_at }));
        let id = random_id("observation");
        Observation { id, kind: kind.to_owned(), data, observed_at, artifact_refs: Vec::new() }
    };
    vec![look("runtime-info", json!(info)), look("mounts", json!(plan.mounts))]
}
