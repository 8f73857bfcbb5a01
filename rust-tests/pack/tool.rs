//! The program `wp-codebox-runtime`, with stand-ins for Node.js and npm.

use crate::support::{edit, make, names};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::{TempDir, tempdir};
use wp_codebox::engine::pack::Pack;
use wp_codebox::engine::pack::build::Recipe;

/// A directory with a place for the pack, one for downloads, and one that is all of PATH.
struct Bench {
    temp: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Bench { temp: tempdir().unwrap() };
        fs::create_dir(bench.path("bin")).unwrap();
        fs::create_dir(bench.path("packs")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn out(&self) -> PathBuf {
        self.path("packs/pack")
    }

    /// Puts a program on PATH.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A Node.js and an npm that are new enough; npm does what `pack` says.
    fn tools(&self, pack: &str) {
        self.program("node", "echo v20.0.0");
        self.program("npm", &format!("[ \"$1\" = --version ] && echo 10.0.0 && exit\n{pack}"));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wp-codebox-runtime"));
        command.args(arguments).env_clear().env("PATH", self.path("bin"));
        command.env("HOME", self.temp.path()).stdin(Stdio::null());
        command
    }

    fn build(&self) -> Command {
        let mut command = self.command(&["build", "--out"]);
        command.arg(self.out()).arg("--downloads").arg(self.path("downloads"));
        command
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Exit status 1 and one line on stderr that has all of `words`.
fn fails(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let last = text(&output.stderr).lines().last().unwrap_or_default();
    assert!(last.starts_with("wp-codebox-runtime: "), "{last}");
    for word in words {
        assert!(last.contains(word), "{word} in {last}");
    }
}

fn on(dir: &Path, bench: &Bench, arguments: &[&str]) -> Output {
    bench.command(arguments).arg(dir).output().unwrap()
}

#[test]
fn build_says_which_program_is_missing_or_too_old_before_it_does_anything() {
    let bench = Bench::new();
    fails(&bench.build().output().unwrap(), &["node was not found", "Node.js 18", "apt-get"]);
    bench.program("node", "echo v16.20.2");
    fails(&bench.build().output().unwrap(), &["node v16.20.2 is too old", "18 or newer"]);
    bench.program("node", "echo v20.0.0");
    fails(&bench.build().output().unwrap(), &["npm was not found"]);
    bench.program("npm", "echo 6.14.0");
    fails(&bench.build().output().unwrap(), &["npm 6.14.0 is too old"]);
    assert!(names(&bench.path("packs")).is_empty());
    assert!(!bench.path("downloads").exists());
}

#[test]
fn build_repeats_what_npm_said() {
    let bench = Bench::new();
    bench.tools("echo 'npm error code ENOTFOUND' >&2; exit 7");
    fails(&bench.build().output().unwrap(), &["npm failed", "7", "npm error code ENOTFOUND"]);
    assert_eq!(names(&bench.path("packs")), [".pack.lock"]);
    assert_eq!(names(&bench.path("downloads")), [".lock"]);
}

#[test]
fn build_does_not_keep_an_archive_with_another_integrity() {
    let bench = Bench::new();
    let name = Recipe::pinned().php.npm.archive_name();
    bench.tools(&format!("echo other > \"$5/{name}\""));
    fails(&bench.build().output().unwrap(), &["@php-wasm/node-8-3@3.1.56", "integrity sha512-"]);
    assert_eq!(names(&bench.path("packs")), [".pack.lock"]);
    assert_eq!(names(&bench.path("downloads")), [".lock"]);
}

#[test]
fn build_does_not_use_an_earlier_download_that_was_changed() {
    let bench = Bench::new();
    bench.tools("exit 1");
    let archive = bench.path("downloads").join(Recipe::pinned().php.npm.archive_name());
    fs::create_dir(bench.path("downloads")).unwrap();
    fs::write(&archive, "other").unwrap();
    fails(&bench.build().output().unwrap(), &[archive.to_str().unwrap(), "delete it"]);
    assert_eq!(names(&bench.path("packs")), [".pack.lock"]);
}

#[test]
fn build_has_nothing_to_do_on_an_up_to_date_pack_and_needs_no_program_to_know() {
    let bench = Bench::new();
    make(&bench.out(), &Recipe::pinned().fingerprint());
    let output = bench.build().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).starts_with("up to date: "), "{output:?}");
    assert!(output.stderr.is_empty());
    fails(&bench.build().arg("--force").output().unwrap(), &["node was not found"]);
}

#[test]
fn build_rebuilds_a_pack_of_another_recipe_or_another_machine() {
    let bench = Bench::new();
    make(&bench.out(), "other");
    fails(&bench.build().output().unwrap(), &["node was not found"]);
    make(&bench.out(), &Recipe::pinned().fingerprint());
    edit(&bench.out(), |m| m["engine"]["wasmtime"] = json!("47.0.0"));
    fails(&bench.build().output().unwrap(), &["node was not found"]);
}

#[test]
fn build_refuses_a_directory_of_other_things() {
    let bench = Bench::new();
    bench.tools("exit 1");
    fs::create_dir(bench.out()).unwrap();
    fs::write(bench.out().join("thesis.tex"), "").unwrap();
    fails(&bench.build().output().unwrap(), &["is not a runtime pack", "not replaced"]);
    assert_eq!(names(&bench.out()), ["thesis.tex"]);
}

/// Starts a build whose npm does not end, and kills the build.
fn kill_a_build(bench: &Bench) {
    let mark = bench.path("npm-pid");
    bench.tools(&format!("echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000", mark.display()));
    // The stand-in needs the system's mv and sleep.
    let path = format!("{}:/usr/bin:/bin", bench.path("bin").display());
    let mut build = bench.build().env("PATH", path).stderr(Stdio::null()).spawn().unwrap();
    while !mark.exists() {
        assert_eq!(build.try_wait().unwrap(), None, "the build ended before npm ran");
        std::thread::yield_now();
    }
    build.kill().unwrap();
    build.wait().unwrap();
    let npm = fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(npm).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_killed_build_leaves_no_pack_and_the_next_one_clears_up() {
    let bench = Bench::new();
    kill_a_build(&bench);
    assert_eq!(names(&bench.path("packs")), [".pack.building", ".pack.lock"]);
    assert_eq!(names(&bench.path("downloads")), [".fetching", ".lock"]);
    bench.tools("exit 1");
    fails(&bench.build().output().unwrap(), &["npm failed"]);
    assert_eq!(names(&bench.path("packs")), [".pack.lock"]);
    assert_eq!(names(&bench.path("downloads")), [".lock"]);
}

#[test]
fn a_killed_build_leaves_the_earlier_pack() {
    let bench = Bench::new();
    make(&bench.out(), "earlier");
    kill_a_build(&bench);
    let pack = Pack::open(&bench.out()).unwrap();
    assert_eq!(pack.manifest().recipe, "earlier");
    pack.verify().unwrap();
}

#[test]
fn inspect_shows_every_part_and_its_origin() {
    let bench = Bench::new();
    let manifest = make(&bench.out(), "recipe");
    let output = on(&bench.out(), &bench, &["inspect"]);
    assert!(output.status.success());
    let table = text(&output.stdout);
    for part in &manifest.parts {
        let row = table.lines().find(|line| line.starts_with(&part.name)).unwrap();
        for cell in [&part.version, &part.license, "@small/pack@1.0.0"] {
            assert!(row.contains(cell), "{cell} in {row}");
        }
    }
    assert!(table.contains(&manifest.id()) && table.contains("usable here  yes"), "{table}");

    let output = on(&bench.out(), &bench, &["inspect", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), json!(manifest));
}

#[test]
fn inspect_says_why_a_pack_is_of_no_use_here() {
    let bench = Bench::new();
    make(&bench.out(), "recipe");
    edit(&bench.out(), |m| m["target"]["arch"] = json!("riscv64"));
    let output = on(&bench.out(), &bench, &["inspect"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("compiled for linux riscv64"), "{output:?}");
    fails(&on(&bench.path("absent"), &bench, &["inspect"]), &["no runtime pack at", "build --out"]);
}

#[test]
fn verify_names_what_differs() {
    let bench = Bench::new();
    make(&bench.out(), "recipe");
    let output = on(&bench.out(), &bench, &["verify"]);
    assert!(output.status.success(), "{output:?}");

    fs::remove_file(bench.out().join("wordpress/wp-load.php")).unwrap();
    fs::write(bench.out().join("php/php-8.3.memory"), "\0\0\0\0firstecond").unwrap();
    fs::write(bench.out().join("notes.txt"), "").unwrap();
    let output = on(&bench.out(), &bench, &["verify"]);
    assert_eq!(
        text(&output.stdout),
        "surplus: notes.txt\nchanged: php/php-8.3.memory\nmissing: wordpress/wp-load.php\n"
    );
    fails(&output, &["3 files differ", "wp-codebox-runtime build --force --out"]);
    fails(&on(&bench.path("absent"), &bench, &["verify"]), &["no runtime pack at"]);
}
