//! The store's directory and the files that keep web servers from serving it.

use crate::artifact::confined::Dir;
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
