//! What a pack is made from: every source pinned by version and integrity.

use super::BuildError;
use crate::contract::digest_hex;
use crate::engine::config;
use crate::engine::pack::Source;
use std::fmt;
use std::fs;
use std::path::Path;

/// Raised whenever the build makes other bytes of the same sources.
const REVISION: u32 = 5;

/// A package of the npm registry.
#[derive(Debug, Clone, Copy)]
pub struct Npm {
    pub package: &'static str,
    pub version: &'static str,
    /// Subresource integrity of the archive.
    pub integrity: &'static str,
    /// SPDX.
    pub license: &'static str,
}

impl Npm {
    /// What `npm pack` calls the archive.
    pub fn archive_name(&self) -> String {
        let name = self.package.trim_start_matches('@').replace('/', "-");
        format!("{name}-{}.tgz", self.version)
    }

    pub fn source(&self) -> Source {
        Source {
            package: self.package.to_owned(),
            version: self.version.to_owned(),
            integrity: self.integrity.to_owned(),
        }
    }
}

impl fmt::Display for Npm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.package, self.version)
    }
}

/// A PHP build.
#[derive(Debug, Clone, Copy)]
pub struct PhpSource {
    pub version: &'static str,
    pub npm: Npm,
    /// The module's place in the package.
    pub module: &'static str,
}

/// The sources of a pack.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    pub php: PhpSource,
    /// WordPress, the SQLite integration and WP-CLI.
    pub site: Npm,
    pub wordpress_version: &'static str,
    pub sqlite_version: &'static str,
    pub wp_cli_version: &'static str,
    /// The translator of exceptions.
    pub binaryen: Npm,
}

impl Recipe {
    /// The sources that this version of WP Codebox is tested with.
    pub fn pinned() -> Self {
        Recipe {
            php: PhpSource {
                version: "8.3.33",
                npm: Npm {
                    package: "@php-wasm/node-8-3",
                    version: "3.1.56",
                    integrity: "sha512-FGj6HK9zlh+3Zoh/qOSP7WS1zPWvWMW1oBVojRzedW1j5XxlbXydcypUYpAcsdlQdrVFJ3VzSqytXK4QmQwaFQ==",
                    license: "GPL-2.0-or-later",
                },
                module: "jspi/8_3_33/php_8_3.wasm",
            },
            site: Npm {
                package: "wp-studio",
                version: "1.22.0",
                integrity: "sha512-boMtahkhgWDKKyNTBA1uTK5ghnAmxXhDY6KeQCO9FmcI3/o+YOSq8JwYW5ZYnxHCxH14Jf/mD6CJTBvTWl2Ytw==",
                license: "GPL-2.0-or-later",
            },
            wordpress_version: "7.1.1",
            sqlite_version: "3.0.2",
            wp_cli_version: "2.12.0",
            binaryen: Npm {
                package: "binaryen",
                version: "132.0.0",
                integrity: "sha512-4Usg7yEvwO3FMso3Oov6qkOOHSod1IEv+boKkh77kTljM+eNBouqCTbqWswGzbG+vDNO/b/v2C4gfEh1WgB9Lg==",
                license: "Apache-2.0",
            },
        }
    }

    /// Every package that is fetched.
    pub fn archives(&self) -> [&Npm; 3] {
        [&self.php.npm, &self.site, &self.binaryen]
    }

    /// Two builds with one fingerprint make the same pack.
    pub fn fingerprint(&self) -> String {
        let text = format!(
            "{REVISION}\n{self:?}\n{}\n{}\n{}\n",
            config::TARGET,
            config::WASMTIME,
            config::fingerprint(),
        );
        digest_hex([text.as_bytes()])
    }

    /// Whether the unpacked trees in `dir` are the versions that the manifest will say.
    pub(super) fn check_versions(&self, dir: &Path) -> Result<(), BuildError> {
        let wordpress = dir.join("wordpress/wp-includes/version.php");
        let found = quoted_after(&wordpress, "$wp_version =")?;
        same("WordPress", found, self.wordpress_version)?;
        let sqlite = dir.join("sqlite-database-integration/wp-includes/database/version.php");
        let found = quoted_after(&sqlite, "'SQLITE_DRIVER_VERSION',")?;
        same("the SQLite integration", found, self.sqlite_version)
    }
}

/// The text between the first pair of `'` after the first `marker` that has one on its line.
fn quoted_after(path: &Path, marker: &str) -> Result<String, BuildError> {
    let text = fs::read_to_string(path).map_err(|e| BuildError::io("read", path, e))?;
    let quoted = text.lines().find_map(|line| {
        let (_, rest) = line.split_once(marker)?;
        rest.split('\'').nth(1)
    });
    Ok(quoted.unwrap_or_default().to_owned())
}

fn same(part: &'static str, found: String, expected: &str) -> Result<(), BuildError> {
    if found == expected {
        return Ok(());
    }
    Err(BuildError::Version { part, found, expected: expected.to_owned() })
}

/// Where a file of the site's archive goes in the pack, if it is wanted at all. Core comes with its
/// newest default theme and no plugin: what a sandbox needs beyond that is mounted into it.
pub(super) fn place(path: &str) -> Option<String> {
    let path = path.strip_prefix("dist/cli/wp-files/")?;
    if path == "wp-cli/wp-cli.phar" || path.starts_with("sqlite-database-integration/") {
        return Some(path.to_owned());
    }
    let core = path.strip_prefix("latest/wordpress/")?;
    let kept = match core.strip_prefix("wp-content/") {
        None => true,
        Some(content) => {
            matches!(content, "index.php" | "plugins/index.php" | "themes/index.php")
                || content.starts_with("themes/twentytwentyfive/")
        }
    };
    kept.then(|| format!("wordpress/{core}"))
}
