//! Sum on a GPU. loss: =; dxs: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source};
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "sum", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "sum_forward" };
static BACKWARD: Function = Function { source: &SOURCE, name: "sum_backward" };

/// Losses of a launch, as in `kernel.cu`.
const AT_ONCE: usize = 8;
/// Threads of the block that adds up a loss's rows or samples, as in `total.cuh`.
pub(crate) const TOTAL_THREADS: u32 = 512;

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, _: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { loss, xs } = args;
        check_lengths(&[(loss.len(), 1), (xs.len(), spec.weights.len())])?;
        let (loss, grid) = (loss.address(), Grid::of(1, 1)?);
        // At least one launch, so that a sum of none is 0.
        for start in (0..xs.len().max(1)).step_by(AT_ONCE) {
            let xs = &xs[start..xs.len().min(start + AT_ONCE)];
            let (mut x, mut w) = ([0; AT_ONCE], [0f32; AT_ONCE]);
            for ((x, w), (from, weight)) in
                x.iter_mut().zip(&mut w).zip(xs.iter().zip(&spec.weights[start..]))
            {
                check_lengths(&[(from.len(), 1)])?;
                (*x, *w) = (from.address(), *weight as f32);
            }
            let [x0, x1, x2, x3, x4, x5, x6, x7] = &x;
            let [w0, w1, w2, w3, w4, w5, w6, w7] = &w;
            let (count, more) = (xs.len() as i32, i32::from(start > 0));
            // SAFETY: each of the first `count` has one element, and so has the loss.
            unsafe {
                self.launch(
                    &FORWARD,
                    grid,
                    &[&loss, x0, x1, x2, x3, x4, x5, x6, x7, w0, w1, w2, w3, w4, w5, w6, w7, &count, &more],
                )?;
            }
        }
        Ok(())
    }

    fn backward(&self, spec: &Spec, _: usize, args: Backward<'_, '_, Self>) -> Result<(), Error> {
        let Backward { dxs, dloss } = args;
        check_lengths(&[(dloss.len(), 1), (dxs.len(), spec.weights.len())])?;
        let (dloss, grid) = (dloss.address(), Grid::of(1, 1)?);
        for (dxs, weights) in dxs.chunks(AT_ONCE).zip(spec.weights.chunks(AT_ONCE)) {
            let (mut dx, mut w, mut adds) = ([0; AT_ONCE], [0f32; AT_ONCE], 0u32);
            for (i, (to, weight)) in dxs.iter().zip(weights).enumerate() {
                let Some(to) = to else { continue };
                check_lengths(&[(to.len(), 1)])?;
                (dx[i], w[i]) = (to.address(), *weight as f32);
                adds |= u32::from(to.add) << i;
            }
            let [x0, x1, x2, x3, x4, x5, x6, x7] = &dx;
            let [w0, w1, w2, w3, w4, w5, w6, w7] = &w;
            // SAFETY: each that is there has one element, and so has `dloss`.
            unsafe {
                self.launch(
                    &BACKWARD,
                    grid,
                    &[x0, x1, x2, x3, x4, x5, x6, x7, &dloss, w0, w1, w2, w3, w4, w5, w6, w7, &adds],
                )?;
            }
        }
        Ok(())
    }
}
