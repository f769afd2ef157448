//! Parameter on a GPU. y: =; dweight: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cuda::elementwise::check;
use crate::cuda::{Cuda, Elem};
use crate::error::Error;

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, weight } = args;
        check(&weight, spec.len)?;
        self.broadcast(&y, None, &weight, spec.len, batch)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dweight, dy } = args;
        let Some(dweight) = dweight else { return Ok(()) };
        check(&dweight, spec.len)?;
        self.sum_samples(&dweight, &dy, spec.len, batch, dweight.add)
    }
}
