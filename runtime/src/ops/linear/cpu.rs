//! Linear on the CPU: three products, and sums of columns.

use super::{Backward, Forward, Kernel, Spec, check_mask};
use crate::cpu::Cpu;
use crate::cpu::columns::sum_columns;
use crate::cpu::elementwise::check_lengths;
use crate::cpu::gemm::{Done, Epilogue, Init, Matrix, Product, Shape, Terms, product};
use crate::cpu::simd::{Float, Simd};
use crate::device::{Grad, given_or_held};
use crate::error::Error;
use crate::ops::activation::Activation;
use crate::ops::activation::cpu::apply;
use crate::ops::dropout::cpu::drop_out;

compiled!(Backward<'_>);

impl<E: Product> Generic for Cpu<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, mut z, x, weight, bias, rounded: _, mask } = args;
        let shape = Shape { m: batch * spec.rows, n: spec.outputs, k: spec.inputs };
        let Shape { m, n, k } = shape;
        check_lengths(&[(x.len(), m * k), (weight.len(), n * k)])?;
        for to in [&y, &z].into_iter().flatten() {
            check_lengths(&[(to.len(), m * n)])?;
        }
        if let Some(bias) = bias {
            check_lengths(&[(bias.len(), n)])?;
        }
        check_mask(z.is_some(), mask)?;
        let (x, w) = (Matrix::rows(x, k), Matrix::rows(weight, k).t());
        let terms = Terms { init: bias.map_or(Init::Zero, Init::Row), a: x, b: w };
        let (pool, level) = (self.pool(), self.pool().level());
        match (y, z.as_deref_mut(), spec.activation) {
            (Some(y), Some(z), Some(activation)) => {
                let to = Activate { activation, z: z.as_mut_ptr(), n };
                product(pool, level, shape, (y, n), terms, &to)
            }
            (None, Some(z), Some(activation)) => {
                product(pool, level, shape, (z, n), terms, &ActivateInPlace { activation })
            }
            (Some(y), None, None) => product(pool, level, shape, (y, n), terms, &Done),
            (None, None, None) => Ok(()),
            (_, z, activation) => {
                let z = if z.is_some() { "an" } else { "no" };
                Err(Error::internal(format!("Linear with {z} output for the activation {activation:?}")))
            }
        }?;
        match z.zip(mask) {
            Some((z, mask)) => drop_out(self, m * n, mask, Grad { to: z, add: false }, None),
            None => Ok(()),
        }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dweight, dbias, dy, x, weight, rounded: _ } = args;
        let (rows, inputs, outputs) = (batch * spec.rows, spec.inputs, spec.outputs);
        check_lengths(&[(dy.len(), rows * outputs), (weight.len(), outputs * inputs)])?;
        let (pool, level) = (self.pool(), self.pool().level());
        let start = |add| if add { Init::C } else { Init::Zero };
        if let Some(Grad { to, add }) = dweight {
            // `dx` takes the place of x when this has read it.
            let x = given_or_held(x, dx.as_ref(), |dx| dx)?;
            check_lengths(&[(to.len(), outputs * inputs), (x.len(), rows * inputs)])?;
            let shape = Shape { m: outputs, n: inputs, k: rows };
            let (dy, x) = (Matrix::rows(dy, outputs).t(), Matrix::rows(x, inputs));
            product(pool, level, shape, (to, inputs), Terms { init: start(add), a: dy, b: x }, &Done)?;
        }
        if let Some(dbias) = dbias {
            check_lengths(&[(dbias.to.len(), outputs)])?;
            sum_columns(pool, dbias, dy)?;
        }
        if let Some(Grad { to, add }) = dx {
            check_lengths(&[(to.len(), rows * inputs)])?;
            let shape = Shape { m: rows, n: inputs, k: outputs };
            let (dy, w) = (Matrix::rows(dy, outputs), Matrix::rows(weight, inputs));
            product(pool, level, shape, (to, inputs), Terms { init: start(add), a: dy, b: w }, &Done)?;
        }
        Ok(())
    }
}

/// z = activation(y)
struct Activate<E> {
    activation: Activation,
    /// [rows, n], of the same rows as y.
    z: *mut E,
    n: usize,
}

// SAFETY: `z` is borrowed exclusively while the product runs, and a task writes it where it writes y.
unsafe impl<E: Sync> Sync for Activate<E> {}

impl<E: Float> Epilogue<E> for Activate<E> {
    #[inline(always)]
    fn finish<S: Simd>(&self, y: &mut [E], row: usize, col: usize) {
        // SAFETY: z has as many elements as y, whose (row, col..) this is, and which comes once.
        let z = unsafe { std::slice::from_raw_parts_mut(self.z.add(row * self.n + col), y.len()) };
        apply::<S, E>(self.activation, z, y);
    }
}

/// z = activation(z): of an output that nothing else reads.
struct ActivateInPlace {
    activation: Activation,
}

impl<E: Float> Epilogue<E> for ActivateInPlace {
    #[inline(always)]
    fn finish<S: Simd>(&self, z: &mut [E], _: usize, _: usize) {
        for z in z.chunks_mut(COLUMNS) {
            let mut y = [E::ZERO; COLUMNS];
            let y = &mut y[..z.len()];
            y.copy_from_slice(z);
            apply::<S, E>(self.activation, z, y);
        }
    }
}

/// Columns that are activated at once: a few registers.
const COLUMNS: usize = 64;

#[cfg(test)]
mod tests;
