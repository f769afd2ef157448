//! Planning.
pub(crate) mod problem;
pub(crate) mod program;
