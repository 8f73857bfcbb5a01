//! Secrets do not leave: every spelling, every seam, and nothing but secrets.

mod support;

#[path = "redact/attacks.rs"]
mod attacks;
#[path = "redact/bundles.rs"]
mod bundles;
#[path = "redact/cut.rs"]
mod cut;
#[path = "redact/encodings.rs"]
mod encodings;
#[path = "redact/live.rs"]
mod live;
#[path = "redact/model.rs"]
mod model;
#[path = "redact/ordinary.rs"]
mod ordinary;
#[path = "redact/policy.rs"]
mod policy;
#[path = "redact/shapes.rs"]
mod shapes;
#[path = "redact/slow.rs"]
mod slow;
