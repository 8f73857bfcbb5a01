//! The virtual filesystem, through its public door. A topic a file.

#[path = "overlay/changes.rs"]
mod changes;
#[path = "overlay/content.rs"]
mod content;
#[path = "overlay/forks.rs"]
mod forks;
#[path = "overlay/limits.rs"]
mod limits;
#[path = "overlay/listing.rs"]
mod listing;
#[path = "overlay/model.rs"]
mod model;
#[path = "overlay/mounts.rs"]
mod mounts;
#[path = "overlay/names.rs"]
mod names;
#[path = "overlay/paths.rs"]
mod paths;
#[path = "overlay/plans.rs"]
mod plans;
#[path = "overlay/support.rs"]
mod support;
