//! Networks that are checked against an oracle: declared once, and run by tests that know nothing of
//! their inputs.

use std::collections::BTreeMap;

use remat::Error;
use remat::cpu::Cpu;
use remat::device::Real;
use remat::model::{Model, Workspace};
use remat::ndarray::{ArrayD, ArrayView, Dimension, IxDyn};
use remat::rng::{self, Key};

/// An input or a target.
pub struct Port {
    /// Its name.
    pub name: &'static str,
    /// Its axes, without the batch.
    pub dims: &'static [usize],
    /// For ids: they are below this.
    pub limit: Option<u32>,
}

/// What the ports of a network are given.
#[derive(Default)]
pub struct Data<E> {
    reals: BTreeMap<String, ArrayD<E>>,
    ids: BTreeMap<String, ArrayD<u32>>,
}

impl<E: Real> Data<E> {
    /// Normal numbers, and ids that are evenly drawn.
    pub fn random(ports: &[Port], batch: usize, seed: u64) -> Self {
        let mut data = Self { reals: BTreeMap::new(), ids: BTreeMap::new() };
        for (node, port) in (0..).zip(ports) {
            let key = Key { seed, step: 0, node };
            let shape: Vec<usize> = std::iter::once(batch).chain(port.dims.iter().copied()).collect();
            let each = 0..shape.iter().product::<usize>() as u64;
            match port.limit {
                Some(limit) => {
                    let id = |i| (rng::uniform(key, i) * f64::from(limit)) as u32;
                    data.add_ids(port.name, &shape, each.map(id).collect());
                }
                None => data.add_reals(
                    port.name,
                    &shape,
                    each.map(|i| E::from_f64(rng::normal(key, i))).collect(),
                ),
            }
        }
        data
    }

    /// Adds what a port declared `f32` is given.
    pub fn add_reals(&mut self, name: &str, shape: &[usize], numbers: Vec<E>) {
        let array = ArrayD::from_shape_vec(IxDyn(shape), numbers).expect("as many numbers as the shape has");
        self.reals.insert(name.to_owned(), array);
    }

    /// Adds what a port declared `u32` is given.
    pub fn add_ids(&mut self, name: &str, shape: &[usize], ids: Vec<u32>) {
        let array = ArrayD::from_shape_vec(IxDyn(shape), ids).expect("as many ids as the shape has");
        self.ids.insert(name.to_owned(), array);
    }

    /// What a port declared `f32` is given.
    pub fn reals<I: Dimension>(&self, name: &str) -> ArrayView<'_, E, I> {
        self.reals[name].view().into_dimensionality().expect("the axes of the port")
    }

    /// What a port declared `u32` is given.
    pub fn ids<I: Dimension>(&self, name: &str) -> ArrayView<'_, u32, I> {
        self.ids[name].view().into_dimensionality().expect("the axes of the port")
    }
}

/// A network that [`case!`](crate::case) declared, on the CPU.
pub trait Case: Model<Device = Cpu<Self::Elem>> {
    /// What it computes in.
    type Elem: Real;
    /// Its inputs, then its targets.
    const PORTS: &'static [Port];

    /// A model drawn from `seed`.
    ///
    /// # Errors
    /// The model's own.
    fn create(cpu: &Cpu<Self::Elem>, seed: u64) -> Result<Self, Error>;

    /// `forward_backward` of `data`, as the first call of a fresh model: the step counter decides what
    /// dropout draws, so it is set back.
    ///
    /// # Errors
    /// The model's own.
    fn train(&mut self, ws: &mut Workspace<Self>, data: &Data<Self::Elem>) -> Result<Self::Elem, Error>;

    /// `evaluate` of `data`.
    ///
    /// # Errors
    /// The model's own.
    fn loss(&self, ws: &mut Workspace<Self>, data: &Data<Self::Elem>) -> Result<Self::Elem, Error>;
}

/// Declares a network, and makes it a [`Case`] in f32 and in f64. Constants come first, then the ports,
/// inputs before targets; ids say what they are below. The braces hold what `model!` is given besides.
#[macro_export]
macro_rules! case {
    (
        $(#[$attr:meta])*
        $name:ident $([$($const:ident = $value:literal),*])?
        ($($role:ident $port:ident: $dtype:ident $([$($dim:expr),*])? $(< $limit:expr)?;)*)
        { $($layers:tt)* }
    ) => {
        ::remat::model! {
            $(#[$attr])*
            pub $name {
                $($(
                    #[allow(missing_docs)]
                    const $const = $value;
                )*)?
                $($role $port: $dtype $([$($dim),*])?;)*
                $($layers)*
            }
        }
        const _: () = {
            $($(
                #[allow(dead_code, reason = "not every net has a port of that many")]
                const $const: usize = $value;
            )*)?
            const PORTS: &[$crate::case::Port] = &[$($crate::case::Port {
                name: stringify!($port),
                dims: &[$($($dim),*)?],
                limit: $crate::limit!($($limit)?),
            }),*];
            $crate::case!(@impl f32, $name, $($port: $dtype),*);
            $crate::case!(@impl f64, $name, $($port: $dtype),*);
        };
    };
    (@impl $elem:ty, $name:ident, $($port:ident: $dtype:ident),*) => {
        impl $crate::case::Case for $name<::remat::Cpu<$elem>> {
            type Elem = $elem;
            const PORTS: &'static [$crate::case::Port] = PORTS;

            fn create(cpu: &::remat::Cpu<$elem>, seed: u64) -> Result<Self, ::remat::Error> {
                Self::new(cpu, seed)
            }

            fn train(
                &mut self,
                ws: &mut ::remat::model::Workspace<Self>,
                data: &$crate::case::Data<$elem>,
            ) -> Result<$elem, ::remat::Error> {
                ::remat::Model::core_mut(self).steps = 0;
                self.forward_backward(ws, $($crate::given!(data, $port, $dtype)),*)
            }

            fn loss(
                &self,
                ws: &mut ::remat::model::Workspace<Self>,
                data: &$crate::case::Data<$elem>,
            ) -> Result<$elem, ::remat::Error> {
                self.evaluate(ws, $($crate::given!(data, $port, $dtype)),*)
            }
        }
    };
}

/// The data of a port, by its type.
#[doc(hidden)]
#[macro_export]
macro_rules! given {
    ($data:ident, $port:ident, f32) => {
        $data.reals(stringify!($port))
    };
    ($data:ident, $port:ident, u32) => {
        $data.ids(stringify!($port))
    };
}

/// The limit of a port's ids, if it has ids.
#[doc(hidden)]
#[macro_export]
macro_rules! limit {
    () => {
        None
    };
    ($limit:expr) => {
        Some($limit as u32)
    };
}
