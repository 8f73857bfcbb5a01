//! The interpreter's dispatch: `execute_ex` calls the handler of each opcode through the function
//! table. An indirect call is a chain of loads that the processor cannot look past: the table's
//! slot, the function behind it, its instance, the memory behind that. Calls to functions that are
//! known have no such chain, so the one indirect call becomes a `br_table` over the table's slots
//! with a direct call in each arm.
//!
//! Handlers are told by their names. What is not one of them takes the indirect call as before, so
//! a handler that was missed is slow and nothing worse.

use super::edit::{Additions, local_count};
use super::{BuildError, shape};
use std::collections::{BTreeMap, HashMap, HashSet};
use wasm_encoder::{BlockType, Encode, Instruction, ValType};
use wasmparser::{
    ElementItems, ElementKind, FunctionBody, KnownCustom, Name, Operator, Parser, Payload, TypeRef,
};

/// The interpreter's loop.
const LOOP: &str = "execute_ex";

/// `int (*)(zend_execute_data *)`: one parameter, one result, both i32.
const PARAMS: u32 = 1;

/// Slots from the first handler to the last: wasm's own bound on a `br_table` is higher.
const MAX_SLOTS: u32 = 60_000;

/// Where the interpreter's handlers are.
pub(super) struct Dispatch {
    /// The function [`LOOP`].
    pub loop_function: u32,
    /// The handlers' type.
    ty: u32,
    /// The table's slot of the first handler.
    first: u32,
    /// From `first` on: the handler in the slot, if it is one.
    slots: Vec<Option<u32>>,
    /// Every handler once: the arms.
    handlers: Vec<u32>,
}

impl Dispatch {
    /// Reads the names, the types and the table of `source`. `None` if it names no [`LOOP`] or no
    /// handler in the table has the type that it calls.
    pub(super) fn find(source: &[u8]) -> Result<Option<Dispatch>, BuildError> {
        let module = Survey::of(source)?;
        let Some(loop_function) = module.loop_function else { return Ok(None) };
        // The handlers' type is that of the most handlers: others are called in other ways.
        let mut types: HashMap<u32, usize> = HashMap::new();
        for function in &module.handlers {
            if let Some(ty) = module.function_types.get(*function as usize) {
                *types.entry(*ty).or_default() += 1;
            }
        }
        let Some((ty, _)) = types.into_iter().max_by_key(|(ty, count)| (*count, *ty)) else {
            return Ok(None);
        };
        let placed: BTreeMap<u32, u32> = module
            .table
            .into_iter()
            .filter(|(_, function)| {
                module.handlers.contains(function)
                    && module.function_types.get(*function as usize) == Some(&ty)
            })
            .collect();
        let (Some((&first, _)), Some((&last, _))) =
            (placed.first_key_value(), placed.last_key_value())
        else {
            return Ok(None);
        };
        if last - first >= MAX_SLOTS {
            return Err(shape("its handlers are scattered over the table"));
        }
        let mut handlers: Vec<u32> = placed.values().copied().collect();
        handlers.sort_unstable();
        handlers.dedup();
        let slots = (first..=last).map(|slot| placed.get(&slot).copied()).collect();
        Ok(Some(Dispatch { loop_function, ty, first, slots, handlers }))
    }

    /// How many handlers are called directly.
    pub(super) fn len(&self) -> usize {
        self.handlers.len()
    }

    /// The locals that [`call`](Self::call) needs, and the first one's index.
    pub(super) fn locals(&self, body: &FunctionBody<'_>) -> Result<(Additions, u32), BuildError> {
        let additions = Additions { locals: 2, ..Additions::default() };
        Ok((additions, local_count(body, PARAMS)?))
    }

    /// What stands in for `operator` in the loop, if it is the call of a handler. `local` is the
    /// first of the added locals.
    pub(super) fn call(&self, operator: &Operator<'_>, local: u32) -> Option<Vec<u8>> {
        match operator {
            Operator::CallIndirect { type_index, table_index: 0 } if *type_index == self.ty => {}
            _ => return None,
        }
        let (argument, slot) = (local, local + 1);
        let arms: HashMap<u32, u32> = self.handlers.iter().copied().zip(0..).collect();
        let fallback = arms.len() as u32;
        let mut out = Vec::new();
        let mut put = |instruction: Instruction<'_>| instruction.encode(&mut out);

        put(Instruction::LocalSet(slot));
        put(Instruction::LocalSet(argument));
        put(Instruction::Block(BlockType::Result(ValType::I32)));
        put(Instruction::Block(BlockType::Empty));
        for _ in &self.handlers {
            put(Instruction::Block(BlockType::Empty));
        }
        let targets = self.slots.iter().map(|handler| match handler {
            Some(function) => arms[function],
            None => fallback,
        });
        put(Instruction::LocalGet(slot));
        put(Instruction::I32Const(self.first as i32));
        put(Instruction::I32Sub);
        put(Instruction::BrTable(targets.collect(), fallback));
        for (arm, function) in (0..).zip(&self.handlers) {
            put(Instruction::End);
            put(Instruction::LocalGet(argument));
            put(Instruction::Call(*function));
            put(Instruction::Br(fallback - arm));
        }
        put(Instruction::End);
        put(Instruction::LocalGet(argument));
        put(Instruction::LocalGet(slot));
        put(Instruction::CallIndirect { type_index: self.ty, table_index: 0 });
        put(Instruction::End);
        Some(out)
    }
}

/// What the rewrite has to know before the first body comes.
#[derive(Default)]
struct Survey {
    /// By function: the type.
    function_types: Vec<u32>,
    /// By slot of table 0: the function.
    table: BTreeMap<u32, u32>,
    handlers: HashSet<u32>,
    loop_function: Option<u32>,
}

impl Survey {
    fn of(source: &[u8]) -> Result<Survey, BuildError> {
        let mut survey = Survey::default();
        for payload in Parser::new(0).parse_all(source) {
            match payload? {
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        if let TypeRef::Func(ty) = import?.ty {
                            survey.function_types.push(ty);
                        }
                    }
                }
                Payload::FunctionSection(reader) => {
                    for ty in reader {
                        survey.function_types.push(ty?);
                    }
                }
                Payload::ElementSection(reader) => {
                    for element in reader {
                        survey.element(element?)?;
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        // A custom section that cannot be read says nothing; that is no error.
                        let _ = survey.names(names);
                    }
                }
                _ => {}
            }
        }
        Ok(survey)
    }

    fn element(&mut self, element: wasmparser::Element<'_>) -> Result<(), BuildError> {
        let ElementKind::Active { table_index: None | Some(0), offset_expr } = element.kind else {
            return Ok(());
        };
        let Operator::I32Const { value: start } = offset_expr.get_operators_reader().read()? else {
            return Ok(());
        };
        if let ElementItems::Functions(functions) = element.items {
            for (slot, function) in (start as u32..).zip(functions) {
                self.table.insert(slot, function?);
            }
        }
        Ok(())
    }

    fn names(&mut self, names: wasmparser::NameSectionReader<'_>) -> wasmparser::Result<()> {
        for part in names {
            let Name::Function(functions) = part? else { continue };
            for naming in functions {
                let naming = naming?;
                if naming.name == LOOP {
                    self.loop_function = Some(naming.index);
                } else if naming.name.starts_with("ZEND_") && naming.name.ends_with("_HANDLER") {
                    self.handlers.insert(naming.index);
                }
            }
        }
        Ok(())
    }
}
