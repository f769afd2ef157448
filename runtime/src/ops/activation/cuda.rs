//! Activations on a GPU. y: =; dx, db: = or +=.

use super::{Activation, Backward, Forward, Kernel, Spec, check_summed};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::columns::sum_columns_by;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source};
use crate::device::given_or_held;
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "activation", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "activation_forward" };
static BACKWARD: Function = Function { source: &SOURCE, name: "activation_backward" };
static BACKWARD_SUMS: Function = Function { source: &SOURCE, name: "activation_backward_sums" };

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

/// y = f(x) of n elements, also of what another op has just computed; y may be x.
///
/// # Safety
/// Both must have n elements.
pub(crate) unsafe fn apply<E: Elem>(
    cuda: &Cuda<E>,
    activation: Activation,
    y: u64,
    x: u64,
    n: usize,
) -> Result<(), Error> {
    let grid = Grid::elementwise::<E>(cuda.gpu(), n);
    // SAFETY: the caller's promise; each element is read and then written, by one thread.
    unsafe { cuda.launch(&FORWARD, grid, &[&y, &x, &(n as i64), &number(activation)]) }
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x } = args;
        let n = batch * spec.len;
        check_lengths(&[(y.len(), n), (x.len(), n)])?;
        // SAFETY: both have n elements.
        unsafe { apply(self, spec.activation, y.address(), x.address(), n) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dbias, dy, saved } = args;
        let n = batch * spec.len;
        let dy = given_or_held(dy, dx.as_ref(), |dx| dx.held())?;
        if let Some(dbias) = &dbias {
            check_summed(dx.as_ref().map(|dx| dx.add), n, dbias.len())?;
        }
        let Some(dx) = &dx else { return Ok(()) };
        check_lengths(&[(dx.len(), n), (dy.len(), n), (saved.len(), n)])?;
        let (add, activation) = (i32::from(dx.add), number(spec.activation));
        let (dx, dy, saved) = (dx.address(), dy.address(), saved.address());
        if let Some(dbias) = dbias {
            let rows = n / dbias.len();
            // SAFETY: all three have n elements, `rows` for each of dbias; each is read and then written, by one thread, so
            // that dx may be dy.
            return unsafe {
                sum_columns_by(self, &BACKWARD_SUMS, &[&dx, &dy, &saved, &activation], dbias, rows)
            };
        }
        let grid = Grid::elementwise::<E>(self.gpu(), n);
        // SAFETY: all three have n elements; each is read and then written, by one thread, so that dx may be dy.
        unsafe { self.launch(&BACKWARD, grid, &[&dx, &dy, &saved, &(n as i64), &activation, &add]) }
    }
}
