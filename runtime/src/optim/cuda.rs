//! Optimizers and clipping on a GPU: many parameters in one launch, in a list that is an argument of the kernel, as
//! PyTorch's `multi_tensor_apply`.

use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Argument, Cuda, Elem, Function, Gpu, Grid, Memory, PARTIALS, Source, View};
use crate::device::{Device, Report, Span};
use crate::error::Error;
use crate::optim::{AdamStep, Buffers, Kernel, Measure, Of, Part, SgdStep, Tensor};

pub(crate) static SOURCE: Source = Source { name: "optim", text: include_str!("kernel.cu") };
static SGD: Function = Function { source: &SOURCE, name: "optim_sgd" };
static ADAM: Function = Function { source: &SOURCE, name: "optim_adam" };
static SUM_OF_SQUARES: Function = Function { source: &SOURCE, name: "optim_sum_of_squares" };
static NORM: Function = Function { source: &SOURCE, name: "optim_norm" };
static SCALE: Function = Function { source: &SOURCE, name: "optim_scale" };
static CLAMP: Function = Function { source: &SOURCE, name: "optim_clamp" };
static ADD: Function = Function { source: &SOURCE, name: "optim_add" };

/// Threads of a block, and elements of a part, which a block works on at once, as in `kernel.cu`.
const THREADS: u32 = 256;
const PART: usize = 4096;

/// What is done to arrays: `List` of `kernel.cu`, whose sizes these are.
#[repr(C)]
#[derive(Clone, Copy)]
struct List<T, const MOST: usize> {
    count: i32,
    parts: i32,
    first: [i32; MOST],
    of: [T; MOST],
}

/// Where arrays are and how long.
///
/// # Safety
/// It must be words of 8 bytes.
unsafe trait Places: Copy + Default {}

// SAFETY: `of` are words of 8 bytes, before which an even number of words of 4 has no gap.
unsafe impl<T: Places, const MOST: usize> Argument for List<T, MOST> {}

impl<T: Places, const MOST: usize> List<T, MOST> {
    fn new() -> Self {
        const { assert!(size_of::<Self>() <= 4096 - 24, "the arguments of a kernel have 4 KiB") };
        const { assert!(MOST.is_multiple_of(2), "there is no gap in a list") };
        Self { count: 0, parts: 0, first: [0; MOST], of: [T::default(); MOST] }
    }

    /// Calls `launch` with lists of all arrays, each of which comes with its number of elements and with what is told of it;
    /// with how many parts there are in the list, and what is told of its arrays.
    fn each<const W: usize>(
        arrays: impl Iterator<Item = Result<(T, usize, [u32; W]), Error>>,
        mut launch: impl FnMut(&Self, usize, &[[u32; W]]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut list, mut told) = (Self::new(), [[0; W]; MOST]);
        for array in arrays {
            let (array, n, numbers) = array?;
            let own = i32::try_from(n.div_ceil(PART));
            let own = own.map_err(|_| Error::internal("an array of more than 2^31 parts"))?;
            if list.count as usize == MOST || list.parts.checked_add(own).is_none() {
                launch(&list, list.parts as usize, &told[..list.count as usize])?;
                list = Self::new();
            }
            let at = list.count as usize;
            (list.first[at], list.of[at], told[at]) = (list.parts, array, numbers);
            list.count += 1;
            list.parts += own;
        }
        if list.parts == 0 {
            return Ok(());
        }
        launch(&list, list.parts as usize, &told[..list.count as usize])
    }
}

/// An array, its elements, and by what it is changed.
type Told<T, const W: usize> = (T, usize, [u32; W]);

/// Where the numbers are told by which a step changes parameters.
struct Numbers {
    /// Those of the next list.
    next: u64,
    end: u64,
    /// Where it is reported whether the step changes anything; 0 if that is not asked.
    factor: u64,
}

impl Numbers {
    fn new<E: Elem>(gpu: &Gpu, buffers: &Buffers<'_, Cuda<E>>) -> Result<Self, Error> {
        let words: View<'_, u32> = <Cuda>::view(<Cuda>::region(buffers.moments, buffers.numbers)?);
        let factor = buffers.report.map_or(Ok(0), |_| gpu.reported().map(|report| report.factor))?;
        let next = words.address();
        Ok(Self { next, end: next + (words.len() * size_of::<u32>()) as u64, factor })
    }

    /// Tells those of a list, and gives their address.
    fn tell<const W: usize>(&mut self, gpu: &Gpu, numbers: &[[u32; W]]) -> Result<u64, Error> {
        let (at, words) = (self.next, numbers.as_flattened());
        self.next += size_of_val(words) as u64;
        if self.next > self.end {
            return Err(Error::internal("more numbers of an optimizer than there is room for"));
        }
        // SAFETY: so many words begin there.
        unsafe { gpu.tell(at, words.len(), words.iter().copied()) }?;
        Ok(at)
    }
}

/// A parameter, and what SGD has of it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sgd {
    values: u64,
    momentum_buffer: u64,
    grad: u64,
    n: i64,
}

/// A parameter, and what Adam has of it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Adam {
    values: u64,
    exp_avg: u64,
    exp_avg_sq: u64,
    grad: u64,
    n: i64,
}

/// An array, to be read or changed.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Array {
    x: u64,
    n: i64,
}

/// An array, and what is added to it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sum {
    x: u64,
    y: u64,
    n: i64,
}

// SAFETY: they are four, five, two and three.
unsafe impl Places for Sgd {}
// SAFETY: as above.
unsafe impl Places for Adam {}
// SAFETY: as above.
unsafe impl Places for Array {}
// SAFETY: as above.
unsafe impl Places for Sum {}

/// By what SGD changes a parameter: `SgdNumbers` of `kernel.cu`, as words.
const SGD_NUMBERS: usize = 6;
/// By what Adam does: `AdamNumbers`.
const ADAM_NUMBERS: usize = 9;

fn sgd_numbers(step: &SgdStep) -> [u32; SGD_NUMBERS] {
    let (keep, take) = if step.first { (0.0, 1.0) } else { (step.momentum, 1.0 - step.dampening) };
    let [minus_lr, decay, keep, take, momentum] =
        [-step.lr, step.weight_decay, keep, take, step.momentum].map(|number| (number as f32).to_bits());
    [minus_lr, decay, keep, take, momentum, u32::from(step.nesterov)]
}

fn adam_numbers(step: &AdamStep) -> [u32; ADAM_NUMBERS] {
    let AdamStep { lr, betas: (beta1, beta2), eps, weight_decay, decoupled, .. } = *step;
    let (keep, decay) = if decoupled { (1.0 - lr * weight_decay, 0.0) } else { (1.0, weight_decay) };
    // The mean moves from its nearer end, as on the CPU.
    let from_grad = 1.0 - beta1 >= 0.5;
    let toward = if from_grad { beta1 } else { 1.0 - beta1 };
    let (minus_step_size, root) = (-step.step_size(), step.root_correction());
    let [minus_step_size, root, eps, keep, decay, toward, keep_sq, take_sq] =
        [minus_step_size, root, eps, keep, decay, toward, beta2, 1.0 - beta2]
            .map(|number| (number as f32).to_bits());
    [minus_step_size, root, eps, keep, decay, toward, keep_sq, take_sq, u32::from(from_grad)]
}

impl Sgd {
    fn of<E: Elem>(step: &SgdStep, part: &Part<'_, Cuda<E>, 1>) -> Result<Told<Self, SGD_NUMBERS>, Error> {
        let Part { param, moments: [momentum_buffer], grad } = part;
        let n = param.len();
        let momentum_buffer = (step.momentum != 0.0).then_some(momentum_buffer);
        check_lengths(&[(momentum_buffer.map_or(n, Address::len), n), (grad.len(), n)])?;
        let (values, grad) = (param.address(), grad.address());
        let momentum_buffer = momentum_buffer.map_or(0, Address::address);
        Ok((Self { values, momentum_buffer, grad, n: n as i64 }, n, sgd_numbers(step)))
    }
}

impl Adam {
    fn of<E: Elem>(step: &AdamStep, part: &Part<'_, Cuda<E>, 2>) -> Result<Told<Self, ADAM_NUMBERS>, Error> {
        let Part { param, moments: [exp_avg, exp_avg_sq], grad } = part;
        let n = param.len();
        check_lengths(&[(exp_avg.len(), n), (exp_avg_sq.len(), n), (grad.len(), n)])?;
        let (values, grad) = (param.address(), grad.address());
        let [exp_avg, exp_avg_sq] = [exp_avg.address(), exp_avg_sq.address()];
        Ok((Self { values, exp_avg, exp_avg_sq, grad, n: n as i64 }, n, adam_numbers(step)))
    }
}

/// Blocks take parts in turn.
fn grid(gpu: &Gpu, parts: usize) -> Result<Grid, Error> {
    Grid::of(gpu.blocks(parts), THREADS)
}

/// As many blocks as the shapes alone say: they decide the order of a sum.
fn sums(parts: usize) -> Result<Grid, Error> {
    Grid::of(parts.min(PARTIALS), THREADS)
}

/// The numbers at a span.
fn array(buf: &Memory, span: Span) -> Result<Told<Array, 0>, Error> {
    let x: View<'_, f32> = <Cuda>::view(<Cuda>::region(buf, span)?);
    Ok((Array { x: x.address(), n: x.len() as i64 }, x.len(), []))
}

impl<E: Elem> Cuda<E> {
    /// Multiplies the numbers at `spans` by the factor, or by the one that is reported at an address, if there is.
    fn multiply_each(
        &self,
        buf: &mut Memory,
        spans: impl Iterator<Item = Span>,
        factor: f64,
        reported: u64,
    ) -> Result<(), Error> {
        let factor = factor.to_bits().cast_signed();
        List::<Array, 160>::each(spans.map(|span| array(buf, span)), |list, parts, _| {
            // SAFETY: arrays have as many elements as are said, and are the caller's alone.
            unsafe { self.launch(&SCALE, grid(self.gpu(), parts)?, &[list, &factor, &reported]) }
        })
    }
}

impl<E: Elem> Kernel for Cuda<E> {
    const NUMBERS: usize = size_of::<[u32; ADAM_NUMBERS]>();

    fn sgd(
        &self,
        mut buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (SgdStep, Tensor<1>)>,
    ) -> Result<(), Error> {
        let mut numbers = Numbers::new(self.gpu(), &buffers)?;
        let of = |(step, tensor)| Sgd::of(&step, &buffers.part(&tensor)?);
        List::<Sgd, 112>::each(tensors.map(of), |list, parts, told| {
            let by = numbers.tell(self.gpu(), told)?;
            // SAFETY: all arrays of a parameter have as many elements as are said, and no two overlap; each of the list has
            // its numbers.
            unsafe { self.launch(&SGD, grid(self.gpu(), parts)?, &[list, &by, &numbers.factor]) }
        })
    }

    fn adam(
        &self,
        mut buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (AdamStep, Tensor<2>)>,
    ) -> Result<(), Error> {
        let mut numbers = Numbers::new(self.gpu(), &buffers)?;
        let of = |(step, tensor)| Adam::of(&step, &buffers.part(&tensor)?);
        List::<Adam, 92>::each(tensors.map(of), |list, parts, told| {
            let by = numbers.tell(self.gpu(), told)?;
            // SAFETY: as above.
            unsafe { self.launch(&ADAM, grid(self.gpu(), parts)?, &[list, &by, &numbers.factor]) }
        })
    }

    /// The report that is given stays as it is: what is measured is on the GPU until the program ends. Squares of f32 stay
    /// in the range of f64, and so do their sums and the factors.
    fn measure(
        &self,
        _: &mut Report,
        measure: &Measure<'_, Self>,
        buf: &Memory,
        spans: impl Iterator<Item = Span> + Clone,
    ) -> Result<(), Error> {
        let report = self.gpu().reported()?.start;
        let Measure { loss, of, limit, smallest } = *measure;
        let of = i32::from(of == Of::Sum);
        let [limit, smallest] = [limit, smallest].map(|number| number.to_bits().cast_signed());
        self.gpu().partials(|to| {
            List::<Array, 160>::each(spans.map(|span| array(buf, span)), |list, parts, _| {
                // SAFETY: arrays have as many elements as are said; there are as many partial results as blocks, or more.
                unsafe { self.launch(&SUM_OF_SQUARES, sums(parts)?, &[&to, list]) }
            })?;
            let arguments: [&dyn Argument; 7] =
                [&report, &to, &(PARTIALS as i32), &loss.address(), &of, &limit, &smallest];
            // SAFETY: there are so many partial results, and a report where it is said.
            unsafe { self.launch(&NORM, Grid::of(1, THREADS)?, &arguments) }
        })
    }

    fn shorten(
        &self,
        _: &Report,
        buf: &mut Memory,
        spans: impl Iterator<Item = Span> + Clone,
    ) -> Result<(), Error> {
        self.multiply_each(buf, spans, 1.0, self.gpu().reported()?.factor)
    }

    fn scale(
        &self,
        buf: &mut Memory,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<(), Error> {
        self.multiply_each(buf, spans, factor, 0)
    }

    fn clamp(
        &self,
        buf: &mut Memory,
        spans: &mut dyn Iterator<Item = Span>,
        limit: f64,
    ) -> Result<(), Error> {
        let limit = limit as f32;
        List::<Array, 160>::each(spans.map(|span| array(buf, span)), |list, parts, _| {
            // SAFETY: as above.
            unsafe { self.launch(&CLAMP, grid(self.gpu(), parts)?, &[list, &limit]) }
        })
    }

    fn add(
        &self,
        to: &mut Memory,
        from: &Memory,
        spans: &mut dyn Iterator<Item = Span>,
    ) -> Result<(), Error> {
        let arrays = spans.map(|span| {
            let ((x, len, _), (y, ..)) = (array(to, span)?, array(from, span)?);
            Ok((Sum { x: x.x, y: y.x, n: x.n }, len, []))
        });
        List::<Sum, 128>::each(arrays, |list, parts, _| {
            // SAFETY: both arrays have as many elements as are said, and are of different buffers.
            unsafe { self.launch(&ADD, grid(self.gpu(), parts)?, &[list]) }
        })
    }
}
