//! What the integration tests share.

pub mod claim;
pub mod models;
pub mod remote;
pub mod trace;
