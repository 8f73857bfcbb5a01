//! `wp-codebox-runtime`: builds, shows and checks runtime packs. Needs no PHP.

use clap::{Parser, Subcommand, ValueEnum};
use std::error::Error;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wp_codebox::engine::pack::build::{self, Options, Outcome};
use wp_codebox::engine::pack::{Manifest, Pack, PackError, rebuild_command};

/// Builds, shows and checks the runtime packs of WP Codebox.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build a pack from pinned npm packages (needs Node.js 18 or newer and npm)
    Build {
        /// The pack's directory; it may hold an earlier pack
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Where fetched archives are kept [default: wp-codebox/downloads in the user's cache]
        #[arg(long, value_name = "DIR")]
        downloads: Option<PathBuf>,
        /// Build although an up-to-date pack is there
        #[arg(long)]
        force: bool,
    },
    /// Show what a pack consists of, where it came from and what it was compiled for
    Inspect {
        /// The pack's directory
        #[arg(value_name = "DIR")]
        pack: PathBuf,
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Read every byte of a pack and compare it with the manifest
    Verify {
        /// The pack's directory
        #[arg(value_name = "DIR")]
        pack: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Table,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Build { out, downloads, force } => build(out, downloads, force),
        Command::Inspect { pack, format } => inspect(&pack, format),
        Command::Verify { pack } => verify(&pack),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wp-codebox-runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build(out: PathBuf, downloads: Option<PathBuf>, force: bool) -> Result<(), Box<dyn Error>> {
    let downloads = downloads
        .or_else(default_downloads)
        .ok_or("neither XDG_CACHE_HOME nor HOME is set; name a directory with --downloads")?;
    let outcome = build::build(&Options { out: out.clone(), downloads, force })?;
    let pack = Pack::open(&out)?;
    let done = match outcome {
        Outcome::Built => "built",
        Outcome::UpToDate => "up to date",
    };
    let (php, wordpress) = (pack.php_version(), pack.wordpress_version());
    say(&format!("{done}: {} (PHP {php}, WordPress {wordpress})\n", out.display()))
}

fn default_downloads() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("wp-codebox/downloads"))
}

fn inspect(dir: &Path, format: Format) -> Result<(), Box<dyn Error>> {
    let manifest = Manifest::read(dir)?;
    match format {
        Format::Json => say(&(serde_json::to_string_pretty(&manifest)? + "\n")),
        Format::Table => say(&table(dir, &manifest)),
    }
}

/// A pack for another machine can be looked at as well; the table says that it is of no use here.
fn table(dir: &Path, manifest: &Manifest) -> String {
    let usable = match Pack::open(dir) {
        Ok(_) => "yes".to_owned(),
        Err(error) => format!("no: {error}"),
    };
    let mut text = String::new();
    for (name, value) in [
        ("id", &manifest.id()),
        ("recipe", &manifest.recipe),
        ("target", &manifest.target.triple),
        ("wasmtime", &manifest.engine.wasmtime),
        ("usable here", &usable),
    ] {
        text += &format!("{name:<12} {value}\n");
    }
    let row = |name: &str, version: &str, license: &str, files: &str, bytes: &str, source: &str| {
        format!("{name:<28} {version:<9} {license:<17} {files:>6} {bytes:>11}  {source}\n")
    };
    text += "\n";
    text += &row("part", "version", "license", "files", "bytes", "source");
    for part in &manifest.parts {
        let mut files = part.files.len() as u64;
        let mut bytes = part.files.iter().map(|file| file.size).sum::<u64>();
        if let Some(tree) = &part.tree {
            files += tree.files;
            bytes += tree.bytes;
        }
        let source = format!("{}@{}", part.source.package, part.source.version);
        let (files, bytes) = (files.to_string(), bytes.to_string());
        text += &row(&part.name, &part.version, &part.license, &files, &bytes, &source);
    }
    for tool in &manifest.tools {
        let source = format!("{}@{}", tool.source.package, tool.source.version);
        text += &row(&tool.name, &tool.version, &tool.license, "(tool)", "", &source);
    }
    text
}

fn verify(dir: &Path) -> Result<(), Box<dyn Error>> {
    // A pack for another machine can be verified as well: not its use but its bytes are asked for.
    let manifest = Manifest::read(dir)?;
    match manifest.verify(dir) {
        Ok(()) => say(&format!("every byte is as recorded: {} ({})\n", dir.display(), manifest.id())),
        Err(PackError::Damaged { differences, .. }) => {
            let lines: String = differences.iter().map(|d| format!("{d}\n")).collect();
            say(&lines)?;
            let files = if differences.len() == 1 { "file differs" } else { "files differ" };
            Err(format!(
                "{} {files} from the manifest; rebuild with: {}",
                differences.len(),
                rebuild_command(dir)
            ))?
        }
        Err(error) => Err(error)?,
    }
}

/// Writes to stdout. A reader that has seen enough (`| head`) is no error.
fn say(text: &str) -> Result<(), Box<dyn Error>> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
