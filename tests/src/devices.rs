//! One op on two devices: the same numbers in, and what comes out compared.

use std::fmt::Debug;

use remat::Error;
use remat::arena::bytes_of;
use remat::device::{Device, Element, Span};
use remat::ndarray::ArrayView1;
use remat::rng::{self, Key};

/// A device of f32 alone.
pub trait Single: Device<Elem = f32, Param = f32, Scalar = f32> {}
impl<D: Device<Elem = f32, Param = f32, Scalar = f32>> Single for D {}

/// The GPU to test on. Without one the tests pass and say so; with `REMAT_REQUIRE_GPU` they fail.
#[cfg(feature = "cuda")]
pub fn gpu() -> Option<remat::Cuda> {
    match remat::Cuda::new(0) {
        Ok(gpu) => {
            eprintln!("on {}", gpu.name());
            Some(gpu)
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

/// What stands between the arrays of a [`Room`].
const GUARD: u8 = 0x5a;

/// Arrays side by side in one buffer of a device, with a line between them that nothing may change.
pub struct Room<'a, D: Device> {
    device: &'a D,
    buf: D::Buf,
    spans: Vec<Span>,
    guards: Vec<Span>,
}

impl<'a, D: Device> Room<'a, D> {
    /// A buffer that has these arrays.
    ///
    /// # Errors
    /// The device's own.
    pub fn new(device: &'a D, arrays: &[&dyn Bytes]) -> Result<Self, Error> {
        let line = D::LAYOUT.line;
        let (mut spans, mut guards, mut at) = (vec![], vec![], 0);
        for array in arrays {
            let bytes = array.bytes().len();
            spans.push(Span { start: at, bytes });
            let end = (at + bytes).next_multiple_of(line);
            guards.push(Span { start: end, bytes: line });
            at = end + line;
        }
        let mut room = Self { device, buf: device.alloc(at)?, spans, guards };
        for (span, array) in room.spans.clone().into_iter().zip(arrays) {
            room.write(span, array.bytes())?;
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
    /// Its bytes.
    fn bytes(&self) -> &[u8];
}

impl<T: Element> Bytes for Vec<T> {
    fn bytes(&self) -> &[u8] {
        bytes_of(self)
    }
}

/// That two runs gave the same bits.
pub fn assert_bits<T: Element + Debug>(what: &str, got: &[T], want: &[T]) {
    assert_eq!(got.len(), want.len(), "{what}");
    let at = (0..got.len()).find(|at| bytes_of(&got[*at..*at + 1]) != bytes_of(&want[*at..*at + 1]));
    assert!(
        at.is_none(),
        "{what}{at:?} is {:?} but should be {:?}",
        got[at.unwrap_or(0)],
        want[at.unwrap_or(0)]
    );
}

/// That `got` is `want` to `tolerance` of the larger of 1 and `want`; NaN where and only where that is.
pub fn assert_close(what: &str, got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        let near = (got - want).abs() <= tolerance * want.abs().max(1.0);
        let same = got == want || got.is_nan() && want.is_nan();
        assert!(near || same, "{what}[{at}] is {got:?} but should be {want:?}");
    }
}

/// What an op wrote, array by array.
pub type Results = Result<Vec<Vec<f32>>, Error>;

/// That a GPU wrote the same bits twice, and what the CPU wrote to a tolerance; 0 is for the same bits.
pub fn assert_agree(what: &str, got: &[Vec<f32>], again: &[Vec<f32>], want: &[Vec<f32>], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (array, ((got, again), want)) in got.iter().zip(again).zip(want).enumerate() {
        let what = format!("{what}, result {array}");
        assert_bits(&what, got, again);
        if tolerance == 0.0 {
            assert_bits(&what, got, want);
        } else {
            assert_close(&what, got, want, tolerance);
        }
    }
}

/// Runs what is given on the GPU, twice, and on the CPU, and compares all arrays to a tolerance; 0 is for the same bits.
/// Without a GPU nothing is run.
#[macro_export]
macro_rules! agree {
    ($tolerance:expr, $what:expr, |$device:ident| $run:expr) => {
        if let Some(gpu) = $crate::devices::gpu() {
            let cpu = ::remat::Cpu::with_threads(1).expect("a thread");
            let what = $what;
            let on = |name: &str, run: $crate::devices::Results| {
                run.unwrap_or_else(|error| panic!("{what} on the {name}: {error}"))
            };
            let ($device, want) = (&gpu, {
                let $device = &cpu;
                on("CPU", $run)
            });
            let (got, again) = (on("GPU", $run), on("GPU", $run));
            $crate::devices::assert_agree(&what, &got, &again, &want, $tolerance);
        }
    };
}
