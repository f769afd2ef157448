//! Outputs: activations of a workspace, copied or looked at.

use std::fmt;

use ndarray::{ArrayD, ArrayView1, ArrayViewD, Dimension, IxDyn};

use super::{Model, Workspace, names};
use crate::cpu::Cpu;
use crate::device::{Device, Real, Span};
use crate::error::Error;

/// What the generated code knows about an output.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutputSpec {
    /// The layer.
    pub name: &'static str,
    /// Its axes, without the batch.
    pub dims: &'static [usize],
    /// Its buffer after `forward`.
    pub forward: u32,
    /// Its buffer after `forward_backward`, if it is kept (`#[train] output`).
    pub train: Option<u32>,
}

/// An output of a model, in its workspace.
pub struct Output<'a, D: Device> {
    device: &'a D,
    values: D::View<'a, D::Elem>,
    batch: usize,
    dims: &'static [usize],
}

impl<'a, D: Device> Output<'a, D> {
    fn axes(&self) -> IxDyn {
        // Up to four axes take no memory of their own.
        let mut axes = IxDyn::zeros(1 + self.dims.len());
        axes[0] = self.batch;
        axes.slice_mut()[1..].copy_from_slice(self.dims);
        axes
    }

    /// How many samples it holds.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// A copy, [batch, …].
    ///
    /// # Errors
    /// The device's own.
    pub fn to_array(&self) -> Result<ArrayD<D::Scalar>, Error> {
        let mut numbers = vec![D::Scalar::default(); self.batch * self.dims.iter().product::<usize>()];
        self.device.download_elems(&mut numbers, self.values)?;
        ArrayD::from_shape_vec(self.axes(), numbers).map_err(|e| Error::internal(e.to_string()))
    }
}

impl<'a, E: Real> Output<'a, Cpu<E>> {
    /// The values where they lie, [batch, …].
    pub fn view(&self) -> ArrayViewD<'a, E> {
        let flat = ArrayView1::from(self.values);
        // A view of as many elements as its axes have always takes their shape.
        flat.into_shape_with_order(self.axes()).unwrap_or_else(|_| flat.into_dyn())
    }
}

impl<D: Device> fmt::Debug for Output<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("batch", &self.batch).field("dims", &self.dims).finish_non_exhaustive()
    }
}

impl<M: Model> Workspace<M> {
    /// Output `index` after `forward` of `batch` samples.
    #[doc(hidden)]
    pub fn forward_output(&self, batch: usize, index: usize) -> Result<Output<'_, M::Device>, Error> {
        let spec = M::OUTPUTS.get(index).ok_or_else(|| Error::internal("an output that there is not"))?;
        let gradients = if self.training { M::PLAN.gradient_bytes } else { 0 };
        self.locate(spec, spec.forward, &M::PLAN.forward, gradients, batch)
    }

    /// An output declared `#[train] output name;`, as the last `forward_backward` computed it.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if there is no such output; [`Error::NoOutput`] if the workspace does not
    /// hold it: `forward_backward` was not the last call, or the output is not kept in training.
    pub fn output(&self, name: &str) -> Result<Output<'_, M::Device>, Error> {
        let known = || M::OUTPUTS.iter().map(|o| o.name);
        let spec = M::OUTPUTS.iter().find(|o| o.name == name).ok_or_else(|| Error::UnknownName {
            what: "output",
            found: name.to_owned(),
            nearest: match names::nearest(name, known()) {
                near if near.is_empty() => known().map(str::to_owned).collect(),
                near => near,
            },
        })?;
        let missing = |why| Error::NoOutput { name: name.to_owned(), why };
        let buffer = spec
            .train
            .ok_or_else(|| missing("it is not kept in training -- declare it `#[train] output`"))?;
        let batch = self
            .trained
            .ok_or_else(|| missing("the last call in this workspace was not `forward_backward`"))?;
        self.locate(spec, buffer, &M::PLAN.train, M::PLAN.gradient_bytes, batch)
    }

    fn locate(
        &self,
        spec: &OutputSpec,
        buffer: u32,
        program: &crate::plan::Program,
        gradients: usize,
        batch: usize,
    ) -> Result<Output<'_, M::Device>, Error> {
        let line = program
            .buffers
            .get(2 * buffer as usize)
            .ok_or_else(|| Error::internal("an output without a buffer"))?;
        let start =
            gradients + program.bytes.fixed + line as usize * <M::Device as Device>::LAYOUT.line * batch;
        let len = batch * spec.dims.iter().product::<usize>();
        let span = Span::of::<<M::Device as Device>::Elem>(start, len);
        let values = M::Device::view(M::Device::region(&self.arena, span)?);
        Ok(Output { device: &self.device, values, batch, dims: spec.dims })
    }
}
