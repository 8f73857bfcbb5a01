//! What is wrong with a recipe, and where.

use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

/// One reason why a recipe is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Issue {
    /// A stable word, such as `missing-path`.
    pub code: Cow<'static, str>,
    /// The way to the field, such as `$.inputs.mounts[0].source`.
    pub path: String,
    pub message: String,
}

impl Issue {
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Issue {
        Issue { code: code.into(), path: path.into(), message: message.into() }
    }
}
