//! The pass over PHP's module that makes it forkable, quick and stoppable.
//!
//! * Active data segments become one memory image, mapped where linear memory will be.
//! * Mutable globals are exported, so that a running instance can be saved and restored.
//! * Of what PHP exports for shared libraries, what the host does not use is not exported any more.
//! * `wasm_sapi_request_shutdown` returns at once while the global [`HOLD`] is set, so that a request
//!   stays open after its script has ended.
//! * The interpreter has its short handlers inside and calls the others directly: see [`dispatch`].
//! * The checks of PHP's own stack are shortened: see [`stack`].
//! * No instruction is left that reaches linear memory from host code: see [`bulk`].
//! * Custom sections (names, producers) are dropped.

mod bulk;
mod dispatch;
mod edit;
mod inline;
mod stack;

use super::super::HOLD;
use super::BuildError;
use dispatch::Dispatch;
use edit::{Additions, edited, encoded};
use stack::StackCheck;
use wasm_encoder::{
    BlockType, CodeSection, Encode, ExportKind, ExportSection, Instruction, Module, RawSection, SectionId,
};
use wasmparser::{
    DataKind, Export, ExternalKind, FromReader, FunctionBody, Operator, Parser, Payload, SectionLimited,
    TypeRef, ValType,
};

/// Mutable globals that had no export get one: this and their index.
pub const MUTABLE_PREFIX: &str = "mutable_";

/// The exported global that PHP's own stack grows down from.
const STACK_POINTER: &str = "__stack_pointer";

/// The function that ends a PHP request.
const SHUTDOWN: &str = "wasm_sapi_request_shutdown";

/// Bytes of a page of linear memory.
const PAGE: u64 = 64 << 10;

/// Largest memory image, bytes: what 32 bits can name is no bound for a file.
const MAX_IMAGE: u64 = 256 << 20;

/// A module without data segments, and its memory from address 0.
#[derive(Debug)]
pub struct Transformed {
    pub module: Vec<u8>,
    pub memory: Vec<u8>,
    /// How many of the interpreter's handlers are not called through the table any more.
    pub handlers: usize,
    /// How many of them stand inside the interpreter's loop.
    pub inlined: usize,
}

/// Of the functions and immutable globals, those in `used` stay exported.
///
/// A module of another shape than PHP's gives [`BuildError::Module`], never a module that differs
/// from its source in any other way than the above.
pub fn transform(source: &[u8], used: &[&str]) -> Result<Transformed, BuildError> {
    let mut pass = Pass { used, dispatch: Dispatch::find(source)?, ..Pass::default() };
    for payload in Parser::new(0).parse_all(source) {
        pass.section(source, payload?)?;
    }
    if pass.memory_pages.is_none() {
        return Err(shape("it has no memory of its own"));
    }
    if !pass.held {
        return Err(shape(format!("it exports no function {SHUTDOWN}")));
    }
    let handlers = pass.dispatch.as_ref().map_or(0, Dispatch::len);
    Ok(Transformed { module: pass.out.finish(), memory: pass.memory, handlers, inlined: pass.inlined })
}

/// What has been seen and written so far. Sections come in the order of the specification: imports
/// before globals before exports before code before data.
#[derive(Default)]
struct Pass<'a> {
    out: Module,
    used: &'a [&'a str],
    /// By type index: is it a function without parameters and results?
    plain_types: Vec<bool>,
    /// By index among the functions that have a body: the type.
    function_types: Vec<u32>,
    imported_functions: u32,
    globals: u32,
    imported_globals: u32,
    /// Indices of the mutable globals.
    mutable: Vec<u32>,
    memory_pages: Option<u64>,
    /// Index of the hold global, once it has been added.
    hold: Option<u32>,
    /// Index of [`SHUTDOWN`], once exports have been read.
    shutdown: Option<u32>,
    /// [`SHUTDOWN`] has its prefix.
    held: bool,
    dispatch: Option<Dispatch>,
    /// Where PHP's own stack lies, once globals and exports have been read.
    stack: Option<StackCheck>,
    /// By global: its value at start, if that is a constant i32.
    initial: Vec<Option<i32>>,
    /// Index of the function that stands in for `memory.copy`; the one for `memory.fill` follows.
    copy: u32,
    /// The bodies so far, edited.
    bodies: Vec<Vec<u8>>,
    /// How many handlers stand inside the interpreter's loop, once the last body has been read.
    inlined: usize,
    memory: Vec<u8>,
}

impl Pass<'_> {
    fn section(&mut self, source: &[u8], payload: Payload<'_>) -> Result<(), BuildError> {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader.clone() {
                    for ty in group?.into_types() {
                        let plain = match &ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(ty) => {
                                ty.params().is_empty() && ty.results().is_empty()
                            }
                            _ => false,
                        };
                        self.plain_types.push(plain);
                    }
                }
                let mut added = Vec::new();
                bulk::encode_type(&mut added);
                self.extend(SectionId::Type, source, &reader, 1, &added);
                Ok(())
            }
            Payload::ImportSection(reader) => {
                for import in reader.clone().into_imports() {
                    self.import(import?.ty)?;
                }
                self.copy(SectionId::Import, source, reader.range())
            }
            Payload::FunctionSection(reader) => {
                self.function_types = reader.clone().into_iter().collect::<Result<_, _>>()?;
                self.copy = self.imported_functions + self.function_types.len() as u32;
                let mut added = Vec::new();
                let ty = self.plain_types.len() as u32;
                ty.encode(&mut added);
                ty.encode(&mut added);
                self.extend(SectionId::Function, source, &reader, 2, &added);
                Ok(())
            }
            Payload::MemorySection(reader) => {
                let mut memories = reader.clone().into_iter();
                let (Some(memory), None) = (memories.next(), memories.next()) else {
                    return Err(shape("it has more than one memory"));
                };
                let memory = memory?;
                if memory.memory64 || memory.shared || memory.page_size_log2.is_some() {
                    return Err(shape("its memory is not a plain 32-bit one"));
                }
                self.memory_pages = Some(memory.initial);
                self.copy(SectionId::Memory, source, reader.range())
            }
            Payload::GlobalSection(reader) => self.global_section(source, reader),
            Payload::ExportSection(reader) => self.export_section(reader),
            Payload::StartSection { .. } => {
                Err(shape("it has a start function, which would run before its memory is in place"))
            }
            Payload::CodeSectionEntry(body) => self.body(&body),
            Payload::DataSection(reader) => {
                for segment in reader {
                    self.segment(segment?)?;
                }
                Ok(())
            }
            // Custom sections go; the count of data segments goes with the segments; the code
            // section is written when its last body has been read.
            Payload::CustomSection(_)
            | Payload::DataCountSection { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::Version { .. }
            | Payload::End(_) => Ok(()),
            Payload::TableSection(reader) => self.copy(SectionId::Table, source, reader.range()),
            Payload::TagSection(reader) => self.copy(SectionId::Tag, source, reader.range()),
            Payload::ElementSection(reader) => self.copy(SectionId::Element, source, reader.range()),
            _ => Err(shape("it has a section that a core module does not have")),
        }
    }

    fn import(&mut self, ty: TypeRef) -> Result<(), BuildError> {
        match ty {
            TypeRef::Func(_) => self.imported_functions += 1,
            TypeRef::Global(ty) if ty.mutable => {
                return Err(shape("it imports a mutable global, which a fork could not restore"));
            }
            TypeRef::Global(_) => {
                self.globals += 1;
                self.imported_globals += 1;
            }
            TypeRef::Memory(_) => return Err(shape("it imports its memory")),
            TypeRef::Table(_) | TypeRef::Tag(_) => {}
            _ => return Err(shape("it has an import of an unknown kind")),
        }
        Ok(())
    }

    /// Copies the section and adds the hold global to it.
    fn global_section(
        &mut self,
        source: &[u8],
        reader: SectionLimited<'_, wasmparser::Global<'_>>,
    ) -> Result<(), BuildError> {
        for global in reader.clone() {
            let global = global?;
            let ty = global.ty;
            let mut operators = global.init_expr.get_operators_reader();
            self.initial.push(match (operators.read()?, operators.read()?) {
                (Operator::I32Const { value }, Operator::End) => Some(value),
                _ => None,
            });
            if ty.mutable {
                if !matches!(ty.content_type, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64) {
                    return Err(shape("it has a mutable global that is not a number"));
                }
                self.mutable.push(self.globals);
            }
            self.globals += 1;
        }
        self.hold = Some(self.globals);
        // (global (mut i32) (i32.const 0))
        self.extend(SectionId::Global, source, &reader, 1, &[0x7f, 0x01, 0x41, 0x00, 0x0b]);
        Ok(())
    }

    /// Writes the exports that the host uses, and those of the mutable globals and of the hold global.
    fn export_section(&mut self, reader: SectionLimited<'_, Export<'_>>) -> Result<(), BuildError> {
        let Some(hold) = self.hold else {
            return Err(shape("it has no globals"));
        };
        let mut exports = ExportSection::new();
        let mut named = Vec::new();
        for export in reader {
            let export = export?;
            if export.name == HOLD || export.name.starts_with(MUTABLE_PREFIX) {
                return Err(shape(format!("it exports {:?} already", export.name)));
            }
            let used = self.used.contains(&export.name);
            match export.kind {
                ExternalKind::Memory => {
                    exports.export(export.name, ExportKind::Memory, export.index);
                }
                ExternalKind::Func if used => {
                    exports.export(export.name, ExportKind::Func, export.index);
                }
                ExternalKind::Global if used || self.mutable.contains(&export.index) => {
                    exports.export(export.name, ExportKind::Global, export.index);
                    named.push(export.index);
                }
                _ => {}
            }
            match export.name {
                SHUTDOWN if export.kind == ExternalKind::Func => self.shutdown = Some(export.index),
                STACK_POINTER if export.kind == ExternalKind::Global => {
                    let own = export.index.checked_sub(self.imported_globals);
                    let start = own.and_then(|own| *self.initial.get(own as usize)?);
                    self.stack = start.map(|start| StackCheck::new(export.index, start));
                }
                _ => {}
            }
        }
        for &index in self.mutable.iter().filter(|index| !named.contains(index)) {
            exports.export(&format!("{MUTABLE_PREFIX}{index}"), ExportKind::Global, index);
        }
        exports.export(HOLD, ExportKind::Global, hold);
        self.out.section(&exports);
        Ok(())
    }

    /// Keeps a function's body with what has to change in it. The last one writes the section.
    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), BuildError> {
        let additions = Additions { prefix: self.hold_prefix()?, ..Additions::default() };
        let copy = self.copy;
        let stack = self.stack.as_ref();
        let edited = edited(body, &additions, |ahead| match &ahead[0] {
            Operator::MemoryCopy { dst_mem: 0, src_mem: 0 } => {
                Ok(Some((1, encoded(&[Instruction::Call(copy)]))))
            }
            Operator::MemoryFill { mem: 0 } => Ok(Some((1, encoded(&[Instruction::Call(copy + 1)])))),
            Operator::MemoryInit { .. } | Operator::DataDrop { .. } => {
                Err(shape("it uses data segments at run time"))
            }
            Operator::LocalTee { .. } => Ok(stack.and_then(|stack| stack.check(ahead))),
            _ => Ok(None),
        })?;
        self.bodies.push(edited);
        if self.bodies.len() == self.function_types.len() {
            self.code()?;
        }
        Ok(())
    }

    /// Writes the code section: every body has been read.
    fn code(&mut self) -> Result<(), BuildError> {
        if let Some(dispatch) = &self.dispatch {
            let own = |function: u32| function.checked_sub(self.imported_functions).map(|own| own as usize);
            let body = |function| own(function).and_then(|own| self.bodies.get(own)).map(Vec::as_slice);
            let (rewritten, inlined) = dispatch.rewrite(body)?;
            self.inlined = inlined;
            if let Some(place) = own(dispatch.loop_function).and_then(|own| self.bodies.get_mut(own)) {
                *place = rewritten;
            }
        }
        let mut code = CodeSection::new();
        for body in self.bodies.drain(..) {
            code.raw(&body);
        }
        code.function(&bulk::copy()).function(&bulk::fill());
        self.out.section(&code);
        Ok(())
    }

    /// What goes in front of [`SHUTDOWN`]: "if hold, return". Nothing for any other function.
    fn hold_prefix(&mut self) -> Result<Vec<u8>, BuildError> {
        let index = self.imported_functions + self.bodies.len() as u32;
        let (Some(shutdown), Some(hold)) = (self.shutdown, self.hold) else { return Ok(Vec::new()) };
        if shutdown != index {
            return Ok(Vec::new());
        }
        let ty = self.function_types.get(self.bodies.len());
        if ty.and_then(|&ty| self.plain_types.get(ty as usize)) != Some(&true) {
            return Err(shape(format!("{SHUTDOWN} has parameters or results")));
        }
        self.held = true;
        Ok(encoded(&[
            Instruction::GlobalGet(hold),
            Instruction::If(BlockType::Empty),
            Instruction::Return,
            Instruction::End,
        ]))
    }

    /// Folds one data segment into the image. Later segments win, as they do at instantiation.
    fn segment(&mut self, segment: wasmparser::Data<'_>) -> Result<(), BuildError> {
        let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else {
            return Err(shape("it has a data segment that is not placed at start"));
        };
        let mut operators = offset_expr.get_operators_reader();
        let start = match (operators.read()?, operators.read()?) {
            (Operator::I32Const { value }, Operator::End) => u64::from(value as u32),
            _ => return Err(shape("it has a data segment whose place is computed")),
        };
        let end = start + segment.data.len() as u64;
        let pages = self.memory_pages.unwrap_or(0);
        if end > pages.saturating_mul(PAGE).min(MAX_IMAGE) {
            return Err(shape("it has a data segment outside its memory"));
        }
        let (start, end) = (start as usize, end as usize);
        if self.memory.len() < end {
            self.memory.resize(end, 0);
        }
        self.memory[start..end].copy_from_slice(segment.data);
        Ok(())
    }

    fn copy(
        &mut self,
        id: SectionId,
        source: &[u8],
        range: std::ops::Range<usize>,
    ) -> Result<(), BuildError> {
        self.out.section(&RawSection { id: id as u8, data: &source[range] });
        Ok(())
    }

    /// Copies a section's items and adds `count` more, encoded in `added`.
    fn extend<'a, T: FromReader<'a>>(
        &mut self,
        id: SectionId,
        source: &[u8],
        section: &SectionLimited<'a, T>,
        count: u32,
        added: &[u8],
    ) {
        let mut data = Vec::new();
        (section.count() + count).encode(&mut data);
        // A fresh reader stands behind the count.
        data.extend_from_slice(&source[section.original_position()..section.range().end]);
        data.extend_from_slice(added);
        self.out.section(&RawSection { id: id as u8, data: &data });
    }
}

fn shape(why: impl Into<String>) -> BuildError {
    BuildError::Module(why.into())
}

impl From<wasmparser::BinaryReaderError> for BuildError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        BuildError::Module(error.to_string())
    }
}
