//! The pass over PHP's module, tried on a module of its shape that is run.

use crate::support::{Sections, sections};
use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, EntityType, ExportKind, ExportSection, Function, GlobalType,
    ImportSection, MemoryType, Module, StartSection, TypeSection, ValType,
};
use wasmtime::{Engine, Instance, Store, Val};
use wp_codebox::engine::config;
use wp_codebox::engine::pack::USED;
use wp_codebox::engine::pack::build::{BuildError, compile, transform};

/// Compiles as the tool does, loads as the extension does.
fn instance(wasm: &[u8]) -> (Store<()>, Instance) {
    let compiled = compile(wasm).unwrap();
    let engine = Engine::new(&config::base()).unwrap();
    // SAFETY: the bytes come from the same wasmtime's compiler.
    let module = unsafe { wasmtime::Module::deserialize(&engine, compiled) }.unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    (store, instance)
}

fn global(store: &mut Store<()>, instance: &Instance, name: &str) -> i32 {
    instance.get_global(&mut *store, name).unwrap().get(store).unwrap_i32()
}

#[test]
fn data_segments_become_one_image_and_later_ones_win() {
    let transformed = transform(&sections().finish(), &USED).unwrap();
    assert_eq!(transformed.memory, b"\0\0\0\0firssecond");
    let (mut store, instance) = instance(&transformed.module);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert!(memory.data(&store).iter().all(|&byte| byte == 0));
}

#[test]
fn hold_keeps_the_request_open() {
    let transformed = transform(&sections().finish(), &USED).unwrap();
    let (mut store, instance) = instance(&transformed.module);
    let shutdown = instance.get_typed_func::<(), ()>(&mut store, "wasm_sapi_request_shutdown").unwrap();
    let hold = instance.get_global(&mut store, "hold").unwrap();
    assert_eq!(hold.get(&mut store).unwrap_i32(), 0);

    hold.set(&mut store, Val::I32(1)).unwrap();
    shutdown.call(&mut store, ()).unwrap();
    assert_eq!(global(&mut store, &instance, "ended"), 0);

    hold.set(&mut store, Val::I32(0)).unwrap();
    shutdown.call(&mut store, ()).unwrap();
    assert_eq!(global(&mut store, &instance, "ended"), 1);
}

#[test]
fn every_mutable_global_is_exported_once() {
    let transformed = transform(&sections().finish(), &USED).unwrap();
    let (mut store, instance) = instance(&transformed.module);
    let names: Vec<_> = instance
        .exports(&mut store)
        .filter(|export| export.clone().into_global().is_some())
        .map(|export| export.name().to_owned())
        .collect();
    assert_eq!(names, ["ended", "mutable_1", "hold"]);
    assert_eq!(global(&mut store, &instance, "mutable_1"), 7);
}

#[test]
fn exports_that_the_host_does_not_use_are_gone() {
    let mut sections = sections();
    sections.exports.export("php_version", ExportKind::Func, 0);
    sections.exports.export("zend_ce_closure", ExportKind::Global, 2);
    sections.exports.export("executor_globals", ExportKind::Global, 2);
    let transformed = transform(&sections.finish(), &USED).unwrap();
    let engine = Engine::new(&config::compiler().unwrap()).unwrap();
    let module = wasmtime::Module::new(&engine, &transformed.module).unwrap();
    let names: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
    let used = ["memory", "ended", "wasm_sapi_request_shutdown", "executor_globals", "mutable_1", "hold"];
    assert_eq!(names, used);
}

#[test]
fn imported_globals_and_functions_are_counted() {
    let s = sections();
    let mut imports = ImportSection::new();
    imports.import("env", "constant", CONSTANT);
    imports.import("env", "call", EntityType::Function(0));
    // With the import in front, the indices of the module's own shift by one.
    let mut exports = ExportSection::new();
    exports.export("wasm_sapi_request_shutdown", ExportKind::Func, 1);
    let mut body = Function::new([]);
    body.instructions().i32_const(1).global_set(1).end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = Module::new();
    module
        .section(&s.types)
        .section(&imports)
        .section(&s.functions)
        .section(&s.memories)
        .section(&s.globals)
        .section(&exports)
        .section(&code)
        .section(&CustomSection { name: "name".into(), data: (&[0u8; 3]).into() });
    let transformed = transform(&module.finish(), &USED).unwrap();
    assert!(transformed.memory.is_empty());

    let engine = Engine::new(&config::compiler().unwrap()).unwrap();
    let module = wasmtime::Module::new(&engine, &transformed.module).unwrap();
    let names: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
    assert_eq!(names, ["wasm_sapi_request_shutdown", "mutable_1", "mutable_2", "hold"]);
    assert!(!transformed.module.windows(4).any(|bytes| bytes == b"name"));
}

fn refused(wasm: &[u8], word: &str) {
    match transform(wasm, &USED) {
        Err(BuildError::Module(reason)) => assert!(reason.contains(word), "{word} in {reason}"),
        other => panic!("{word}: {other:?}"),
    }
}

#[test]
fn a_module_of_another_shape_is_refused_with_the_reason() {
    let bent = |bend: fn(&mut Sections)| {
        let mut sections = sections();
        bend(&mut sections);
        sections.finish()
    };
    let cases: [(fn(&mut Sections), &str); 9] = [
        (
            |s| {
                s.data.passive([1]);
            },
            "not placed at start",
        ),
        (
            |s| {
                s.data.active(0, &ConstExpr::global_get(2), [1]);
            },
            "computed",
        ),
        (
            |s| {
                s.data.active(0, &ConstExpr::i32_const(65_536), [1]);
            },
            "outside its memory",
        ),
        (
            |s| {
                s.data.active(0, &ConstExpr::i32_const(-1), [1]);
            },
            "outside its memory",
        ),
        (
            |s| {
                s.exports.export("hold", ExportKind::Memory, 0);
            },
            "\"hold\" already",
        ),
        (
            |s| {
                s.exports.export("mutable_1", ExportKind::Memory, 0);
            },
            "\"mutable_1\" already",
        ),
        (|s| s.exports = ExportSection::new(), "no function wasm_sapi_request_shutdown"),
        (
            |s| {
                s.memories.memory(memory());
            },
            "more than one memory",
        ),
        (|s| s.types = returning(), "has parameters or results"),
    ];
    for (bend, word) in cases {
        refused(&bent(bend), word);
    }

    let start = StartSection { function_index: 0 };
    let s = sections();
    let mut module = Module::new();
    module.section(&s.types).section(&s.functions).section(&s.memories).section(&s.globals);
    module.section(&s.exports).section(&start).section(&s.code);
    refused(&module.finish(), "start function");

    for (ty, word) in [
        (EntityType::Memory(memory()), "imports its memory"),
        (EntityType::Global(GlobalType { mutable: true, ..CONSTANT }), "imports a mutable global"),
    ] {
        let mut imports = ImportSection::new();
        imports.import("env", "it", ty);
        let mut module = Module::new();
        module.section(&s.types).section(&imports).section(&s.functions).section(&s.code);
        refused(&module.finish(), word);
    }
}

const CONSTANT: GlobalType = GlobalType { val_type: ValType::I32, mutable: false, shared: false };

fn memory() -> MemoryType {
    MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None }
}

fn returning() -> TypeSection {
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types
}

#[test]
fn bytes_that_are_no_module_are_refused() {
    let whole = sections().finish();
    refused(b"", "unexpected end");
    refused(b"#!/bin/sh\n", "magic");
    for cut in [9, whole.len() / 2, whole.len() - 1] {
        assert!(matches!(transform(&whole[..cut], &USED), Err(BuildError::Module(_))), "{cut}");
    }
    let component = b"\0asm\x0d\0\x01\0";
    assert!(matches!(transform(component, &USED), Err(BuildError::Module(_))));
}
