//! Which store a call means, and how an input names a bundle.

use crate::artifact::{ArtifactError, Store, store_directory};
use crate::contract::{Code, Refusal};
use crate::host::Host;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The store of a call that reads. The configured one is made by the first run: until then there is
/// none. One that the caller names must be there.
pub fn readable(host: &dyn Host, requested: Option<&str>) -> Result<(PathBuf, Option<Store>), Refusal> {
    let root = store_directory(&host.settings()?, requested)?;
    match Store::open_existing(&root) {
        Ok(store) => Ok((root, Some(store))),
        Err(ArtifactError::RootMissing(_)) if requested.is_none() && !root.exists() => Ok((root, None)),
        Err(error) => Err(error.into()),
    }
}

/// The store that has the bundle `id`, as far as can be known without looking for it.
pub fn holding(host: &dyn Host, requested: Option<&str>, id: &str) -> Result<Store, Refusal> {
    let (_, store) = readable(host, requested)?;
    store.ok_or_else(|| ArtifactError::NotFound(id.to_owned()).into())
}

/// The store of a call that adds bundles, made if need be.
pub fn writable(host: &dyn Host, requested: Option<&str>) -> Result<Store, Refusal> {
    Ok(Store::open(&store_directory(&host.settings()?, requested)?)?)
}

/// Refuses an input without an `artifact_id` by the code for just that.
pub fn require_artifact_id(raw: &Map<String, Value>) -> Result<(), Refusal> {
    match raw.get("artifact_id") {
        None | Some(Value::Null) => {}
        Some(Value::String(id)) if id.trim().is_empty() => {}
        Some(_) => return Ok(()),
    }
    Err(Refusal::field(Code::ArtifactIdMissing, "artifact_id", "name the bundle"))
}
