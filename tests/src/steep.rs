//! A network whose gradients fit in f32 and whose sums of them do not.

use remat::data::Arrays;
use remat::device::Device;
use remat::ndarray::{Array2, ArrayD};
use remat::ops::{linear, mse};
use remat::optim::Kernel;
use remat::prelude::*;

model! {
    /// The gradient of the lower layer is that of the loss times a weight that is huge.
    pub Steep {
        input x: f32[1];
        target y: f32[1];
        low: Linear(1);
        high: Linear(1, bias = false);
        loss: Mse <- (high, y);
    }
}

/// It, with an optimizer that changes nothing.
///
/// # Errors
/// The device's own.
pub fn steep<D>(device: &D) -> Result<(Steep<D>, Sgd<Steep<D>>), Error>
where
    D: Device<Param = f32> + Kernel + linear::Kernel + mse::Kernel,
{
    let mut net = Steep::new(device, 5)?;
    let opt = Sgd::new(&net, SgdConfig { lr: 0.0, ..Default::default() })?;
    for (path, value) in [("low.weight", 0.0), ("low.bias", 0.0), ("high.weight", 1e22)] {
        let shape = net.params().get(path)?.raw_dim();
        net.params_mut().set(path, ArrayD::from_elem(shape, value).view())?;
    }
    Ok((net, opt))
}

/// Inputs and targets.
type Given = (Array2<f32>, Array2<f32>);

/// So many samples, each of which makes a gradient of 2e38.
///
/// # Errors
/// None: they are as many targets as inputs.
pub fn samples(count: usize) -> Result<Arrays<Given>, Error> {
    Arrays::new((Array2::zeros((count, 1)), Array2::from_elem((count, 1), 1e16)))
}
