//! Building a pack: fetch, unpack, translate, transform, compile, assemble.
//!
//! In: the pinned sources of [`recipe`], fetched with npm into a directory of downloads. Out: a pack
//! at the place asked for.
//!
//! Invariant: nothing is unpacked before its integrity is checked, and the place asked for holds a
//! whole pack or what it held before, never half of one.

mod assemble;
mod compile;
mod error;
mod fetch;
mod lock;
mod progress;
mod recipe;
mod staging;
mod tools;
mod transform;
mod translate;
mod unpack;

pub use assemble::Assembly;
pub use compile::compile;
pub use error::BuildError;
pub use recipe::{Npm, Recipe};
pub use staging::Staging;
pub use transform::{MUTABLE_PREFIX, Transformed, transform};
pub use unpack::{Limits, unpack};

use super::manifest::{SQLITE, WORDPRESS, WP_CLI};
use super::{Pack, PackFile, USED};
use progress::Progress;
use std::fs;
use std::path::{Path, PathBuf};

/// PHP has a handler for each kind of operands of each opcode: far more than these.
const MIN_HANDLERS: usize = 500;

/// Most of them are short.
const MIN_INLINED: usize = 300;

/// What to build, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The pack's directory. It may hold an earlier pack, nothing else.
    pub out: PathBuf,
    /// Archives that were fetched before, and are fetched to.
    pub downloads: PathBuf,
    /// Build although a usable pack of the same recipe is there: it may be damaged.
    pub force: bool,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Built,
    /// A usable pack made by the same recipe was there.
    UpToDate,
}

/// Builds the pack of [`Recipe::pinned`]; says what it is doing on stderr.
pub fn build(options: &Options) -> Result<Outcome, BuildError> {
    let recipe = Recipe::pinned();
    let current = || !options.force && is_current(&options.out, &recipe);
    if current() {
        return Ok(Outcome::UpToDate);
    }
    let node = tools::node()?;
    if recipe.archives().iter().any(|npm| !options.downloads.join(npm.archive_name()).exists()) {
        tools::npm()?;
    }
    let staging = Staging::begin(&options.out)?;
    // Another builder may have finished while this one waited for the lock.
    if current() {
        return Ok(Outcome::UpToDate);
    }
    let scratch = staging.scratch()?;
    let mut progress = Progress::new();

    let mut obtain = |npm| match fetch::cached(npm, &options.downloads)? {
        Some(archive) => Ok(archive),
        None => progress.step(&format!("fetch {npm}"), || fetch::fetch(npm, &options.downloads)),
    };
    let php_archive = obtain(&recipe.php.npm)?;
    let site_archive = obtain(&recipe.site)?;
    let binaryen_archive = obtain(&recipe.binaryen)?;

    let mut assembly = Assembly::new(&staging.dir(), recipe.fingerprint())?;
    progress.step("unpack WordPress, SQLite integration, WP-CLI", || {
        unpack_site(&mut assembly, &recipe, site_archive)
    })?;
    let (module, optimizer) = progress.step("unpack PHP and Binaryen", || {
        let module = recipe.php.module;
        let mut wanted = |path: &str| (path == module).then(|| "php.wasm".to_owned());
        unpack_npm(&recipe.php.npm, php_archive, &scratch, &mut wanted)?;
        let mut wanted = |path: &str| {
            let name = path.strip_prefix("bin/")?;
            matches!(name, "wasm-opt" | "package.json").then(|| name.to_owned())
        };
        unpack_npm(&recipe.binaryen, binaryen_archive, &scratch, &mut wanted)?;
        Ok((scratch.join("php.wasm"), scratch.join("wasm-opt")))
    })?;
    let translated = scratch.join("translated.wasm");
    progress.step("translate exceptions, add stack checks (wasm-opt)", || {
        translate::translate(&node, &optimizer, &module, &translated)
    })?;
    let transformed =
        progress.step("fold memory, export state, link handlers", || forkable(&read(&translated)?))?;
    let compiled = progress.step("compile to native code", || compile(&transformed.module))?;

    progress.step("assemble", || {
        assembly.php(recipe.php.version, &recipe.php.npm, &compiled, &transformed.memory)?;
        assembly.tool("binaryen", &recipe.binaryen);
        assembly.finish()?;
        staging.publish()
    })?;
    Ok(Outcome::Built)
}

/// A build whose handlers are not found would do its work, and take half as long again.
fn forkable(translated: &[u8]) -> Result<Transformed, BuildError> {
    let transformed = transform(translated, &USED)?;
    if transformed.handlers < MIN_HANDLERS {
        let why = format!("only {} of its handlers are named", transformed.handlers);
        return Err(BuildError::Module(why));
    }
    if transformed.inlined < MIN_INLINED {
        let why = format!("only {} of its handlers are short", transformed.inlined);
        return Err(BuildError::Module(why));
    }
    Ok(transformed)
}

/// Whether the pack at `dir` opens and was made by `recipe`.
fn is_current(dir: &Path, recipe: &Recipe) -> bool {
    Pack::open(dir).is_ok_and(|pack| pack.manifest().recipe == recipe.fingerprint())
}

/// WordPress, the SQLite integration and WP-CLI, out of the one archive that has all three.
fn unpack_site(assembly: &mut Assembly, recipe: &Recipe, archive: Vec<u8>) -> Result<(), BuildError> {
    let dir = assembly.dir().to_owned();
    let files = unpack_npm(&recipe.site, archive, &dir, &mut recipe::place)?;
    assembly.tree(WORDPRESS, recipe.wordpress_version, "GPL-2.0-or-later", &recipe.site, &files)?;
    assembly.tree(SQLITE, recipe.sqlite_version, "GPL-2.0-or-later", &recipe.site, &files)?;
    assembly.files(WP_CLI, recipe.wp_cli_version, "MIT", &recipe.site, &files)?;
    recipe.check_versions(&dir)
}

/// Takes the archive, so that its memory goes when its files are out.
fn unpack_npm(
    npm: &Npm,
    archive: Vec<u8>,
    dest: &Path,
    place: &mut unpack::Place<'_>,
) -> Result<Vec<PackFile>, BuildError> {
    unpack(archive.as_slice(), &npm.archive_name(), dest, Limits::default(), place)
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| BuildError::io("read", path, source))
}
