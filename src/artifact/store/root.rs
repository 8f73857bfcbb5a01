//! The store's directory and the files that keep web servers from serving it.

use super::scratch;
use crate::artifact::bundle::{is_bundle_manifest, read_manifest_raw};
use crate::artifact::confined::Dir;
use crate::artifact::{ArtifactError, real_path};
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

const DENY_FILES: [(&str, &str); 3] = [
    (
        ".htaccess",
        "<IfModule mod_authz_core.c>\n\tRequire all denied\n</IfModule>\n\
         <IfModule !mod_authz_core.c>\n\tDeny from all\n</IfModule>\n",
    ),
    ("index.php", "<?php\n// Silence is golden.\n"),
    (
        "web.config",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration>\n\t<system.webServer>\n\
         \t\t<authorization>\n\t\t\t<remove users=\"*\" roles=\"\" verbs=\"\" />\n\
         \t\t\t<add accessType=\"Deny\" users=\"*\" />\n\t\t</authorization>\n\
         \t</system.webServer>\n</configuration>\n",
    ),
];

/// Refuses a root that is a bundle or lies in one, or in a directory that a store is about to give its name or
/// to remove: what is written there would spoil what is not its own. Whoever only
/// reads would write an index, or a line in an audit log.
pub fn refuse_within_another(root: &Path) -> Result<(), ArtifactError> {
    let real = real_path(root).ok_or_else(|| ArtifactError::RootMissing(root.into()))?;
    let own = real.components().any(|part| part.as_os_str().to_str().is_some_and(scratch::is_name));
    let is_bundle = |directory: &Path| {
        Dir::open_trusted(directory)
            .is_ok_and(|dir| read_manifest_raw(&dir).is_ok_and(|m| is_bundle_manifest(&m)))
    };
    if own || real.ancestors().any(is_bundle) {
        return Err(ArtifactError::RootWithinAnother(root.into()));
    }
    Ok(())
}

/// Makes the directory and those above it; what we make has mode 0700.
pub fn create(root: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(root)
}

/// Writes the deny files that are not there yet. An operator's own are left alone.
pub fn write_deny_files(dir: &Dir) -> io::Result<()> {
    for (name, content) in DENY_FILES {
        if dir.stat(name)?.is_some() {
            continue;
        }
        // Whole or not at all: a half-written .htaccess would be an error to Apache.
        let temporary = super::scratch::name("deny");
        dir.create_file(&temporary)?.write_all(content.as_bytes())?;
        dir.rename(&temporary, name)?;
    }
    Ok(())
}
