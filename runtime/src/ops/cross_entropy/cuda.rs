//! Cross-entropy on a GPU. loss: =; dlogits: = or +=.
//!
//! Targets stay where they are, so the caller refuses those that are no class, and batches where all are ignored.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Rows, Source, View, ViewMut};
use crate::device::{Grad, check_given_or_held};
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
        let Forward { mut loss, losses: mut each, logits, target } = args;
        check_lengths(&[(loss.len(), 1), (target.len(), batch * spec.rows)])?;
        losses(self, spec, &mut each, logits, target)?;
        mean(self, spec, &mut loss, each.into_view(), target)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { loss, dlogits, losses: mut each, dloss, logits, target } = args;
        check_given_or_held(&logits, dlogits.as_ref())?;
        check_lengths(&[(target.len(), batch * spec.rows)])?;
        match (dlogits, logits) {
            (Some(mut to), logits) => {
                gradients(self, spec, &mut to, dloss, &mut each, logits, [target, target])?;
            }
            (None, Some(logits)) if loss.is_some() => losses(self, spec, &mut each, logits, target)?,
            (None, _) => return Ok(()),
        }
        match loss {
            Some(mut loss) => mean(self, spec, &mut loss, each.into_view(), target),
            None => Ok(()),
        }
    }
}

/// The loss of each row of `target`.
pub(crate) fn losses<E: Elem>(
    cuda: &Cuda<E>,
    spec: &Spec,
    losses: &mut ViewMut<'_, f32>,
    logits: View<'_, E>,
    target: View<'_, u32>,
) -> Result<(), Error> {
    let (classes, rows) = (spec.classes, target.len());
    check_lengths(&[(losses.len(), rows), (logits.len(), rows * classes)])?;
    let (losses, logits, target) = (losses.address(), logits.address(), target.address());
    let (count, length) = (rows as i64, classes as i64);
    let (ignores, ignored, sharp, even) = arguments(spec);
    // It reads them once, in the teams of backward: their sums have the same order.
    let Rows { grid, team } = Rows::read_twice(rows, classes)?;
    // SAFETY: `logits` has `classes` elements for each row, the others have one.
    unsafe {
        cuda.launch(
            &ROWS,
            grid,
            &[&losses, &logits, &target, &count, &length, &ignores, &ignored, &sharp, &even, &team],
        )
    }
}

/// The mean of the losses of all rows that are not ignored.
pub(crate) fn mean<E: Elem>(
    cuda: &Cuda<E>,
    spec: &Spec,
    loss: &mut ViewMut<'_, f32>,
    losses: View<'_, f32>,
    target: View<'_, u32>,
) -> Result<(), Error> {
    let rows = target.len();
    check_lengths(&[(loss.len(), 1), (losses.len(), rows)])?;
    let (ignores, ignored, ..) = arguments(spec);
    let (loss, losses, target, count) = (loss.address(), losses.address(), target.address(), rows as i64);
    let grid = Grid::of(1, TOTAL_THREADS)?;
    // SAFETY: `losses` and `target` have an element for each row, `loss` has one.
    unsafe { cuda.launch(&MEAN, grid, &[&loss, &losses, &target, &count, &ignores, &ignored]) }
}

/// The gradients of the logits of some rows, whose targets are the first of `targets`, and the rows' losses; the other
/// targets are those of all rows, which say how many are not ignored. Without `logits`, `dlogits` holds them.
pub(crate) fn gradients<E: Elem>(
    cuda: &Cuda<E>,
    spec: &Spec,
    dlogits: &mut Grad<ViewMut<'_, E>>,
    dloss: View<'_, f32>,
    losses: &mut ViewMut<'_, f32>,
    logits: Option<View<'_, E>>,
    [target, all]: [View<'_, u32>; 2],
) -> Result<(), Error> {
    let logits = logits.unwrap_or_else(|| dlogits.to.held());
    let (classes, rows) = (spec.classes, target.len());
    let n = rows * classes;
    check_lengths(&[(dlogits.len(), n), (dloss.len(), 1), (logits.len(), n), (losses.len(), rows)])?;
    let add = i32::from(dlogits.add);
    let (dlogits, dloss, logits) = (dlogits.address(), dloss.address(), logits.address());
    let (count, all_count, length) = (rows as i64, all.len() as i64, classes as i64);
    let (losses, target, all) = (losses.address(), target.address(), all.address());
    let (ignores, ignored, sharp, even) = arguments(spec);
    let Rows { grid, team } = Rows::read_twice(rows, classes)?.with_stride(cuda.gpu());
    // SAFETY: `logits` and `dlogits` have `classes` elements for each row, `losses` and `target` one, `dloss` one, and `all`
    // as many as are said. Each logit is read, and then written over, by one thread, so that `dlogits` may be `logits`.
    unsafe {
        cuda.launch(
            &BACKWARD,
            grid,
            &[
                &dlogits, &losses, &dloss, &logits, &target, &all, &count, &all_count, &length, &ignores,
                &ignored, &sharp, &even, &team, &add,
            ],
        )
    }
}
