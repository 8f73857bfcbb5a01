//! Where a step takes its files from.

use super::path::SandboxPath;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A resource as a blueprint writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "resource", deny_unknown_fields)]
pub(super) enum Resource {
    /// A file or directory that is in the sandbox already: mounted, staged, or made by a step.
    #[serde(rename = "vfs")]
    Vfs { path: SandboxPath },
    /// A file whose text stands in the blueprint.
    #[serde(rename = "literal")]
    Literal { name: String, contents: String },
    /// The same for a directory.
    #[serde(rename = "literal:directory")]
    LiteralDirectory { name: String, files: Map<String, Value> },
    /// A file or directory beside the recipe.
    #[serde(rename = "bundled")]
    Bundled { path: String },
    /// Another resource, packed as an archive. What unpacks it again takes the other.
    #[serde(rename = "zip")]
    Zip {
        inner: Box<Resource>,
        #[serde(default)]
        name: Option<String>,
    },
    #[serde(rename = "url")]
    Url {
        #[serde(rename = "url")]
        _url: String,
        #[serde(rename = "caption", default)]
        _caption: Option<String>,
    },
    #[serde(rename = "wordpress.org/plugins")]
    DirectoryPlugin {
        #[serde(rename = "slug")]
        _slug: String,
    },
    #[serde(rename = "wordpress.org/themes")]
    DirectoryTheme {
        #[serde(rename = "slug")]
        _slug: String,
    },
    #[serde(rename = "git:directory")]
    Git {
        #[serde(rename = "url")]
        _url: String,
        #[serde(rename = "ref", default)]
        _reference: Option<String>,
        #[serde(rename = "refType", default)]
        _kind: Option<String>,
        #[serde(rename = "path", default)]
        _path: Option<String>,
        #[serde(rename = ".git", default)]
        _metadata: Option<bool>,
    },
}

impl Resource {
    /// The resource's kind, if it cannot be had without a network.
    pub(super) fn needs_network(&self) -> Option<&'static str> {
        match self {
            Resource::Url { .. } => Some("url"),
            Resource::DirectoryPlugin { .. } => Some("wordpress.org/plugins"),
            Resource::DirectoryTheme { .. } => Some("wordpress.org/themes"),
            Resource::Git { .. } => Some("git:directory"),
            Resource::Zip { inner, .. } => inner.needs_network(),
            Resource::Vfs { .. }
            | Resource::Literal { .. }
            | Resource::LiteralDirectory { .. }
            | Resource::Bundled { .. } => None,
        }
    }
}
