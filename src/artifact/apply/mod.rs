//! From a bundle that somebody approves to files that are changed.
//!
//! In: the id of a bundle, the files that are approved, and who approves. Out: a preflight, a
//! decision, a pending apply, or what an adapter has done.
//!
//! Invariants: a bundle is verified each time; the patch that is handed over is of exactly the
//! approved files; nothing is handed over that is not recorded first; nothing is believed to be
//! applied but what was approved.

mod agreement;
mod approval;
mod audit;
mod base;
mod deliver;
mod error;
mod filter;
mod named;
mod pending;
mod preflight;
mod request;
mod result;
mod review;
mod rows;
mod stage;
mod target;
mod tree;

pub(in crate::artifact) use agreement::{Mount, disagreements};
pub use audit::{
    APPLY_AUDIT_SCHEMA, AuditLog, AuditProblem, AuditVerdict, Log, REVIEW_AUDIT_SCHEMA, Receipt,
};
pub use base::{BaseCheck, BaseStatus};
pub use deliver::{APPLY_SCHEMA, Applied, Mode, apply};
pub use error::ApplyError;
pub use named::Named;
pub use pending::{
    PENDING_APPLY_LIST_SCHEMA, PENDING_APPLY_RESOLUTION_SCHEMA, PENDING_APPLY_SCHEMA, PENDING_KIND,
    PendingApply, PendingDecision, PendingList, PendingState, Resolution, Verdict, accept,
    list as list_pending, pending_artifacts, reject,
};
pub use preflight::{APPLY_PREFLIGHT_SCHEMA, Preflight, preflight};
pub use request::{ApplyRequest, Payload};
pub use result::{APPLY_RESULT_SCHEMA, ApplyResult};
pub use review::{REVIEW_RESULT_SCHEMA, ReviewAction, ReviewRequest, Reviewed, review};
pub use rows::ChangedRow;
pub(in crate::artifact) use rows::rows;
pub use stage::{StageRequest, stage};
pub use target::{TargetConfig, TargetKind};
