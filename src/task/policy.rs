//! The runtime policy of a task: what it asks for, within what the operator allows.

use super::input::RuntimePolicy;
use crate::artifact::Secret;
use crate::contract::{Code, Refusal};
use crate::host::Settings;
use crate::recipe::judge_network;
use crate::sandbox::{Policy, Secrets};

/// The policy for a plan that executes these commands.
pub(super) fn resolve(
    asked: Option<&RuntimePolicy>,
    needed: &[&str],
    secrets: &[Secret],
    settings: &Settings,
) -> Result<Policy, Refusal> {
    let mut policy = Policy::allowing(needed.iter().copied());
    // Who names secrets wants them handed in; only a policy that says otherwise is in the way.
    if !secrets.is_empty() {
        policy.secrets = Secrets::ConnectorScoped;
    }
    let Some(asked) = asked else { return Ok(policy) };
    if let Some(commands) = &asked.commands {
        if let Some(missing) = needed.iter().find(|name| !commands.iter().any(|allowed| allowed == *name)) {
            return Err(Refusal::field(
                Code::RuntimePolicyMissingCommand,
                "runtime_policy.commands",
                format_args!("the task needs {missing}"),
            )
            .with("command", *missing));
        }
        policy.commands.clone_from(commands);
    }
    if let Some(network) = &asked.network {
        judge_network(network, "runtime_policy.network", settings)?;
        policy.network = network.clone();
    }
    policy.filesystem = asked.filesystem.unwrap_or_default();
    policy.secrets = asked.secrets.unwrap_or(policy.secrets);
    policy.approvals = asked.approvals.unwrap_or_default();
    policy.judge_secrets(secrets.iter().map(Secret::name))?;
    Ok(policy)
}
