//! Linear and cross-entropy on a GPU, chunk by chunk, by the kernels of both. loss: =; dx, dW, db: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::columns::sum_columns;
use crate::cuda::{Address, Cuda, Elem, Start};
use crate::device::{Grad, given_or_held};
use crate::error::Error;
use crate::ops::cross_entropy::cuda::{gradients, losses, mean};
use crate::ops::linear::cuda::{as_elems, products};

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { mut loss, losses: mut each, mut logits, rounded, x, target, weight, bias } = args;
        let (rows, chunk, own) = (batch * spec.rows, spec.chunk(batch)?, spec.cross_entropy());
        check_lengths(&[(each.len(), rows), (target.len(), rows)])?;
        check_lengths(&[(weight.len(), spec.classes * spec.inputs)])?;
        let [product, ..] = products(&spec.linear(), chunk);
        let (weight, bias) = as_elems(self, &spec.linear(), rounded, weight, bias)?;
        for first in (0..spec.chunks).map(|at| at * chunk) {
            let x = x.part(first * spec.inputs, chunk * spec.inputs)?;
            self.gpu().multiply(&product, Start::of_row(bias), &mut logits, x, weight)?;
            let target = target.part(first, chunk)?;
            losses(self, &own, &mut each.part(first, chunk)?, logits.held(), target)?;
        }
        mean(self, &own, &mut loss, each.into_view(), target)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { loss, mut dx, mut dweight, mut dbias, losses: mut each, logits, .. } = args;
        let Backward { rounded, dloss, x, target, weight, bias, .. } = args;
        let (rows, chunk, own) = (batch * spec.rows, spec.chunk(batch)?, spec.cross_entropy());
        let (inputs, classes) = (spec.inputs, spec.classes);
        check_lengths(&[(each.len(), rows), (target.len(), rows), (weight.len(), classes * inputs)])?;
        check_lengths(&[(dbias.as_ref().map_or(classes, Address::len), classes)])?;
        let [product, of_x, of_weight] = products(&spec.linear(), chunk);
        let (weight, bias) = as_elems(self, &spec.linear(), rounded, weight, bias)?;
        let mut dlogits = Grad { to: logits, add: false };
        for first in (0..spec.chunks).map(|at| at * chunk) {
            let (start, len, all) = (first * inputs, chunk * inputs, target);
            let (target, added) = (target.part(first, chunk)?, first > 0);
            // `dx` takes the place of x only when both products of x are done.
            let x = given_or_held(x, dx.as_ref(), |dx| dx.held())?.part(start, len)?;
            self.gpu().multiply(&product, Start::of_row(bias), &mut dlogits.to, x, weight)?;
            gradients(self, &own, &mut dlogits, dloss, &mut each.part(first, chunk)?, None, [target, all])?;
            let dy = dlogits.to.held();
            if let Some(Grad { to, add }) = &mut dweight {
                self.gpu().multiply(&of_weight, Start::of(*add || added), to, dy, x)?;
            }
            if let Some(Grad { to, add }) = &mut dbias {
                let dbias = Grad { to: to.part(0, classes)?, add: *add || added };
                // SAFETY: dbias has an element for each class, and dy `chunk` times as many.
                unsafe { sum_columns(self, dbias, dy, chunk) }?;
            }
            if let Some(Grad { to, add }) = &mut dx {
                self.gpu().multiply(&of_x, Start::of(*add), &mut to.part(start, len)?, dy, weight)?;
            }
        }
        match loss {
            Some(mut loss) => mean(self, &own, &mut loss, each.into_view(), target),
            None => Ok(()),
        }
    }
}
