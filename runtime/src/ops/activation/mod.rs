//! Elementwise activations: y = f(x), which may be dropped out in the same call.

use super::dropout::Mask;
use crate::device::{Device, ElemGrad, ParamGrad};
use crate::error::Error;

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;

/// Which function. Those whose derivative is a function of y read y in backward, the others x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// max(x, 0); NaN stays NaN; the derivative at 0 is 0. Backward reads y.
    Relu,
    /// x Phi(x), Phi the normal distribution function. Backward reads x.
    Gelu,
    /// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Backward reads x.
    GeluTanh,
    /// x / (1 + exp(-x)). Backward reads x.
    Silu,
    /// 1 / (1 + exp(-x)). Backward reads y.
    Sigmoid,
    /// tanh x. Backward reads y.
    Tanh,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Relu, Self::Gelu, Self::GeluTanh, Self::Silu, Self::Sigmoid, Self::Tanh];
}

/// The shape of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Elements.
    pub len: usize,
    /// The function.
    pub activation: Activation,
}

/// y = f(x); with a `mask`, that is rounded to elements, and dropped out.
pub struct Forward<'a, D: Device> {
    /// [batch, len] =
    pub y: D::ViewMut<'a, D::Elem>,
    /// [batch, len]
    pub x: D::View<'a, D::Elem>,
    /// By what y is dropped out, if it is.
    pub mask: Option<Mask>,
}

/// dx = dy f'(x), db = sum of dx over rows; with a `mask`, dy is dropped out first, rounded to elements.
pub struct Backward<'a, D: Device> {
    /// [batch, len] = or +=
    pub dx: Option<ElemGrad<'a, D>>,
    /// `[outputs]` = or +=: the gradient of the bias of the layer that made x, whose rows have `outputs` elements: the
    /// sum over the rows of dx, rounded as it is written. If this is present, so is `dx`, whose `add` is false, as
    /// nothing else reads x; and batch * len is a multiple of `outputs`.
    pub dbias: Option<ParamGrad<'a, D>>,
    /// [batch, len]; `None`: `dx` holds it, and is overwritten. Then `dx` is there, and its `add` is false.
    pub dy: Option<D::View<'a, D::Elem>>,
    /// [batch, len]: x or y, as [`Activation`] says; with a `mask`, y as it is dropped out, which for `Relu` is as good: where
    /// nothing is left of a finite y, nothing is left of dy. `Sigmoid` and `Tanh` have no mask.
    pub saved: D::View<'a, D::Elem>,
    /// The one that forward was given, if it was.
    pub mask: Option<Mask>,
}

/// The kernels of the activations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no kernel for the activations (`Relu`, `Gelu`, `Silu`, `Sigmoid`, `Tanh`)",
    label = "this device cannot run this model"
)]
pub trait Kernel: Device {
    /// y = f(x), dropped out if there is a mask
    ///
    /// # Errors
    /// The device's own.
    fn forward(&self, spec: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error>;

    /// dx = dy f'(x), db = sum of dx
    ///
    /// # Errors
    /// The device's own.
    fn backward(&self, spec: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error>;
}

/// That what is saved is as good where it is dropped out, if it is.
pub(crate) fn check_dropped(activation: Activation, mask: Option<Mask>) -> Result<(), Error> {
    match (activation, mask) {
        (Activation::Sigmoid | Activation::Tanh, Some(_)) => {
            Err(Error::internal(format!("the gradient of {activation:?} of what is left of it")))
        }
        _ => Ok(()),
    }
}
