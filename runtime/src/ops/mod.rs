//! What an op does: its formula, its `Kernel` trait, and an implementation per device.
//!
//! Each op has a `Spec` (the shape of one sample, and its arguments), and structs that name the
//! views its kernel is given. A field that is an `Option` is left out where nothing reads it;
//! some, as they say, where a gradient of the same elements holds it and is to be written over it.
//! Sizes are in elements and per sample; `batch` is the number of samples. Kernels compute the same
//! bits for any number of threads, and overwrite (`=`) what they are given, but for a
//! [`Grad`](crate::device::Grad) with `add` set.

#![allow(missing_debug_implementations, reason = "what a kernel is given are whole arrays, for one call")]

/// Gives the generic code of an op on the CPU (`impl Generic for Cpu<E>`, in this module) its place in
/// this crate's binary: it is compiled here for f32 and f64, and not again in every crate that uses it
/// under whatever optimisation that crate has.
macro_rules! compiled {
    (Backward<$($life:lifetime),+>) => {
        /// The op, for any `E`.
        trait Generic: $crate::device::Device {
            fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;
            fn backward(&self, spec: &Spec, batch: usize, args: Backward<$($life),+, Self>) -> Result<(), Error>;
        }

        /// The op, compiled for `Self`.
        pub(crate) trait Compiled: $crate::device::Real {
            /// See the kernel.
            fn forward(cpu: &Cpu<Self>, spec: &Spec, batch: usize, args: Forward<'_, Cpu<Self>>) -> Result<(), Error>;
            /// See the kernel.
            fn backward(cpu: &Cpu<Self>, spec: &Spec, batch: usize, args: Backward<$($life),+, Cpu<Self>>) -> Result<(), Error>;
        }

        compiled!(@for f32, $($life),+);
        compiled!(@for f64, $($life),+);

        impl<E: $crate::cpu::simd::Float> Kernel for Cpu<E> {
            fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
                <E as Compiled>::forward(self, spec, batch, args)
            }

            fn backward(&self, spec: &Spec, batch: usize, args: Backward<$($life),+, Self>) -> Result<(), Error> {
                <E as Compiled>::backward(self, spec, batch, args)
            }
        }
    };
    (forward alone) => {
        /// The op, for any `E`.
        trait Generic: $crate::device::Device {
            fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;
        }

        /// The op, compiled for `Self`.
        pub(crate) trait Compiled: $crate::device::Real {
            /// See the kernel.
            fn forward(cpu: &Cpu<Self>, spec: &Spec, batch: usize, args: Forward<'_, Cpu<Self>>) -> Result<(), Error>;
        }

        compiled!(@forward f32);
        compiled!(@forward f64);

        impl<E: $crate::cpu::simd::Float> Kernel for Cpu<E> {
            fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
                <E as Compiled>::forward(self, spec, batch, args)
            }
        }
    };
    (@forward $E:ident) => {
        impl Compiled for $E {
            fn forward(cpu: &Cpu<$E>, spec: &Spec, batch: usize, args: Forward<'_, Cpu<$E>>) -> Result<(), Error> {
                Generic::forward(cpu, spec, batch, args)
            }
        }
    };
    (@for $E:ident, $($life:lifetime),+) => {
        impl Compiled for $E {
            fn forward(cpu: &Cpu<$E>, spec: &Spec, batch: usize, args: Forward<'_, Cpu<$E>>) -> Result<(), Error> {
                Generic::forward(cpu, spec, batch, args)
            }

            fn backward(cpu: &Cpu<$E>, spec: &Spec, batch: usize, args: Backward<$($life),+, Cpu<$E>>) -> Result<(), Error> {
                Generic::backward(cpu, spec, batch, args)
            }
        }
    };
}

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
pub mod linear_cross_entropy;
pub mod load;
pub mod mean;
pub mod mse;
pub mod parameter;
pub mod position_embedding;
pub mod slice;
pub mod softmax;
pub mod store;
pub mod sum;
pub mod transpose;

/// Everything that is compiled here for a type of elements.
macro_rules! all_compiled {
    ($($op:ident),*) => {
        pub(crate) trait Compiled: $($op::cpu::Compiled +)* {}
        impl<E: $($op::cpu::Compiled +)*> Compiled for E {}
    };
}
all_compiled!(
    activation,
    arithmetic,
    attention,
    concat,
    cross_entropy,
    dropout,
    embedding,
    layer_norm,
    linear,
    linear_cross_entropy,
    load,
    mean,
    mse,
    parameter,
    position_embedding,
    slice,
    softmax,
    store,
    sum,
    transpose
);

/// The kernels of all ops on a GPU.
#[cfg(feature = "cuda")]
pub(crate) static SOURCES: &[&crate::cuda::Source] = &[
    &crate::cuda::columns::SOURCE,
    &crate::cuda::elementwise::SOURCE,
    &crate::optim::cuda::SOURCE,
    &activation::cuda::SOURCE,
    &arithmetic::cuda::SOURCE,
    &attention::cuda::SOURCE,
    &cross_entropy::cuda::SOURCE,
    &dropout::cuda::SOURCE,
    &embedding::cuda::SOURCE,
    &layer_norm::cuda::SOURCE,
    &linear::cuda::SOURCE,
    &mean::cuda::SOURCE,
    &mse::cuda::SOURCE,
    &softmax::cuda::SOURCE,
    &store::cuda::SOURCE,
    &sum::cuda::SOURCE,
    &transpose::cuda::SOURCE,
];
