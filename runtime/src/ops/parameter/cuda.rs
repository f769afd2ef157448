//! Parameter on a GPU. y: =; dweight: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cuda::Cuda;
use crate::cuda::elementwise::check;
use crate::error::Error;

impl Kernel for Cuda<f32> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, weight } = args;
        check(&weight, spec.len)?;
        self.gpu().broadcast(&y, None, &weight, spec.len, batch)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dweight, dy } = args;
        let Some(dweight) = dweight else { return Ok(()) };
        check(&dweight, spec.len)?;
        self.gpu().sum_samples(&dweight, &dy, spec.len, batch, dweight.add)
    }
}
