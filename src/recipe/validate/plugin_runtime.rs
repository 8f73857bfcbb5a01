//! `inputs.pluginRuntime`.

use super::super::document::{HealthProbe, PhpSettings, PluginRuntime};
use super::context::Context;
use super::steps::{check_step, located};
use crate::contract::shown;
use crate::sandbox::{Arguments, Command, check_constant};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const AT: &str = "$.inputs.pluginRuntime";

/// Longest time that PHP may be given, seconds.
const TIME_MAX: i64 = 3600;

/// What may set a plugin up: what changes the site, not what asks it.
const SETUP_COMMANDS: [&str; 5] = [
    "wordpress.run-php",
    "wordpress.wp-cli",
    "wordpress.ability",
    "wordpress.plugin-state",
    "wordpress.ensure-plugin-active",
];

/// Settings without which the sandbox's own PHP does not run.
const OWN_ENTRIES: [&str; 5] =
    ["auto_append_file", "auto_prepend_file", "disable_classes", "disable_functions", "open_basedir"];

/// Longest text of a setting or a constant, bytes.
const TEXT_BYTES: usize = 64 << 10;

pub(super) fn check(runtime: &PluginRuntime, context: &mut Context<'_>) {
    check_php(&runtime.php, context);
    for (name, value) in &runtime.wp_config_defines {
        let field = format!("{AT}.wpConfigDefines.{}", shown(name, 100));
        if let Err(why) = check_constant(name) {
            context.issue("invalid-plugin-runtime-wp-config-define", field.as_str(), why);
        }
        if !is_scalar(value) {
            let why = "a string, a number, a boolean or null";
            context.issue("invalid-plugin-runtime-wp-config-define-value", field, why);
        }
    }
    for (index, step) in runtime.setup.iter().enumerate() {
        let at = format!("{AT}.setup[{index}]");
        if SETUP_COMMANDS.contains(&step.command.as_str()) {
            check_step(step, &at, context);
        } else {
            let message = format!("one of {}", SETUP_COMMANDS.join(", "));
            context.issue("unsupported-plugin-runtime-setup-command", format!("{at}.command"), message);
        }
    }
    let mut taken = BTreeSet::new();
    for (index, probe) in runtime.health_probes.iter().enumerate() {
        let at = format!("{AT}.healthProbes[{index}]");
        if !is_name(&probe.name) || !taken.insert(&probe.name) {
            let why = "letters, digits and . _ -, beginning with a letter or a digit, and no other probe's";
            context.issue("invalid-plugin-runtime-health-probe-name", format!("{at}.name"), why);
        }
        check_probe(probe, &at, context);
    }
}

fn check_php(php: &PhpSettings, context: &mut Context<'_>) {
    if let Some(limit) = &php.memory_limit {
        let digits = limit.strip_suffix(['K', 'M', 'G']).unwrap_or(limit);
        if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            let field = format!("{AT}.php.memoryLimit");
            context.issue("invalid-plugin-runtime-memory-limit", field, "digits, then perhaps K, M or G");
        }
    }
    if let Some(seconds) = php.max_execution_time
        && !(0..=TIME_MAX).contains(&seconds)
    {
        let field = format!("{AT}.php.maxExecutionTime");
        context.issue("invalid-plugin-runtime-max-execution-time", field, format!("0 to {TIME_MAX} seconds"));
    }
    check_entries("iniEntries", "php-ini-entry", &php.ini_entries, context);
    check_entries("bootstrapIniEntries", "bootstrap-php-ini-entry", &php.bootstrap_ini_entries, context);
}

fn check_entries(list: &str, word: &str, entries: &Map<String, Value>, context: &mut Context<'_>) {
    for (name, value) in entries {
        let field = format!("{AT}.php.{list}.{}", shown(name, 100));
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() <= 128
            && name.bytes().all(plain);
        if !is_name || OWN_ENTRIES.contains(&name.as_str()) {
            let why = if is_name {
                "the sandbox itself needs this setting"
            } else {
                "the name of a setting of PHP"
            };
            context.issue(format!("invalid-plugin-runtime-{word}"), field.as_str(), why);
        }
        // A line end would begin another setting.
        if !is_scalar(value) || value.as_str().is_some_and(|text| text.contains(['\n', '\r', '\0'])) {
            let why = "a string of one line, a number, a boolean or null";
            context.issue(format!("invalid-plugin-runtime-{word}-value"), field, why);
        }
    }
}

fn check_probe(probe: &HealthProbe, at: &str, context: &mut Context<'_>) {
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    match probe.kind.as_str() {
        "plugin-active" => {
            let file = probe.plugin_file.as_deref().unwrap_or_default();
            let plain = !file.contains(['\0', '\\'])
                && file.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
            if !plain || !file.ends_with(".php") {
                let why = "a PHP file, relative to the plugins directory";
                context.issue("invalid-plugin-runtime-health-probe-plugin", format!("{at}.pluginFile"), why);
            }
        }
        "php" if blank(&probe.code) => {
            context.issue("missing-plugin-runtime-health-probe-code", format!("{at}.code"), "required");
        }
        "wp-cli" if blank(&probe.command) => {
            context.issue("missing-plugin-runtime-health-probe-command", format!("{at}.command"), "required");
        }
        "php" => {}
        "wp-cli" => {
            let arguments =
                Arguments::of_texts([format!("command={}", probe.command.as_deref().unwrap_or_default())]);
            if let Err(issue) = Command::parse("wordpress.wp-cli", arguments) {
                let issue = located(issue, at);
                context.issue(issue.code, format!("{at}.command"), issue.message);
            }
        }
        _ => {
            let why = "one of plugin-active, php, wp-cli";
            context.issue("unsupported-plugin-runtime-health-probe", format!("{at}.type"), why);
        }
    }
}

/// `A-Z a-z 0-9 . _ -`, beginning with a letter or a digit.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 200
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_scalar(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= TEXT_BYTES,
        Value::Array(_) | Value::Object(_) => false,
        _ => true,
    }
}
