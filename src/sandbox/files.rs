//! The files that the host places inside a sandbox.

use super::spec::{Limits, Spec};
use super::random;
use serde_json::{Map, Value};

pub(super) const STEP_FILE: &str = "/internal/codebox/step.json";
pub(super) const RESULT_FILE: &str = "/internal/codebox/result.json";
pub(super) const STEP_SCRIPT: &str = "/internal/codebox/step.php";
pub(super) const WP_CLI_SCRIPT: &str = "/internal/codebox/wp-cli.php";
pub(super) const INSTALL_SCRIPT: &str = "/internal/codebox/install.php";
pub(super) const CODE_FILE: &str = "/internal/codebox/code.php";
pub(super) const INI_FILE: &str = "/internal/codebox/php.ini";
pub(super) const DATABASE: &str = "/internal/database/wordpress.sqlite";
pub(super) const DATABASE_LOG: &str = "/internal/database/wordpress.sqlite-wal";
/// The largest database that is read, bytes.
pub(super) const DATABASE_MAX: u64 = 64 << 20;
pub(super) const WP_CLI: &str = "/internal/wp-cli.phar";
pub(super) const SQLITE: &str = "/internal/sqlite-database-integration";

const STEP: &str = include_str!("guest/step.php");
const WP_CLI_PHP: &str = include_str!("guest/wp-cli.php");
const INSTALL: &str = include_str!("guest/install.php");
const WP_CONFIG: &str = include_str!("guest/wp-config.php");
const COMPONENTS: &str = include_str!("guest/components.php");
const HTTP: &str = include_str!("guest/http.php");
const PHP_INI: &str = include_str!("guest/php.ini");

/// Fixed text files: `(path, content)`. They are the same in every sandbox.
pub(super) const FIXED: [(&str, &str); 6] = [
    (STEP_SCRIPT, STEP),
    (WP_CLI_SCRIPT, WP_CLI_PHP),
    (INSTALL_SCRIPT, INSTALL),
    ("/wordpress/wp-config.php", WP_CONFIG),
    ("/wordpress/wp-content/mu-plugins/0-wp-codebox-components.php", COMPONENTS),
    // Before the components, which may make requests as they load.
    ("/wordpress/wp-content/mu-plugins/0-wp-codebox-0-http.php", HTTP),
];

/// Text that a base image depends on.
pub(super) fn base_inputs() -> [&'static str; 4] {
    [INSTALL, WP_CONFIG, STEP, PHP_INI]
}

/// php.ini for these limits. PHP's own limit lies well below the heap's, so that PHP is the one to
/// say "out of memory": linear memory holds two to three times what PHP counts.
pub(super) fn php_ini(limits: &Limits) -> String {
    let memory_limit = limits.memory / 4;
    format!("{PHP_INI}memory_limit = {memory_limit}\n")
}

/// wp-config.php's constants: the task's and fresh salts.
pub(super) fn defines(spec: &Spec) -> Map<String, Value> {
    let mut defines = Map::new();
    for name in [
        "AUTH_KEY",
        "SECURE_AUTH_KEY",
        "LOGGED_IN_KEY",
        "NONCE_KEY",
        "AUTH_SALT",
        "SECURE_AUTH_SALT",
        "LOGGED_IN_SALT",
        "NONCE_SALT",
    ] {
        defines.insert(name.to_owned(), random::salt().into());
    }
    defines.extend(spec.defines.clone());
    defines
}

/// The SQLite drop-in of the pack with its two placeholders filled.
pub(super) fn database_drop_in(template: &str) -> String {
    template
        .replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", SQLITE)
        .replace("{SQLITE_PLUGIN}", "sqlite-database-integration/load.php")
}
