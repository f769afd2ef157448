//! Products of matrices, by cublasLt, and the memory that they work in.
//!
//! Arithmetic is in f32 throughout, whatever the types of what is multiplied and of what comes out, which is rounded once.
//! A product's bits depend on its shape and on the kind of GPU alone: how it is
//! computed is chosen by shape, and by how the matrices are aligned, and only among ways that add in an order of their own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::c_void;
use std::sync::{Arc, MutexGuard, PoisonError};

use cudarc::cublaslt::result::{self, CublasError};
use cudarc::cublaslt::sys;
use cudarc::driver::{CudaContext, CudaStream};

use super::memory::{Address, Memory, View, ViewMut};
use super::{Elem, Gpu, library};
use crate::arena::LINE;
use crate::cpu::elementwise::check_lengths;
use crate::error::Error;

/// Bytes that products work in, and the most of [`Gpu::scratch`]: what NVIDIA advises for the largest GPUs.
pub(crate) const BYTES: usize = 32 << 20;

/// Of the numbers that a product and what it is added to are multiplied by.
const FACTORS: sys::cudaDataType = sys::cudaDataType_t::CUDA_R_32F;
/// Not `32F_FAST_TF32`, which rounds what it multiplies to 10 bits.
const ARITHMETIC: sys::cublasComputeType_t = sys::cublasComputeType_t::CUBLAS_COMPUTE_32F;

/// A product of matrices that are held row by row: C [m, n] = op(A) op(B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Product {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    /// A is [k, m], else [m, k].
    pub(crate) a_transposed: bool,
    /// B is [n, k], else [k, n].
    pub(crate) b_transposed: bool,
}

/// What a product is added to, before it is rounded to `T`, the type of C.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a, T> {
    Zero,
    /// What C holds.
    There,
    /// A row [n], for every row of C.
    Row(View<'a, T>),
}

impl<'a, T> Start<'a, T> {
    /// Of a row, if there is one.
    pub(crate) fn of_row(row: Option<View<'a, T>>) -> Self {
        row.map_or(Self::Zero, Self::Row)
    }

    /// Of a gradient, that is added to what is there or not.
    pub(crate) fn of(add: bool) -> Self {
        if add { Self::There } else { Self::Zero }
    }
}

/// cublasLt's names for what it made, which is given back when the name is dropped.
macro_rules! owned {
    ($name:ident($raw:ty), $destroy:path) => {
        #[derive(Debug)]
        struct $name($raw);

        // SAFETY: it is reached by one thread at a time, and belongs to none.
        unsafe impl Send for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: owned, and made by cublasLt.
                let _ = unsafe { $destroy(self.0) };
            }
        }
    };
}

/// cublasLt, started. It is never given back: to end it waits for all of the device, and so ends what any thread captures.
#[derive(Debug)]
struct Handle(sys::cublasLtHandle_t);

// SAFETY: it is reached by one thread at a time, and belongs to none.
unsafe impl Send for Handle {}

owned!(Operation(sys::cublasLtMatmulDesc_t), result::destroy_matmul_desc);
owned!(Layout(sys::cublasLtMatrixLayout_t), result::destroy_matrix_layout);
owned!(Preference(sys::cublasLtMatmulPreference_t), result::destroy_matmul_pref);

impl Operation {
    fn set<T>(&self, attribute: sys::cublasLtMatmulDescAttributes_t, value: &T) -> Result<(), CublasError> {
        // SAFETY: it is there, and the value has as many bytes as are said; cublasLt refuses others than it reads.
        unsafe { result::set_matmul_desc_attribute(self.0, attribute, address(value), size_of::<T>()) }
    }
}

impl Layout {
    /// Of `rows` rows of `columns`, one behind another: columns, to cublasLt.
    fn of(of: sys::cudaDataType, rows: usize, columns: usize) -> Result<Self, CublasError> {
        result::create_matrix_layout(of, columns as u64, rows as u64, columns as i64).map(Self)
    }
}

impl Preference {
    fn set<T>(
        &self,
        attribute: sys::cublasLtMatmulPreferenceAttributes_t,
        value: &T,
    ) -> Result<(), CublasError> {
        // SAFETY: as in `Operation::set`.
        unsafe { result::set_matmul_pref_attribute(self.0, attribute, address(value), size_of::<T>()) }
    }

    /// What the choice may count on.
    fn new(alignment: u32) -> Result<Self, CublasError> {
        use sys::cublasLtMatmulPreferenceAttributes_t as Attribute;
        let this = result::create_matmul_pref().map(Self)?;
        this.set(Attribute::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &BYTES)?;
        // Sums over parts of k are held apart and added in order; not in C, in whichever order they are done.
        let schemes = sys::cublasLtReductionScheme_t::CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE as u32;
        this.set(Attribute::CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes)?;
        for matrix in [
            Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
            Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
            Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
            Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
        ] {
            this.set(matrix, &alignment)?;
        }
        Ok(this)
    }
}

fn address<T>(value: &T) -> *const c_void {
    std::ptr::from_ref(value).cast()
}

/// What tells products apart that may be computed in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    product: Product,
    /// Of A and B.
    factors: sys::cudaDataType,
    /// Of C, and of a row that is added to it.
    result: sys::cudaDataType,
    row: bool,
    /// Of all three, in bytes: at most a line, on which buffers start, and less of some parts of them.
    alignment: u32,
}

/// How products of one kind are computed.
#[derive(Debug)]
struct Plan {
    operation: Operation,
    a: Layout,
    b: Layout,
    c: Layout,
    algorithm: sys::cublasLtMatmulAlgo_t,
}

impl Plan {
    /// To cublasLt, which counts columns first, what is held is C^T = op(B)^T op(A)^T: its A is our B.
    fn new(handle: &Handle, kind: &Kind, row: Option<u64>) -> Result<Self, CublasError> {
        use sys::cublasLtMatmulDescAttributes_t as Attribute;
        let Kind { product: Product { m, n, k, a_transposed, b_transposed }, factors, result: to, .. } =
            *kind;
        let operation = result::create_matmul_desc(ARITHMETIC, FACTORS).map(Operation)?;
        operation.set(Attribute::CUBLASLT_MATMUL_DESC_TRANSA, &i32::from(b_transposed))?;
        operation.set(Attribute::CUBLASLT_MATMUL_DESC_TRANSB, &i32::from(a_transposed))?;
        if let Some(row) = row {
            let bias = sys::cublasLtEpilogue_t::CUBLASLT_EPILOGUE_BIAS as u32;
            operation.set(Attribute::CUBLASLT_MATMUL_DESC_EPILOGUE, &bias)?;
            // Its type is that of C unless it is said.
            operation.set(Attribute::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &row)?;
        }
        let a = if a_transposed { Layout::of(factors, k, m) } else { Layout::of(factors, m, k) }?;
        let b = if b_transposed { Layout::of(factors, n, k) } else { Layout::of(factors, k, n) }?;
        let c = Layout::of(to, m, n)?;
        let preference = Preference::new(kind.alignment)?;
        // SAFETY: all of them are there.
        let found = unsafe {
            let operation = operation.0;
            result::get_matmul_algo_heuristic(handle.0, operation, b.0, a.0, c.0, c.0, preference.0)
        }?;
        Ok(Self { operation, a, b, c, algorithm: found.algo })
    }
}

/// What products are computed with.
#[derive(Debug)]
pub(super) struct Blas {
    // What was made last is dropped first.
    plans: BTreeMap<Kind, Plan>,
    handle: Handle,
    workspace: Memory,
}

impl Blas {
    /// For a driver that knows this version of CUDA.
    pub(super) fn new(context: &Arc<CudaContext>, driver: i32) -> Result<Self, Error> {
        library::cublaslt(driver)?;
        let workspace =
            Memory::new(context, BYTES).map_err(|error| error.wanted_for("products of matrices"))?;
        let handle =
            result::create_handle().map(Handle).map_err(|error| failed("to start cublasLt", error))?;
        Ok(Self { plans: BTreeMap::new(), handle, workspace })
    }

    /// Gives a product to the stream; how it is computed is looked for only if its kind is new.
    ///
    /// # Safety
    /// The matrices and the row must be as large as the product says, and of the types that are said.
    unsafe fn multiply(
        &mut self,
        stream: &CudaStream,
        kind: Kind,
        row: Option<u64>,
        add: bool,
        [c, a, b]: [u64; 3],
    ) -> Result<(), CublasError> {
        let plan = match self.plans.entry(kind) {
            Entry::Occupied(plan) => plan.into_mut(),
            Entry::Vacant(place) => place.insert(Plan::new(&self.handle, &kind, row)?),
        };
        if let Some(row) = row {
            let pointer = sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_BIAS_POINTER;
            plan.operation.set(pointer, &row)?;
        }
        // C is not read if it is multiplied by 0.
        let (alpha, beta) = (1.0f32, if add { 1.0f32 } else { 0.0 });
        let (c, a, b) = (c as *mut c_void, a as *const c_void, b as *const c_void);
        // SAFETY: the plan is of this kind, so with the caller's promise all that is read and written is there; the
        // workspace has as many bytes, and what is given to one stream uses it in turn. Both factors are copied.
        unsafe {
            result::matmul(
                self.handle.0,
                plan.operation.0,
                address(&alpha),
                address(&beta),
                b,
                plan.b.0,
                a,
                plan.a.0,
                c,
                plan.c.0,
                c,
                plan.c.0,
                &raw const plan.algorithm,
                self.workspace.start() as *mut c_void,
                BYTES,
                stream.cu_stream().cast(),
            )
        }
    }
}

impl Drop for Blas {
    fn drop(&mut self) {
        // What is dropped after this is of its context; without that, the process is ending.
        let _ = self.workspace.bind();
    }
}

fn failed(what: &str, error: CublasError) -> Error {
    Error::Gpu { action: what.to_owned(), message: format!("{error}") }
}

impl Gpu {
    fn blas(&self) -> MutexGuard<'_, Blas> {
        self.common.blas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// C = op(A) op(B), added to what `start` says; after what was given to the stream before.
    pub(crate) fn multiply<T: Elem, F: Elem>(
        &self,
        product: &Product,
        start: Start<'_, T>,
        c: &mut ViewMut<'_, T>,
        a: View<'_, F>,
        b: View<'_, F>,
    ) -> Result<(), Error> {
        let Product { m, n, k, .. } = *product;
        check_lengths(&[(c.len(), m * n), (a.len(), m * k), (b.len(), k * n)])?;
        let row = if let Start::Row(row) = start { Some(row) } else { None };
        if let Some(row) = row {
            check_lengths(&[(row.len(), n)])?;
        }
        if self.notes([]) {
            return Err(Error::internal("a product behind a program"));
        }
        let places = [c.address(), a.address(), b.address()];
        let alignment = 1 << places.iter().fold(LINE as u64, |all, place| all | place).trailing_zeros();
        let kind =
            Kind { product: *product, factors: F::BLAS, result: T::BLAS, row: row.is_some(), alignment };
        let (row, add) = (row.map(|row| row.address()), matches!(start, Start::There));
        self.bind()?;
        // SAFETY: they were measured above.
        unsafe { self.blas().multiply(&self.stream, kind, row, add, places) }
            .map_err(|error| failed(&format!("to multiply {product:?}"), error))
    }

    /// `bytes` bytes of memory of any content, for kernels that are launched while it is held.
    pub(crate) fn scratch(&self, bytes: usize) -> Result<Scratch<'_>, Error> {
        if bytes > BYTES {
            return Err(Error::internal(format!("{bytes} bytes of scratch, of which there are {BYTES}")));
        }
        Ok(Scratch(self.blas()))
    }
}

/// Memory of a GPU that products work in, which no product is given meanwhile.
#[derive(Debug)]
pub(crate) struct Scratch<'a>(MutexGuard<'a, Blas>);

impl Scratch<'_> {
    pub(crate) fn address(&self) -> u64 {
        self.0.workspace.start()
    }
}
