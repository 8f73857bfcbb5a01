//! From an approved bundle to changed files: whatever is approved, nothing else, all or nothing.

mod support;

#[path = "apply/agreement.rs"]
mod agreement;
#[path = "apply/approval.rs"]
mod approval;
#[path = "apply/attacks.rs"]
mod attacks;
#[path = "apply/audit.rs"]
mod audit;
#[path = "apply/deliver.rs"]
mod deliver;
#[path = "apply/directory.rs"]
mod directory;
#[path = "apply/foreign.rs"]
mod foreign;
#[path = "apply/git.rs"]
mod git;
#[path = "apply/house.rs"]
mod house;
#[path = "apply/pending.rs"]
mod pending;
#[path = "apply/review.rs"]
mod review;
