//! What a GPU holds activations in.

use std::ffi::CStr;

use cudarc::cublaslt::sys::cudaDataType;
use half::bf16;

use super::View;
use crate::device::Element;

/// A type of activations and of their gradients on a GPU: `f32` or [`bf16`].
pub trait Elem: Element + sealed::Sealed {}

impl Elem for f32 {}
impl Elem for bf16 {}

pub(crate) mod sealed {
    use super::*;

    /// What `Cuda` has to know of a type of elements.
    pub trait Sealed: Sized {
        /// The option that kernels are compiled with for it.
        const OPTION: &'static CStr;
        /// Its name in cublasLt.
        const BLAS: cudaDataType;

        /// Rounded to the nearest, to even if two are as near.
        fn from_f32(number: f32) -> Self;

        /// Exact.
        fn to_f32(self) -> f32;

        /// Parameters as factors of a product with elements, if they need not be rounded for it.
        fn of_params(params: View<'_, f32>) -> Option<View<'_, Self>>;
    }

    impl Sealed for f32 {
        const OPTION: &'static CStr = c"--define-macro=REMAT_ELEM=float";
        const BLAS: cudaDataType = cudaDataType::CUDA_R_32F;

        fn from_f32(number: f32) -> Self {
            number
        }

        fn to_f32(self) -> f32 {
            self
        }

        fn of_params(params: View<'_, f32>) -> Option<View<'_, Self>> {
            Some(params)
        }
    }

    impl Sealed for bf16 {
        const OPTION: &'static CStr = c"--define-macro=REMAT_ELEM=bf16";
        const BLAS: cudaDataType = cudaDataType::CUDA_R_16BF;

        fn from_f32(number: f32) -> Self {
            Self::from_f32(number)
        }

        fn to_f32(self) -> f32 {
            Self::to_f32(self)
        }

        fn of_params(_: View<'_, f32>) -> Option<View<'_, Self>> {
            None
        }
    }
}
