//! What the integration tests share.

pub mod agreement;
pub mod case;
pub mod claim;
#[cfg(feature = "cuda")]
pub mod cupti;
pub mod devices;
pub mod differences;
pub mod draw;
mod drawn;
pub mod forms;
pub mod golden;
pub mod models;
pub mod remote;
pub mod states;
pub mod steep;
pub mod timing;
pub mod trace;
