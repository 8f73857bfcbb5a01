//! `wp-codebox-runtime`: builds, shows and checks runtime packs. Needs no PHP.

use clap::{Parser, Subcommand, ValueEnum};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wp_codebox::engine::pack::build::{self, Options, Outcome};
use wp_codebox::engine::pack::{Manifest, Pack, PackError};

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
        Command::Build { out, downloads } => build(out, downloads),
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

fn build(out: PathBuf, downloads: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let downloads = downloads
        .or_else(default_downloads)
        .ok_or("neither XDG_CACHE_HOME nor HOME is set; name a directory with --downloads")?;
    let outcome = build::build(&Options { out: out.clone(), downloads })?;
    let pack = Pack::open(&out)?;
    let done = match outcome {
        Outcome::Built => "built",
        Outcome::UpToDate => "up to date",
    };
    println!("{done}: {} (PHP {}, WordPress {})", out.display(), pack.php_version(), pack.wordpress_version());
    Ok(())
}

fn default_downloads() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("wp-codebox/downloads"))
}

fn inspect(dir: &Path, format: Format) -> Result<(), Box<dyn Error>> {
    let manifest = Manifest::read(dir)?;
    match format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&manifest)?),
        Format::Table => print!("{}", table(dir, &manifest)),
    }
    Ok(())
}

fn table(dir: &Path, manifest: &Manifest) -> String {
    let usable = match Pack::open(dir) {
        Ok(_) => "yes".to_owned(),
        Err(error) => error.to_string(),
    };
    let mut text = String::new();
    for (name, value) in [
        ("id", manifest.id()),
        ("target", manifest.target.triple.clone()),
        ("wasmtime", manifest.engine.wasmtime.clone()),
        ("usable here", usable),
    ] {
        text += &format!("{name:<12} {value}\n");
    }
    text += &format!("\n{:<28} {:<9} {:<17} {:>6} {:>11}  {}\n", "part", "version", "license", "files", "bytes", "source");
    for part in &manifest.parts {
        let (mut files, mut bytes) = (part.files.len() as u64, part.files.iter().map(|f| f.size).sum::<u64>());
        if let Some(tree) = &part.tree {
            files += tree.files;
            bytes += tree.bytes;
        }
        let source = format!("{}@{}", part.source.package, part.source.version);
        text += &format!("{:<28} {:<9} {:<17} {files:>6} {bytes:>11}  {source}\n", part.name, part.version, part.license);
    }
    text
}

fn verify(dir: &Path) -> Result<(), Box<dyn Error>> {
    let pack = Pack::open(dir).map(|pack| (pack.verify(), pack.id().to_owned()));
    match pack? {
        (Ok(()), id) => {
            println!("every byte is as recorded: {} ({id})", dir.display());
            Ok(())
        }
        (Err(PackError::Damaged { differences, .. }), _) => {
            for difference in &differences {
                println!("{difference}");
            }
            Err(format!("{} differences", differences.len()).into())
        }
        (Err(error), _) => Err(error.into()),
    }
}
