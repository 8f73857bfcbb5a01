//! The interpreter's dispatch: `execute_ex` calls the handler of each opcode through the function
//! table. An indirect call is a chain of loads that the processor cannot look past: the table's
//! slot, the function behind it, its instance, the memory behind that. Code that is known has no
//! such chain, so the one indirect call becomes a `br_table` over the table's slots. In each arm
//! stands the handler itself, if it is short (see [`inline`](super::inline)), or a direct call.
//!
//! The opline is kept in a local beside `frame->opline`. A handler stores the next one and answers
//! 0, mostly; where it is inlined, what it stores is in a register already, and the inner loop goes
//! on with that. Any other way leads to the outer loop, which reads `frame->opline`.
//!
//! Handlers are told by their names. What is not one of them takes the indirect call as before, so
//! a handler that was missed is slow and nothing worse.

use super::edit::{Additions, edited, encoded, local_count, reread};
use super::inline::{Arm, FIRST_WORD, Inlined, Scratch, first_word};
use super::{BuildError, shape};
use std::collections::{BTreeMap, HashMap, HashSet};
use wasm_encoder::{BlockType, Encode, Instruction, ValType};
use wasmparser::{ElementItems, ElementKind, KnownCustom, Name, Operator, Parser, Payload, TypeRef};

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
        let (Some((&first, _)), Some((&last, _))) = (placed.first_key_value(), placed.last_key_value())
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

    /// How many handlers have an arm.
    pub(super) fn len(&self) -> usize {
        self.handlers.len()
    }

    /// The body of [`LOOP`] with its one indirect call replaced, and how many handlers it has inside.
    /// `body` gives a function's.
    pub(super) fn rewrite<'a>(
        &self,
        body: impl Fn(u32) -> Option<&'a [u8]>,
    ) -> Result<(Vec<u8>, usize), BuildError> {
        let gone = || shape(format!("{LOOP} or a handler has no body"));
        let source = reread(body(self.loop_function).ok_or_else(gone)?);
        let mut arms = Vec::new();
        let mut scratch = Scratch::default();
        for handler in &self.handlers {
            let arm = Inlined::of(body(*handler).ok_or_else(gone)?)?;
            if let Some(arm) = &arm {
                scratch.make_room(arm);
            }
            arms.push((*handler, arm));
        }
        let first = local_count(&source, PARAMS)?;
        let places = Places { opline: first, slot: first + 1, scratch: scratch.placed(first + 2) };
        let mut locals = vec![(2, ValType::I32)];
        locals.extend(places.scratch.groups());
        let additions = Additions { locals, ..Additions::default() };
        let mut found = 0;
        let rewritten = edited(&source, &additions, |ahead| {
            let Some(frame) = self.call(ahead) else { return Ok(None) };
            found += 1;
            Ok(Some((CALL, self.switch(frame, &places, &arms))))
        })?;
        if found != 1 {
            return Err(shape(format!("{LOOP} calls handlers in another way")));
        }
        Ok((rewritten, arms.iter().filter(|(_, arm)| arm.is_some()).count()))
    }

    /// The local that holds the frame, if the loop with the call of a handler begins here:
    /// `loop { … frame->opline->handler(frame) …`.
    fn call(&self, ahead: &[Operator<'_>]) -> Option<u32> {
        match ahead {
            [
                Operator::Loop { blockty: wasmparser::BlockType::Empty },
                Operator::LocalGet { local_index: frame },
                Operator::LocalGet { local_index: again },
                Operator::I32Load { memarg: opline },
                Operator::I32Load { memarg: handler },
                Operator::CallIndirect { type_index, table_index: 0 },
                ..,
            ] if frame == again && *type_index == self.ty && first_word(opline) && first_word(handler) => {
                Some(*frame)
            }
            _ => None,
        }
    }

    /// What stands in for the head of the loop and the call: see the top of this file.
    fn switch(&self, frame: u32, places: &Places, arms: &[(u32, Option<Inlined>)]) -> Vec<u8> {
        let numbers: HashMap<u32, u32> = self.handlers.iter().copied().zip(0..).collect();
        let fallback = numbers.len() as u32;
        let mut out = Vec::new();
        let mut put = |instruction: Instruction<'_>| instruction.encode(&mut out);

        put(Instruction::Loop(BlockType::Empty));
        put(Instruction::LocalGet(frame));
        put(Instruction::I32Load(FIRST_WORD));
        put(Instruction::LocalSet(places.opline));
        put(Instruction::Loop(BlockType::Result(ValType::I32)));
        put(Instruction::Block(BlockType::Result(ValType::I32)));
        for _ in 0..=fallback {
            put(Instruction::Block(BlockType::Empty));
        }
        let targets = self.slots.iter().map(|handler| match handler {
            Some(function) => numbers[function],
            None => fallback,
        });
        put(Instruction::LocalGet(places.opline));
        put(Instruction::I32Load(FIRST_WORD));
        put(Instruction::LocalTee(places.slot));
        put(Instruction::I32Const(self.first as i32));
        put(Instruction::I32Sub);
        put(Instruction::BrTable(targets.collect(), fallback));
        for (number, (function, arm)) in (0..).zip(arms) {
            Instruction::End.encode(&mut out);
            let answer = fallback - number;
            match arm {
                Some(arm) => arm.put(&mut out, &places.arm(frame, answer)),
                None => out.extend(encoded(&[
                    Instruction::LocalGet(frame),
                    Instruction::Call(*function),
                    Instruction::Br(answer),
                ])),
            }
        }
        out.extend(encoded(&[
            Instruction::End,
            Instruction::LocalGet(frame),
            Instruction::LocalGet(places.slot),
            Instruction::CallIndirect { type_index: self.ty, table_index: 0 },
            Instruction::End,
            Instruction::End,
        ]));
        out
    }
}

/// Instructions from the head of the loop to the call of the handler.
const CALL: usize = 6;

/// The loop's added locals.
struct Places {
    /// The opline of the frame, whenever the inner loop begins.
    opline: u32,
    /// The table's slot of the opline's handler.
    slot: u32,
    scratch: Scratch,
}

impl Places {
    fn arm(&self, frame: u32, answer: u32) -> Arm<'_> {
        Arm { frame, opline: self.opline, scratch: &self.scratch, answer, next: answer + 1 }
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
