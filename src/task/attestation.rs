//! `wp-codebox/run-attestation/v1`: what ran, under which rules, and which of these were enforced.
//!
//! Invariant: a rule is attested as enforced only if a test tries to break it.

use crate::contract::{digest_hex, stable_json};
use crate::recipe::Plan;
use crate::sandbox::Core;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;

pub const RUN_ATTESTATION_SCHEMA: &str = "wp-codebox/run-attestation/v1";
const SECRET_ENVELOPE_SCHEMA: &str = "wp-codebox/redacted-secret-envelope/v1";

/// Where it lies beneath `files/`.
pub(super) const PATH: &str = "runtime-evidence/run-attestation.json";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attestation {
    schema: &'static str,
    created_at: String,
    package: Package,
    backend: Backend,
    runtime: Runtime,
    policy: Policy,
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
struct Policy {
    command: Commands,
    network: Rule,
    filesystem: Rule,
    secrets: Rule,
    approvals: Rule,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Commands {
    /// Of the canonical JSON of the list.
    sha256: String,
    allowed_commands: BTreeSet<&'static str>,
    enforcement: Enforcement,
}

#[derive(Debug, Serialize)]
struct Rule {
    value: &'static str,
    enforcement: Enforcement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Enforcement {
    /// Breaking it was tried, and fails.
    Enforced,
    /// It is how the run was planned; nothing stops code inside from doing the same by other means.
    Declarative,
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
    declarative: Vec<&'static str>,
}

pub(super) fn attest(plan: &Plan, secret_env: &[String], wp: &str, created_at: String) -> Attestation {
    let policy = policy(plan, !secret_env.is_empty());
    let kept = |how| {
        [
            ("command", policy.command.enforcement),
            ("network", policy.network.enforcement),
            ("filesystem", policy.filesystem.enforcement),
            ("secrets", policy.secrets.enforcement),
            ("approvals", policy.approvals.enforcement),
        ]
        .into_iter()
        .filter(|(_, enforcement)| *enforcement == how)
        .map(|(name, _)| name)
        .collect()
    };
    let sealed = Sealed { enforced: kept(Enforcement::Enforced), declarative: kept(Enforcement::Declarative) };
    let mut names = secret_env.to_vec();
    names.sort();
    let named = |name| NamedSecret { name, status: "available", source: "parent-env" };
    Attestation {
        schema: RUN_ATTESTATION_SCHEMA,
        created_at,
        package: Package { name: "wp-codebox", version: env!("CARGO_PKG_VERSION") },
        backend: Backend { kind: super::result::BACKEND, engine: "wasmtime" },
        runtime: Runtime {
            kind: "wordpress",
            version: wp.to_owned(),
            php_version: plan.spec.pack.php_version().to_owned(),
            immutable_ref: format!("runtime-pack-sha256-{}", plan.spec.pack.id()),
            core: match plan.spec.core {
                Core::Pack => "pack",
                Core::Directory(_) => "parent",
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

fn policy(plan: &Plan, has_secrets: bool) -> Policy {
    let mut allowed: BTreeSet<&'static str> = plan.steps.iter().map(|step| step.command.name()).collect();
    if !plan.activations.is_empty() {
        allowed.insert("wordpress.ensure-plugin-active");
    }
    if !plan.probes.is_empty() {
        allowed.insert("wp-codebox.readiness-probe");
    }
    let writable = plan.spec.mounts.iter().any(|mount| mount.writable);
    let rule = |value, enforcement| Rule { value, enforcement };
    Policy {
        command: Commands {
            sha256: digest_hex([stable_json(&json!(allowed)).as_bytes()]),
            allowed_commands: allowed,
            enforcement: Enforcement::Declarative,
        },
        network: rule("deny", Enforcement::Enforced),
        filesystem: rule(if writable { "readwrite-mounts" } else { "readonly-mounts" }, Enforcement::Enforced),
        secrets: rule(if has_secrets { "connector-scoped" } else { "none" }, Enforcement::Enforced),
        approvals: rule("never", Enforcement::NotConfigured),
    }
}
