//! Optimizers and clipping on a GPU: many parameters in one launch, in a list that is an argument of the kernel, as
//! PyTorch's `multi_tensor_apply`.

use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Argument, Cuda, Elem, Function, Gpu, Grid, Memory, PARTIALS, Source, View};
use crate::device::{Device, Span};
use crate::error::Error;
use crate::optim::{AdamStep, Buffers, Kernel, Part, SgdStep, Tensor};

pub(crate) static SOURCE: Source = Source { name: "optim", text: include_str!("kernel.cu") };
static SGD: Function = Function { source: &SOURCE, name: "optim_sgd" };
static ADAM: Function = Function { source: &SOURCE, name: "optim_adam" };
static SUM_OF_SQUARES: Function = Function { source: &SOURCE, name: "optim_sum_of_squares" };
static MAX_ABS: Function = Function { source: &SOURCE, name: "optim_max_abs" };
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

impl<T, const MOST: usize> Argument for List<T, MOST> {}

impl<T: Copy + Default, const MOST: usize> List<T, MOST> {
    fn new() -> Self {
        const { assert!(size_of::<Self>() <= 4096 - 16, "the arguments of a kernel have 4 KiB") };
        Self { count: 0, parts: 0, first: [0; MOST], of: [T::default(); MOST] }
    }

    /// Calls `launch` with lists of all arrays, each of which comes with its number of elements, and with how many parts
    /// there are in the list.
    fn each(
        arrays: impl Iterator<Item = Result<(T, usize), Error>>,
        mut launch: impl FnMut(&Self, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut list = Self::new();
        for array in arrays {
            let (array, n) = array?;
            let own = i32::try_from(n.div_ceil(PART));
            let own = own.map_err(|_| Error::internal("an array of more than 2^31 parts"))?;
            if list.count as usize == MOST || list.parts.checked_add(own).is_none() {
                launch(&list, list.parts as usize)?;
                list = Self::new();
            }
            let at = list.count as usize;
            (list.first[at], list.of[at]) = (list.parts, array);
            list.count += 1;
            list.parts += own;
        }
        if list.parts > 0 { launch(&list, list.parts as usize) } else { Ok(()) }
    }
}

/// What SGD does to a parameter.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sgd {
    values: u64,
    momentum_buffer: u64,
    grad: u64,
    n: i64,
    minus_lr: f32,
    decay: f32,
    keep: f32,
    take: f32,
    momentum: f32,
    nesterov: i32,
}

/// What Adam does to a parameter.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Adam {
    values: u64,
    exp_avg: u64,
    exp_avg_sq: u64,
    grad: u64,
    n: i64,
    minus_step_size: f32,
    root_correction: f32,
    eps: f32,
    keep: f32,
    decay: f32,
    toward: f32,
    keep_sq: f32,
    take_sq: f32,
    from_grad: i32,
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

impl Sgd {
    fn of<E: Elem>(step: &SgdStep, part: &Part<'_, Cuda<E>, 1>) -> Result<(Self, usize), Error> {
        let Part { param, moments: [momentum_buffer], grad } = part;
        let n = param.len();
        let momentum_buffer = (step.momentum != 0.0).then_some(momentum_buffer);
        check_lengths(&[(momentum_buffer.map_or(n, Address::len), n), (grad.len(), n)])?;
        let (keep, take) = if step.first { (0.0, 1.0) } else { (step.momentum, 1.0 - step.dampening) };
        let sgd = Self {
            values: param.address(),
            momentum_buffer: momentum_buffer.map_or(0, Address::address),
            grad: grad.address(),
            n: n as i64,
            minus_lr: -step.lr as f32,
            decay: step.weight_decay as f32,
            keep: keep as f32,
            take: take as f32,
            momentum: step.momentum as f32,
            nesterov: i32::from(step.nesterov),
        };
        Ok((sgd, n))
    }
}

impl Adam {
    fn of<E: Elem>(step: &AdamStep, part: &Part<'_, Cuda<E>, 2>) -> Result<(Self, usize), Error> {
        let Part { param, moments: [exp_avg, exp_avg_sq], grad } = part;
        let n = param.len();
        check_lengths(&[(exp_avg.len(), n), (exp_avg_sq.len(), n), (grad.len(), n)])?;
        let AdamStep { lr, betas: (beta1, beta2), eps, weight_decay, decoupled, .. } = *step;
        let (keep, decay) = if decoupled { (1.0 - lr * weight_decay, 0.0) } else { (1.0, weight_decay) };
        // The mean moves from its nearer end, as on the CPU.
        let from_grad = 1.0 - beta1 >= 0.5;
        let adam = Self {
            values: param.address(),
            exp_avg: exp_avg.address(),
            exp_avg_sq: exp_avg_sq.address(),
            grad: grad.address(),
            n: n as i64,
            minus_step_size: -step.step_size() as f32,
            root_correction: step.root_correction() as f32,
            eps: eps as f32,
            keep: keep as f32,
            decay: decay as f32,
            toward: (if from_grad { beta1 } else { 1.0 - beta1 }) as f32,
            keep_sq: beta2 as f32,
            take_sq: (1.0 - beta2) as f32,
            from_grad: i32::from(from_grad),
        };
        Ok((adam, n))
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
fn array(buf: &Memory, span: Span) -> Result<(Array, usize), Error> {
    let x: View<'_, f32> = <Cuda>::view(<Cuda>::region(buf, span)?);
    Ok((Array { x: x.address(), n: x.len() as i64 }, x.len()))
}

impl<E: Elem> Kernel for Cuda<E> {
    fn sgd(
        &self,
        mut buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (SgdStep, Tensor<1>)>,
    ) -> Result<(), Error> {
        let of = |(step, tensor)| Sgd::of(&step, &buffers.part(&tensor)?);
        List::<Sgd, 64>::each(tensors.map(of), |list, parts| {
            // SAFETY: all arrays of a parameter have as many elements as are said, and no two overlap.
            unsafe { self.launch(&SGD, grid(self.gpu(), parts)?, &[list]) }
        })
    }

    fn adam(
        &self,
        mut buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (AdamStep, Tensor<2>)>,
    ) -> Result<(), Error> {
        let of = |(step, tensor)| Adam::of(&step, &buffers.part(&tensor)?);
        List::<Adam, 40>::each(tensors.map(of), |list, parts| {
            // SAFETY: as above.
            unsafe { self.launch(&ADAM, grid(self.gpu(), parts)?, &[list]) }
        })
    }

    fn sum_of_squares(
        &self,
        buf: &Memory,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<f64, Error> {
        let factor = factor.to_bits().cast_signed();
        let partials = self.gpu().partials(|to| {
            List::<Array, 160>::each(spans.map(|span| array(buf, span)), |list, parts| {
                // SAFETY: arrays have as many elements as are said; there are as many partial results as blocks, or more.
                unsafe { self.launch(&SUM_OF_SQUARES, sums(parts)?, &[&to, list, &factor]) }
            })
        })?;
        Ok(partials.iter().sum())
    }

    fn max_abs(&self, buf: &Memory, spans: &mut dyn Iterator<Item = Span>) -> Result<f64, Error> {
        let partials = self.gpu().partials(|to| {
            List::<Array, 160>::each(spans.map(|span| array(buf, span)), |list, parts| {
                // SAFETY: as above.
                unsafe { self.launch(&MAX_ABS, sums(parts)?, &[&to, list]) }
            })
        })?;
        // NaN if there is one.
        Ok(partials.iter().fold(0.0, |most, &x| if most > x || f64::is_nan(most) { most } else { x }))
    }

    fn scale(
        &self,
        buf: &mut Memory,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<(), Error> {
        let factor = factor.to_bits().cast_signed();
        List::<Array, 160>::each(spans.map(|span| array(buf, span)), |list, parts| {
            // SAFETY: arrays have as many elements as are said, and are the caller's alone.
            unsafe { self.launch(&SCALE, grid(self.gpu(), parts)?, &[list, &factor]) }
        })
    }

    fn clamp(
        &self,
        buf: &mut Memory,
        spans: &mut dyn Iterator<Item = Span>,
        limit: f64,
    ) -> Result<(), Error> {
        let limit = limit as f32;
        List::<Array, 160>::each(spans.map(|span| array(buf, span)), |list, parts| {
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
            let ((x, len), (y, _)) = (array(to, span)?, array(from, span)?);
            Ok((Sum { x: x.x, y: y.x, n: x.n }, len))
        });
        List::<Sum, 128>::each(arrays, |list, parts| {
            // SAFETY: both arrays have as many elements as are said, and are of different buffers.
            unsafe { self.launch(&ADD, grid(self.gpu(), parts)?, &[list]) }
        })
    }
}
