//! Programs that may come again, what they are part of, and what they tell.

use super::{Device, Real};
use crate::error::Error;

/// A program of a workspace that may come again: what tells it from the others, and this run from those before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeat {
    /// Which of the model's.
    pub id: usize,
    /// Samples.
    pub batch: usize,
    /// What its random layers draw from; differs from run to run.
    pub seed: u64,
    /// Training calls before this one; differs from run to run.
    pub step: u64,
}

/// What a device is given to do at once, for [`Device::repeat`]. Nothing in it waits for the device.
pub trait Work<D: Device> {
    /// What [`program`](Self::program) reads beside the workspace, and does not write.
    fn params(&self) -> &D::Buf;

    /// The program. It copies nothing to or from the host but by [`Device::copy_out`] and [`Device::copy_back`], and in
    /// what it gives to the device nothing differs from run to run but what random layers draw.
    ///
    /// # Errors
    /// Those of what it calls.
    fn program(&mut self, device: &D) -> Result<(), Error>;

    /// Makes good what a run of the program has begun that came to nothing, before it runs anew.
    ///
    /// # Errors
    /// The device's own.
    fn given_up(&mut self, device: &D) -> Result<(), Error> {
        let _ = device;
        Ok(())
    }

    /// What follows on the program, by the kernels of [`optim`](crate::optim) alone. A device that keeps programs calls it
    /// each time, to learn what differs, and may call it again to have it done: it changes nothing but by these kernels.
    ///
    /// # Errors
    /// Those of what it calls.
    fn after(&mut self, device: &D, report: &mut Report) -> Result<(), Error> {
        let _ = (device, report);
        Ok(())
    }
}

/// What a training step has come to, as far as it has been measured: all of it is 0 before.
///
/// A device that runs behind the host has these numbers to itself until [`Device::repeat`] ends; what depends on them is
/// decided there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// The loss.
    pub loss: f64,
    /// The norm of the gradients of the batch, before they were clipped.
    pub norm: f64,
    /// The norm of a sum of gradients of several batches, before it was clipped.
    pub norm_of_sum: f64,
    /// What brings the gradients measured last to their limit, multiplied one after another.
    pub(crate) factors: [f64; 3],
}

impl Default for Report {
    fn default() -> Self {
        Self { loss: 0.0, norm: 0.0, norm_of_sum: 0.0, factors: [1.0; 3] }
    }
}

impl Report {
    /// Whether all of it is: a step of which something is not changes no parameter.
    pub fn is_finite(&self) -> bool {
        [self.loss, self.norm, self.norm_of_sum].into_iter().all(f64::is_finite)
    }

    /// The loss as the device has it.
    #[doc(hidden)]
    pub fn loss<T: Real>(&self) -> T {
        T::from_f64(self.loss)
    }
}
