//! Workspaces, and the checks that every call makes before it changes anything.

use std::fmt;

use ndarray::{ArrayView, Dimension};

use super::{Core, Frame, Model, Workspace};
use crate::device::{Device, Real, fill};
use crate::error::Error;
use crate::plan::{Plan, Program};

/// Which program a call runs.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Loss and gradients.
    Train,
    /// The loss in evaluation mode.
    Evaluate,
    /// The outputs in evaluation mode.
    Forward,
}

impl Call {
    /// The method that is called, and its program.
    fn of(self, plan: &'static Plan) -> (&'static str, &'static Program) {
        match self {
            Self::Train => ("forward_backward", &plan.train),
            Self::Evaluate => ("evaluate", &plan.evaluate),
            Self::Forward => ("forward", &plan.forward),
        }
    }
}

impl<M: Model> fmt::Debug for Workspace<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace")
            .field("model", &M::NAME)
            .field("capacity", &self.capacity)
            .field("bytes", &self.bytes)
            .field("training", &self.training)
            .finish_non_exhaustive()
    }
}

impl<M: Model> Workspace<M> {
    pub(crate) fn new(model: &M, capacity: usize, training: bool) -> Result<Self, Error> {
        if capacity == 0 {
            return Err(Error::BatchSize { capacity: usize::MAX, found: 0 });
        }
        let plan = &M::PLAN;
        let programs: &[&Program] = if training { &[&plan.train, &plan.evaluate] } else { &[&plan.forward] };
        let gradients = if training { plan.gradient_bytes } else { 0 };
        let overflow = Error::Overflow { what: "the workspace", batch: capacity };
        let mut bytes = 0;
        for program in programs {
            let own = program.bytes.checked(capacity).and_then(|b| b.checked_add(gradients));
            bytes = bytes.max(own.ok_or_else(|| overflow.clone())?);
        }
        let device = model.core().device.clone();
        let arena = device.alloc(bytes).map_err(|error| error.wanted_for("the workspace"))?;
        let host_bytes = if training { plan.host.checked(capacity).ok_or(overflow)? } else { 0 };
        let host = device.host(host_bytes).map_err(|error| error.wanted_for("activations on the host"))?;
        let graphs = Default::default();
        Ok(Self { arena, capacity, device, training, bytes, host, trained: None, graphs, probe: None })
    }

    /// The most samples a call may bring.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The bytes it holds: `PLAN.peak_bytes(capacity)`, or `forward_peak_bytes` for inference.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes it holds in the memory of the host beside these: `PLAN.host_bytes(capacity)`.
    pub fn host_bytes(&self) -> usize {
        if self.training { const { &M::PLAN }.host_bytes(self.capacity) } else { 0 }
    }

    /// Checks what a call asks for, and sets its program up.
    #[doc(hidden)]
    pub fn begin<'a>(
        &'a mut self,
        model: &'a M,
        call: Call,
        batch: usize,
    ) -> Result<Frame<'a, M::Device>, Error> {
        let plan = const { &M::PLAN };
        let (name, program) = call.of(plan);
        if !self.training && call != Call::Forward {
            return Err(Error::InferenceWorkspace { call: name });
        }
        if batch == 0 || batch > self.capacity {
            return Err(Error::BatchSize { capacity: self.capacity, found: batch });
        }
        let fixed_start = self.fixed_start();
        let bytes = program.bytes.at(batch).saturating_add(fixed_start);
        if bytes > self.bytes {
            let left = self.bytes.saturating_sub(fixed_start + program.bytes.fixed);
            let most = left / program.bytes.per_sample.max(1);
            return Err(Error::Room { call: name, batch, bytes, room: self.bytes, most });
        }
        self.trained = None;
        if let Some(probe) = &mut self.probe {
            probe.begin();
        }
        let core = model.core();
        Ok(self.frame(&core.device, core, call, batch))
    }

    /// Where the fixed buffers of programs start: behind the gradients of parameters, if it holds any.
    fn fixed_start(&self) -> usize {
        if self.training { const { &M::PLAN }.gradient_bytes } else { 0 }
    }

    /// A program at a batch that there is room for.
    pub(super) fn frame<'a>(
        &'a mut self,
        device: &'a M::Device,
        core: &'a Core<M::Device>,
        call: Call,
        batch: usize,
    ) -> Frame<'a, M::Device> {
        let plan = const { &M::PLAN };
        let ((_, program), fixed_start) = (call.of(plan), self.fixed_start());
        let probe = self.probe.as_mut();
        Frame {
            device,
            arena: &mut self.arena,
            params: &core.params,
            batch,
            seed: core.seed,
            step: core.steps,
            program,
            gradients: plan.gradients,
            fixed_start,
            sample_start: fixed_start + program.bytes.fixed,
            host: &mut self.host,
            graphs: probe.is_none().then_some(&mut self.graphs),
            probe,
        }
    }
}

impl<D: Device> Frame<'_, D> {
    /// Copies an input declared `f32`.
    pub fn upload_elems<I: Dimension>(
        &mut self,
        buffer: u32,
        from: ArrayView<'_, D::Scalar, I>,
    ) -> Result<(), Error> {
        let span = self.sample::<D::Elem>(buffer, from.len() / self.batch);
        let ([], [to]) = D::split(self.arena, [], [span])?;
        self.device.upload_elems(D::view_mut(to), from)?;
        self.filled()
    }

    /// Copies an input declared `u32`.
    pub fn upload_ids<I: Dimension>(
        &mut self,
        buffer: u32,
        from: ArrayView<'_, u32, I>,
    ) -> Result<(), Error> {
        let span = self.sample::<u32>(buffer, from.len() / self.batch);
        let ([], [to]) = D::split(self.arena, [], [span])?;
        self.device.upload(D::view_mut::<u32>(to), from)?;
        self.filled()
    }

    /// The gradient of the loss with respect to itself: 1.
    pub fn seed_gradient(&mut self, buffer: u32) -> Result<(), Error> {
        let span = self.fixed::<D::Scalar>(buffer, 1);
        fill(self.device, self.arena, span, D::Scalar::from_f64(1.0))
    }

    /// The gradient of a parameter of `len` elements that the loss does not depend on: 0.
    pub fn clear_gradient(&mut self, param: u32, len: usize) -> Result<(), Error> {
        let span = self.gradient(param, len);
        fill(self.device, self.arena, span, D::Param::default())
    }

    /// The loss, once everything before it has run.
    pub fn loss(&mut self, buffer: u32) -> Result<D::Scalar, Error> {
        let mut loss = [D::Scalar::default()];
        let span = self.scalar(buffer);
        let region = D::region(self.arena, span)?;
        self.device.download(&mut loss, D::view(region))?;
        Ok(loss[0])
    }
}

/// The batch of an array whose other axes must be `dims`.
#[doc(hidden)]
pub fn check_shape(name: &'static str, shape: &[usize], dims: &[usize]) -> Result<usize, Error> {
    match shape.split_first() {
        Some((batch, rest)) if rest == dims => Ok(*batch),
        _ => {
            let axes: String = dims.iter().map(|d| format!(", {d}")).collect();
            Err(Error::Shape { name: name.into(), expected: format!("[batch{axes}]"), found: shape.to_vec() })
        }
    }
}

/// All arrays must hold as many samples as the first.
#[doc(hidden)]
pub fn check_batch(name: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Batch { name: name.into(), expected, found }) }
}

/// The index, on each axis, of the first element that `is`, which there is.
fn position<I: Dimension>(array: &ArrayView<'_, u32, I>, is: impl Fn(&u32) -> bool) -> Vec<usize> {
    let mut left = array.iter().position(is).unwrap_or_default();
    let mut index = vec![0; array.ndim()];
    for (index, &len) in index.iter_mut().zip(array.shape()).rev() {
        (left, *index) = (left / len.max(1), left % len.max(1));
    }
    index
}

/// Every id below `limit`, or the ignored one; not all of them ignored.
#[doc(hidden)]
pub fn check_ids<I: Dimension>(
    name: &'static str,
    ids: ArrayView<'_, u32, I>,
    limit: usize,
    ignore: Option<u32>,
) -> Result<(), Error> {
    let mut counted = ids.is_empty();
    for &found in &ids {
        if Some(found) == ignore {
            continue;
        }
        if found as usize >= limit {
            let wrong = |id: &u32| *id as usize >= limit && Some(*id) != ignore;
            let index = position(&ids, wrong);
            return Err(Error::IdOutOfRange { name: name.into(), index, limit, found });
        }
        counted = true;
    }
    match ignore {
        Some(ignore_index) if !counted => Err(Error::AllIgnored { name: name.into(), ignore_index }),
        _ => Ok(()),
    }
}
