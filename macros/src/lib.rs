//! The `model!` macro.

#[allow(dead_code)]
mod plan;
