//! Other spellings of the task input, and fields that other implementations of
//! `wp-codebox/task-input/v1` have and this one does not carry out.

use crate::contract::{Code, Refusal};
use serde_json::{Map, Value};

/// Known, not carried out. Accepted while they ask for nothing, since a normalised task input has
/// them all; refused by name otherwise, never ignored.
const UNSUPPORTED: &[&str] = &[
    "agent",
    "mode",
    "agent_workload",
    "agentWorkload",
    "workload",
    "agent_bundles",
    "parent_request",
    "tool_bridge",
    "parent_tool_bridge",
    "staged_files",
    "stagedFiles",
    "workspaces",
    "runner_workspace",
    "inherit",
    "runtime_env",
    "runtimeEnv",
    "runtime_profile",
    "workspace_artifact_policy",
    "runtime_stack_mounts",
    "runtime_state_mounts",
    "runtime_config_mounts",
    "runtime_overlays",
    "provider_plugin_paths",
    "site_seeds",
    "max_turns",
    "preview_hold_seconds",
    "preview_port",
    "preview_bind",
    "preview_public_url",
    "preview_lease",
    "debug",
];

/// Left out and empty mean the same for these: a form or a merge of defaults sends them empty.
const ABSENT_WHEN_EMPTY: &[&str] = &[
    "target",
    "orchestrator",
    "runtime_task",
    "runtime_policy",
    "sandbox_tool_policy",
    "artifacts_path",
    "sandbox_session_id",
    "session_id",
    "provider",
    "model",
    "wp",
    "wp_codebox_bin",
];

pub fn drop_empty(raw: &mut Map<String, Value>) {
    for field in ABSENT_WHEN_EMPTY {
        if raw.get(*field).is_some_and(asks_for_nothing) {
            raw.shift_remove(*field);
        }
    }
}

pub fn refuse_unsupported(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
    for field in UNSUPPORTED {
        match raw.get(*field) {
            None => {}
            Some(value) if asks_for_nothing(value) => {
                raw.shift_remove(*field);
            }
            Some(_) => {
                return Err(Refusal::field(
                    Code::InputInvalid,
                    field,
                    "not supported by this version; leave it out",
                ));
            }
        }
    }
    Ok(())
}

fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// `source` for `path` and `load_as` for `loadAs` in component contracts.
pub fn accept_component_spellings(raw: &mut Map<String, Value>) -> Result<(), Refusal> {
    let Some(Value::Array(components)) = raw.get_mut("component_contracts") else {
        return Ok(());
    };
    for (index, component) in components.iter_mut().enumerate() {
        let Value::Object(component) = component else {
            continue;
        };
        for (other, canonical) in [("source", "path"), ("load_as", "loadAs")] {
            let Some(value) = component.shift_remove(other) else {
                continue;
            };
            match component.get(canonical) {
                Some(same) if *same != value => {
                    return Err(Refusal::field(
                        Code::ComponentInvalid,
                        &format!("component_contracts.{index}.{other}"),
                        format_args!("contradicts {canonical}, which means the same"),
                    ));
                }
                _ => {
                    component.insert(canonical.into(), value);
                }
            }
        }
        // A caller that merges defaults may send an empty path.
        if component.get("path").is_none_or(|p| p.is_null() || p == "") {
            return Err(Refusal::field(
                Code::ComponentPathMissing,
                &format!("component_contracts.{index}.path"),
                "the host directory of the plugin",
            )
            .with("index", index));
        }
    }
    Ok(())
}
