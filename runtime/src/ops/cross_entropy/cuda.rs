//! Cross-entropy on a GPU. loss, lse, scratch: =; dlogits: = or +=.
//!
//! Targets stay where they are, so the caller refuses those that are no class, and batches where all are ignored.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Rows, Source};
use crate::device::given_or_held;
use crate::error::Error;
use crate::ops::sum::cuda::TOTAL_THREADS;

pub(crate) static SOURCE: Source = Source { name: "cross_entropy", text: include_str!("kernel.cu") };
static ROWS: Function = Function { source: &SOURCE, name: "cross_entropy_rows" };
static MEAN: Function = Function { source: &SOURCE, name: "cross_entropy_mean" };
static BACKWARD: Function = Function { source: &SOURCE, name: "cross_entropy_backward" };

/// What kernels are told of the arguments: `ignores`, `ignored`, `sharp`, `even`.
fn arguments(spec: &Spec) -> (i32, u32, f32, f32) {
    let Spec { classes, label_smoothing, ignore_index, .. } = *spec;
    let (sharp, even) = (1.0 - label_smoothing, label_smoothing / classes as f64);
    (i32::from(ignore_index.is_some()), ignore_index.unwrap_or(0), sharp as f32, even as f32)
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { loss, lse, scratch, logits, target } = args;
        let (classes, rows) = (spec.classes, batch * spec.rows);
        let lse_len = lse.as_ref().map_or(rows, Address::len);
        check_lengths(&[(loss.len(), 1), (lse_len, rows), (scratch.len(), rows)])?;
        check_lengths(&[(logits.len(), rows * classes), (target.len(), rows)])?;
        let (loss, lse, scratch) = (loss.address(), lse.address(), scratch.address());
        let (logits, target) = (logits.address(), target.address());
        let (count, length) = (rows as i64, classes as i64);
        let (ignores, ignored, sharp, even) = arguments(spec);
        let Rows { grid, team } = Rows::of(rows, classes)?;
        // SAFETY: `logits` has `classes` elements for each row, the others that are there have one.
        unsafe {
            self.launch(
                &ROWS,
                grid,
                &[
                    &lse, &scratch, &logits, &target, &count, &length, &ignores, &ignored, &sharp, &even,
                    &team,
                ],
            )?;
        }
        let grid = Grid::of(1, TOTAL_THREADS)?;
        // SAFETY: `scratch` and `target` have an element for each row, `loss` has one.
        unsafe { self.launch(&MEAN, grid, &[&loss, &scratch, &target, &count, &ignores, &ignored]) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dlogits, dloss, logits, lse, target } = args;
        given_or_held(logits.is_some(), dlogits.as_ref())?;
        let Some(dlogits) = dlogits else { return Ok(()) };
        let logits = logits.unwrap_or_else(|| dlogits.to.held());
        let (classes, rows) = (spec.classes, batch * spec.rows);
        let n = rows * classes;
        check_lengths(&[(dlogits.len(), n), (dloss.len(), 1), (logits.len(), n), (lse.len(), rows)])?;
        check_lengths(&[(target.len(), rows)])?;
        let add = i32::from(dlogits.add);
        let (dlogits, dloss, logits) = (dlogits.address(), dloss.address(), logits.address());
        let (lse, target) = (lse.address(), target.address());
        let (count, length) = (rows as i64, classes as i64);
        let (ignores, ignored, sharp, even) = arguments(spec);
        let Rows { grid, team } = Rows::of(rows, classes)?.with_stride(self.gpu());
        // SAFETY: `logits` and `dlogits` have `classes` elements for each row, `lse` and `target` one, `dloss` one.
        // Each logit is read and then written over, by one thread, so that `dlogits` may be `logits`.
        unsafe {
            self.launch(
                &BACKWARD,
                grid,
                &[
                    &dlogits, &dloss, &logits, &lse, &target, &count, &length, &ignores, &ignored, &sharp,
                    &even, &team, &add,
                ],
            )
        }
    }
}
