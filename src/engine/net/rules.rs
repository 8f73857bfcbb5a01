//! Which hosts a sandbox may reach.

use super::address::special;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The network part of a policy: `"deny"`, `"allow"` or `{"allowHosts": […]}`.
///
/// Whatever it says, an address of the host's own machine or network is refused unless a rule names
/// that very address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rules {
    #[default]
    Deny,
    /// Every public address.
    Allow,
    Hosts(Vec<HostRule>),
}

/// `example.org`, `*.example.org`, `*`, `192.0.2.1`, `2001:db8::1`; each also with `:port`, an IPv6
/// address in brackets then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    pattern: Pattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Any,
    Name(String),
    /// Every name that ends with this, which begins with a dot.
    Beneath(String),
    Address(IpAddr),
}

/// Why a rule is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a host, `*.` and a domain, or an IP address, each with or without `:port`")]
pub struct NotAHost;

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the network policy is deny")]
    Everything,
    #[error("the network policy does not list {0}")]
    Host(String),
    #[error("the network policy does not list {0} with port {1}")]
    Port(String, u16),
    /// Only addresses that an allowed name was resolved to are connected to.
    #[error("no host that the network policy lists has the address {0}")]
    Address(IpAddr),
    #[error("{address} is {kind} address, and the network policy does not list it")]
    Special { address: IpAddr, kind: &'static str },
    #[error("{0} is not a name that can be looked up")]
    Name(String),
}

impl Rules {
    /// May this name be looked up? With a port: and connected to there?
    pub fn judge_name(&self, name: &str, port: Option<u16>) -> Result<(), Denied> {
        match self {
            Rules::Deny => Err(Denied::Everything),
            Rules::Allow => Ok(()),
            Rules::Hosts(rules) => {
                if rules.iter().any(|rule| rule.covers_name(name, port)) {
                    return Ok(());
                }
                match port {
                    Some(port) if rules.iter().any(|rule| rule.covers_name(name, None)) => {
                        Err(Denied::Port(name.to_owned(), port))
                    }
                    _ => Err(Denied::Host(name.to_owned())),
                }
            }
        }
    }

    /// May this address be connected to? `names`: allowed names that it was resolved from.
    pub fn judge_address<'a>(
        &self,
        to: SocketAddr,
        mut names: impl Iterator<Item = &'a str>,
    ) -> Result<(), Denied> {
        let address = to.ip();
        if *self == Rules::Deny {
            return Err(Denied::Everything);
        }
        if self.lists(address, Some(to.port())) {
            return Ok(());
        }
        if let Some(kind) = special(address) {
            return Err(Denied::Special { address, kind });
        }
        match self {
            Rules::Allow => Ok(()),
            _ if names.any(|name| self.judge_name(name, Some(to.port())).is_ok()) => Ok(()),
            Rules::Hosts(rules) if rules.iter().any(|rule| rule.covers_any(to.port())) => Ok(()),
            _ => Err(Denied::Address(address)),
        }
    }

    /// Is there a port on which this address, that an allowed name was resolved to, may be
    /// connected to?
    pub fn judge_resolved(&self, address: IpAddr) -> Result<(), Denied> {
        match special(address) {
            Some(kind) if !self.lists(address, None) => Err(Denied::Special { address, kind }),
            _ => Ok(()),
        }
    }

    /// Whether a rule names this very address.
    fn lists(&self, address: IpAddr, port: Option<u16>) -> bool {
        match self {
            Rules::Hosts(rules) => {
                rules.iter().any(|rule| rule.pattern == Pattern::Address(address) && rule.covers_port(port))
            }
            Rules::Deny | Rules::Allow => false,
        }
    }

    /// Whether everything that these rules allow is allowed by `cap` too. A cap of `*` covers every
    /// public host, and no special address.
    pub fn within(&self, cap: &[HostRule]) -> Result<(), String> {
        let any = cap.iter().any(|rule| rule.pattern == Pattern::Any && rule.port.is_none());
        match self {
            Rules::Deny => Ok(()),
            Rules::Allow if any => Ok(()),
            Rules::Allow => Err("allow".to_owned()),
            Rules::Hosts(rules) => match rules.iter().find(|rule| !rule.within(cap)) {
                None => Ok(()),
                Some(rule) => Err(rule.to_string()),
            },
        }
    }
}

impl HostRule {
    fn covers_port(&self, port: Option<u16>) -> bool {
        self.port.is_none() || port.is_none() || self.port == port
    }

    fn covers_any(&self, port: u16) -> bool {
        self.pattern == Pattern::Any && self.covers_port(Some(port))
    }

    fn covers_name(&self, name: &str, port: Option<u16>) -> bool {
        let named = match &self.pattern {
            Pattern::Any => true,
            Pattern::Name(own) => own == name,
            Pattern::Beneath(suffix) => name.len() > suffix.len() && name.ends_with(suffix.as_str()),
            Pattern::Address(_) => false,
        };
        named && self.covers_port(port)
    }

    fn within(&self, cap: &[HostRule]) -> bool {
        cap.iter().any(|cap| {
            let port = cap.port.is_none() || cap.port == self.port;
            port && match (&cap.pattern, &self.pattern) {
                (Pattern::Any, Pattern::Address(address)) => special(*address).is_none(),
                (Pattern::Any, _) => true,
                (Pattern::Beneath(suffix), Pattern::Name(name) | Pattern::Beneath(name)) => {
                    name.ends_with(suffix.as_str())
                }
                (cap, own) => cap == own,
            }
        })
    }
}

/// The spelling in which names are compared: lower case, no dot at the end. `None`: no host name.
pub fn canonical_name(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    (name.len() <= 253 && name.split('.').all(label)).then_some(name)
}

impl FromStr for HostRule {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<HostRule, NotAHost> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(HostRule { pattern: Pattern::Address(address), port: None });
        }
        if let Ok(to) = text.parse::<SocketAddr>() {
            let port = Some(to.port()).filter(|port| *port != 0).ok_or(NotAHost)?;
            return Ok(HostRule { pattern: Pattern::Address(to.ip()), port: Some(port) });
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address = inner.parse().map_err(|_| NotAHost)?;
            return Ok(HostRule { pattern: Pattern::Address(IpAddr::V6(address)), port: None });
        }
        let (host, port) = match text.split_once(':') {
            None => (text, None),
            Some((host, port)) => {
                let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
                let port = port.parse().ok().filter(|port| digits && *port != 0u16);
                (host, Some(port.ok_or(NotAHost)?))
            }
        };
        if host == "*" {
            return Ok(HostRule { pattern: Pattern::Any, port });
        }
        let pattern = match host.strip_prefix("*.") {
            Some(domain) => Pattern::Beneath(format!(".{}", canonical_name(domain).ok_or(NotAHost)?)),
            None => Pattern::Name(canonical_name(host).ok_or(NotAHost)?),
        };
        // What ends in a number is an address in one of its many spellings, and no name.
        let (Pattern::Name(name) | Pattern::Beneath(name)) = &pattern else { return Err(NotAHost) };
        if name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
            return Err(NotAHost);
        }
        Ok(HostRule { pattern, port })
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.pattern, self.port) {
            (Pattern::Address(IpAddr::V6(address)), Some(_)) => write!(f, "[{address}]")?,
            (Pattern::Address(address), _) => write!(f, "{address}")?,
            (Pattern::Any, _) => f.write_str("*")?,
            (Pattern::Name(name), _) => f.write_str(name)?,
            (Pattern::Beneath(suffix), _) => write!(f, "*{suffix}")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl Serialize for HostRule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HostRule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The shape of [`Rules`] in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Word(Word),
    Hosts(Hosts),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Allow,
    Deny,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hosts {
    allow_hosts: Vec<HostRule>,
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Rules::Allow => Wire::Word(Word::Allow),
            Rules::Deny => Wire::Word(Word::Deny),
            Rules::Hosts(rules) => Wire::Hosts(Hosts { allow_hosts: rules.clone() }),
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(from).map_err(|_| {
            serde::de::Error::custom(format_args!(
                "\"allow\", \"deny\" or {{\"allowHosts\": […]}} with entries such as example.org: {NotAHost}"
            ))
        })?;
        Ok(match wire {
            Wire::Word(Word::Allow) => Rules::Allow,
            Wire::Word(Word::Deny) => Rules::Deny,
            Wire::Hosts(hosts) => Rules::Hosts(hosts.allow_hosts),
        })
    }
}

impl JsonSchema for Rules {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "enum": ["allow", "deny"] },
                {
                    "type": "object",
                    "properties": {
                        "allowHosts": {
                            "type": "array",
                            "items": { "type": "string", "minLength": 1, "maxLength": 261 },
                            "maxItems": 256
                        }
                    },
                    "required": ["allowHosts"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
