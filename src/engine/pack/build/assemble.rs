//! Parts in, a pack's files and its manifest out.

use super::{BuildError, Npm};
use crate::contract::digest_hex;
use crate::engine::pack::PackPath;
use crate::engine::pack::manifest::{
    INVENTORY_SCHEMA, Inventory, MANIFEST, MANIFEST_DIGEST, MANIFEST_SCHEMA, Manifest, PackFile, Part, Php,
    Settings, Target, Tool, Tree, digest_line,
};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// A pack in the making, in a directory of its own.
pub struct Assembly {
    dir: PathBuf,
    manifest: Manifest,
}

impl Assembly {
    /// For this machine and this engine.
    pub fn new(dir: &Path, recipe: String) -> Result<Self, BuildError> {
        fs::create_dir_all(dir).map_err(|e| BuildError::io("create", dir, e))?;
        let manifest = Manifest {
            schema: MANIFEST_SCHEMA.to_owned(),
            recipe,
            target: Target::here(),
            engine: Settings::here(),
            php: Vec::new(),
            parts: Vec::new(),
            tools: Vec::new(),
        };
        Ok(Assembly { dir: dir.to_owned(), manifest })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Adds a PHP: its compiled module and its memory, from bytes.
    pub fn php(&mut self, version: &str, npm: &Npm, module: &[u8], memory: &[u8]) -> Result<(), BuildError> {
        let series = version.rsplit_once('.').map_or(version, |(series, _)| series);
        let name = format!("php-{series}");
        let module = self.write(&format!("php/{name}.cwasm"), module)?;
        let memory = self.write(&format!("php/{name}.memory"), memory)?;
        self.manifest.php.push(Php {
            version: version.to_owned(),
            module: module.path.clone(),
            memory: memory.path.clone(),
        });
        self.part(&name, version, npm.license, npm, vec![module, memory], None);
        Ok(())
    }

    /// Adds those of `files` (which are in place already) that lie beneath the directory `name`.
    /// They are listed in an inventory of their own.
    pub fn tree(
        &mut self,
        name: &str,
        version: &str,
        license: &str,
        npm: &Npm,
        files: &[PackFile],
    ) -> Result<(), BuildError> {
        let root = PackPath::new(name).map_err(BuildError::Assembly)?;
        let mut files = beneath(&root, files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let (count, bytes) = (files.len() as u64, files.iter().map(|file| file.size).sum());
        let inventory = Inventory { schema: INVENTORY_SCHEMA.to_owned(), files };
        let inventory = self.write(&format!("inventory/{name}.json"), &json(&inventory)?)?;
        let tree = Tree { root, files: count, bytes, inventory };
        self.part(name, version, license, npm, Vec::new(), Some(tree));
        Ok(())
    }

    /// Adds those of `files` that lie beneath the directory `name`, listed in the manifest itself.
    pub fn files(
        &mut self,
        name: &str,
        version: &str,
        license: &str,
        npm: &Npm,
        files: &[PackFile],
    ) -> Result<(), BuildError> {
        let root = PackPath::new(name).map_err(BuildError::Assembly)?;
        let files = beneath(&root, files)?;
        self.part(name, version, license, npm, files, None);
        Ok(())
    }

    /// Notes a program that the build used.
    pub fn tool(&mut self, name: &str, npm: &Npm) {
        self.manifest.tools.push(Tool {
            name: name.to_owned(),
            version: npm.version.to_owned(),
            license: npm.license.to_owned(),
            source: npm.source(),
        });
    }

    /// Writes the manifest and its digest.
    pub fn finish(self) -> Result<Manifest, BuildError> {
        self.manifest.check().map_err(BuildError::Assembly)?;
        let bytes = json(&self.manifest)?;
        self.write(MANIFEST, &bytes)?;
        self.write(MANIFEST_DIGEST, digest_line(&bytes).as_bytes())?;
        Ok(self.manifest)
    }

    /// Writes a file of the pack and describes it.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<PackFile, BuildError> {
        let path = PackPath::new(path).map_err(BuildError::Assembly)?;
        let place = path.beneath(&self.dir);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(|e| BuildError::io("create", parent, e))?;
        }
        fs::write(&place, bytes).map_err(|e| BuildError::io("write", &place, e))?;
        Ok(PackFile { path, size: bytes.len() as u64, sha256: digest_hex([bytes]) })
    }

    fn part(
        &mut self,
        name: &str,
        version: &str,
        license: &str,
        npm: &Npm,
        files: Vec<PackFile>,
        tree: Option<Tree>,
    ) {
        self.manifest.parts.push(Part {
            name: name.to_owned(),
            version: version.to_owned(),
            license: license.to_owned(),
            source: npm.source(),
            files,
            tree,
        });
    }
}

fn beneath(root: &PackPath, files: &[PackFile]) -> Result<Vec<PackFile>, BuildError> {
    let files: Vec<_> = files.iter().filter(|file| file.path.is_beneath(root)).cloned().collect();
    if files.is_empty() {
        return Err(BuildError::Assembly(format!("the sources have no file of {root}")));
    }
    Ok(files)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, BuildError> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|error| BuildError::Assembly(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}
