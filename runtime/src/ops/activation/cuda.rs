//! Activations on a GPU. y: =; dx, db: = or +=.

use super::{Activation, Backward, Forward, Kernel, Spec, check_dropped};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::columns::{sum_columns_by, whole_warps};
use crate::cuda::{Address, Argument, Cuda, Elem, Function, Grid, Source};
use crate::device::{check_summed, given_or_held};
use crate::error::Error;
use crate::ops::dropout::Mask;
use crate::ops::dropout::cuda::{Drawn, drop_out, grid_of};

pub(crate) static SOURCE: Source = Source { name: "activation", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "activation_forward" };
static BACKWARD: Function = Function { source: &SOURCE, name: "activation_backward" };
static BACKWARD_SUMS: Function = Function { source: &SOURCE, name: "activation_backward_sums" };
static FORWARD_DROPPED: Function = Function { source: &SOURCE, name: "activation_forward_dropped" };
static BACKWARD_DROPPED: Function = Function { source: &SOURCE, name: "activation_backward_dropped" };
static BACKWARD_DROPPED_SUMS: Function =
    Function { source: &SOURCE, name: "activation_backward_dropped_sums" };

/// As `formula.cuh` numbers them.
pub(crate) fn number(activation: Activation) -> i32 {
    match activation {
        Activation::Relu => 0,
        Activation::Gelu => 1,
        Activation::GeluTanh => 2,
        Activation::Silu => 3,
        Activation::Sigmoid => 4,
        Activation::Tanh => 5,
    }
}

/// y = f(x) of n elements, dropped out if there is a mask, also of what another op has just computed; y may be x.
///
/// # Safety
/// Both must have n elements.
pub(crate) unsafe fn apply<E: Elem>(
    cuda: &Cuda<E>,
    activation: Activation,
    y: u64,
    x: u64,
    n: usize,
    mask: Option<Mask>,
) -> Result<(), Error> {
    check_dropped(activation, mask)?;
    let (count, number) = (n as i64, number(activation));
    if mask.is_some() {
        // SAFETY: the caller's promise, as below; seed and step stand where it is said.
        return Drawn::with(cuda.gpu(), mask, |drawn| unsafe {
            cuda.launch(&FORWARD_DROPPED, grid_of::<E>(cuda.gpu(), n), &[&y, &x, &count, &number, &drawn])
        });
    }
    // SAFETY: the caller's promise; each element is read and then written, by one thread.
    unsafe { cuda.launch(&FORWARD, Grid::elementwise::<E>(cuda.gpu(), n), &[&y, &x, &count, &number]) }
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, mask } = args;
        let n = batch * spec.len;
        check_lengths(&[(y.len(), n), (x.len(), n)])?;
        // SAFETY: both have n elements.
        unsafe { apply(self, spec.activation, y.address(), x.address(), n, mask) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dbias, dy, saved, mask } = args;
        let n = batch * spec.len;
        let dy = given_or_held(dy, dx.as_ref(), |dx| dx.held())?;
        check_dropped(spec.activation, mask)?;
        if let Some(dbias) = &dbias {
            check_summed(dx.as_ref().map(|dx| dx.add), n, dbias.len())?;
        }
        let Some(dx) = &dx else { return Ok(()) };
        check_lengths(&[(dx.len(), n), (dy.len(), n), (saved.len(), n)])?;
        // Where lanes that sum cannot draw for each other, dy is dropped out before.
        let (dy, mask) = match (mask, &dbias) {
            (Some(mask), Some(dbias)) if !whole_warps::<E>(dbias.len()) => {
                drop_out(self, n, mask, (&dx.to, false), &dy, None)?;
                (dx.to.held(), None)
            }
            (mask, _) => (dy, mask),
        };
        let (to, dy, saved, count) = (dx.address(), dy.address(), saved.address(), n as i64);
        let (add, activation, gpu) = (i32::from(dx.add), number(spec.activation), self.gpu());
        // SAFETY: all three have n elements, which are rows as long as dbias, if that is there; each is read and then written,
        // by one thread, so that dx may be dy. What is drawn from stands where it is said.
        Drawn::with(gpu, mask, |drawn| unsafe {
            match (mask, dbias) {
                (None, None) => {
                    let grid = Grid::elementwise::<E>(gpu, n);
                    self.launch(&BACKWARD, grid, &[&to, &dy, &saved, &count, &activation, &add])
                }
                (Some(_), None) => {
                    let given: [&dyn Argument; 7] = [&to, &dy, &saved, &count, &activation, &add, &drawn];
                    self.launch(&BACKWARD_DROPPED, grid_of::<E>(gpu, n), &given)
                }
                (None, Some(dbias)) => {
                    let rows = n / dbias.len();
                    sum_columns_by(self, &BACKWARD_SUMS, &[&to, &dy, &saved, &activation], dbias, rows)
                }
                (Some(_), Some(dbias)) => {
                    let (rows, given) =
                        (n / dbias.len(), [&to as &dyn Argument, &dy, &saved, &activation, &drawn]);
                    sum_columns_by(self, &BACKWARD_DROPPED_SUMS, &given, dbias, rows)
                }
            }
        })
    }
}
