//! What the integration tests share.

pub mod models;
pub mod remote;
pub mod trace;
