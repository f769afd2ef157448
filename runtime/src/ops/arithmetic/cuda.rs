//! `Add`, `Sub` and `Mul` on a GPU. y: =; da, db: = or +=.

use super::{Arithmetic, Backward, Forward, Kernel, Spec};
use crate::cuda::elementwise::check;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source, View};
use crate::device::{ElemGrad, given_or_held};
use crate::error::Error;
use crate::ops::dropout::cuda::{drop_out, drop_out_first};

pub(crate) static SOURCE: Source = Source { name: "arithmetic", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "arithmetic_forward" };
static BACKWARD: Function = Function { source: &SOURCE, name: "arithmetic_backward" };

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, dropped, a, b, mask } = args;
        let (n, a) = (batch * spec.len, a.unwrap_or_else(|| y.held()));
        check(&y, n)?;
        check(&a, n)?;
        check(&b, n)?;
        if let (Arithmetic::Add, Some(mask), None) = (spec.op, mask, &dropped) {
            return drop_out(self, n, mask, (&y, false), &a, Some(&b));
        }
        let a = drop_out_first(self, mask, &y, dropped.as_ref(), a)?;
        let op = match spec.op {
            Arithmetic::Add => 0,
            Arithmetic::Sub => 1,
            Arithmetic::Mul => 2,
        };
        let (y, a, b) = (y.address(), a.address(), b.address());
        let grid = Grid::elementwise::<E>(self.gpu(), n);
        // SAFETY: all three have n elements; each is read and then written, by one thread.
        unsafe { self.launch(&FORWARD, grid, &[&y, &a, &b, &(n as i64), &op]) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { da, db, dy, a, b } = args;
        let last = db.as_ref().or(da.as_ref());
        let dy = given_or_held(dy, last, |last| last.held())?;
        check(&dy, batch * spec.len)?;
        let gradient = |to: &Option<ElemGrad<'_, Self>>, negative: bool, other| match to {
            None => Ok(()),
            Some(to) if spec.op == Arithmetic::Mul => factor(self, to, &dy, other),
            // It holds what is to be there.
            Some(to) if !negative && to.address() == dy.address() => Ok(()),
            Some(to) => self.copy(to, &dy, if negative { -1.0 } else { 1.0 }, to.add),
        };
        gradient(&da, false, b)?;
        gradient(&db, spec.op == Arithmetic::Sub, a)
    }
}

/// to = or += dy other; `to` may be `dy`
fn factor<E: Elem>(
    cuda: &Cuda<E>,
    to: &ElemGrad<'_, Cuda<E>>,
    dy: &View<'_, E>,
    other: Option<View<'_, E>>,
) -> Result<(), Error> {
    let other = other.ok_or_else(|| Error::internal("the gradient of a product without its other factor"))?;
    let n = dy.len();
    check(to, n)?;
    check(&other, n)?;
    let grid = Grid::elementwise::<E>(cuda.gpu(), n);
    let (at, dy, other, add) = (to.address(), dy.address(), other.address(), i32::from(to.add));
    // SAFETY: all three have n elements; each is read and then written, by one thread.
    unsafe { cuda.launch(&BACKWARD, grid, &[&at, &dy, &other, &(n as i64), &add]) }
}
