//! Activations on a GPU. y: =; dx: = or +=.

use super::{Activation, Backward, Forward, Kernel, Spec};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source};
use crate::device::given_or_held;
use crate::error::Error;

pub(crate) static SOURCE: Source = Source { name: "activation", text: include_str!("kernel.cu") };
static FORWARD: Function = Function { source: &SOURCE, name: "activation_forward" };
static BACKWARD: Function = Function { source: &SOURCE, name: "activation_backward" };

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
        let Backward { dx, dy, saved } = args;
        let dy = given_or_held(dy, dx.as_ref(), |dx| dx.held())?;
        let Some(dx) = &dx else { return Ok(()) };
        let n = batch * spec.len;
        check_lengths(&[(dx.len(), n), (dy.len(), n), (saved.len(), n)])?;
        let (add, activation) = (i32::from(dx.add), number(spec.activation));
        let (dx, dy, saved) = (dx.address(), dy.address(), saved.address());
        let grid = Grid::elementwise::<E>(self.gpu(), n);
        // SAFETY: all three have n elements; each is read and then written, by one thread, so that dx may be dy.
        unsafe { self.launch(&BACKWARD, grid, &[&dx, &dy, &saved, &(n as i64), &activation, &add]) }
    }
}
