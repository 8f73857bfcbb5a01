//! What the pass changes in the code: bulk memory operations and the interpreter's dispatch.

use crate::support::sections;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink,
    MemArg, Module, NameMap, NameSection, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{Operator, Parser, Payload};
use wasmtime::{Engine, Instance, Store, TypedFunc};
use wp_codebox::engine::config;
use wp_codebox::engine::pack::build::{self, BuildError, Transformed};

/// The pass, for modules that export what the tests here call.
fn transform(source: &[u8]) -> Result<Transformed, BuildError> {
    build::transform(source, &["f1", "f2", "f5", "move", "wasm_sapi_request_shutdown"])
}

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
        // Slots 2 to 6; the others are empty. Slot 4 has the same handler as slot 2.
        let listed = Elements::Functions(vec![1, 2, 1, 3, 4].into());
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
                        Operator::MemoryCopy { .. }
                            | Operator::MemoryFill { .. }
                            | Operator::MemoryInit { .. }
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
    for (to, from, len) in [
        (page - 8, 0, 64),
        (0, page - 8, 64),
        (-8, 0, 4),
        (8, 0, -1),
        (0, 8, -1),
        (page, 0, 1),
        (16, 0, -100),
    ] {
        let (mut store, instance) = instance(&transform(&bulk_module()).unwrap().module);
        let copy: TypedFunc<(i32, i32, i32), ()> = instance.get_typed_func(&mut store, "f1").unwrap();
        copy.call(&mut store, (to, from, len)).unwrap_err();
        let fill: TypedFunc<(i32, i32, i32), ()> = instance.get_typed_func(&mut store, "f2").unwrap();
        if to != 0 {
            fill.call(&mut store, (to, 1, len)).unwrap_err();
        }
    }
}

const WORD: MemArg = MemArg { offset: 0, align: 2, memory_index: 0 };

/// The frame's second word: what the handlers work on.
const SUM: MemArg = MemArg { offset: 4, align: 2, memory_index: 0 };

/// `frame->opline += 8`: an opline is a handler's slot and an operand.
fn step(i: &mut InstructionSink<'_>, frame: u32) {
    i.local_get(frame).local_get(frame).i32_load(WORD).i32_const(8).i32_add().i32_store(WORD);
}

/// An interpreter in PHP's shape. The functions that the table has:
/// 1. a handler that counts with locals which it expects to be zero and leaves at other values;
/// 2. a function that is no handler by its name;
/// 3. a handler that goes by its operand: answers 0 in the middle, from within blocks, by a branch
///    to its outermost label and at its end, writes over its parameter, and answers 1;
/// 4. a handler that is too long to be inlined.
fn interpreter(names: bool) -> Vec<u8> {
    let mut counting = Function::new([(1, ValType::I64), (1, ValType::I32)]);
    let i = &mut counting.instructions();
    i.local_get(0).i32_load(WORD).drop();
    i.local_get(0).local_get(0).i32_load(SUM).i32_const(3).i32_mul().i32_const(1).i32_add();
    i.local_get(2).i32_add().local_get(1).i32_wrap_i64().i32_add().i32_store(SUM);
    i.i32_const(77).local_set(2).i64_const(99).local_set(1);
    step(i, 0);
    i.i32_const(0).end();

    let mut other = Function::new([]);
    let i = &mut other.instructions();
    i.local_get(0).local_get(0).i32_load(SUM).i32_const(5).i32_mul().i32_store(SUM);
    step(i, 0);
    i.i32_const(0).end();

    let mut branching = Function::new([(2, ValType::I32)]);
    let i = &mut branching.instructions();
    i.local_get(0).i32_load(WORD).i32_load(SUM).local_tee(1).local_set(2);
    i.local_get(0).local_get(0).i32_load(SUM).local_get(1).i32_add().i32_store(SUM);
    step(i, 0);
    i.block(BlockType::Empty).block(BlockType::Empty).block(BlockType::Empty).block(BlockType::Empty);
    i.local_get(1).br_table([0, 1, 2], 3).end();
    i.i32_const(0).return_().end();
    i.i32_const(0).local_tee(0).br(2).end();
    i.i32_const(-1).local_set(0).loop_(BlockType::Empty).i32_const(0).return_().end().end();
    i.local_get(1).i32_const(3).i32_eq().if_(BlockType::Empty).i32_const(1).return_().end();
    i.i32_const(0).end();

    let mut long = Function::new([]);
    let i = &mut long.instructions();
    i.local_get(0).local_get(0).i32_load(SUM).i32_const(85).i32_xor().i32_store(SUM);
    for _ in 0..500 {
        i.nop();
    }
    step(i, 0);
    i.i32_const(0).end();

    let mut execute = Function::new([(1, ValType::I64), (1, ValType::I32)]);
    let i = &mut execute.instructions();
    i.loop_(BlockType::Empty);
    i.local_get(0).local_get(0).i32_load(WORD).i32_load(WORD).call_indirect(0, 2).local_tee(2);
    i.i32_eqz().br_if(0).end().local_get(2).end();

    let mut functions = NameMap::new();
    functions.append(1, "ZEND_NOP_SPEC_HANDLER");
    functions.append(2, "zend_vm_stack_copy");
    functions.append(3, "ZEND_ADD_SPEC_CV_CV_HANDLER");
    functions.append(4, "ZEND_LONG_SPEC_HANDLER");
    functions.append(5, "execute_ex");
    let mut section = NameSection::new();
    section.functions(&functions);
    let code = [counting, other, branching, long, execute];
    module(&Rest { types: &[2; 5], code: &code }, true, names.then_some(&section))
}

/// What the interpreter answers to oplines, or how it traps, and what it leaves in the frame.
fn interpret(wasm: &wasmtime::Module, oplines: &[(i32, i32)]) -> (Result<i32, wasmtime::Trap>, Vec<u8>) {
    const FRAME: i32 = 64;
    const CODE: usize = 128;
    let mut store = Store::new(wasm.engine(), ());
    let instance = Instance::new(&mut store, wasm, &[]).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let frame: Vec<u8> = [CODE as i32, 7].into_iter().flat_map(i32::to_le_bytes).collect();
    let code: Vec<u8> =
        oplines.iter().flat_map(|(slot, operand)| [*slot, *operand]).flat_map(i32::to_le_bytes).collect();
    memory.write(&mut store, FRAME as usize, &frame).unwrap();
    memory.write(&mut store, CODE, &code).unwrap();
    let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "f5").unwrap();
    let answer = run.call(&mut store, FRAME).map_err(|error| error.downcast::<wasmtime::Trap>().unwrap());
    (answer, memory.data(&store)[..256].to_vec())
}

/// Every program of three oplines, with each way out of each handler, and each slot that is empty
/// or outside the table.
#[test]
fn the_loop_does_what_its_calls_did() {
    let transformed = transform(&interpreter(true)).unwrap();
    assert_eq!((transformed.handlers, transformed.inlined), (3, 2));
    let plain = transform(&interpreter(false)).unwrap();
    assert_eq!((plain.handlers, plain.inlined), (0, 0));
    let engine = Engine::new(&config::compiler().unwrap()).unwrap();
    let compiled = |wasm: &[u8]| wasmtime::Module::new(&engine, wasm).unwrap();
    let (new, old) = (compiled(&transformed.module), compiled(&plain.module));
    let oplines = [
        (2, 0),
        (3, 0),
        (4, 0),
        (5, 0),
        (5, 1),
        (5, 2),
        (5, 3),
        (5, 4),
        (6, 0),
        (1, 0),
        (7, 0),
        (8, 0),
        (-1, 0),
    ];
    let mut answered = 0;
    for first in oplines {
        for second in oplines {
            for third in oplines {
                let program = [first, second, third, (5, 3)];
                let expected = interpret(&old, &program);
                assert_eq!(interpret(&new, &program), expected, "{program:?}");
                answered += usize::from(expected.0 == Ok(1));
            }
        }
    }
    assert!(answered > 500);
}

/// A pass that does nothing would be half as slow again, and nobody would know.
#[test]
fn another_loop_is_refused() {
    let mut execute = Function::new([]);
    execute.instructions().local_get(0).local_get(0).call_indirect(0, 2).end();
    let mut handler = Function::new([]);
    handler.instructions().local_get(0).end();
    let mut functions = NameMap::new();
    functions.append(1, "ZEND_NOP_SPEC_HANDLER");
    functions.append(5, "execute_ex");
    let mut names = NameSection::new();
    names.functions(&functions);
    let code = [handler.clone(), handler.clone(), handler.clone(), handler, execute];
    match transform(&module(&Rest { types: &[2; 5], code: &code }, true, Some(&names))) {
        Err(BuildError::Module(reason)) => assert!(reason.contains("in another way"), "{reason}"),
        other => panic!("{other:?}"),
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
