//! Dropout on a GPU. y: =; dx: = or +=.

use super::{Backward, Forward, Kernel, Spec};
use crate::cuda::elementwise::check;
use crate::cuda::{Address, Cuda, Elem, Function, Grid, Source};
use crate::device::given_or_held;
use crate::error::Error;
use crate::rng::{GROUP, Key};

pub(crate) static SOURCE: Source = Source { name: "dropout", text: include_str!("kernel.cu") };
static DROPOUT: Function = Function { source: &SOURCE, name: "dropout" };

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, key } = args;
        drop_out(self, spec, batch, (&y, false), &x, key)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dy, key } = args;
        let dy = given_or_held(dy, dx.as_ref(), |dx| dx.held())?;
        let Some(dx) = &dx else { return Ok(()) };
        drop_out(self, spec, batch, (&dx.to, dx.add), &dy, key)
    }
}

/// to = or += from mask / (1 - p); `to` may be `from`
fn drop_out<E: Elem>(
    cuda: &Cuda<E>,
    spec: &Spec,
    batch: usize,
    (to, add): (&impl Address, bool),
    from: &impl Address,
    key: Key,
) -> Result<(), Error> {
    let n = batch * spec.len;
    check(to, n)?;
    check(from, n)?;
    let (dropped, scale) = spec.drawn();
    let (to, from, add) = (to.address(), from.address(), i32::from(add));
    // A thread has as many neighbouring blocks of random words as there are elements in 16 bytes.
    let threads = n.div_ceil(GROUP) * (GROUP / 4 / (16 / size_of::<E>()));
    cuda.gpu().drawn(&key, |draws| {
        // SAFETY: both have n elements, each read and then written, by one thread; seed and step stand where it is
        // said.
        unsafe {
            cuda.launch(
                &DROPOUT,
                Grid::with_stride(cuda.gpu(), threads),
                &[&to, &from, &(n as i64), &draws, &key.node, &dropped, &(scale as f32), &add],
            )
        }
    })
}
