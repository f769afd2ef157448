//! What the arrays of a kernel's test are: there or not, written or added to.

use crate::devices::{Elems, Single, elems, normal, unwritten};
use remat::device::{Device, Element, Grad};

/// Lengths of rows: of 1, of no whole number of 16 bytes, of a warp's, and of a block's, of more than it takes at once.
pub const ROWS: [usize; 9] = [1, 3, 4, 31, 257, 1024, 1025, 4100, 2051];

/// Which of the optional arrays are there, and whether gradients are added to.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The first of two.
    pub first: bool,
    /// The other.
    pub second: bool,
    /// Gradients are added to.
    pub add: bool,
}

/// All are there, each alone, and none.
pub const FORMS: [Form; 4] = [
    Form { first: true, second: true, add: false },
    Form { first: true, second: false, add: true },
    Form { first: false, second: true, add: true },
    Form { first: false, second: false, add: false },
];

/// What stands where a gradient goes: NaN, which it is written over, or what it is added to.
pub fn before(add: bool, which: u32, n: usize) -> Vec<f32> {
    if add { normal(which, n) } else { unwritten(n) }
}

/// The same of elements.
pub fn elems_before(add: bool, which: u32, n: usize) -> Elems {
    elems(before(add, which, n))
}

/// An array, if it is there.
pub fn view<D: Single, T: Element>(region: D::Region<'_>, there: bool) -> Option<D::View<'_, T>> {
    there.then(|| D::view(region))
}

/// An array to write, if it is there.
pub fn place<D: Single, T: Element>(region: D::RegionMut<'_>, there: bool) -> Option<D::ViewMut<'_, T>> {
    there.then(|| D::view_mut(region))
}

type To<'a, D, T> = Grad<<D as Device>::ViewMut<'a, T>>;

/// A gradient, if it is there.
pub fn grad<D: Single, T: Element>(region: D::RegionMut<'_>, there: bool, add: bool) -> Option<To<'_, D, T>> {
    there.then(|| Grad { to: D::view_mut(region), add })
}
