//! Slice on a GPU. y: =; dx: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cuda::elementwise::Columns;
use crate::cuda::{Cuda, Elem};
use crate::error::Error;

impl Spec {
    /// Where what is taken begins in a row, how much of a row that is, and how long a row is.
    fn columns(&self) -> (usize, usize, usize) {
        (self.start * self.inner, self.take * self.inner, self.len * self.inner)
    }
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        let (first, width, of) = spec.columns();
        let to = Columns { at: &y as _, first: 0, of: width };
        self.columns(to, Columns { at: &x, first, of }, batch * spec.outer, width, false)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy } = args;
        let Some(dx) = dx else { return Ok(()) };
        let (first, width, of) = spec.columns();
        if !dx.add {
            self.gpu().zero(&dx.to)?;
        }
        let from = Columns { at: &dy as _, first: 0, of: width };
        self.columns(Columns { at: &dx, first, of }, from, batch * spec.outer, width, dx.add)
    }
}
