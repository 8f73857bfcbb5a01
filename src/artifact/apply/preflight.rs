//! Would the changes be handed over? Everything is looked at, nothing is done.

use super::approval::{Extent, Trusted};
use super::base::BaseCheck;
use super::error::ApplyError;
use super::request::{ApplyRequest, Payload, Ready};
use crate::artifact::{Bundle, Store, Verification};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schema id of [`Preflight`].
pub const APPLY_PREFLIGHT_SCHEMA: &str = "wp-codebox/artifact-apply-preflight/v1";

/// `wp-codebox/artifact-apply-preflight/v1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Preflight {
    pub success: bool,
    pub schema: String,
    pub artifact_id: String,
    pub artifact: Bundle,
    pub approved_files: Vec<String>,
    pub changed_files: Vec<String>,
    pub patch_sha256: String,
    pub content_digest: String,
    pub verification: Verification,
    pub base: BaseCheck,
    /// What an adapter would get.
    pub payload: Payload,
}

/// Holds an approval of everything in a bundle against the bundle and the files it was made from.
pub fn preflight(store: &Store, request: &ApplyRequest, host: &dyn Host) -> Result<Preflight, ApplyError> {
    let approved = Trusted::read(store, request)?.approve(&request.approved_files, Extent::All)?;
    let ready = Ready::new(approved, request, host)?;
    let payload = ready.payload();
    let Ready { approved, base, .. } = ready;
    Ok(Preflight {
        success: true,
        schema: APPLY_PREFLIGHT_SCHEMA.into(),
        artifact_id: approved.bundle.id.clone(),
        content_digest: approved.bundle.content_digest.clone(),
        artifact: approved.bundle,
        approved_files: approved.files,
        changed_files: approved.changed_files,
        patch_sha256: approved.patch_sha256,
        verification: approved.verification,
        base,
        payload,
    })
}
