//! What a sandbox has from its parent: names, never values.

use crate::host::Settings;
use crate::sandbox::Spec;
use serde::Serialize;

/// `provenance.inheritance` of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inheritance {
    /// None: connectors are not inherited.
    connectors: [(); 0],
    /// Variables of the parent's environment that the sandbox's environment has.
    secrets: Vec<Secret>,
    /// Settings of the operator's that bound the sandbox.
    settings: Vec<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wordpress: Option<WordPress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Secret {
    name: String,
    status: &'static str,
    scope: &'static str,
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Setting {
    name: &'static str,
    status: &'static str,
    scope: &'static str,
}

/// The parent's own core files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct WordPress {
    status: &'static str,
    source: &'static str,
}

impl Inheritance {
    /// Of a sandbox that is made of `spec` where the operator has these settings.
    pub fn of(spec: &Spec, settings: &Settings) -> Inheritance {
        let mut names = spec.secrets.clone();
        names.sort();
        let secret = |name| Secret { name, status: "available", scope: "task", source: "parent-env" };
        let setting = |(name, is_set): (&'static str, bool)| {
            is_set.then_some(Setting { name, status: "inherited", scope: "operator" })
        };
        let core = spec.core.directory();
        let parents = core.is_some() && core == settings.wordpress_dir.as_deref();
        Inheritance {
            connectors: [],
            secrets: names.into_iter().map(secret).collect(),
            settings: limits(settings).into_iter().filter_map(setting).collect(),
            wordpress: parents.then_some(WordPress { status: "inherited", source: "parent" }),
        }
    }

    /// Whether the WordPress is the parent's own.
    pub fn has_wordpress(&self) -> bool {
        self.wordpress.is_some()
    }
}

/// Limits by the names of their settings, and whether the operator has set them.
fn limits(settings: &Settings) -> [(&'static str, bool); 11] {
    [
        ("wp_codebox.disk_limit", settings.disk_limit.is_some()),
        ("wp_codebox.file_size_limit", settings.file_size_limit.is_some()),
        ("wp_codebox.files_limit", settings.files_limit.is_some()),
        ("wp_codebox.max_timeout", settings.max_timeout.is_some()),
        ("wp_codebox.memory_limit", settings.memory_limit.is_some()),
        ("wp_codebox.network_bytes_limit", settings.network_bytes_limit.is_some()),
        ("wp_codebox.network_connections_limit", settings.network_connections_limit.is_some()),
        ("wp_codebox.network_hosts", !settings.network_hosts.is_empty()),
        ("wp_codebox.open_files_limit", settings.open_files_limit.is_some()),
        ("wp_codebox.output_limit", settings.output_limit.is_some()),
        ("wp_codebox.timeout", settings.timeout.is_some()),
    ]
}
