//! What the pass changes in the code: bulk memory operations and the interpreter's dispatch.

use crate::support::sections;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Module, NameMap,
    NameSection, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{Operator, Parser, Payload};
use wasmtime::{Engine, Instance, Store, TypedFunc};
use wp_codebox::engine::config;
use wp_codebox::engine::pack::build::{BuildError, transform};

/// The functions of a test module behind the first, which [`sections`] has: their types by index
/// (0 is `() -> ()`), and their code.
struct Rest<'a> {
    types: &'a [u32],
    code: &'a [Function],
}

/// A module in PHP's shape with more functions, all exported by index, and with `extra` sections
/// between exports and code.
fn module(rest: &Rest<'_>, table: bool, names: Option<&NameSection>) -> Vec<u8> {
    let s = sections();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32; 3], []);
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = s.exports.clone();
    let mut code = CodeSection::new();
    let mut end = Function::new([]);
    end.instructions().i32_const(1).global_set(0).end();
    code.function(&end);
    for (index, (ty, body)) in (1..).zip(rest.types.iter().zip(rest.code)) {
        functions.function(*ty);
        exports.export(&format!("f{index}"), ExportKind::Func, index);
        code.function(body);
    }
    let mut out = Module::new();
    out.section(&types).section(&functions);
    let mut tables = TableSection::new();
    let mut elements = ElementSection::new();
    if table {
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum: 8,
            maximum: Some(8),
            table64: false,
            shared: false,
        });
        // Slots 2 to 5; the others are empty. Slot 4 has the same handler as slot 2.
        let listed = Elements::Functions(vec![1, 2, 1, 3].into());
        elements.active(None, &ConstExpr::i32_const(2), listed);
        out.section(&tables);
    }
    out.section(&s.memories).section(&s.globals).section(&exports);
    if table {
        out.section(&elements);
    }
    out.section(&code);
    if let Some(names) = names {
        out.section(names);
    }
    out.finish()
}

fn instance(wasm: &[u8]) -> (Store<()>, Instance) {
    let engine = Engine::new(&config::compiler().unwrap()).unwrap();
    let module = wasmtime::Module::new(&engine, wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    (store, instance)
}

fn bulk_module() -> Vec<u8> {
    let mut copy = Function::new([]);
    copy.instructions().local_get(0).local_get(1).local_get(2).memory_copy(0, 0).end();
    let mut fill = Function::new([(3, ValType::I64)]);
    fill.instructions().local_get(0).local_get(1).local_get(2).memory_fill(0).end();
    module(&Rest { types: &[1, 1], code: &[copy, fill] }, false, None)
}

/// CVE-2026-104855 is about them: wasmtime runs them in host code, where they can be neither ended
/// nor trapped.
#[test]
fn no_bulk_memory_operation_is_left() {
    let bulk = |wasm: &[u8]| {
        let mut count = 0;
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                for operator in body.get_operators_reader().unwrap() {
                    count += usize::from(matches!(
                        operator.unwrap(),
                        Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } | Operator::MemoryInit { .. }
                    ));
                }
            }
        }
        count
    };
    let source = bulk_module();
    assert_eq!(bulk(&source), 2);
    assert_eq!(bulk(&transform(&source).unwrap().module), 0);
}

#[test]
fn segments_used_at_run_time_are_refused() {
    let mut s = sections();
    let mut body = Function::new([]);
    body.instructions().i32_const(0).i32_const(0).i32_const(1).memory_init(0, 0).end();
    s.code = CodeSection::new();
    s.code.function(&body);
    let mut module = Module::new();
    module.section(&s.types).section(&s.functions).section(&s.memories).section(&s.globals);
    module.section(&s.exports).section(&DataCountSection { count: 2 }).section(&s.code).section(&s.data);
    match transform(&module.finish()) {
        Err(BuildError::Module(reason)) => assert!(reason.contains("at run time"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

/// Every length around the sizes at which the code changes its way, every overlap near it.
#[test]
fn copies_and_fills_are_those_of_the_standard_library() {
    let (mut store, instance) = instance(&transform(&bulk_module()).unwrap().module);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let copy: TypedFunc<(i32, i32, i32), ()> = instance.get_typed_func(&mut store, "f1").unwrap();
    let fill: TypedFunc<(i32, i32, i32), ()> = instance.get_typed_func(&mut store, "f2").unwrap();
    let size = 4096;
    let fresh: Vec<u8> = (0..size as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut expected = fresh.clone();
    let shifts = [0isize, 1, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 200, 700];
    for len in (0..=300).chain([511, 512, 513, 1000, 1024]) {
        for shift in shifts.into_iter().flat_map(|shift| [shift, -shift]) {
            memory.data_mut(&mut store)[..size].copy_from_slice(&fresh);
            expected.copy_from_slice(&fresh);
            let (to, from) = ((1500 + shift) as usize, 1500);
            copy.call(&mut store, (to as i32, from as i32, len as i32)).unwrap();
            expected.copy_within(from..from + len, to);
            assert!(memory.data(&store)[..size] == expected, "{len} bytes from {from} to {to}");
        }
        memory.data_mut(&mut store)[..size].copy_from_slice(&fresh);
        expected.copy_from_slice(&fresh);
        fill.call(&mut store, (77, 0x1234_56a5_u32 as i32, len as i32)).unwrap();
        expected[77..77 + len].fill(0xa5);
        assert!(memory.data(&store)[..size] == expected, "{len} bytes filled");
    }
}

#[test]
fn ranges_outside_memory_trap() {
    let page = 65_536;
    for (to, from, len) in
        [(page - 8, 0, 64), (0, page - 8, 64), (-8, 0, 4), (8, 0, -1), (0, 8, -1), (page, 0, 1), (16, 0, -100)]
    {
        let (mut store, instance) = instance(&transform(&bulk_module()).unwrap().module);
        let copy: TypedFunc<(i32, i32, i32), ()> = instance.get_typed_func(&mut store, "f1").unwrap();
        copy.call(&mut store, (to, from, len)).unwrap_err();
        let fill: TypedFunc<(i32, i32, i32), ()> = instance.get_typed_func(&mut store, "f2").unwrap();
        if to != 0 {
            fill.call(&mut store, (to, 1, len)).unwrap_err();
        }
    }
}

/// Two handlers (one of them in two slots), a function that is none, and the loop, which calls what
/// its argument's low byte names and adds a local of its own.
fn interpreter(names: bool) -> Vec<u8> {
    let answering = |factor: i32| {
        let mut body = Function::new([]);
        body.instructions().local_get(0).i32_const(factor).i32_mul().end();
        body
    };
    let mut dispatch = Function::new([(1, ValType::I64), (1, ValType::I32)]);
    dispatch
        .instructions()
        .block(BlockType::Result(ValType::I32))
        .local_get(0)
        .local_get(0)
        .i32_const(255)
        .i32_and()
        .call_indirect(0, 2)
        .end()
        .local_tee(2)
        .i32_const(1)
        .i32_add()
        .end();
    let mut functions = NameMap::new();
    functions.append(1, "ZEND_NOP_SPEC_HANDLER");
    functions.append(2, "zend_vm_stack_copy");
    functions.append(3, "ZEND_ADD_SPEC_CV_CV_HANDLER");
    functions.append(4, "execute_ex");
    let mut section = NameSection::new();
    section.functions(&functions);
    let code = [answering(10), answering(100), answering(1000), dispatch];
    module(&Rest { types: &[2, 2, 2, 2], code: &code }, true, names.then_some(&section))
}

#[test]
fn the_loop_calls_the_same_functions_as_before() {
    let transformed = transform(&interpreter(true)).unwrap();
    assert_eq!(transformed.handlers, 2);
    let plain = transform(&interpreter(false)).unwrap();
    assert_eq!(plain.handlers, 0);
    for slot in 0..9 {
        let argument = 512 + slot;
        let called = |wasm: &[u8]| {
            let (mut store, instance) = instance(wasm);
            let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "f4").unwrap();
            run.call(&mut store, argument).map_err(|error| error.downcast::<wasmtime::Trap>().unwrap())
        };
        let expected = match slot {
            2 | 4 => Ok(argument * 10 + 1),
            3 => Ok(argument * 100 + 1),
            5 => Ok(argument * 1000 + 1),
            8 => Err(wasmtime::Trap::TableOutOfBounds),
            _ => Err(wasmtime::Trap::IndirectCallToNull),
        };
        assert_eq!(called(&transformed.module), expected, "slot {slot}");
        assert_eq!(called(&plain.module), expected, "slot {slot}, without names");
    }
}

/// With imports in front, functions of the name section and of the table count from the imports on.
#[test]
fn imports_shift_the_added_functions() {
    let s = sections();
    let mut imports = ImportSection::new();
    imports.import("env", "call", EntityType::Function(0));
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("wasm_sapi_request_shutdown", ExportKind::Func, 1);
    let mut body = Function::new([]);
    body.instructions().i32_const(8).i32_const(7).i32_const(40).memory_fill(0).end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut out = Module::new();
    out.section(&types).section(&imports).section(&s.functions).section(&s.memories).section(&s.globals);
    out.section(&exports).section(&code);
    let wasm = transform(&out.finish()).unwrap().module;

    let engine = Engine::new(&config::compiler().unwrap()).unwrap();
    let module = wasmtime::Module::new(&engine, &wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let nothing = wasmtime::Func::wrap(&mut store, || {});
    let instance = Instance::new(&mut store, &module, &[nothing.into()]).unwrap();
    let end: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "wasm_sapi_request_shutdown").unwrap();
    end.call(&mut store, ()).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.data(&store)[7..49], [&[0][..], &[7; 40], &[0]].concat());
}

/// As Binaryen writes it: the bounds are globals, which nobody has set here, so that its own check
/// would refuse every value.
#[test]
fn the_stack_is_checked_against_its_bounds() {
    const TOP: i32 = 4 << 20;
    let s = sections();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([ValType::I32], []);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    let mut globals = GlobalSection::new();
    for start in [TOP, 0, 0] {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(start));
    }
    let mut exports = ExportSection::new();
    exports.export("__stack_pointer", ExportKind::Global, 0);
    exports.export("wasm_sapi_request_shutdown", ExportKind::Func, 0);
    exports.export("move", ExportKind::Func, 1);
    let mut end = Function::new([]);
    end.instructions().end();
    let mut body = Function::new([(1, ValType::I32)]);
    body.instructions()
        .local_get(0)
        .local_tee(1)
        .global_get(1)
        .i32_gt_u()
        .local_get(1)
        .global_get(2)
        .i32_lt_u()
        .i32_or()
        .if_(BlockType::Empty)
        .unreachable()
        .end()
        .local_get(1)
        .global_set(0)
        .end();
    let mut code = CodeSection::new();
    code.function(&end).function(&body);
    let mut out = Module::new();
    out.section(&types).section(&functions).section(&s.memories).section(&globals);
    out.section(&exports).section(&code);
    let wasm = transform(&out.finish()).unwrap().module;

    let lowest = TOP - (1 << 20) + 1024;
    for (value, allowed) in [
        (TOP, true),
        (TOP - 16, true),
        (lowest, true),
        (lowest - 16, false),
        (TOP + 16, false),
        (0, false),
        (-16, false),
        (i32::MIN, false),
    ] {
        let (mut store, instance) = instance(&wasm);
        let set: TypedFunc<i32, ()> = instance.get_typed_func(&mut store, "move").unwrap();
        assert_eq!(set.call(&mut store, value).is_ok(), allowed, "{value}");
        let pointer = instance.get_global(&mut store, "__stack_pointer").unwrap();
        assert_eq!(pointer.get(&mut store).unwrap_i32(), if allowed { value } else { TOP });
    }
}
