#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! - [`model!`]: the language, every layer, and what each mark keeps.
//! - [`mod@model`]: what a model becomes, and how it is trained.
//! - [`train`]: the training loop. [`data`]: samples and batches. [`optim`]: optimizers. [`state`]: saving and loading, and weights of other libraries. [`plan`]: what the compiler decided. [`Error`]: what can go wrong.
//!
//! ## Features
//!
//! - `terminal`, on by default: a progress bar, and Ctrl-C.
//! - `files`, on by default: data in IDX and CSV files, plain or gzip'd.
//! - `npy`: data in NumPy's `.npy` and `.npz`.

#![warn(missing_debug_implementations)]

pub mod arena;
#[cfg(any(test, kani))]
mod choices;
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod data;
pub mod device;
mod error;
pub mod model;
pub mod ops;
pub mod optim;
pub mod plan;
#[doc(hidden)]
pub mod profile;
pub mod rng;
pub mod state;
#[doc(hidden)]
pub mod tables;
pub mod testing;
pub mod train;

pub use cpu::Cpu;
#[cfg(feature = "cuda")]
pub use cuda::Cuda;
pub use device::Device;
pub use error::Error;
pub use model::Model;
pub use ndarray;
pub use plan::Plan;

/// Everything that a program which trains a model names.
pub mod prelude {
    #[cfg(feature = "cuda")]
    pub use crate::Cuda;
    pub use crate::model::{Grads, GradsMut, Model, Output, Params, ParamsMut, Workspace};
    pub use crate::optim::{
        Adam, AdamConfig, AdamW, AdamWConfig, Group, Optimizer, Schedule, Sgd, SgdConfig,
    };
    pub use crate::train::Trainer;
    pub use crate::{Cpu, Device, Error, Plan, model, ndarray};
}

/// What generated code names; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::device::{Device, Grad, Report};
    pub use crate::error::Error;
    pub use crate::model::{
        After, Call, Core, Frame, Grads, GradsMut, Init, Model, Output, OutputSpec, ParamSpec, Params,
        ParamsMut, Trainable, Workspace, check_batch, check_ids, check_shape,
    };
    pub use crate::plan::{
        Bytes, Cause, Kept, Peak, Plan, Program, Ran, Reason, Recomputed, Segment, Stage, Timeline,
    };
    pub use crate::tables::{self, Numbers, RECOMPUTE, Table};
    pub use crate::{ndarray, ops, profile};
    pub use remat_macros::model;
}

#[doc = include_str!("language.md")]
#[doc = include_str!("layers.md")]
#[doc = include_str!("marks.md")]
#[macro_export]
macro_rules! model {
    ($($tokens:tt)*) => { $crate::__private::model! { [$crate] $($tokens)* } };
}
