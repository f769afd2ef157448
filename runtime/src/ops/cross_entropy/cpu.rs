//! Cross-entropy on the CPU. loss, lse, scratch: =; dlogits: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::{CHUNK, check_lengths};
use crate::cpu::parts::chunks;
use crate::cpu::simd::{Float, Job, Simd};
use crate::cpu::{Cpu, math};
use crate::device::{Grad, check_given_or_held};
use crate::error::Error;
use crate::ops::softmax::row::{max, sum_below, sum_exp};
use crate::ops::sum::cpu::total;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { loss, lse, scratch, logits, target } = args;
        let (classes, rows) = (spec.classes, batch * spec.rows);
        let lse_len = lse.as_ref().map_or(rows, |lse| lse.len());
        check_lengths(&[(loss.len(), 1), (lse_len, rows), (scratch.len(), rows)])?;
        check_lengths(&[(logits.len(), rows * classes), (target.len(), rows)])?;
        let counted = count(spec, target)?;
        losses(self, spec, scratch, lse, logits, target)?;
        loss[0] = mean(self, scratch, counted);
        Ok(())
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dlogits, dloss, logits, lse, target } = args;
        check_given_or_held(&logits, dlogits.as_ref())?;
        let Some(Grad { to, add }) = dlogits else { return Ok(()) };
        let (classes, rows) = (spec.classes, batch * spec.rows);
        let n = rows * classes;
        check_lengths(&[(to.len(), n), (dloss.len(), 1), (logits.map_or(n, <[E]>::len), n)])?;
        check_lengths(&[(lse.len(), rows), (target.len(), rows)])?;
        gradients(self, spec, Grad { to, add }, scale(dloss[0], count(spec, target)?), logits, lse, target)
    }
}

/// The loss of each of some rows, and its log-sum-exp.
pub(crate) fn losses<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    losses: &mut [E],
    lse: Option<&mut [E]>,
    logits: &[E],
    target: &[u32],
) -> Result<(), Error> {
    let (pool, size, classes) = (cpu.pool(), rows_of_task(spec), spec.classes);
    pool.run_parts((chunks(losses, size), lse.map(|lse| chunks(lse, size))), |task, (losses, lse), _| {
        let first = task * size;
        let target = &target[first..first + losses.len()];
        let logits = &logits[first * classes..][..losses.len() * classes];
        pool.level().run(Losses { spec, losses, lse, logits, target });
    })
}

/// The mean of the losses of all rows, of which `counted` are not ignored.
pub(crate) fn mean<E: Float>(cpu: &Cpu<E>, losses: &[E], counted: usize) -> E {
    E::from_f64(total(cpu.pool().level(), losses) / counted as f64)
}

/// The gradient of a row's loss, where `counted` of all rows are not ignored.
pub(crate) fn scale<E: Float>(dloss: E, counted: usize) -> E {
    E::from_f64(dloss.to_f64() / counted as f64)
}

/// The gradients of the logits of some rows; without `logits`, `dlogits` holds them.
pub(crate) fn gradients<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    dlogits: Grad<&mut [E]>,
    scale: E,
    logits: Option<&[E]>,
    lse: &[E],
    target: &[u32],
) -> Result<(), Error> {
    let (pool, size, classes) = (cpu.pool(), rows_of_task(spec), spec.classes);
    let Grad { to, add } = dlogits;
    pool.run_parts(chunks(to, size * classes), |task, to, _| {
        let logits = logits.map(|logits| &logits[task * size * classes..][..to.len()]);
        let rows = to.len() / classes;
        let (lse, target) = (&lse[task * size..][..rows], &target[task * size..][..rows]);
        pool.level().run(Gradients { spec, to, add, scale, logits, lse, target });
    })
}

/// Rows that a task takes: about [`CHUNK`] elements.
fn rows_of_task(spec: &Spec) -> usize {
    (CHUNK / spec.classes.max(1)).max(1)
}

/// How many rows are not ignored, if all their targets are classes.
pub(crate) fn count(spec: &Spec, target: &[u32]) -> Result<usize, Error> {
    let mut counted = 0;
    for (index, &found) in target.iter().enumerate() {
        if Some(found) == spec.ignore_index {
            continue;
        }
        if found as usize >= spec.classes {
            return Err(Error::IdOutOfRange {
                name: "target".into(),
                index: vec![index],
                limit: spec.classes,
                found,
            });
        }
        counted += 1;
    }
    match spec.ignore_index {
        Some(ignore_index) if counted == 0 => Err(Error::AllIgnored { name: "target".into(), ignore_index }),
        _ => Ok(counted),
    }
}

/// Each row's loss, 0 if it is ignored, and log-sum-exp.
struct Losses<'a, E> {
    spec: &'a Spec,
    losses: &'a mut [E],
    lse: Option<&'a mut [E]>,
    logits: &'a [E],
    target: &'a [u32],
}

impl<E: Float> Job for Losses<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let Spec { classes, label_smoothing, ignore_index, .. } = *self.spec;
        let (sharp, even) =
            (E::from_f64(1.0 - label_smoothing), E::from_f64(label_smoothing / classes as f64));
        let rows = self.logits.chunks_exact(classes).zip(self.target).zip(self.losses);
        for (row, ((x, target), loss)) in rows.enumerate() {
            let max = max(x);
            let log = math::ln::<S, E>(sum_exp::<S, E>(x, max));
            if let Some(lse) = &mut self.lse {
                lse[row] = max + log;
            }
            *loss = if Some(*target) == ignore_index {
                E::ZERO
            } else {
                // Both terms are at least 0, and neither has lost digits to a large maximum.
                (max - x[*target as usize]) + log
            };
            if label_smoothing > 0.0 && Some(*target) != ignore_index {
                let all = S::mul_add(E::from_f64(classes as f64), log, sum_below(x, max));
                *loss = S::mul_add(even, all, sharp * *loss);
            }
        }
    }
}

/// Each row's gradient: scale (softmax(x) - smoothed target), 0 if it is ignored. Without `logits`, `to` holds them.
struct Gradients<'a, E> {
    spec: &'a Spec,
    to: &'a mut [E],
    add: bool,
    scale: E,
    logits: Option<&'a [E]>,
    lse: &'a [E],
    target: &'a [u32],
}

impl<E: Float> Job for Gradients<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { spec, to, add, scale, logits, lse, target } = self;
        let Spec { classes, label_smoothing, ignore_index, .. } = *spec;
        let (sharp, even) =
            (E::from_f64(1.0 - label_smoothing), E::from_f64(label_smoothing / classes as f64));
        let row = Row { add, scale, sharp, even, ignore_index };
        let rows = to.chunks_exact_mut(classes).zip(lse).zip(target);
        // Whether there are logits is known where the loops over a row are compiled.
        match logits {
            Some(logits) => {
                for (((to, lse), target), x) in rows.zip(logits.chunks_exact(classes)) {
                    row.gradient::<S>(to, Some(x), *lse, *target);
                }
            }
            None => {
                for ((to, lse), target) in rows {
                    row.gradient::<S>(to, None, *lse, *target);
                }
            }
        }
    }
}

/// What all rows share.
struct Row<E> {
    add: bool,
    scale: E,
    sharp: E,
    even: E,
    ignore_index: Option<u32>,
}

impl<E: Float> Row<E> {
    /// A row's gradient, over its logits where x is not given.
    #[inline(always)]
    fn gradient<S: Simd>(&self, to: &mut [E], x: Option<&[E]>, lse: E, target: u32) {
        let Self { add, scale, sharp, even, ignore_index } = *self;
        if Some(target) == ignore_index {
            if !add {
                to.fill(E::ZERO);
            }
            return;
        }
        let target = target as usize;
        // The target's element apart: p - 1 is to be rounded before it is added to anything. Its logit is taken before
        // it is overwritten.
        let before = if add { to[target] } else { E::ZERO };
        let of_target = x.map_or(to[target], |x| x[target]);
        match x {
            Some(x) => {
                for (to, x) in to.iter_mut().zip(x) {
                    let before = if add { *to } else { E::ZERO };
                    *to = S::mul_add(scale, math::weight::<S, E>(*x - lse) - even, before);
                }
            }
            None => {
                for to in to.iter_mut() {
                    *to = S::mul_add(scale, math::weight::<S, E>(*to - lse) - even, E::ZERO);
                }
            }
        }
        let p = math::weight::<S, E>(of_target - lse);
        to[target] = S::mul_add(scale, p - even - sharp, before);
    }
}
