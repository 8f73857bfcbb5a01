//! Paths of a browser's files.

use crate::artifact::path::is_bundle_path;

/// Extensions that some web server executes.
const BLOCKED: [&str; 11] =
    ["php", "phtml", "phar", "cgi", "pl", "py", "rb", "asp", "aspx", "jsp", "htaccess"];

/// The one form of a path: `/` between segments, none empty. `None` for one that is absolute on
/// Windows, empty, has a `.` or `..` segment, or cannot be a name in a bundle.
pub fn normal(path: &str) -> Option<String> {
    let path = path.trim().replace('\\', "/");
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let normal = segments.join("/");
    let drive = segments.first().is_none_or(|first| first.contains(':'));
    (!drive && is_bundle_path(&in_bundle(&normal))).then_some(normal)
}

/// Where in a bundle the file is.
pub fn in_bundle(path: &str) -> String {
    format!("files/browser/{path}")
}

/// `path` beneath `root`, left alone if it lies there already.
pub fn scoped(path: String, root: &str) -> String {
    let beneath = path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    if root.is_empty() || beneath { path } else { format!("{root}/{path}") }
}

/// The extension, if files with it are not kept.
pub fn blocked_extension(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    let numbered = extension.strip_prefix("php").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    (numbered || BLOCKED.contains(&extension.as_str())).then_some(extension)
}

/// The media type that the extension stands for.
pub fn media_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.').map(|(_, ext)| ext.to_ascii_lowercase()).as_deref() {
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("js" | "mjs") => "text/javascript",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("gif") => "image/gif",
        Some("txt") => "text/plain",
        _ => "application/octet-stream",
    }
}
