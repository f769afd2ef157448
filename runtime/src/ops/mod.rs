//! What an op does: its formula, its `Kernel` trait, and an implementation per device.
//!
//! Each op has a `Spec` (the shape of one sample, and its arguments), and structs that name the
//! views its kernel is given. A field that is an `Option` is left out where nothing reads it.
//! Sizes are in elements and per sample; `batch` is the number of samples. Kernels compute the same
//! bits for any number of threads, and overwrite (`=`) what they are given, but for a
//! [`Grad`](crate::device::Grad) with `add` set.

pub mod activation;
pub mod arithmetic;
pub mod attention;
#[cfg(test)]
pub(crate) mod check;
pub mod concat;
pub mod cross_entropy;
pub mod dropout;
pub mod embedding;
pub mod layer_norm;
pub mod linear;
pub mod mean;
pub mod mse;
pub mod parameter;
pub mod position_embedding;
pub mod slice;
pub mod softmax;
pub mod sum;
pub mod transpose;
