//! What several test programs share. Each uses a part of it.
#![allow(dead_code)]

pub mod git;
pub mod tree;
