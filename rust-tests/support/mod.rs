//! What several test programs share. Each uses a part of it.
#![allow(dead_code)]

pub mod bundle;
pub mod command;
pub mod forge;
pub mod git;
pub mod php;
pub mod site;
pub mod tree;
pub mod zip;
