//! What the integration tests share.

pub mod case;
pub mod claim;
pub mod differences;
pub mod models;
pub mod ops;
pub mod remote;
pub mod trace;
