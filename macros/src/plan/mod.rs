//! From a graph and its marks to steps and addresses.

pub(crate) mod layout;
mod levels;
mod lifetimes;
mod occupied;
mod pack;
pub(crate) mod problem;
pub(crate) mod program;
mod retain;
pub(crate) mod schedule;
