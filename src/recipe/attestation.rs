//! `wp-codebox/run-attestation/v1`: what ran, under which rules, and which of these were enforced.
//!
//! Invariant: a rule is attested as enforced only if a test tries to break it.

use super::Plan;
use crate::artifact::{Attachment, AttachmentContent};
use crate::contract::{Refusal, digest_hex, iso8601, stable_json, to_value};
use crate::engine::net;
use crate::sandbox::{Approvals, BACKEND, Core, Filesystem, Policy, Secrets};
use serde::Serialize;
use serde_json::json;
use std::time::SystemTime;

pub const RUN_ATTESTATION_SCHEMA: &str = "wp-codebox/run-attestation/v1";
const SECRET_ENVELOPE_SCHEMA: &str = "wp-codebox/redacted-secret-envelope/v1";

/// Where it lies beneath `files/`.
const PATH: &str = "runtime-evidence/run-attestation.json";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    schema: &'static str,
    created_at: String,
    package: Package,
    backend: Backend,
    runtime: Runtime,
    policy: Rules,
    secret_envelope: SecretEnvelope,
    sealed: Sealed,
}

#[derive(Debug, Serialize)]
struct Package {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Backend {
    kind: &'static str,
    engine: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    kind: &'static str,
    /// The core's WordPress version.
    version: String,
    php_version: String,
    /// The runtime pack, by its digest.
    immutable_ref: String,
    /// `pack`, or `parent` for the files of the parent's own WordPress.
    core: &'static str,
}

#[derive(Debug, Serialize)]
struct Rules {
    command: Commands,
    network: Rule<net::Rules>,
    filesystem: Rule<Filesystem>,
    secrets: Rule<Secrets>,
    approvals: Rule<Approvals>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Commands {
    /// Of the canonical JSON of the list.
    sha256: String,
    allowed_commands: Vec<String>,
    enforcement: Enforcement,
}

#[derive(Debug, Serialize)]
struct Rule<T> {
    value: T,
    enforcement: Enforcement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Enforcement {
    /// Breaking it was tried, and fails.
    Enforced,
    /// There is no such rule in this run.
    NotConfigured,
}

/// Names of secrets, never values.
#[derive(Debug, Serialize)]
struct SecretEnvelope {
    schema: &'static str,
    provided: bool,
    count: usize,
    secrets: Vec<NamedSecret>,
    redaction: &'static str,
}

#[derive(Debug, Serialize)]
struct NamedSecret {
    name: String,
    status: &'static str,
    source: &'static str,
}

/// The rules by how they were kept.
#[derive(Debug, Serialize)]
struct Sealed {
    enforced: Vec<&'static str>,
    /// Rules that are only said: there is none.
    declarative: Vec<&'static str>,
}

/// The attestation of a run of `plan`, as a file of its bundle.
pub fn attest(plan: &Plan, wp: &str, created_at: SystemTime) -> Result<Attachment, Refusal> {
    let content = to_value(&attestation(plan, wp, iso8601(created_at)))?;
    Ok(Attachment {
        path: PATH.to_owned(),
        kind: "run-attestation".to_owned(),
        content: AttachmentContent::Json(content),
    })
}

fn attestation(plan: &Plan, wp: &str, created_at: String) -> Attestation {
    let policy = rules(&plan.spec.policy);
    let rules = [
        ("command", policy.command.enforcement),
        ("network", policy.network.enforcement),
        ("filesystem", policy.filesystem.enforcement),
        ("secrets", policy.secrets.enforcement),
        ("approvals", policy.approvals.enforcement),
    ];
    let enforced = rules.into_iter().filter(|(_, how)| *how == Enforcement::Enforced);
    let sealed = Sealed { enforced: enforced.map(|(name, _)| name).collect(), declarative: Vec::new() };
    let mut names = plan.spec.secrets.clone();
    names.sort();
    let named = |name| NamedSecret { name, status: "available", source: "parent-env" };
    Attestation {
        schema: RUN_ATTESTATION_SCHEMA,
        created_at,
        package: Package { name: "wp-codebox", version: env!("CARGO_PKG_VERSION") },
        backend: Backend { kind: BACKEND, engine: "wasmtime" },
        runtime: Runtime {
            kind: "wordpress",
            version: wp.to_owned(),
            php_version: plan.spec.pack.php_version().to_owned(),
            immutable_ref: format!("runtime-pack-sha256-{}", plan.spec.pack.id()),
            core: match plan.spec.core {
                Core::Pack => "pack",
                _ if plan.inheritance.has_wordpress() => "parent",
                _ => "recipe",
            },
        },
        policy,
        secret_envelope: SecretEnvelope {
            schema: SECRET_ENVELOPE_SCHEMA,
            provided: !names.is_empty(),
            count: names.len(),
            secrets: names.into_iter().map(named).collect(),
            redaction: "names-only",
        },
        sealed,
    }
}

fn rules(policy: &Policy) -> Rules {
    let approvals = match policy.approvals {
        Approvals::Never => Enforcement::NotConfigured,
        Approvals::OnWrite | Approvals::OnCommand => Enforcement::Enforced,
    };
    let enforcement = Enforcement::Enforced;
    Rules {
        command: Commands {
            sha256: digest_hex([stable_json(&json!(policy.commands)).as_bytes()]),
            allowed_commands: policy.commands.clone(),
            enforcement,
        },
        network: Rule { value: policy.network.clone(), enforcement },
        filesystem: Rule { value: policy.filesystem, enforcement },
        secrets: Rule { value: policy.secrets, enforcement },
        approvals: Rule { value: policy.approvals, enforcement: approvals },
    }
}
