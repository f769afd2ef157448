//! The parameters of a model, by name: `model.params()` and `model.params_mut()`.

use std::fmt;

use ndarray::{ArrayD, ArrayView, ArrayViewD, Dimension, IxDyn};

use crate::cpu::Cpu;
use crate::device::{Device, Real, Span};
use crate::error::Error;
use crate::model::{Core, Model, ParamSpec, names};

/// The type of a model's parameters and gradients.
pub(crate) type Param<M> = <<M as Model>::Device as Device>::Param;

impl ParamSpec {
    /// How many numbers it has.
    pub(crate) fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Where it is among the parameters, each a `T`.
    pub(crate) fn span<T>(&self) -> Span {
        Span::of::<T>(self.offset * size_of::<T>(), self.elements())
    }
}

/// The parameters of a model, to read.
pub struct Params<'a, M: Model> {
    model: &'a M,
}

impl<M: Model> Clone for Params<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Model> Copy for Params<'_, M> {}

impl<'a, M: Model> Params<'a, M> {
    pub(crate) fn new(model: &'a M) -> Self {
        Self { model }
    }

    /// A copy of the parameter of this name; an alias gives the parameter it stands for.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the nearest names; the device's own.
    pub fn get(&self, name: &str) -> Result<ArrayD<Param<M>>, Error> {
        self.copy(&M::PARAMS[names::find(M::PARAMS, name)?])
    }

    /// Every parameter with its path, copied when its turn comes, in order of declaration; aliases are
    /// not repeated. An item is an error where the device can't be read.
    pub fn iter(&self) -> impl Iterator<Item = Result<(&'static str, ArrayD<Param<M>>), Error>> + use<'a, M> {
        let params = *self;
        M::PARAMS.iter().map(move |spec| Ok((spec.path, params.copy(spec)?)))
    }

    /// How many numbers the parameters are, tied ones counted once.
    pub fn count(&self) -> usize {
        M::PARAMS.iter().map(ParamSpec::elements).sum()
    }

    fn copy(&self, spec: &ParamSpec) -> Result<ArrayD<Param<M>>, Error> {
        let Core { device, params, .. } = self.model.core();
        download(device, params, spec.span::<Param<M>>(), spec)
    }
}

impl<'a, M: Model<Device = Cpu<E>>, E: Real> Params<'a, M> {
    /// The parameter of this name where it lies, without a copy.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn view(&self, name: &str) -> Result<ArrayViewD<'a, E>, Error> {
        let spec = &M::PARAMS[names::find(M::PARAMS, name)?];
        look(&self.model.core().params, spec.span::<E>(), spec)
    }
}

/// Names and shapes, no numbers.
impl<M: Model> fmt::Debug for Params<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes = shapes(|| M::PARAMS.iter());
        f.debug_struct("Params").field("model", &M::NAME).field("shapes", &shapes).finish()
    }
}

/// The name and the shape of each of `specs`, for a debugger.
pub(crate) fn shapes<I: Iterator<Item = &'static ParamSpec>>(specs: impl Fn() -> I) -> impl fmt::Debug {
    fmt::from_fn(move |f| f.debug_map().entries(specs().map(|spec| (spec.path, spec.shape))).finish())
}

/// The parameters of a model, to change.
pub struct ParamsMut<'a, M: Model> {
    model: &'a mut M,
}

/// As [`Params`].
impl<M: Model> fmt::Debug for ParamsMut<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shapes = shapes(|| M::PARAMS.iter());
        f.debug_struct("ParamsMut").field("model", &M::NAME).field("shapes", &shapes).finish()
    }
}

impl<'a, M: Model> ParamsMut<'a, M> {
    pub(crate) fn new(model: &'a mut M) -> Self {
        Self { model }
    }

    /// Sets the parameter of this name, or of this alias, to an array of any strides.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the nearest names, [`Error::Shape`]; the device's own.
    pub fn set<I: Dimension>(&mut self, name: &str, array: ArrayView<'_, Param<M>, I>) -> Result<(), Error> {
        let spec = &M::PARAMS[names::find(M::PARAMS, name)?];
        if array.shape() != spec.shape {
            return Err(Error::Shape {
                name: name.to_owned(),
                expected: format!("{:?}", spec.shape),
                found: array.shape().to_vec(),
            });
        }
        let Core { device, params, .. } = self.model.core_mut();
        let ([], [to]) = <M::Device as Device>::split(params, [], [spec.span::<Param<M>>()])?;
        device.upload(<M::Device as Device>::view_mut(to), array)
    }
}

/// A copy of a parameter, or of its gradient, that lies at `span`.
pub(crate) fn download<D: Device>(
    device: &D,
    buf: &D::Buf,
    span: Span,
    spec: &ParamSpec,
) -> Result<ArrayD<D::Param>, Error> {
    let mut numbers = vec![D::Param::default(); spec.elements()];
    device.download(&mut numbers, D::view(D::region(buf, span)?))?;
    ArrayD::from_shape_vec(IxDyn(spec.shape), numbers).map_err(|e| Error::internal(e.to_string()))
}

/// A parameter, or its gradient, that lies at `span` of host memory.
pub(crate) fn look<'a, E: Real>(
    buf: &'a <Cpu<E> as Device>::Buf,
    span: Span,
    spec: &ParamSpec,
) -> Result<ArrayViewD<'a, E>, Error> {
    let numbers = <Cpu<E>>::view::<E>(<Cpu<E>>::region(buf, span)?);
    ArrayViewD::from_shape(IxDyn(spec.shape), numbers).map_err(|e| Error::internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayD, Axis, array};

    use crate::cpu::Cpu;
    use crate::error::Error;
    use crate::model::Model;
    use crate::model::toy::Toy;

    fn toy() -> Toy {
        Toy::new(&Cpu::with_threads(1).unwrap(), 7).unwrap()
    }

    fn everything(toy: &Toy) -> Vec<(&'static str, ArrayD<f32>)> {
        toy.params().iter().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn parameters_come_in_order_of_declaration_and_tied_ones_once() {
        let shapes: Vec<_> = everything(&toy()).iter().map(|(n, a)| (*n, a.shape().to_vec())).collect();
        assert_eq!(
            shapes,
            [
                ("embed.weight", vec![3, 7]),
                ("stem.weight", vec![5, 2]),
                ("norm.weight", vec![4]),
                ("fc.bias", vec![3]),
            ]
        );
        assert_eq!(toy().params().count(), 21 + 10 + 4 + 3);
    }

    #[test]
    fn what_was_set_is_what_is_got_whatever_its_strides() {
        let mut toy = toy();
        let rows = Array2::from_shape_fn((3, 7), |(i, j)| (10 * i + j) as f32);
        let columns = Array2::from_shape_fn((7, 3), |(j, i)| (10 * i + j) as f32);
        for array in [rows.view(), columns.t()] {
            let before = everything(&toy);
            toy.params_mut().set("embed.weight", array).unwrap();
            assert_eq!(toy.params().get("embed.weight").unwrap(), rows.clone().into_dyn());
            assert_eq!(everything(&toy)[1..], before[1..], "the others stay");
        }
        let mut backwards = rows.view();
        backwards.invert_axis(Axis(1));
        toy.params_mut().set("embed.weight", backwards).unwrap();
        assert_eq!(toy.params().view("embed.weight").unwrap()[[2, 0]], 26.0);
    }

    #[test]
    fn an_alias_is_the_parameter_it_stands_for() {
        let mut toy = toy();
        toy.params_mut().set("head.weight", Array2::from_elem((3, 7), 0.5).view()).unwrap();
        assert!(toy.params().view("embed.weight").unwrap().iter().all(|&w| w == 0.5));
        assert_eq!(toy.params().get("head.weight"), toy.params().get("embed.weight"));
    }

    #[test]
    fn a_wrong_shape_is_refused_and_changes_nothing() {
        let mut toy = toy();
        let before = everything(&toy);
        let error = toy.params_mut().set("norm.weight", array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap_err();
        assert_eq!(error.to_string(), "`norm.weight` must have shape [4] but has [2, 2]");
        assert_eq!(everything(&toy), before);
    }

    #[test]
    fn an_unknown_name_names_the_nearest() {
        let mut toy = toy();
        let error = toy.params().get("embd.weight").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("there is no parameter `embd.weight` -- did you mean `embed.weight`")
        );
        let error = toy.params_mut().set("fc.bais", array![0.0, 0.0, 0.0].view()).unwrap_err();
        assert!(matches!(error, Error::UnknownName { nearest, .. } if nearest == ["fc.bias"]));
        assert!(toy.params().view("").is_err());
    }
}
