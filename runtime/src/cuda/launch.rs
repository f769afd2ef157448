//! Kernels by name, loaded when they are first used; and their launch, with arguments that are checked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::{CStr, c_uint};
use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::{CudaFunction, CudaModule, DriverError, result, sys};
use cudarc::nvrtc::Ptx;

use super::compile::{self, Source};
use super::{Cuda, Elem, Gpu, failed};
use crate::arena::bytes_of;
use crate::error::Error;

/// Threads of the blocks of kernels that work on elements one by one, as in `remat.cuh`.
const ELEMENTWISE: u32 = 256;
/// The most bytes of shared memory that a kernel may use without asking.
const SHARED: u32 = 48 << 10;
/// The most arguments of a kernel.
const ARGUMENTS: usize = 24;

/// A kernel.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) source: &'static Source,
    pub(crate) name: &'static str,
}

/// What a kernel is given by value.
///
/// # Safety
/// It must have no padding: all its bytes are read.
pub(crate) unsafe trait Argument {
    /// Its bytes.
    fn bytes(&self) -> &[u8] {
        // SAFETY: it has so many, all of which are set.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), size_of_val(self)) }
    }
}

// SAFETY: an address.
unsafe impl Argument for u64 {}
// SAFETY: a count of elements.
unsafe impl Argument for i64 {}
// SAFETY: a number.
unsafe impl Argument for i32 {}
// SAFETY: a number.
unsafe impl Argument for u32 {}
// SAFETY: a number.
unsafe impl Argument for f32 {}

/// How many blocks of how many threads, with how many bytes of shared memory beside what the kernel declares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) blocks: (u32, u32, u32),
    pub(crate) threads: (u32, u32, u32),
    pub(crate) shared: u32,
}

impl Grid {
    /// `blocks` blocks of `threads` threads.
    pub(crate) fn of(blocks: usize, threads: u32) -> Result<Self, Error> {
        let blocks = u32::try_from(blocks).ok().filter(|blocks| *blocks <= i32::MAX as u32);
        let blocks = blocks.ok_or_else(|| Error::internal("a kernel of more than 2^31 blocks"))?;
        Ok(Self { blocks: (blocks.max(1), 1, 1), threads: (threads, 1, 1), shared: 0 })
    }

    /// Threads that work on `n` numbers of type `T`, 16 bytes at once.
    pub(crate) fn elementwise<T>(gpu: &Gpu, n: usize) -> Self {
        Self::with_stride(gpu, n.div_ceil(16 / size_of::<T>()))
    }

    /// A thread for each of n places, some at once.
    pub(crate) fn with_stride(gpu: &Gpu, n: usize) -> Self {
        let blocks = gpu.blocks(n.div_ceil(ELEMENTWISE as usize));
        Self { blocks: (blocks as u32, 1, 1), threads: (ELEMENTWISE, 1, 1), shared: 0 }
    }
}

/// A kernel that is loaded, and how many bytes each of its arguments has.
#[derive(Clone, Debug)]
struct Loaded {
    function: CudaFunction,
    arguments: Vec<usize>,
    /// The most bytes of shared memory that it may use.
    shared: u32,
}

impl Loaded {
    /// Asks for as much shared memory as a launch needs.
    fn allow(&mut self, shared: u32) -> Result<(), DriverError> {
        if shared > self.shared {
            let most = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            self.function.set_attribute(most, i32::try_from(shared).unwrap_or(i32::MAX))?;
            self.shared = shared;
        }
        Ok(())
    }
}

/// What is loaded, by the option that says the type of elements, and by names.
#[derive(Debug, Default)]
pub(super) struct Kernels {
    modules: BTreeMap<(&'static CStr, &'static str), Arc<CudaModule>>,
    functions: BTreeMap<(&'static CStr, &'static str, &'static str), Loaded>,
}

impl<E: Elem> Cuda<E> {
    /// Runs a kernel, after what was given to the stream before.
    ///
    /// # Safety
    /// Every address must be of as many elements as the kernel touches.
    pub(crate) unsafe fn launch(
        &self,
        function: &Function,
        grid: Grid,
        arguments: &[&dyn Argument],
    ) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { self.gpu.launch(E::OPTION, function, grid, arguments) }
    }
}

impl Gpu {
    /// # Safety
    /// As that of a `Cuda` whose elements are what the option says.
    unsafe fn launch(
        &self,
        elem: &'static CStr,
        function: &Function,
        grid: Grid,
        arguments: &[&dyn Argument],
    ) -> Result<(), Error> {
        let Grid { blocks, threads, shared } = grid;
        let sizes = [blocks.0, blocks.1, blocks.2, threads.0, threads.1, threads.2, shared];
        let what = [elem.to_bytes(), function.name.as_bytes(), bytes_of(&sizes)];
        if self.notes(what.into_iter().chain(arguments.iter().map(|argument| argument.bytes()))) {
            return Ok(());
        }
        self.bind()?;
        let mut kernels = self.common.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = kernels.loaded(self, elem, function)?;
        // The driver does not look how many there are, nor how long.
        let same = loaded.arguments.len() == arguments.len()
            && loaded
                .arguments
                .iter()
                .zip(arguments)
                .all(|(bytes, argument)| *bytes == argument.bytes().len());
        if !same || arguments.len() > ARGUMENTS {
            let given: Vec<usize> = arguments.iter().map(|argument| argument.bytes().len()).collect();
            return Err(Error::internal(format!(
                "`{}` takes arguments of {:?} bytes but is given {given:?}",
                function.name, loaded.arguments
            )));
        }
        let mut at = [std::ptr::null_mut(); ARGUMENTS];
        let places = arguments.iter().map(|argument| argument.bytes().as_ptr().cast_mut().cast());
        at.iter_mut().zip(places).for_each(|(at, place)| *at = place);
        let what = || format!("to launch `{}` as {grid:?}", function.name);
        loaded.allow(shared).map_err(|error| failed(&what(), &error))?;
        // SAFETY: the function is loaded, its arguments are of the sizes that it takes and are copied by the call;
        // addresses are the caller's promise.
        unsafe {
            result::launch_kernel(
                loaded.function.cu_function(),
                blocks,
                threads,
                shared as c_uint,
                self.stream.cu_stream(),
                &mut at[..arguments.len()],
            )
        }
        .map_err(|error| failed(&what(), &error))
    }
}

impl Kernels {
    fn loaded(&mut self, gpu: &Gpu, elem: &'static CStr, function: &Function) -> Result<&mut Loaded, Error> {
        match self.functions.entry((elem, function.source.name, function.name)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let module = match self.modules.entry((elem, function.source.name)) {
                    Entry::Occupied(module) => module.into_mut(),
                    Entry::Vacant(place) => {
                        let image = compile::machine_code(function.source, elem, &gpu.common.arch)?;
                        let module = gpu.common.context.load_module(Ptx::from_binary(image));
                        let what = format!("to load the kernels of `{}`", function.source.name);
                        place.insert(module.map_err(|error| failed(&what, &error))?)
                    }
                };
                let what = format!("to find the kernel `{}`", function.name);
                let found = module.load_function(function.name).map_err(|error| failed(&what, &error))?;
                let arguments = arguments(&found).map_err(|error| failed(&what, &error))?;
                Ok(entry.insert(Loaded { function: found, arguments, shared: SHARED }))
            }
        }
    }
}

/// How many bytes each argument has.
fn arguments(function: &CudaFunction) -> Result<Vec<usize>, DriverError> {
    let mut sizes = vec![];
    loop {
        let (mut offset, mut bytes) = (0, 0);
        // SAFETY: the function is loaded, and both numbers are there to be written.
        let found = unsafe {
            sys::cuFuncGetParamInfo(function.cu_function(), sizes.len(), &raw mut offset, &raw mut bytes)
        };
        match found {
            sys::CUresult::CUDA_SUCCESS => sizes.push(bytes),
            // There is no such argument.
            sys::CUresult::CUDA_ERROR_INVALID_VALUE => return Ok(sizes),
            other => other.result()?,
        }
    }
}

/// What is loaded, for all threads.
pub(super) type Shared = Mutex<Kernels>;
