//! Linear and cross-entropy on the CPU, chunk by chunk. loss: =; dx, dW, db: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::elementwise::check_lengths;
use crate::cpu::simd::Float;
use crate::device::{Grad, given_or_held};
use crate::error::Error;
use crate::ops::cross_entropy::cpu::{count, gradients, losses, mean, scale};
use crate::ops::linear;

compiled!(Backward<'_>);

impl<E: Float> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { loss, losses: each, logits, rounded: _, x, target, weight, bias } = args;
        let (rows, chunk, inputs) = (batch * spec.rows, spec.chunk(batch)?, spec.inputs);
        check_lengths(&[(loss.len(), 1), (each.len(), rows), (logits.len(), chunk * spec.classes)])?;
        check_lengths(&[(x.len(), rows * inputs), (target.len(), rows)])?;
        let own = spec.cross_entropy();
        let counted = count(&own, target)?;
        for first in (0..spec.chunks).map(|at| at * chunk) {
            let (x, target) = (&x[first * inputs..][..chunk * inputs], &target[first..][..chunk]);
            multiply(self, spec, batch, logits, x, (weight, bias))?;
            losses(self, &own, &mut each[first..][..chunk], logits, target)?;
        }
        loss[0] = mean(self, each, counted);
        Ok(())
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { loss, mut dx, mut dweight, mut dbias, losses: each, logits, .. } = args;
        let Backward { rounded: _, dloss, x, target, weight, bias, .. } = args;
        let (rows, chunk, inputs) = (batch * spec.rows, spec.chunk(batch)?, spec.inputs);
        let n = rows * inputs;
        check_lengths(&[(each.len(), rows), (logits.len(), chunk * spec.classes)])?;
        check_lengths(&[(dx.as_ref().map_or(n, |dx| dx.to.len()), n), (x.map_or(n, <[E]>::len), n)])?;
        check_lengths(&[(target.len(), rows), (dloss.len(), 1), (loss.as_ref().map_or(1, |x| x.len()), 1)])?;
        let (own, product) = (spec.cross_entropy(), spec.linear());
        let counted = count(&own, target)?;
        let scale = scale(dloss[0], counted);
        for first in (0..spec.chunks).map(|at| at * chunk) {
            let mut dx = dx
                .as_mut()
                .map(|Grad { to, add }| Grad { to: &mut to[first * inputs..][..chunk * inputs], add: *add });
            let target = &target[first..][..chunk];
            // `dx` takes the place of x only when both products of x are done.
            let x = x.map(|x| &x[first * inputs..][..chunk * inputs]);
            let x = given_or_held(x, dx.as_ref(), |dx| dx)?;
            multiply(self, spec, batch, logits, x, (weight, bias))?;
            let (each, dlogits) = (&mut each[first..][..chunk], Grad { to: &mut *logits, add: false });
            gradients(self, &own, dlogits, scale, each, None, target)?;
            let (dweight, dbias) = (again(&mut dweight, first > 0), again(&mut dbias, first > 0));
            let (dy, x, rounded) = (&*logits, Some(x), &mut [][..]);
            let of_params = linear::Backward { dx: None, dweight, dbias, dy, x, weight, rounded };
            linear::Kernel::backward(self, &product, batch, of_params)?;
            let (dx, dweight, dbias, x, rounded) = (dx.take(), None, None, None, &mut [][..]);
            let of_x = linear::Backward { dx, dweight, dbias, dy, x, weight, rounded };
            linear::Kernel::backward(self, &product, batch, of_x)?;
        }
        if let Some(loss) = loss {
            loss[0] = mean(self, each, counted);
        }
        Ok(())
    }
}

/// A gradient for one chunk more; to be `added` to what the ones before gave.
fn again<'a, E>(grad: &'a mut Option<Grad<&mut [E]>>, added: bool) -> Option<Grad<&'a mut [E]>> {
    grad.as_mut().map(|Grad { to, add }| Grad { to: &mut **to, add: *add || added })
}

/// The logits of a chunk.
fn multiply<E: Float>(
    cpu: &Cpu<E>,
    spec: &Spec,
    batch: usize,
    logits: &mut [E],
    x: &[E],
    (weight, bias): (&[E], Option<&[E]>),
) -> Result<(), Error> {
    let (y, z, rounded) = (Some(logits), None, &mut [][..]);
    let args = linear::Forward { y, z, x, weight, bias, rounded, mask: None };
    linear::Kernel::forward(cpu, &spec.linear(), batch, args)
}
