//! What `store = bf16 | f16` adds to a model: a value is stored rounded, and loaded again where it is read.
//!
//! Neither is a layer of the language, and neither has a backward: gradients pass as they are.

use super::{Field, Resolved, SpecValue};
use crate::graph::Shape;
use crate::plan::problem::Class;

/// How a rounded value is held: two bytes an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    /// 8 bits of exponent as f32 has, 8 of significand.
    Bf16,
    /// IEEE 754 binary16: 5 bits of exponent, 11 of significand.
    F16,
}

impl Format {
    /// Every one.
    pub(crate) const ALL: [Self; 2] = [Self::Bf16, Self::F16];

    /// Its name in the language.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }

    /// The runtime's, under `remat::ops`.
    fn path(self) -> &'static str {
        match self {
            Self::Bf16 => "store::Format::Bf16",
            Self::F16 => "store::Format::F16",
        }
    }

    /// Stores a value of this shape.
    pub(crate) fn store(self, shape: &Shape) -> Resolved {
        self.resolved("store", Shape { class: Class::Half, ..shape.clone() })
    }

    /// Loads a value of this shape.
    pub(crate) fn load(self, shape: &Shape) -> Resolved {
        self.resolved("load", shape.clone())
    }

    fn resolved(self, module: &'static str, output: Shape) -> Resolved {
        Resolved {
            spec: vec![("len", SpecValue::Int(output.len())), ("format", SpecValue::Path(self.path()))],
            forward: vec![Field::Out("y"), Field::In("x", 0)],
            ..Resolved::new(module, output)
        }
    }
}
