//! Optimizers and clipping on a GPU.

use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Memory, PARTIALS, Source, View, ViewMut};
use crate::device::{Device, Span};
use crate::error::Error;
use crate::optim::{AdamArgs, AdamStep, Kernel, SgdArgs, SgdStep};

pub(crate) static SOURCE: Source = Source { name: "optim", text: include_str!("kernel.cu") };
static SGD: Function = Function { source: &SOURCE, name: "optim_sgd" };
static ADAM: Function = Function { source: &SOURCE, name: "optim_adam" };
static SUM_OF_SQUARES: Function = Function { source: &SOURCE, name: "optim_sum_of_squares" };
static MAX_ABS: Function = Function { source: &SOURCE, name: "optim_max_abs" };
static SCALE: Function = Function { source: &SOURCE, name: "optim_scale" };
static CLAMP: Function = Function { source: &SOURCE, name: "optim_clamp" };
static ADD: Function = Function { source: &SOURCE, name: "optim_add" };

/// Threads of a block that sums, and the elements that each takes at once.
const THREADS: u32 = 256;
const AT_ONCE: usize = 4;

/// Blocks that sum n elements: as many as n alone says, since it decides the order.
fn blocks(n: usize) -> Result<Grid, Error> {
    Grid::of(n.div_ceil(AT_ONCE * THREADS as usize).min(PARTIALS), THREADS)
}

impl<E: Elem> Kernel for Cuda<E> {
    fn sgd(&self, step: &SgdStep, args: SgdArgs<'_, Self>) -> Result<(), Error> {
        let SgdArgs { param, momentum_buffer, grad } = args;
        let n = param.len();
        check_lengths(&[(momentum_buffer.as_ref().map_or(n, Address::len), n), (grad.len(), n)])?;
        let (keep, take) = if step.first { (0.0, 1.0) } else { (step.momentum, 1.0 - step.dampening) };
        let (minus_lr, decay, momentum) = (-step.lr as f32, step.weight_decay as f32, step.momentum as f32);
        let (keep, take, nesterov) = (keep as f32, take as f32, i32::from(step.nesterov));
        let (param, buffer, grad) = (param.address(), momentum_buffer.address(), grad.address());
        let grid = Grid::elementwise::<f32>(self.gpu(), n);
        // SAFETY: those of the three that are there have n elements.
        unsafe {
            self.launch(
                &SGD,
                grid,
                &[&param, &buffer, &grad, &(n as i64), &minus_lr, &decay, &keep, &take, &momentum, &nesterov],
            )
        }
    }

    fn adam(&self, step: &AdamStep, args: AdamArgs<'_, Self>) -> Result<(), Error> {
        let AdamArgs { param, exp_avg, exp_avg_sq, grad } = args;
        let n = param.len();
        check_lengths(&[(exp_avg.len(), n), (exp_avg_sq.len(), n), (grad.len(), n)])?;
        let AdamStep { lr, betas: (beta1, beta2), eps, weight_decay, decoupled, .. } = *step;
        let (size, correction) = (-step.step_size() as f32, step.root_correction() as f32);
        let (keep, decay) = if decoupled { (1.0 - lr * weight_decay, 0.0) } else { (1.0, weight_decay) };
        // The mean moves from its nearer end, as on the CPU.
        let from_grad = 1.0 - beta1 >= 0.5;
        let toward = if from_grad { beta1 } else { 1.0 - beta1 };
        let (eps, keep, decay, toward) = (eps as f32, keep as f32, decay as f32, toward as f32);
        let (from_grad, keep_sq, take_sq) = (i32::from(from_grad), beta2 as f32, (1.0 - beta2) as f32);
        let (param, grad) = (param.address(), grad.address());
        let (exp_avg, exp_avg_sq) = (exp_avg.address(), exp_avg_sq.address());
        let grid = Grid::elementwise::<f32>(self.gpu(), n);
        // SAFETY: all four have n elements.
        unsafe {
            self.launch(
                &ADAM,
                grid,
                &[
                    &param,
                    &exp_avg,
                    &exp_avg_sq,
                    &grad,
                    &(n as i64),
                    &size,
                    &correction,
                    &eps,
                    &keep,
                    &decay,
                    &toward,
                    &from_grad,
                    &keep_sq,
                    &take_sq,
                ],
            )
        }
    }

    fn sum_of_squares(
        &self,
        buf: &Memory,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<f64, Error> {
        let factor = factor.to_bits().cast_signed();
        let partials = self.gpu().partials(|to| {
            for span in spans {
                let x = Self::view::<f32>(Self::region(buf, span)?);
                let (grid, from, n) = (blocks(x.len())?, x.address(), x.len() as i64);
                // SAFETY: x has n elements; there are as many partial results as blocks, or more.
                unsafe { self.launch(&SUM_OF_SQUARES, grid, &[&to, &from, &n, &factor]) }?;
            }
            Ok(())
        })?;
        Ok(partials.iter().sum())
    }

    fn max_abs(&self, buf: &Memory, spans: &mut dyn Iterator<Item = Span>) -> Result<f64, Error> {
        let partials = self.gpu().partials(|to| {
            for span in spans {
                let x = Self::view::<f32>(Self::region(buf, span)?);
                let (grid, from, n) = (blocks(x.len())?, x.address(), x.len() as i64);
                // SAFETY: as above.
                unsafe { self.launch(&MAX_ABS, grid, &[&to, &from, &n]) }?;
            }
            Ok(())
        })?;
        // NaN if there is one.
        Ok(partials.iter().fold(0.0, |most, &x| if most > x || f64::is_nan(most) { most } else { x }))
    }

    fn scale(&self, x: ViewMut<'_, f32>, factor: f64) -> Result<(), Error> {
        let (n, grid) = (x.len() as i64, Grid::elementwise::<f32>(self.gpu(), x.len()));
        // SAFETY: x has n elements.
        unsafe { self.launch(&SCALE, grid, &[&x.address(), &n, &factor.to_bits().cast_signed()]) }
    }

    fn clamp(&self, x: ViewMut<'_, f32>, limit: f64) -> Result<(), Error> {
        let (n, grid) = (x.len() as i64, Grid::elementwise::<f32>(self.gpu(), x.len()));
        // SAFETY: x has n elements.
        unsafe { self.launch(&CLAMP, grid, &[&x.address(), &n, &(limit as f32)]) }
    }

    fn add(&self, x: ViewMut<'_, f32>, y: View<'_, f32>) -> Result<(), Error> {
        check_lengths(&[(y.len(), x.len())])?;
        let (n, grid) = (x.len() as i64, Grid::elementwise::<f32>(self.gpu(), x.len()));
        // SAFETY: both have n elements.
        unsafe { self.launch(&ADD, grid, &[&x.address(), &y.address(), &n]) }
    }
}
