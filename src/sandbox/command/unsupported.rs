//! Names that callers may know from elsewhere and that are not carried out here: they need a browser
//! or the network, or belong to campaigns that have no place in a sandbox.

const UNSUPPORTED: &[&str] = &[
    "wordpress.action-auth",
    "wordpress.admin-action",
    "wordpress.admin-action-inventory",
    "wordpress.admin-page-inventory",
    "wordpress.block-exercise",
    "wordpress.block-render",
    "wordpress.browser-actions",
    "wordpress.browser-actions.evaluate",
    "wordpress.browser-page-load",
    "wordpress.browser-probe",
    "wordpress.browser-scenario",
    "wordpress.cache-churn-observation",
    "wordpress.capture-html",
    "wordpress.collect-workload-result",
    "wordpress.core-phpunit",
    "wordpress.crud-operation",
    "wordpress.db-operation",
    "wordpress.editor-actions",
    "wordpress.editor-canvas-probe",
    "wordpress.editor-open",
    "wordpress.editor-validate-blocks",
    "wordpress.execution-surfaces",
    "wordpress.export-browser-storage-state",
    "wordpress.export-replay-package",
    "wordpress.frontend-url-inventory",
    "wordpress.fuzz-admin-pages",
    "wordpress.fuzz-plugin-module-state",
    "wordpress.inventory-database",
    "wordpress.inventory-plugin-module-options-tables",
    "wordpress.invoke-cron-event",
    "wordpress.invoke-hook",
    "wordpress.invoke-wp-cli",
    "wordpress.nonce",
    "wordpress.plugin-check",
    "wordpress.plugin-setup",
    "wordpress.rest-performance-observation",
    "wordpress.rest-route-inventory",
    "wordpress.run-workload",
    "wordpress.runtime-discovery",
    "wordpress.server-page-load",
    "wordpress.session",
    "wordpress.simulated-admin-page-load",
    "wordpress.simulated-frontend-page-load",
    "wordpress.theme-check",
    "wordpress.theme-setup",
    "wordpress.visual-compare",
    "wp-codebox.agent-fanout",
    "wp-codebox.agent-runtime-probe",
    "wp-codebox.bounded-runtime-plan",
    "wp-codebox/run-fuzz-suite",
];

/// Arguments that callers may know from elsewhere, by command, and what is there instead.
const ARGUMENTS: &[(&str, &[&str], &str)] = &[
    (
        "wordpress.run-php",
        &["capture-diagnostics", "diagnostics-max-items", "diagnostics-max-bytes"],
        "a recipe's step has diagnostics",
    ),
    ("wordpress.ability", &["session", "principal", "principal-json"], "name a user"),
    ("wordpress.rest-request", &["session"], "name a user"),
    (
        "wordpress.phpunit",
        &[
            "code",
            "code-file",
            "project-autoload-file",
            "tests-dir",
            "phpunit-xml-default",
            "dependency-mounts",
            "multisite",
        ],
        "the plugin's own phpunit.xml and bootstrap are used",
    ),
    ("wordpress.plugin-state", &["path"], "name the plugin by its file or its slug"),
    ("wordpress.ensure-plugin-active", &["path"], "name the plugin by its file or its slug"),
    ("wordpress.ensure-plugin-active", &["network"], "wordpress.plugin-state has it"),
    (
        "wp-codebox.checkpoint-create",
        &[
            "snapshot-include-wp-content",
            "snapshot-exclude-wp-content",
            "snapshot-database-tables",
            "snapshot-exclude-database-tables",
            "snapshot-option-names",
            "snapshot-post-types",
        ],
        "a checkpoint keeps everything",
    ),
    (
        "wp-codebox.agent-sandbox-run",
        &[
            "component",
            "runtime-component-contracts-json",
            "provider-plugin-slugs",
            "provider-plugin-contracts-json",
        ],
        "a recipe's extra_plugins, or component_contracts, bring plugins in",
    ),
    ("wp-codebox.agent-sandbox-run", &["agent-bundles-json"], "a component registers its agents itself"),
    ("wp-codebox.agent-sandbox-run", &["code", "code-file"], "wordpress.run-php runs code"),
];

/// Why a command has no such argument.
pub(super) fn argument_reason(id: &str, argument: &str) -> String {
    match ARGUMENTS.iter().find(|(command, names, _)| *command == id && names.contains(&argument)) {
        Some((_, _, instead)) => format!("not supported: {instead}"),
        None => "unknown argument".to_owned(),
    }
}

/// Why there is no such command.
pub(super) fn reason(id: &str) -> &'static str {
    if UNSUPPORTED.contains(&id) { "not supported" } else { "no such command" }
}
