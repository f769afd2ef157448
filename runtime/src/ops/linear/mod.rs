//! Linear: y = x W^T + b over the last axis, W [outputs, inputs] as in PyTorch.

use crate::device::{Device, ElemGrad, ParamGrad};
use crate::error::Error;
use crate::ops::activation::Activation;
use crate::ops::dropout::Mask;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Rows of a sample: the product of all axes but the last.
    pub rows: usize,
    /// Features read.
    pub inputs: usize,
    /// Features given.
    pub outputs: usize,
    /// The activation fused behind it, if one is: then `z` = activation(y).
    pub activation: Option<Activation>,
}

/// Elements of a type of two bytes in 64 bytes, a line of every layout.
const LINE: usize = 32;

impl Spec {
    /// Where the bias begins in `rounded`: at the first line of 64 bytes, of elements of two bytes, at or behind the
    /// end of the weight, which begins at 0. So both begin on lines.
    pub const fn rounded_bias(&self) -> usize {
        (self.outputs * self.inputs).next_multiple_of(LINE)
    }

    /// How many elements `rounded` has in forward, where activations are narrower than parameters: those up to the
    /// end of the bias, or of the weight if there is no bias. In backward it has the weight's alone, and none if `dx`
    /// is absent. `macros/src/ops/linear.rs` plans as many.
    pub const fn rounded_len(&self, bias: bool) -> usize {
        if bias { self.rounded_bias() + self.outputs } else { self.outputs * self.inputs }
    }
}

/// y = x W^T + b, z = activation(y), which is dropped out if there is a `mask`
pub struct Forward<'a, D: Device> {
    /// [batch, rows, outputs] =; absent if only the activation reads it.
    pub y: Option<D::ViewMut<'a, D::Elem>>,
    /// [batch, rows, outputs] =; present if and only if the spec names an activation.
    pub z: Option<D::ViewMut<'a, D::Elem>>,
    /// [batch, rows, inputs]
    pub x: D::View<'a, D::Elem>,
    /// [outputs, inputs]
    pub weight: D::View<'a, D::Param>,
    /// `[outputs]`
    pub bias: Option<D::View<'a, D::Param>>,
    /// Scratch for the weight, and the bias behind it, rounded to activations, which hold nothing before and after:
    /// [`Spec::rounded_len`] elements where activations are narrower than parameters, and none on other devices.
    pub rounded: D::ViewMut<'a, D::Elem>,
    /// By what z is dropped out, if it is: [`activation`](crate::ops::activation) says how. Absent without `z`.
    pub mask: Option<Mask>,
}

/// dx = dy W, dW = dy^T x, db = sum of dy over the rows. Each that is absent is not computed.
pub struct Backward<'a, D: Device> {
    /// [batch, rows, inputs] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// [outputs, inputs] = or +=
    pub dweight: Option<ParamGrad<'a, D>>,
    /// `[outputs]` = or +=; absent too where the [activation](crate::ops::activation) behind it gives it.
    pub dbias: Option<ParamGrad<'a, D>>,
    /// [batch, rows, outputs]
    pub dy: D::View<'a, D::Elem>,
    /// [batch, rows, inputs]; present if `dweight` is, unless `dx` holds it: then its `add` is false, and it is written
    /// when x is no longer read.
    pub x: Option<D::View<'a, D::Elem>>,
    /// [outputs, inputs]
    pub weight: D::View<'a, D::Param>,
    /// Scratch for the weight, rounded to activations, which `dx` needs: outputs * inputs elements where activations
    /// are narrower than parameters and `dx` is present, else none.
    pub rounded: D::ViewMut<'a, D::Elem>,
}

/// The kernels of Linear.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for `Linear`",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = x W^T + b, z = activation(y), dropped out if there is a mask
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = dy W, dW = dy^T x, db = sum of dy
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

/// That there is an activation to be dropped out, if there is a mask.
fn check_mask(activated: bool, mask: Option<Mask>) -> Result<(), Error> {
    match mask {
        Some(_) if !activated => {
            Err(Error::internal("Linear with a mask, and no activation to be dropped out"))
        }
        _ => Ok(()),
    }
}
