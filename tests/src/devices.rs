//! One op on two devices: the same numbers in, and what comes out compared.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Deref;
#[cfg(feature = "cuda")]
use std::sync::OnceLock;

use remat::Error;
use remat::arena::bytes_of;
use remat::device::{Device, Element, Span};
use remat::ndarray::ArrayView1;
use remat::rng::{self, Key};

/// A device of f32, but for its elements, which may be of two bytes.
pub trait Single: Device<Param = f32, Scalar = f32> {
    /// Whether they are.
    const NARROW: bool = size_of::<Self::Elem>() == 2;
}
impl<D: Device<Param = f32, Scalar = f32>> Single for D {}

/// The GPU to test on. Without one the tests pass and say so; with `REMAT_REQUIRE_GPU` they fail.
///
/// The fake is made anew each time, so that what a test leaves is found; a GPU once for the process: to start it, and to load
/// all kernels, takes longer than most tests.
#[cfg(feature = "cuda")]
pub fn gpu() -> Option<remat::Cuda> {
    static KEPT: OnceLock<remat::Cuda> = OnceLock::new();
    if let Some(kept) = KEPT.get() {
        return Some(kept.clone());
    }
    match remat::Cuda::new(0) {
        Ok(gpu) => {
            eprintln!("on {}", gpu.name());
            // The fake counts.
            Some(if Counts::now().is_some() { gpu } else { KEPT.get_or_init(|| gpu).clone() })
        }
        Err(error) if std::env::var_os("REMAT_REQUIRE_GPU").is_some() => panic!("{error}"),
        Err(error) => {
            eprintln!("SKIPPED, there is no GPU: {error}");
            None
        }
    }
}

/// What was asked of the driver so far, by all tests of the process.
#[cfg(feature = "cuda")]
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Launches of kernels that were not captured.
    pub kernels: u64,
    /// Launches of graphs.
    pub graphs: u64,
    /// Captures of graphs.
    pub captures: u64,
    /// Allocations, on the device and of page-locked memory.
    pub allocations: u64,
    /// Times that the host waited for what had not been done.
    pub waits: u64,
    /// Bytes of the device that are taken.
    pub bytes: u64,
    /// The most bytes that were.
    pub most_bytes: u64,
}

#[cfg(feature = "cuda")]
impl Counts {
    /// None on a GPU, whose driver does not say.
    pub fn now() -> Option<Self> {
        // SAFETY: the library is loaded, and stays so, since there is a device of it.
        let driver = unsafe { libloading::Library::new("libcuda.so.1") }.ok()?;
        // SAFETY: no other driver has a function of this name.
        let count = unsafe { driver.get::<unsafe extern "C" fn(*mut Self) -> i32>(c"fakeCounts") }.ok()?;
        let mut counts = Self::default();
        // SAFETY: it writes such numbers: `fake::Counts` of `cuda/driver.h`.
        unsafe { count(&raw mut counts) };
        Some(counts)
    }

    /// What was asked for since then.
    pub fn since(&self, then: &Self) -> Self {
        Self {
            kernels: self.kernels - then.kernels,
            graphs: self.graphs - then.graphs,
            captures: self.captures - then.captures,
            allocations: self.allocations - then.allocations,
            waits: self.waits - then.waits,
            ..*self
        }
    }
}

/// Whether few and small shapes are asked for (`REMAT_SMALL`), as by ThreadSanitizer, to which each of a GPU's threads is
/// a thread.
pub fn small() -> bool {
    std::env::var_os("REMAT_SMALL").is_some()
}

/// All of them, or every third if few are asked for.
pub fn some<T: Clone>(all: &[T]) -> impl Iterator<Item = T> + '_ {
    let (skip, step) = if small() { (1, 3) } else { (0, 1) };
    all.iter().skip(skip).step_by(step).cloned()
}

/// `n` normal numbers; others for each `which`.
pub fn normal(which: u32, n: usize) -> Vec<f32> {
    let key = Key { seed: 7, step: 0, node: which };
    (0..n as u64).map(|i| rng::normal(key, i) as f32).collect()
}

/// `n` ids below `limit`; others for each `which`.
pub fn ids(which: u32, n: usize, limit: u32) -> Vec<u32> {
    let key = Key { seed: 8, step: 0, node: which };
    (0..n as u64).map(|i| (rng::uniform(key, i) * f64::from(limit)) as u32).collect()
}

/// Numbers that a kernel must overwrite: NaN shows if one stays, or is added to.
pub fn unwritten(n: usize) -> Vec<f32> {
    vec![f32::NAN; n]
}

/// The nearest bf16, to even if two are as near: upper halves of f32, to which a carry from the lower half is added.
pub fn bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// What a bf16 is.
pub fn widened(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

thread_local! {
    static ROUNDS: Cell<bool> = const { Cell::new(false) };
}

/// What `run` gives, when this thread's [`Elems`] and [`factors`] are rounded to bf16 first: a device of f32 then
/// computes of what one of bf16 has.
pub fn of_rounded<T>(run: impl FnOnce() -> T) -> T {
    let before = ROUNDS.replace(true);
    let result = run();
    ROUNDS.set(before);
    result
}

fn rounded(x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| widened(bf16(*x))).collect()
}

/// Parameters that a device rounds where they are multiplied by elements.
pub fn factors(x: Vec<f32>) -> Vec<f32> {
    if ROUNDS.get() { rounded(&x) } else { x }
}

/// An array of a device's elements.
#[derive(Clone, Debug)]
pub struct Elems(Vec<f32>);

impl Elems {
    /// What they are, before a device rounds them.
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }
}

/// As a device's elements.
pub fn elems(x: impl Into<Vec<f32>>) -> Elems {
    Elems(x.into())
}

/// Numbers of a device that were read.
#[derive(Clone, Debug)]
pub struct Numbers {
    numbers: Vec<f32>,
    /// Whether they were rounded to bf16.
    pub(crate) narrow: bool,
}

impl From<Vec<f32>> for Numbers {
    fn from(numbers: Vec<f32>) -> Self {
        Self { numbers, narrow: false }
    }
}

impl Deref for Numbers {
    type Target = Vec<f32>;

    fn deref(&self) -> &Vec<f32> {
        &self.numbers
    }
}

/// What stands between the arrays of a [`Room`].
const GUARD: u8 = 0x5a;

/// Arrays side by side in one buffer of a device, with a line between them that nothing may change.
pub struct Room<'a, D: Single> {
    device: &'a D,
    buf: D::Buf,
    spans: Vec<Span>,
    /// Which are of the device's elements.
    elems: Vec<bool>,
    guards: Vec<Span>,
}

impl<'a, D: Single> Room<'a, D> {
    /// A buffer that has these arrays.
    ///
    /// # Errors
    /// The device's own.
    pub fn new(device: &'a D, arrays: &[&dyn Bytes]) -> Result<Self, Error> {
        let line = D::LAYOUT.line;
        let (mut spans, mut guards, mut at) = (vec![], vec![], 0);
        let bytes: Vec<_> = arrays.iter().map(|array| array.bytes(D::NARROW)).collect();
        for bytes in &bytes {
            spans.push(Span { start: at, bytes: bytes.len() });
            let end = (at + bytes.len()).next_multiple_of(line);
            guards.push(Span { start: end, bytes: line });
            at = end + line;
        }
        let elems = arrays.iter().map(|array| array.elems()).collect();
        let mut room = Self { device, buf: device.alloc(at)?, spans, elems, guards };
        for (span, bytes) in room.spans.clone().into_iter().zip(&bytes) {
            room.write(span, bytes)?;
        }
        for guard in room.guards.clone() {
            room.write(guard, &vec![GUARD; line])?;
        }
        Ok(room)
    }

    fn write(&mut self, span: Span, bytes: &[u8]) -> Result<(), Error> {
        let ([], [to]) = D::split(&mut self.buf, [], [span])?;
        self.device.upload(D::view_mut::<u8>(to), ArrayView1::from(bytes))
    }

    /// Writes an array anew.
    ///
    /// # Errors
    /// The device's own.
    pub fn set(&mut self, array: usize, to: &dyn Bytes) -> Result<(), Error> {
        self.write(self.spans[array], &to.bytes(D::NARROW))
    }

    /// Some arrays to be read, and others to be written, by their numbers.
    ///
    /// # Errors
    /// If one is written and used otherwise.
    #[allow(clippy::type_complexity)]
    pub fn split<const R: usize, const W: usize>(
        &mut self,
        reads: [usize; R],
        writes: [usize; W],
    ) -> Result<([D::Region<'_>; R], [D::RegionMut<'_>; W]), Error> {
        D::split(&mut self.buf, reads.map(|at| self.spans[at]), writes.map(|at| self.spans[at]))
    }

    /// An array as it is now.
    ///
    /// # Errors
    /// The device's own.
    pub fn read<T: Element>(&self, array: usize) -> Result<Vec<T>, Error> {
        let span = self.spans[array];
        let mut to = vec![T::default(); span.bytes / size_of::<T>()];
        self.device.download(&mut to, D::view(D::region(&self.buf, span)?))?;
        Ok(to)
    }

    /// The numbers of an array as they are now, if it is one of f32 or of the device's elements.
    ///
    /// # Errors
    /// The device's own.
    pub fn numbers(&self, array: usize) -> Result<Numbers, Error> {
        if !self.elems[array] {
            return self.read::<f32>(array).map(Numbers::from);
        }
        let span = self.spans[array];
        let mut numbers = vec![0.0; span.bytes / size_of::<D::Elem>()];
        self.device.download_elems(&mut numbers, D::view(D::region(&self.buf, span)?))?;
        Ok(Numbers { numbers, narrow: D::NARROW })
    }

    /// That nothing beside the arrays was written.
    ///
    /// # Errors
    /// The device's own.
    pub fn check(&self) -> Result<(), Error> {
        for (number, guard) in self.guards.iter().enumerate() {
            let mut bytes = vec![0u8; guard.bytes];
            self.device.download(&mut bytes, D::view(D::region(&self.buf, *guard)?))?;
            assert!(bytes.iter().all(|byte| *byte == GUARD), "what stands behind array {number} was written");
        }
        Ok(())
    }
}

/// An array of any element.
pub trait Bytes {
    /// Its bytes, on a device whose elements are `narrow` or not.
    fn bytes(&self, narrow: bool) -> Cow<'_, [u8]>;

    /// Whether it is of the device's elements.
    fn elems(&self) -> bool {
        false
    }
}

impl<T: Element> Bytes for Vec<T> {
    fn bytes(&self, _: bool) -> Cow<'_, [u8]> {
        bytes_of(self).into()
    }
}

impl Bytes for Elems {
    fn bytes(&self, narrow: bool) -> Cow<'_, [u8]> {
        if narrow {
            self.0.iter().flat_map(|x| bf16(*x).to_ne_bytes()).collect::<Vec<u8>>().into()
        } else if ROUNDS.get() {
            bytes_of(&rounded(&self.0)).to_vec().into()
        } else {
            bytes_of(&self.0).into()
        }
    }

    fn elems(&self) -> bool {
        true
    }
}

/// What an op wrote, array by array.
pub type Results = Result<Vec<Numbers>, Error>;

/// Runs what is given on the GPU, twice, and on the CPU, and compares all arrays to a tolerance; 0 is for the same bits.
/// The same with elements of bf16, where what the CPU has computed of the same numbers is to be rounded once. Without a
/// GPU nothing is run.
#[macro_export]
macro_rules! agree {
    ($tolerance:expr, $what:expr, |$device:ident| $run:expr) => {
        if let Some(gpu) = $crate::devices::gpu() {
            let cpu = ::remat::Cpu::with_threads(1).expect("a thread");
            let what = $what;
            let on = |name: &str, run: $crate::devices::Results| {
                run.unwrap_or_else(|error| panic!("{what} on the {name}: {error}"))
            };
            let on_cpu = || {
                let $device = &cpu;
                on("CPU", $run)
            };
            let (want, want_of_rounded) = (on_cpu(), $crate::devices::of_rounded(on_cpu));
            let $device = &gpu;
            let (got, again) = (on("GPU", $run), on("GPU", $run));
            $crate::agreement::assert_agree(&what, &got, &again, &want, $tolerance);
            let $device = &gpu.bf16();
            let (got, again) = (on("GPU in bf16", $run), on("GPU in bf16", $run));
            let what = format!("{what} in bf16");
            $crate::agreement::assert_agree(&what, &got, &again, &want_of_rounded, $tolerance);
        }
    };
}
