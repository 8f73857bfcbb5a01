//! Small packs, and the small module in them.

use serde_json::Value;
use std::fs;
use std::path::Path;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wp_codebox::contract::digest_hex;
use wp_codebox::engine::pack::build::{Assembly, Npm, Staging, compile, transform};
use wp_codebox::engine::pack::{MANIFEST, MANIFEST_DIGEST, Manifest, USED};

pub const NPM: Npm =
    Npm { package: "@small/pack", version: "1.0.0", integrity: "sha512-AA==", license: "MIT" };

/// The files of the trees in a small pack.
const FILES: &[(&str, &str)] = &[
    ("wordpress/wp-load.php", "<?php // load\n"),
    ("wordpress/wp-includes/version.php", "<?php $wp_version = '7.1.1';\n"),
    ("sqlite-database-integration/load.php", "<?php // sqlite\n"),
    ("wp-cli/wp-cli.phar", "<?php __HALT_COMPILER();"),
];

/// The sections of a module in PHP's shape, for tests that bend one of them.
pub struct Sections {
    pub types: TypeSection,
    pub functions: FunctionSection,
    pub memories: MemorySection,
    pub globals: GlobalSection,
    pub exports: ExportSection,
    pub code: CodeSection,
    pub data: DataSection,
}

/// A module whose `wasm_sapi_request_shutdown` sets the global `ended` to 1. Its memory has two
/// segments that overlap; `ended` is exported, the other mutable global is not.
pub fn sections() -> Sections {
    let number = |mutable| GlobalType { val_type: ValType::I32, mutable, shared: false };
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: Some(2),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    globals.global(number(true), &ConstExpr::i32_const(0));
    globals.global(number(true), &ConstExpr::i32_const(7));
    globals.global(number(false), &ConstExpr::i32_const(8));
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("ended", ExportKind::Global, 0);
    exports.export("wasm_sapi_request_shutdown", ExportKind::Func, 0);
    let mut body = Function::new([(1, ValType::I64)]);
    body.instructions().i32_const(1).global_set(0).end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(4), *b"first");
    data.active(0, &ConstExpr::i32_const(8), *b"second");
    Sections { types, functions, memories, globals, exports, code, data }
}

impl Sections {
    pub fn finish(&self) -> Vec<u8> {
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.functions)
            .section(&self.memories)
            .section(&self.globals)
            .section(&self.exports)
            .section(&self.code)
            .section(&self.data);
        module.finish()
    }
}

/// Makes a small pack at `out`.
pub fn make(out: &Path, recipe: &str) -> Manifest {
    let staging = Staging::begin(out).unwrap();
    let mut assembly = Assembly::new(&staging.dir(), recipe.to_owned()).unwrap();
    let files: Vec<_> =
        FILES.iter().map(|(path, text)| assembly.write(path, text.as_bytes()).unwrap()).collect();
    let gpl = "GPL-2.0-or-later";
    assembly.tree("wordpress", "7.1.1", gpl, &NPM, &files).unwrap();
    assembly.tree("sqlite-database-integration", "3.0.2", gpl, &NPM, &files).unwrap();
    assembly.files("wp-cli", "2.12.0", "MIT", &NPM, &files).unwrap();
    let transformed = transform(&sections().finish(), &USED).unwrap();
    let compiled = compile(&transformed.module).unwrap();
    assembly.php("8.3.33", &NPM, &compiled, &transformed.memory).unwrap();
    assembly.tool("optimizer", &NPM);
    let manifest = assembly.finish().unwrap();
    staging.publish().unwrap();
    manifest
}

/// Changes the manifest at `dir` and its digest with it.
pub fn edit(dir: &Path, change: impl FnOnce(&mut Value)) {
    let path = dir.join(MANIFEST);
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let digest = format!("{}  {MANIFEST}\n", digest_hex([bytes.as_slice()]));
    fs::write(&path, bytes).unwrap();
    fs::write(dir.join(MANIFEST_DIGEST), digest).unwrap();
}

/// The names in a directory, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
