//! PositionEmbedding on a GPU. y: =; dx, dweight: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cuda::elementwise::check;
use crate::cuda::{Cuda, Elem};
use crate::error::Error;

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, weight } = args;
        check(&weight, spec.table * spec.dim)?;
        self.broadcast(&y, Some(&x), &weight, spec.len * spec.dim, batch)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dweight, dy } = args;
        check(&dy, batch * spec.len * spec.dim)?;
        if let Some(dx) = dx {
            self.copy(&dx, &dy, 1.0, dx.add)?;
        }
        let Some(dweight) = dweight else { return Ok(()) };
        check(&dweight, spec.table * spec.dim)?;
        self.sum_samples(&dweight, &dy, spec.len * spec.dim, batch, dweight.add)
    }
}
