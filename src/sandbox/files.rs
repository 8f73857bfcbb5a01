//! The files that the host places inside a sandbox.

use super::random;
use super::spec::Spec;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(super) const STEP_SCRIPT: &str = "/internal/codebox/step.php";
pub(super) const FRONT_SCRIPT: &str = "/internal/codebox/front.php";
pub(super) const PLUGIN_RUN_SCRIPT: &str = "/internal/codebox/plugin-run.php";
pub(super) const WP_CLI_SCRIPT: &str = "/internal/codebox/wp-cli.php";
pub(super) const INSTALL_SCRIPT: &str = "/internal/codebox/install.php";
pub(super) const BOOT_SCRIPT: &str = "/internal/codebox/boot.php";
pub(super) const CALIBRATE_SCRIPT: &str = "/internal/codebox/calibrate.php";
pub(super) const DEFINES_FILE: &str = "/internal/codebox/defines.json";
pub(super) const COMPONENTS_FILE: &str = "/internal/codebox/components.json";
pub(super) const DROP_IN: &str = "/wordpress/wp-content/db.php";
pub(super) const CODE_FILE: &str = "/internal/codebox/code.php";
pub(super) const INI_FILE: &str = "/internal/codebox/php.ini";
pub(super) const DATABASE: &str = "/internal/database/wordpress.sqlite";
pub(super) const DATABASE_LOG: &str = "/internal/database/wordpress.sqlite-wal";
/// The largest database that is read, bytes.
pub(super) const DATABASE_MAX: u64 = 64 << 20;
pub(super) const WP_CLI: &str = "/internal/wp-cli.phar";
pub(super) const SQLITE: &str = "/internal/sqlite-database-integration";

const STEP: &str = include_str!("guest/step.php");
const STEPS: &str = include_str!("guest/steps.php");
const WP_CLI_PHP: &str = include_str!("guest/wp-cli.php");
const INSTALL: &str = include_str!("guest/install.php");
const BOOT: &str = include_str!("guest/boot.php");
const CALIBRATE: &str = include_str!("guest/calibrate.php");
const WP_CONFIG: &str = include_str!("guest/wp-config.php");
const COMPONENTS: &str = include_str!("guest/components.php");
const HTTP: &str = include_str!("guest/http.php");
const PHP_INI: &str = include_str!("guest/php.ini");

/// Puts content into a sandbox; loaded when there is some.
const CONTENT: [(&str, &str); 11] = [
    ("/internal/codebox/content/content.php", include_str!("guest/content/content.php")),
    ("/internal/codebox/content/files.php", include_str!("guest/content/files.php")),
    ("/internal/codebox/content/archive.php", include_str!("guest/content/archive.php")),
    ("/internal/codebox/content/install.php", include_str!("guest/content/install.php")),
    ("/internal/codebox/content/site.php", include_str!("guest/content/site.php")),
    (
        "/internal/codebox/content/class-sql-statements.php",
        include_str!("guest/content/class-sql-statements.php"),
    ),
    ("/internal/codebox/content/seed.php", include_str!("guest/content/seed.php")),
    ("/internal/codebox/content/sql.php", include_str!("guest/content/sql.php")),
    (
        "/internal/codebox/content/class-wxr-addresses.php",
        include_str!("guest/content/class-wxr-addresses.php"),
    ),
    ("/internal/codebox/content/class-wxr-reader.php", include_str!("guest/content/class-wxr-reader.php")),
    ("/internal/codebox/content/class-wxr-import.php", include_str!("guest/content/class-wxr-import.php")),
];

/// What every sandbox loads.
const CORE_FILES: [(&str, &str); 20] = [
    (STEP_SCRIPT, STEP),
    (FRONT_SCRIPT, include_str!("guest/front.php")),
    ("/internal/codebox/site.php", include_str!("guest/site.php")),
    (PLUGIN_RUN_SCRIPT, include_str!("guest/plugin-run.php")),
    ("/internal/codebox/class-tested-plugin.php", include_str!("guest/class-tested-plugin.php")),
    ("/internal/codebox/class-bench.php", include_str!("guest/class-bench.php")),
    ("/internal/codebox/class-phpunit.php", include_str!("guest/class-phpunit.php")),
    ("/internal/codebox/class-query-log.php", include_str!("guest/class-query-log.php")),
    // What a command needs beyond steps.php is loaded when it is executed.
    ("/internal/codebox/commands/plugin-state.php", include_str!("guest/commands/plugin-state.php")),
    ("/internal/codebox/commands/capture-state.php", include_str!("guest/commands/capture-state.php")),
    ("/internal/codebox/commands/agent-run.php", include_str!("guest/commands/agent-run.php")),
    ("/internal/codebox/commands/rest-request.php", include_str!("guest/commands/rest-request.php")),
    ("/internal/codebox/steps.php", STEPS),
    (WP_CLI_SCRIPT, WP_CLI_PHP),
    (INSTALL_SCRIPT, INSTALL),
    (BOOT_SCRIPT, BOOT),
    (CALIBRATE_SCRIPT, CALIBRATE),
    ("/wordpress/wp-config.php", WP_CONFIG),
    ("/wordpress/wp-content/mu-plugins/0-wp-codebox-components.php", COMPONENTS),
    // Before the components, which may make requests as they load.
    ("/wordpress/wp-content/mu-plugins/0-wp-codebox-0-http.php", HTTP),
];

/// Every fixed text file: `(path, content)`. They are the same in every sandbox.
pub(super) fn fixed() -> impl Iterator<Item = (&'static str, &'static str)> {
    CORE_FILES.into_iter().chain(CONTENT)
}

/// Whether the host placed this file.
pub(super) fn is_placed(path: &str) -> bool {
    path == DROP_IN || fixed().any(|(placed, _)| placed == path)
}

/// Text that a base image depends on.
pub(super) fn base_inputs() -> [&'static str; 5] {
    [INSTALL, WP_CONFIG, STEP, STEPS, PHP_INI]
}

/// php.ini for these limits and settings. PHP's own limit lies well below the heap's, so that PHP is the one to
/// say "out of memory": linear memory holds two to three times what PHP counts.
pub(super) fn php_ini(spec: &Spec) -> String {
    let memory_limit = spec.limits.memory / 4;
    let mut ini = format!("{PHP_INI}memory_limit = {memory_limit}\n");
    for (name, value) in &spec.ini.started {
        ini.push_str(&format!("{name} = {}\n", quoted(value)));
    }
    ini
}

/// A value of one line, taken literally.
fn quoted(value: &str) -> String {
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The name under which [`DEFINES_FILE`] has settings of PHP. No constant can be called so.
const INI_ENTRIES: &str = "ini.entries";

/// wp-config.php's constants: the salts and the task's own.
pub(super) fn defines(spec: &Spec, salts: &Salts) -> Map<String, Value> {
    let mut defines = Map::new();
    for (name, salt) in SALTS.iter().zip(salts.texts()) {
        defines.insert((*name).to_owned(), salt.into());
    }
    defines.extend(spec.defines.clone());
    if !spec.ini.loaded.is_empty() {
        defines.insert(INI_ENTRIES.to_owned(), json!(spec.ini.loaded));
    }
    defines
}

const SALTS: [&str; 8] = [
    "AUTH_KEY",
    "SECURE_AUTH_KEY",
    "LOGGED_IN_KEY",
    "NONCE_KEY",
    "AUTH_SALT",
    "SECURE_AUTH_SALT",
    "LOGGED_IN_SALT",
    "NONCE_SALT",
];

/// The secrets that WordPress signs cookies and nonces with: a sandbox's own.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Salts([String; SALTS.len()]);

impl Salts {
    pub(super) fn random() -> Salts {
        Salts(random::salts())
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// All of one length, so that one sandbox's can stand in place of another's.
    pub(super) fn bytes(&self) -> Vec<Vec<u8>> {
        self.0.iter().map(|salt| salt.clone().into_bytes()).collect()
    }
}

/// The SQLite drop-in of the pack with its two placeholders filled.
pub(super) fn database_drop_in(template: &str) -> String {
    template
        .replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", SQLITE)
        .replace("{SQLITE_PLUGIN}", "sqlite-database-integration/load.php")
}
