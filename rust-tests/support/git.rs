//! The gits on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Every distinct git on the usual places: at least one.
pub fn all() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut versions = Vec::new();
    for place in ["/usr/local/bin/git", "/usr/bin/git", "/opt/git/bin/git"] {
        let Ok(output) = Command::new(place).arg("--version").output() else { continue };
        if !versions.contains(&output.stdout) {
            versions.push(output.stdout);
            found.push(place.into());
        }
    }
    assert!(!found.is_empty(), "git is needed");
    found
}

/// Runs git in `dir` with no configuration but its defaults.
pub fn run(git: &Path, dir: &Path, args: &[&str]) -> Output {
    Command::new(git)
        .current_dir(dir)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", dir.parent().unwrap())
        .output()
        .unwrap()
}

pub fn must(git: &Path, dir: &Path, args: &[&str]) -> Vec<u8> {
    let output = run(git, dir, args);
    assert!(
        output.status.success(),
        "{} {args:?}: {}",
        git.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
