//! Linear on a GPU: three products, and sums of columns. y, z: =; dx, dW, db: = or +=.

use super::{Backward, Forward, Kernel, Spec, check_mask};
use crate::cpu::elementwise::check_lengths;
use crate::cuda::columns::sum_columns;
use crate::cuda::{Address, Argument, Cuda, Elem, Function, Grid, Product, Source, Start, View, ViewMut};
use crate::device::{Grad, given_or_held};
use crate::error::Error;
use crate::ops::activation::cuda::apply;

pub(crate) static SOURCE: Source = Source { name: "linear", text: include_str!("kernel.cu") };
static ROUND: Function = Function { source: &SOURCE, name: "linear_round" };

impl<E: Elem> Kernel for Cuda<E> {
    /// z is activated by a pass of its own, whether y is wanted or not: what cublasLt activates by itself may differ in
    /// its last bits, and a plan changes none.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let Forward { y, z, x, weight, bias, rounded, mask } = args;
        let (m, n, k) = (batch * spec.rows, spec.outputs, spec.inputs);
        check_lengths(&[(weight.len(), n * k)])?;
        for to in [&y, &z].into_iter().flatten() {
            check_lengths(&[(to.len(), m * n)])?;
        }
        let activated = match (&z, spec.activation) {
            (Some(z), Some(activation)) => Some((z.address(), activation)),
            (None, None) => None,
            (z, activation) => {
                let z = if z.is_some() { "an" } else { "no" };
                return Err(Error::internal(format!(
                    "Linear with {z} output for the activation {activation:?}"
                )));
            }
        };
        check_mask(activated.is_some(), mask)?;
        // What only the activation reads is activated where it is.
        let Some(mut y) = y.or(z) else { return Ok(()) };
        let [product, ..] = products(spec, m);
        let (weight, bias) = as_elems(self, spec, rounded, weight, bias)?;
        self.gpu().multiply(&product, Start::of_row(bias), &mut y, x, weight)?;
        let Some((z, activation)) = activated else { return Ok(()) };
        // SAFETY: both have m n elements.
        unsafe { apply(self, activation, z, y.address(), m * n, mask) }
    }

    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let Backward { dx, dweight, dbias, dy, x, weight, rounded } = args;
        let (rows, inputs, outputs) = (batch * spec.rows, spec.inputs, spec.outputs);
        check_lengths(&[(dy.len(), rows * outputs), (weight.len(), outputs * inputs)])?;
        let [_, of_x, of_weight] = products(spec, rows);
        if let Some(Grad { mut to, add }) = dweight {
            // `dx` takes the place of x when this has read it.
            let x = given_or_held(x, dx.as_ref(), |dx| dx.held())?;
            self.gpu().multiply(&of_weight, Start::of(add), &mut to, dy, x)?;
        }
        if let Some(dbias) = dbias {
            check_lengths(&[(dbias.len(), outputs)])?;
            // SAFETY: dbias has `outputs` elements, and dy `rows` times as many.
            unsafe { sum_columns(self, dbias, dy, rows) }?;
        }
        if let Some(Grad { mut to, add }) = dx {
            let (weight, _) = as_elems(self, spec, rounded, weight, None)?;
            self.gpu().multiply(&of_x, Start::of(add), &mut to, dy, weight)?;
        }
        Ok(())
    }
}

/// Of so many rows: x W^T, dy W, and dy^T x.
pub(crate) fn products(spec: &Spec, rows: usize) -> [Product; 3] {
    let Spec { inputs, outputs, .. } = *spec;
    let product =
        |[m, n, k]: [usize; 3], a_transposed, b_transposed| Product { m, n, k, a_transposed, b_transposed };
    [
        product([rows, outputs, inputs], false, true),
        product([rows, inputs, outputs], false, false),
        product([outputs, inputs, rows], true, false),
    ]
}

/// A weight and a bias as a product with elements takes them: as they are, or rounded into the room for that.
pub(crate) fn as_elems<'a, E: Elem>(
    cuda: &Cuda<E>,
    spec: &Spec,
    rounded: ViewMut<'a, E>,
    weight: View<'a, f32>,
    bias: Option<View<'a, f32>>,
) -> Result<(View<'a, E>, Option<View<'a, E>>), Error> {
    if let Some(weight) = E::of_params(weight) {
        return Ok((weight, bias.and_then(E::of_params)));
    }
    check_lengths(&[(rounded.len(), spec.rounded_len(bias.is_some()))])?;
    // Between the two there may be some that belong to neither.
    let (to_weight, to_bias) = match bias {
        Some(_) => rounded.split_at(spec.rounded_bias()).map(|(weight, bias)| (weight, Some(bias)))?,
        None => (rounded, None),
    };
    let (to_weight, _) = to_weight.split_at(weight.len())?;
    let (n, m) = (weight.len(), bias.map_or(0, |bias| bias.len()));
    check_lengths(&[(to_bias.as_ref().map_or(0, |to| to.len()), m)])?;
    let grid = Grid::elementwise::<E>(cuda.gpu(), n);
    // SAFETY: weights have n elements and biases m, which is 0 if there are none.
    unsafe {
        let to = [to_weight.address(), to_bias.address()];
        let arguments: [&dyn Argument; 6] =
            [&to[0], &weight.address(), &(n as i64), &to[1], &bias.address(), &(m as i64)];
        cuda.launch(&ROUND, grid, &arguments)?;
    }
    Ok((to_weight.into_view(), to_bias.map(|to| to.into_view())))
}
