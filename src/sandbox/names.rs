//! Names that come from outside: paths of the sandbox, variables of its environment, constants.

/// Variables that the sandbox sets itself.
const OWN_VARIABLES: [&str; 4] = ["HOME", "LANG", "PATH", "WP_AGENT_RUNTIME"];

/// Constants that say where the sandbox's WordPress and its database are.
const OWN_CONSTANTS: [&str; 4] = ["ABSPATH", "WPINC", "WP_CONTENT_DIR", "WPMU_PLUGIN_DIR"];

/// Constants that make another thing of WordPress: a network, a part of it, its installation.
const OTHER_WORDPRESS: [&str; 4] = ["MULTISITE", "SHORTINIT", "SUBDOMAIN_INSTALL", "WP_SETUP_CONFIG"];

/// Absolute, without `.`, `..`, NUL, control characters or backslashes; single slashes, none at the
/// end; not the root itself.
pub fn sandbox_path(path: &str) -> Result<String, &'static str> {
    if !path.starts_with('/') {
        return Err("an absolute sandbox path, such as /workspace");
    }
    if path.chars().any(|c| c.is_control() || c == '\\') {
        return Err("no control characters and no backslashes");
    }
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    if segments.iter().any(|s| *s == "." || *s == "..") {
        return Err("no `.` and no `..`");
    }
    if segments.iter().any(|s| s.len() > 255) {
        return Err("at most 255 bytes between slashes");
    }
    if segments.is_empty() {
        return Err("the sandbox's root cannot be a mount");
    }
    Ok(format!("/{}", segments.join("/")))
}

/// Whether a variable of this name can be handed in, and why not.
pub fn check_variable(name: &str) -> Result<(), &'static str> {
    let plain = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !plain {
        Err("the name of a variable, in A-Z, 0-9 and _, not beginning with a digit")
    } else if OWN_VARIABLES.contains(&name) {
        Err("the sandbox's own variable")
    } else if name.starts_with("HTTP_") {
        Err("a request's header can pass for such a variable")
    } else {
        Ok(())
    }
}

/// Whether a constant of this name can be defined, and why not.
pub fn check_constant(name: &str) -> Result<(), &'static str> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !plain || name.is_empty() || name.len() > 200 || name.starts_with(|c: char| c.is_ascii_digit()) {
        Err("no constant can have this name")
    } else if name.starts_with("DB_") || OWN_CONSTANTS.contains(&name) {
        Err("the sandbox itself sets this constant")
    } else if OTHER_WORDPRESS.contains(&name) {
        Err("the sandbox's WordPress is one site that is installed and loads as a whole")
    } else {
        Ok(())
    }
}
