//! Which targets the operator has configured.

use crate::artifact::apply::agreement::{Mount, mount_target};
use crate::artifact::apply::error::ApplyError;
use crate::artifact::apply::request::Ready;
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;

/// Option and filter.
const NAME: &str = "wp_codebox_apply_targets";

/// The file of the setting is not read beyond this. Bytes.
const MAX_FILE: u64 = 1 << 20;

/// One place that changes may be applied to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// What `apply_target.name` says.
    pub name: String,
    pub kind: TargetKind,
    /// The directory, or the repository (its working tree or its git directory). Absolute.
    pub path: PathBuf,
    /// The mount whose files go here; left out: any one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<String>,
    /// Git: the directory in the repository that the mount is, if it is not the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Git: the branch that is made or moved on; left out: one for each bundle,
    /// `codebox/<12 digits of the digest>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Git: what a new branch begins from; left out: `HEAD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Git: author and committer, `Name <address>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    Directory,
    Git,
}

/// The target that the approval names; the only one if it names none.
pub fn choose(ready: &Ready, host: &dyn Host) -> Result<TargetConfig, ApplyError> {
    let mut targets = configured(host)?;
    if targets.is_empty() {
        return Err(ApplyError::NoAdapter);
    }
    let names = targets.iter().map(|target| target.name.clone()).collect::<Vec<_>>().join(", ");
    let chosen = match ready.apply_target.get("name") {
        Some(Value::String(name)) => targets.iter().position(|target| target.name == *name),
        Some(_) => None,
        None => (targets.len() == 1).then_some(0),
    };
    let chosen = chosen.ok_or_else(|| ApplyError::Target(format!("name one of {names}")))?;
    let target = targets.swap_remove(chosen);
    let recorded = Mount::recorded(ready.approved.bundle.metadata.as_ref());
    let mounts: Vec<_> = ready.approved.rows.iter().map(|row| mount_target(row, &recorded)).collect();
    if mounts.contains(&None) {
        let why = "the bundle does not say which mount the approved files are of";
        return Err(ApplyError::Target(why.into()));
    }
    let trimmed = |mount: Option<&str>| mount.map(|path| path.trim_end_matches('/').to_owned());
    if mounts.windows(2).any(|pair| trimmed(pair[0]) != trimmed(pair[1])) {
        let why = "the approved files are of several mounts: apply them mount by mount";
        return Err(ApplyError::Target(why.into()));
    }
    let wanted = trimmed(target.mount.as_deref());
    if wanted.is_some() && wanted != trimmed(mounts.first().copied().flatten()) {
        let why = format!("{} takes the files of another mount", target.name);
        return Err(ApplyError::Target(why));
    }
    Ok(target)
}

/// The file of the setting, else the option; then the filter.
fn configured(host: &dyn Host) -> Result<Vec<TargetConfig>, ApplyError> {
    let settings = host.settings()?;
    let (value, what) = match &settings.apply_targets {
        Some(path) => (read(path)?, path.display().to_string()),
        None => (host.option(NAME).unwrap_or_default(), format!("the option {NAME}")),
    };
    let filtered = host.apply_filters(NAME, value.clone(), &[])?;
    let what = if filtered == value { what } else { format!("the filter {NAME}") };
    let items = match filtered {
        Value::Null => Vec::new(),
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::Array(items) => items,
        // A filter that removed an entry leaves gaps in the keys.
        Value::Object(items) => items.into_iter().map(|(_, item)| item).collect(),
        _ => return Err(ApplyError::Target(format!("{what} must be a list"))),
    };
    let mut targets: Vec<TargetConfig> = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        let refuse = |why: String| Err(ApplyError::Target(format!("{what}, entry {i}: {why}")));
        let target: TargetConfig = match serde_json::from_value(item) {
            Ok(target) => target,
            Err(why) => return refuse(why.to_string()),
        };
        if target.name.trim().is_empty() || targets.iter().any(|other| other.name == target.name) {
            return refuse("it needs a name of its own".into());
        }
        if !target.path.is_absolute() {
            return refuse("path must be absolute".into());
        }
        targets.push(target);
    }
    Ok(targets)
}

fn read(path: &PathBuf) -> Result<Value, ApplyError> {
    let refuse = |why: String| ApplyError::Target(format!("{}: {why}", path.display()));
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
        .map_err(|why| refuse(why.to_string()))?;
    serde_json::from_str(&text).map_err(|why| refuse(why.to_string()))
}
