//! Train networks that do not fit in memory.

pub mod arena;
pub mod cpu;
pub mod device;
mod error;
pub mod model;
pub mod ops;
pub mod optim;
pub mod plan;
pub mod rng;

pub use cpu::Cpu;
pub use device::Device;
pub use error::Error;
