//! Rounding to two bytes on a GPU, and back. y: =.

use super::{Format, Forward, Kernel, Spec};
use crate::cuda::elementwise::check;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source};
use crate::error::Error;
use crate::ops::load;

pub(crate) static SOURCE: Source = Source { name: "store", text: include_str!("kernel.cu") };
static STORE: Function = Function { source: &SOURCE, name: "store_forward" };
static LOAD: Function = Function { source: &SOURCE, name: "load_forward" };

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        convert(self, &STORE, spec, batch, &args.y, &args.x)
    }
}

impl<E: Elem> load::Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: load::Forward<'_, Self>) -> Result<(), Error> {
        convert(self, &LOAD, spec, batch, &args.y, &args.x)
    }
}

fn convert<E: Elem>(
    cuda: &Cuda<E>,
    function: &Function,
    spec: &Spec,
    batch: usize,
    to: &impl Address,
    from: &impl Address,
) -> Result<(), Error> {
    let n = batch * spec.len;
    check(to, n)?;
    check(from, n)?;
    let (to, from, f16) = (to.address(), from.address(), i32::from(spec.format == Format::F16));
    // SAFETY: both have n elements.
    unsafe { cuda.launch(function, Grid::elementwise::<E>(cuda.gpu(), n), &[&to, &from, &(n as i64), &f16]) }
}
