//! How much of the network the operator lets tasks and recipes reach.

use crate::contract::{Code, Refusal};
use crate::engine::net::{HostRule, Rules};
use crate::host::Settings;

/// Whether the operator lets a caller open this much of the network. The operator may open all.
pub fn judge_network(network: &Rules, field: &str, settings: &Settings) -> Result<(), Refusal> {
    if settings.operator {
        return Ok(());
    }
    network.within(&cap(settings)?).map_err(|host| {
        Refusal::field(
            Code::RuntimePolicyViolation,
            field,
            format_args!(
                "{host} is not among the hosts that the operator allows \
                 (wp_codebox.network_hosts, filter wp_codebox_allowed_network_hosts)"
            ),
        )
    })
}

/// The hosts that the operator lets tasks reach.
fn cap(settings: &Settings) -> Result<Vec<HostRule>, Refusal> {
    settings
        .network_hosts
        .iter()
        .map(|host| {
            host.parse().map_err(|why| {
                Refusal::new(
                    Code::SettingInvalid,
                    format!("{host:?} in wp_codebox.network_hosts must be {why}."),
                )
                .with("setting", "wp_codebox.network_hosts")
            })
        })
        .collect()
}
