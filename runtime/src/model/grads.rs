//! Gradients, by name: `ws.grads()` and `ws.grads_mut()`.

use std::fmt;

use ndarray::{ArrayD, ArrayViewD};

use crate::cpu::Cpu;
use crate::device::{Device, Real, Span};
use crate::error::Error;
use crate::model::frame::gradient_start;
use crate::model::params::{Param, download, look, shapes};
use crate::model::{Model, ParamSpec, Workspace, names};
use crate::optim::Kernel;
use crate::tables::Numbers;

impl<M: Model> Workspace<M> {
    /// The gradients that the last training call left; zeros before the first.
    pub fn grads(&self) -> Grads<'_, M> {
        Grads { device: &self.device, arena: self.training.then_some(&self.arena) }
    }

    /// The gradients, to clip, scale, or add others to.
    pub fn grads_mut(&mut self) -> GradsMut<'_, M> {
        GradsMut { device: &self.device, arena: self.training.then_some(&mut self.arena) }
    }
}

/// Gradients, to read: those in a workspace, or a sum of several batches'.
pub struct Grads<'a, M: Model> {
    pub(super) device: &'a M::Device,
    /// What holds them, from its start; nothing in a workspace for inference.
    pub(super) arena: Option<&'a <M::Device as Device>::Buf>,
}

impl<M: Model> Clone for Grads<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Model> Copy for Grads<'_, M> {}

/// Names and shapes, no numbers.
impl<M: Model> fmt::Debug for Grads<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes = shapes(|| trained::<M>().map(|(_, spec, _)| spec));
        f.debug_struct("Grads").field("model", &M::NAME).field("shapes", &shapes).finish()
    }
}

impl<'a, M: Model> Grads<'a, M> {
    /// A copy of the gradient of the parameter of this name; an alias gives the gradient of the
    /// parameter it stands for, summed over its uses.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the nearest names, [`Error::Argument`] if the parameter is frozen,
    /// [`Error::InferenceWorkspace`]; the device's own.
    pub fn get(&self, name: &str) -> Result<ArrayD<Param<M>>, Error> {
        let (spec, span) = place::<M>(name)?;
        download(self.device, self.buffer()?, span, spec)
    }

    /// The gradient of every trained parameter with its path, copied when its turn comes, in order of
    /// declaration. An item is an error where there are no gradients or the device can't be read.
    pub fn iter(&self) -> impl Iterator<Item = Result<(&'static str, ArrayD<Param<M>>), Error>> + use<'a, M> {
        let grads = *self;
        trained::<M>()
            .map(move |(_, spec, span)| Ok((spec.path, download(grads.device, grads.buffer()?, span, spec)?)))
    }

    /// Where the gradients are.
    pub(crate) fn device(&self) -> &'a M::Device {
        self.device
    }

    /// What holds the gradients.
    pub(crate) fn buffer(&self) -> Result<&'a <M::Device as Device>::Buf, Error> {
        self.arena.ok_or(NONE)
    }
}

impl<'a, M: Model<Device = Cpu<E>>, E: Real> Grads<'a, M> {
    /// The gradient of the parameter of this name where it lies, without a copy.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn view(&self, name: &str) -> Result<ArrayViewD<'a, E>, Error> {
        let (spec, span) = place::<M>(name)?;
        look(self.buffer()?, span, spec)
    }
}

/// [`Grads`], to change.
pub struct GradsMut<'a, M: Model> {
    pub(super) device: &'a M::Device,
    /// As that of [`Grads`].
    pub(super) arena: Option<&'a mut <M::Device as Device>::Buf>,
}

/// As [`Grads`].
impl<M: Model> fmt::Debug for GradsMut<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes = shapes(|| trained::<M>().map(|(_, spec, _)| spec));
        f.debug_struct("GradsMut").field("model", &M::NAME).field("shapes", &shapes).finish()
    }
}

impl<M: Model<Device: Kernel>> GradsMut<'_, M> {
    /// Multiplies every element, as when the gradients of several batches are averaged.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `factor` is finite, [`Error::InferenceWorkspace`]; the device's own.
    pub fn scale(&mut self, factor: f64) -> Result<(), Error> {
        if !factor.is_finite() {
            return Err(Error::argument("factor", "a finite number", factor));
        }
        let (device, arena) = self.whole()?;
        device.scale(arena, &mut spans::<M>(), factor)
    }

    /// Adds other gradients of the same model, element by element.
    ///
    /// # Errors
    /// [`Error::InferenceWorkspace`] for either's workspace; the device's own.
    pub fn add(&mut self, other: &Grads<'_, M>) -> Result<(), Error> {
        let from = other.buffer()?;
        let (device, arena) = self.whole()?;
        device.add(arena, from, &mut spans::<M>())
    }

    /// What holds them, and where that is.
    #[allow(clippy::type_complexity)]
    pub(crate) fn whole(&mut self) -> Result<(&M::Device, &mut <M::Device as Device>::Buf), Error> {
        Ok((self.device, self.arena.as_deref_mut().ok_or(NONE)?))
    }
}

/// Where the gradients are in a workspace.
pub(crate) fn spans<M: Model>() -> impl Iterator<Item = Span> + Clone {
    trained::<M>().map(|(.., span)| span)
}

/// The trained parameters with their index, and where their gradients are in a workspace.
pub(crate) fn trained<M: Model>() -> impl Iterator<Item = (usize, &'static ParamSpec, Span)> + Clone {
    places::<M::Device>(M::PLAN.gradients, M::PARAMS)
}

/// The same of these parameters, whose gradients start at these lines.
pub(super) fn places<D: Device>(
    starts: Numbers,
    params: &[ParamSpec],
) -> impl Iterator<Item = (usize, &ParamSpec, Span)> + Clone {
    params.iter().enumerate().filter_map(move |(index, spec)| {
        let start = gradient_start::<D>(starts, index)?;
        Some((index, spec, Span::of::<D::Param>(start, spec.elements())))
    })
}

fn place<M: Model>(name: &str) -> Result<(&'static ParamSpec, Span), Error> {
    let index = names::find(M::PARAMS, name)?;
    let place = trained::<M>().find(|&(i, ..)| i == index).map(|(_, spec, span)| (spec, span));
    place.ok_or_else(|| Error::argument(name, "a parameter that is trained", "frozen"))
}

/// There are no gradients.
const NONE: Error = Error::InferenceWorkspace { call: "grads" };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::toy::Toy;

    fn toy() -> (Toy, Workspace<Toy>) {
        let toy = Toy::new(&Cpu::with_threads(2).unwrap(), 7).unwrap();
        let ws = toy.workspace(true).unwrap();
        (toy, ws)
    }

    /// A workspace whose gradients are 1, 2, 3, … in order of declaration.
    fn counted() -> Workspace<Toy> {
        let mut ws = toy().1;
        let mut count = 0.0;
        let next = || {
            count += 1.0;
            count
        };
        Toy::set_grads(&mut ws, next).unwrap();
        ws
    }

    fn numbers<M: Model>(ws: &Workspace<M>) -> Vec<f64> {
        let grads: Vec<_> = ws.grads().iter().collect::<Result<_, _>>().unwrap();
        grads.iter().flat_map(|(_, grad)| grad.iter().map(|x| x.to_f64())).collect()
    }

    /// The bits of the whole workspace but its gradients.
    fn around(ws: &Workspace<Toy>) -> Vec<u8> {
        let all = Span { start: 0, bytes: Toy::<Cpu>::ARENA };
        let bytes = Cpu::<f32>::view::<u8>(ws.arena.region(all).unwrap()).to_vec();
        let inside = |i: &usize| trained::<Toy>().any(|(.., s)| (s.start..s.end()).contains(i));
        (0..bytes.len()).filter(|i| !inside(i)).map(|i| bytes[i]).collect()
    }

    #[test]
    fn gradients_come_by_name_by_alias_and_in_order_without_the_frozen() {
        let ws = counted();
        let grads = ws.grads();
        let shapes: Vec<_> = grads.iter().map(|g| g.map(|(n, a)| (n, a.shape().to_vec())).unwrap()).collect();
        assert_eq!(shapes, [("embed.weight", vec![3, 7]), ("norm.weight", vec![4]), ("fc.bias", vec![3])]);
        assert_eq!(grads.get("norm.weight").unwrap().as_slice().unwrap(), [22.0, 23.0, 24.0, 25.0]);
        assert_eq!(grads.view("head.weight").unwrap()[[2, 6]], 21.0);
        assert_eq!(numbers(&ws), (1..=28).map(f64::from).collect::<Vec<_>>());
    }

    #[test]
    fn a_frozen_parameter_an_unknown_one_and_an_inference_workspace_are_told_apart() {
        let (toy, mut ws) = toy();
        assert_eq!(
            ws.grads().get("stem.weight").unwrap_err().to_string(),
            "`stem.weight` must be a parameter that is trained but is frozen"
        );
        assert!(matches!(ws.grads().view("fc.bais"), Err(Error::UnknownName { .. })));
        let mut forward_only = toy.workspace(false).unwrap();
        let refused = Error::InferenceWorkspace { call: "grads" };
        assert_eq!(forward_only.grads().get("fc.bias").unwrap_err(), refused);
        assert_eq!(forward_only.grads().norm().unwrap_err(), refused);
        assert_eq!(forward_only.grads().iter().next().unwrap().unwrap_err(), refused);
        assert_eq!(forward_only.grads_mut().clip_norm(1.0).unwrap_err(), refused);
        assert_eq!(forward_only.grads_mut().scale(1.0).unwrap_err(), refused);
        assert_eq!(forward_only.grads_mut().add(&ws.grads()).unwrap_err(), refused);
        assert_eq!(ws.grads_mut().add(&forward_only.grads()).unwrap_err(), refused);
    }

    #[test]
    fn gradients_add_up_and_scale_where_they_are() {
        let (mut ws, other) = (counted(), counted());
        let line_after = around(&ws);
        ws.grads_mut().add(&other.grads()).unwrap();
        ws.grads_mut().scale(0.25).unwrap();
        assert_eq!(numbers(&ws), (1..=28).map(|i| f64::from(i) * 0.5).collect::<Vec<_>>());
        assert_eq!(numbers(&other), (1..=28).map(f64::from).collect::<Vec<_>>());
        assert_eq!(around(&ws), line_after, "nothing else in the workspace changes");
    }

    #[test]
    fn a_factor_that_is_not_finite_is_refused() {
        let mut ws = counted();
        let error = ws.grads_mut().scale(f64::INFINITY).unwrap_err();
        assert_eq!(error.to_string(), "`factor` must be a finite number but is inf");
        assert_eq!(numbers(&ws)[27], 28.0);
    }
}
