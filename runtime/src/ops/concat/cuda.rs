//! Concat on a GPU. y: =; dxs: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::elementwise::{Columns, check};
use crate::cuda::{Cuda, Elem};
use crate::error::Error;

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, xs } = args;
        check_lengths(&[(xs.len(), spec.parts.len())])?;
        let (rows, of, mut first) = (batch * spec.outer, spec.width(), 0);
        check(&y, rows * of)?;
        for (x, part) in xs.iter().zip(spec.parts) {
            let width = part * spec.inner;
            let to = Columns { at: &y as _, first, of };
            self.columns(to, Columns { at: x, first: 0, of: width }, rows, width, false)?;
            first += width;
        }
        Ok(())
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, '_, Self>) -> Result<(), Error> {
        let Backward { dxs, dy } = args;
        check_lengths(&[(dxs.len(), spec.parts.len())])?;
        let (rows, of, mut first) = (batch * spec.outer, spec.width(), 0);
        check(&dy, rows * of)?;
        for (dx, part) in dxs.iter().zip(spec.parts) {
            let width = part * spec.inner;
            if let Some(dx) = dx {
                let to = Columns { at: dx as _, first: 0, of: width };
                self.columns(to, Columns { at: &dy, first, of }, rows, width, dx.add)?;
            }
            first += width;
        }
        Ok(())
    }
}
