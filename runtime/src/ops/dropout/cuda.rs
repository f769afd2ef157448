//! Dropout on a GPU. y: =; dx, db: = or +=.

use super::{Backward, Forward, Kernel, Mask, Spec, without_mask};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::columns::{sum_columns, sum_columns_by, whole_warps};
use crate::cuda::{Address, Argument, Cuda, Elem, Function, Gpu, Grid, Source, View, ViewMut};
use crate::device::{check_summed, given_or_held};
use crate::error::Error;
use crate::rng::GROUP;

pub(crate) static SOURCE: Source = Source { name: "dropout", text: include_str!("kernel.cu") };
static APPLY: Function = Function { source: &SOURCE, name: "dropout_apply" };
static BACKWARD_SUMS: Function = Function { source: &SOURCE, name: "dropout_backward_sums" };

/// What a mask is drawn from, as in `mask.cuh`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drawn {
    /// Where seed and step stand; 0 if nothing is dropped.
    draws: u64,
    node: u32,
    dropped: u32,
    scale: f32,
    unused: u32,
}

// SAFETY: a word of 8 bytes, and behind it four of 4: there is no gap.
unsafe impl Argument for Drawn {}

impl Drawn {
    /// Calls `launch` with what `mask` is drawn from, for kernels that it launches.
    pub(crate) fn with(
        gpu: &Gpu,
        mask: Option<Mask>,
        launch: impl FnOnce(Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(mask) = mask else { return launch(Self::default()) };
        let ((dropped, scale), node) = (mask.drawn(), mask.key.node);
        gpu.drawn(&mask.key, |draws| launch(Self { draws, node, dropped, scale: scale as f32, unused: 0 }))
    }

    /// Whether lanes can draw for each other which elements are dropped of rows of `dim`, as in `mask.cuh`.
    pub(crate) fn is_of_rows(dim: usize) -> bool {
        dim.is_multiple_of(GROUP)
    }
}

impl<E: Elem> Kernel for Cuda<E> {
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, x, key } = args;
        drop_out(self, batch * spec.len, Mask { key, p: spec.p }, (&y, false), &x, None)
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dbias, dy, key } = args;
        let (n, mask) = (batch * spec.len, Mask { key, p: spec.p });
        let dy = given_or_held(dy, dx.as_ref(), |dx| dx.held())?;
        if let Some(dbias) = &dbias {
            check_summed(dx.as_ref().map(|dx| dx.add), n, dbias.len())?;
        }
        let Some(dx) = &dx else { return Ok(()) };
        check_lengths(&[(dx.len(), n), (dy.len(), n)])?;
        let sums = match dbias {
            // Lanes that sum draw for each other.
            Some(dbias) if whole_warps::<E>(dbias.len()) => {
                let (to, dy, rows) = (dx.address(), dy.address(), n / dbias.len());
                // SAFETY: both have n elements, which are rows as long as dbias; each is read and then written, by one
                // thread, so that dx may be dy. What is drawn from stands where it is said.
                return Drawn::with(self.gpu(), Some(mask), |drawn| unsafe {
                    sum_columns_by(self, &BACKWARD_SUMS, &[&to, &dy, &drawn], dbias, rows)
                });
            }
            sums => sums,
        };
        drop_out(self, n, mask, (&dx.to, dx.add), &dy, None)?;
        match sums {
            Some(dbias) => {
                let rows = n / dbias.len();
                // SAFETY: dx has n elements, which are rows as long as dbias.
                unsafe { sum_columns(self, dbias, dx.to.held(), rows) }
            }
            None => Ok(()),
        }
    }
}

/// Of kernels that drop out n elements one by one, as in `mask.cuh`: a thread has as many neighbouring blocks of random words
/// as there are elements in 16 bytes.
pub(crate) fn grid_of<E>(gpu: &Gpu, n: usize) -> Grid {
    Grid::with_stride(gpu, n.div_ceil(GROUP) * (GROUP / 4 / (16 / size_of::<E>())))
}

/// What an op reads first, if that is dropped out before it: then that is in `dropped`, or where nothing else reads it in
/// `y`, which may be `x`.
pub(crate) fn drop_out_first<'a, E: Elem>(
    cuda: &Cuda<E>,
    mask: Option<Mask>,
    y: &'a ViewMut<'_, E>,
    dropped: Option<&'a ViewMut<'_, E>>,
    x: View<'a, E>,
) -> Result<View<'a, E>, Error> {
    let Some(mask) = mask else { return if dropped.is_none() { Ok(x) } else { Err(without_mask()) } };
    let to = dropped.unwrap_or(y);
    drop_out(cuda, y.len(), mask, (to, false), &x, None)?;
    Ok(to.held())
}

/// to = or += from mask / (1 - p), n elements; with `plus`, to = that as it is stored + plus. `to` may be `from`.
pub(crate) fn drop_out<E: Elem>(
    cuda: &Cuda<E>,
    n: usize,
    mask: Mask,
    (to, add): (&impl Address, bool),
    from: &impl Address,
    plus: Option<&dyn Address>,
) -> Result<(), Error> {
    check_lengths(&[(to.len(), n), (from.len(), n), (plus.map_or(n, Address::len), n)])?;
    let (to, from, plus) = (to.address(), from.address(), plus.map_or(0, Address::address));
    let grid = grid_of::<E>(cuda.gpu(), n);
    // SAFETY: what is there has n elements, each read and then written, by one thread; seed and step stand where it is
    // said.
    Drawn::with(cuda.gpu(), Some(mask), |drawn| unsafe {
        cuda.launch(&APPLY, grid, &[&to, &from, &plus, &(n as i64), &drawn, &i32::from(add)])
    })
}
