//! Mean squared error on a GPU. loss, scratch: =; dx, dtarget: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Rows, Source};
use crate::device::given_or_held;
use crate::error::Error;
use crate::ops::sum::cuda::TOTAL_THREADS;

pub(crate) static SOURCE: Source = Source { name: "mse", text: include_str!("kernel.cu") };
static SAMPLES: Function = Function { source: &SOURCE, name: "mse_samples" };
static MEAN: Function = Function { source: &SOURCE, name: "mse_mean" };
static BACKWARD: Function = Function { source: &SOURCE, name: "mse_backward" };

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { loss, scratch, x, target } = args;
        let (len, n) = (spec.len, batch * spec.len);
        check_lengths(&[(loss.len(), 1), (scratch.len(), batch), (x.len(), n), (target.len(), n)])?;
        let (loss, scratch, x, target) = (loss.address(), scratch.address(), x.address(), target.address());
        let (samples, Rows { grid, team }) = (batch as i64, Rows::of(batch, len)?);
        // SAFETY: `scratch` has an element for each sample, the others have `len`.
        unsafe {
            self.launch(&SAMPLES, grid, &[&scratch, &x, &target, &samples, &(len as i64), &team])?;
        }
        let grid = Grid::of(1, TOTAL_THREADS)?;
        // SAFETY: `scratch` has an element for each sample, `loss` has one.
        unsafe { self.launch(&MEAN, grid, &[&loss, &scratch, &samples, &(n as i64)]) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dtarget, dloss, x, target } = args;
        let n = batch * spec.len;
        let x = given_or_held(x, dtarget.as_ref().or(dx.as_ref()), |to| to.held())?;
        check_lengths(&[(dloss.len(), 1), (x.len(), n), (target.len(), n)])?;
        for to in [&dx, &dtarget].into_iter().flatten() {
            check_lengths(&[(to.len(), n)])?;
        }
        if dx.is_none() && dtarget.is_none() {
            return Ok(());
        }
        let [add_dx, add_dtarget] = [&dx, &dtarget].map(|to| i32::from(to.as_ref().is_some_and(|to| to.add)));
        let (dx, dtarget, dloss) = (dx.address(), dtarget.address(), dloss.address());
        let (x, target, twice) = (x.address(), target.address(), (2.0 / n as f64) as f32);
        let grid = Grid::elementwise::<E>(self.gpu(), n);
        // SAFETY: `dloss` has one element, the others that are there have n. x may be one of the gradients: each element is
        // read, and then written over, by one thread.
        unsafe {
            self.launch(
                &BACKWARD,
                grid,
                &[&dx, &dtarget, &dloss, &x, &target, &(n as i64), &twice, &add_dx, &add_dtarget],
            )
        }
    }
}
