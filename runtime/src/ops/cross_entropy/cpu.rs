//! Cross-entropy on the CPU. loss: =; dlogits: = or +=.

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
        let Forward { loss, losses: each, logits, target } = args;
        let (classes, rows) = (spec.classes, batch * spec.rows);
        check_lengths(&[(loss.len(), 1), (each.len(), rows)])?;
        check_lengths(&[(logits.len(), rows * classes), (target.len(), rows)])?;
        let counted = count(spec, target)?;
        losses(self, spec, each, logits, target)?;
        loss[0] = mean(self, each, counted);
        Ok(())
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { loss, dlogits, losses: each, dloss, logits, target } = args;
        check_given_or_held(&logits, dlogits.as_ref())?;
        let rows = batch * spec.rows;
        let n = rows * spec.classes;
        check_lengths(&[(dlogits.as_ref().map_or(n, |d| d.to.len()), n), (logits.map_or(n, <[E]>::len), n)])?;
        check_lengths(&[(each.len(), rows), (target.len(), rows)])?;
        check_lengths(&[(dloss.len(), 1), (loss.as_ref().map_or(1, |loss| loss.len()), 1)])?;
        let counted = count(spec, target)?;
        match (dlogits, logits) {
            (Some(to), logits) => gradients(self, spec, to, scale(dloss[0], counted), each, logits, target)?,
            (None, Some(logits)) if loss.is_some() => losses(self, spec, each, logits, target)?,
            (None, _) => return Ok(()),
        }
        if let Some(loss) = loss {
            loss[0] = mean(self, each, counted);
        }
        Ok(())
    }
}

/// The loss of each of some rows.
pub(crate) fn losses<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    losses: &mut [E],
    logits: &[E],
    target: &[u32],
) -> Result<(), Error> {
    let (pool, size, classes) = (cpu.pool(), rows_of_task(spec), spec.classes);
    pool.run_parts(chunks(losses, size), |task, losses, _| {
        let first = task * size;
        let target = &target[first..first + losses.len()];
        let logits = &logits[first * classes..][..losses.len() * classes];
        pool.level().run(Losses { spec, losses, logits, target });
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

/// The gradients of the logits of some rows, and the rows' losses; without `logits`, `dlogits` holds them.
pub(crate) fn gradients<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    dlogits: Grad<&mut [E]>,
    scale: E,
    losses: &mut [E],
    logits: Option<&[E]>,
    target: &[u32],
) -> Result<(), Error> {
    let (pool, size, classes) = (cpu.pool(), rows_of_task(spec), spec.classes);
    let Grad { to, add } = dlogits;
    pool.run_parts((chunks(to, size * classes), chunks(losses, size)), |task, (to, losses), _| {
        let logits = logits.map(|logits| &logits[task * size * classes..][..to.len()]);
        let target = &target[task * size..][..losses.len()];
        pool.level().run(Gradients { spec, to, add, scale, losses, logits, target });
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

/// Each row's loss, 0 if it is ignored.
struct Losses<'a, E> {
    spec: &'a Spec,
    losses: &'a mut [E],
    logits: &'a [E],
    target: &'a [u32],
}

impl<E: Float> Job for Losses<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { spec, losses, logits, target } = self;
        let row = Row::of(spec);
        for ((x, target), loss) in logits.chunks_exact(spec.classes).zip(target).zip(losses) {
            *loss = if row.ignores(*target) { E::ZERO } else { row.loss::<S>(x, *target).0 };
        }
    }
}

/// Each row's loss, and gradient: scale (softmax(x) - smoothed target); both are 0 if it is ignored. Without `logits`, `to`
/// holds them.
struct Gradients<'a, E> {
    spec: &'a Spec,
    to: &'a mut [E],
    add: bool,
    scale: E,
    losses: &'a mut [E],
    logits: Option<&'a [E]>,
    target: &'a [u32],
}

impl<E: Float> Job for Gradients<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { spec, to, add, scale, losses, logits, target } = self;
        let row = Row::of(spec);
        let rows = to.chunks_exact_mut(spec.classes).zip(losses).zip(target);
        // Whether there are logits is known where the loops over a row are compiled.
        match logits {
            Some(logits) => {
                for (((to, loss), target), x) in rows.zip(logits.chunks_exact(spec.classes)) {
                    *loss = row.gradient::<S>(Grad { to, add }, scale, Some(x), *target);
                }
            }
            None => {
                for ((to, loss), target) in rows {
                    *loss = row.gradient::<S>(Grad { to, add }, scale, None, *target);
                }
            }
        }
    }
}

/// What all rows share.
struct Row<E> {
    classes: E,
    sharp: E,
    even: E,
    ignore_index: Option<u32>,
}

impl<E: Float> Row<E> {
    fn of(&Spec { classes, label_smoothing, ignore_index, .. }: &Spec) -> Self {
        let (classes, smoothing) = (classes as f64, label_smoothing);
        let [classes, sharp, even] = [classes, 1.0 - smoothing, smoothing / classes].map(E::from_f64);
        Self { classes, sharp, even, ignore_index }
    }

    #[inline(always)]
    fn ignores(&self, target: u32) -> bool {
        Some(target) == self.ignore_index
    }

    /// The loss of a row that is not ignored, and its log-sum-exp.
    #[inline(always)]
    fn loss<S: Simd>(&self, x: &[E], target: u32) -> (E, E) {
        let max = max(x);
        let log = math::ln::<S, E>(sum_exp::<S, E>(x, max));
        // Both terms are at least 0, and neither has lost digits to a large maximum.
        let sure = (max - x[target as usize]) + log;
        let loss = if self.even > E::ZERO {
            S::mul_add(self.even, S::mul_add(self.classes, log, sum_below(x, max)), self.sharp * sure)
        } else {
            sure
        };
        (loss, max + log)
    }

    /// A row's gradient, over its logits where x is not given; gives its loss.
    #[inline(always)]
    fn gradient<S: Simd>(
        &self,
        Grad { to, add }: Grad<&mut [E]>,
        scale: E,
        x: Option<&[E]>,
        target: u32,
    ) -> E {
        if self.ignores(target) {
            if !add {
                to.fill(E::ZERO);
            }
            return E::ZERO;
        }
        let (loss, lse) = self.loss::<S>(x.unwrap_or(to), target);
        let (even, target) = (self.even, target as usize);
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
        to[target] = S::mul_add(scale, p - even - self.sharp, before);
        loss
    }
}
