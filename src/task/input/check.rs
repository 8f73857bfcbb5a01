//! Rules that the task input's schema cannot state, and the normal form of what passes.

use super::{AgentTaskInput, ComponentContract, Mount, tools};
use crate::contract::{Code, Refusal, json_fits};
use crate::sandbox::{check_variable, sandbox_path};
use serde::Serialize;
use std::collections::BTreeSet;

/// Caps on free-form objects, bytes of their JSON.
const CONTEXT_BYTES: usize = 1 << 20;
const POLICY_BYTES: usize = 64 << 10;
const METADATA_BYTES: usize = 64 << 10;
const RUNTIME_INPUT_BYTES: usize = 4 << 20;

/// Judges the input by itself: whether the machine has what it names is not asked.
pub fn check(input: &mut AgentTaskInput) -> Result<(), Refusal> {
    input.goal = input.goal.trim().to_owned();
    if let Some(path) = input.target.as_ref().and_then(|target| target.path.as_deref())
        && (path.contains('\0') || path.split(['/', '\\']).any(|s| s == ".."))
    {
        return Err(Refusal::field(Code::InputInvalid, "target.path", "no `..` and no NUL"));
    }
    check_places(&mut input.mounts, &mut input.component_contracts)?;
    if let Some(task) = &input.runtime_task {
        if !is_ability_name(&task.ability) {
            return Err(Refusal::field(
                Code::InputInvalid,
                "runtime_task.ability",
                "an ability's name is `namespace/name` in a-z, 0-9 and -",
            ));
        }
        check_size("runtime_task.input", &task.input, RUNTIME_INPUT_BYTES)?;
    }
    check_session_id("sandbox_session_id", input.sandbox_session_id.as_deref())?;
    check_session_id("session_id", input.session_id.as_deref())?;
    if let Some(path) = &input.artifacts_path {
        check_host_path(Code::InputInvalid, "artifacts_path", path)?;
    }
    for (index, artifact) in input.structured_artifacts.iter().enumerate() {
        check_size(&format!("structured_artifacts.{index}"), artifact, CONTEXT_BYTES)?;
    }
    check_secrets(&input.secret_env)?;
    tools::check(&input.allowed_tools, input.sandbox_tool_policy.as_ref())?;
    check_size("sandbox_tool_policy", &input.sandbox_tool_policy, CONTEXT_BYTES)?;
    check_size("context", &input.context, CONTEXT_BYTES)?;
    check_size("policy", &input.policy, POLICY_BYTES)
}

/// `secret_env` of any kind of input.
pub fn check_secrets(names: &[String]) -> Result<(), Refusal> {
    let mut taken = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let why = match check_variable(name) {
            Err(why) => why,
            Ok(()) if !taken.insert(name) => "the variable is named twice",
            Ok(()) => continue,
        };
        return Err(
            Refusal::field(Code::SecretEnvInvalid, &format!("secret_env.{index}"), why).with("index", index)
        );
    }
    Ok(())
}

/// Mounts and components of any kind of input.
pub fn check_places(mounts: &mut [Mount], components: &mut [ComponentContract]) -> Result<(), Refusal> {
    check_mounts(mounts)?;
    check_components(components)
}

fn check_mounts(mounts: &mut [Mount]) -> Result<(), Refusal> {
    let mut taken = BTreeSet::new();
    for (index, mount) in mounts.iter_mut().enumerate() {
        let at = |field: &str| format!("mounts.{index}.{field}");
        let indexed = |refusal: Refusal| refusal.with("index", index);
        check_mount(mount, &at).map_err(indexed)?;
        if !taken.insert(mount.target.clone()) {
            return Err(indexed(Refusal::field(
                Code::MountTargetInvalid,
                &at("target"),
                "another mount has this target",
            )));
        }
    }
    Ok(())
}

/// One mount, whose fields are called by `at`.
pub fn check_mount(mount: &mut Mount, at: &dyn Fn(&str) -> String) -> Result<(), Refusal> {
    mount.source = trim_slashes(mount.source.trim());
    check_host_path(Code::MountSourceInvalid, &at("source"), &mount.source)?;
    mount.target = sandbox_path(&mount.target)
        .map_err(|why| Refusal::field(Code::MountTargetInvalid, &at("target"), why))?;
    check_size(&at("metadata"), &mount.metadata, METADATA_BYTES)
}

fn check_components(components: &mut [ComponentContract]) -> Result<(), Refusal> {
    let mut taken = BTreeSet::new();
    for (index, component) in components.iter_mut().enumerate() {
        let at = |field: &str| format!("component_contracts.{index}.{field}");
        let indexed = |refusal: Refusal| refusal.with("index", index);
        component.path = trim_slashes(component.path.trim());
        check_host_path(Code::ComponentPathMissing, &at("path"), &component.path).map_err(indexed)?;
        let named = if component.slug.trim().is_empty() {
            component.path.rsplit('/').next().unwrap_or_default()
        } else {
            component.slug.trim()
        };
        component.slug = slug(named);
        if component.slug.is_empty() {
            return Err(indexed(Refusal::field(
                Code::ComponentInvalid,
                &at("slug"),
                "a slug needs a letter or a digit",
            )));
        }
        if !taken.insert(component.slug.clone()) {
            return Err(indexed(Refusal::field(
                Code::ComponentInvalid,
                &at("slug"),
                "another component has this slug",
            )));
        }
        check_size(&at("provenance"), &component.provenance, METADATA_BYTES).map_err(indexed)?;
    }
    Ok(())
}

/// Lower case, `_` to `-`, and nothing but `a-z`, `0-9` and `-`.
fn slug(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|c| if c == '_' { '-' } else { c })
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')
        .collect::<String>()
        .trim_matches('-')
        .to_owned()
}

/// Two segments of `a-z`, `0-9` and `-`: WordPress's own rule.
fn is_ability_name(name: &str) -> bool {
    let word = |s: &str| {
        !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    name.split_once('/').is_some_and(|(space, name)| word(space) && word(name))
}

fn trim_slashes(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && path.starts_with('/') { "/".into() } else { trimmed.into() }
}

fn check_host_path(code: Code, field: &str, path: &str) -> Result<(), Refusal> {
    if !path.starts_with('/') {
        return Err(Refusal::field(code, field, "an absolute host path"));
    }
    if path.contains('\0') {
        return Err(Refusal::field(code, field, "no NUL"));
    }
    if path.split('/').any(|segment| segment == "..") {
        return Err(Refusal::field(code, field, "no `..`"));
    }
    Ok(())
}

/// `A-Z a-z 0-9 . _ : @ -`, beginning with a letter or a digit.
pub fn check_session_id(field: &str, id: Option<&str>) -> Result<(), Refusal> {
    let Some(id) = id else { return Ok(()) };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:@-".contains(&b);
    if id.bytes().all(allowed) && id.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) {
        return Ok(());
    }
    Err(Refusal::field(
        Code::SessionIdInvalid,
        field,
        "letters, digits and `. _ : @ -`, beginning with a letter or a digit",
    ))
}

fn check_size(field: &str, value: &impl Serialize, max: usize) -> Result<(), Refusal> {
    if json_fits(value, max) {
        return Ok(());
    }
    Err(Refusal::field(Code::InputInvalid, field, format_args!("at most {} KiB of JSON", max >> 10)))
}
