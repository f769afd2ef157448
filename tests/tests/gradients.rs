//! Every gradient, element by element, against central differences of the loss in f64: of every layer
//! with every combination of its arguments, and of whole networks.
//!
//! The counter that dropout draws from is set back before each call, so that all losses of a network are
//! taken under the same mask (see [`Case::train`]).

use remat::Cpu;
use remat_tests::case::{Case, Data};
use remat_tests::differences::{Checked, check};
use remat_tests::{every_op, nets, ops};

/// A network of `C` has the gradients that its losses say, everywhere.
fn smooth<C: Case<Elem = f64>>() {
    let Checked { elements, kinks } = check::<C>(1);
    assert!(elements > 0);
    assert_eq!(kinks, 0, "{} has no kinks", C::NAME);
}

/// The same for a network with `Relu`: a few elements have a kink within the step.
fn kinked<C: Case<Elem = f64>>(few: usize) {
    let Checked { elements, kinks } = check::<C>(1);
    assert!(elements > 20 * few);
    assert!(kinks <= few, "{} of {elements} elements of {} are near a kink", kinks, C::NAME);
}

/// A test for each layer. `Beside` is declared where `Alone` shows the form `[…] to […]`.
macro_rules! test_each {
    ($($name:ident { $($op:tt)* })*) => {
        $(#[test]
        fn $name() {
            smooth::<ops::$name::Alone<Cpu<f64>>>();
            beside!($name $($op)*);
        })*
    };
}

macro_rules! beside {
    ($name:ident [$($from:tt)*] to $($rest:tt)*) => { smooth::<ops::$name::Beside<Cpu<f64>>>() };
    ($($other:tt)*) => {};
}

mod layers {
    use super::*;
    every_op!(test_each);
}

mod networks {
    use super::*;

    #[test]
    fn mlp() {
        kinked::<nets::Mlp<Cpu<f64>>>(2);
    }

    #[test]
    fn gpt() {
        smooth::<nets::Gpt<Cpu<f64>>>();
    }

    #[test]
    fn gpt_with_dropout() {
        smooth::<nets::GptWithDropout<Cpu<f64>>>();
    }

    #[test]
    fn translator() {
        smooth::<nets::Translator<Cpu<f64>>>();
    }

    #[test]
    fn vit() {
        smooth::<nets::Vit<Cpu<f64>>>();
    }

    #[test]
    fn dag() {
        smooth::<nets::Dag<Cpu<f64>>>();
    }

    #[test]
    fn multi_loss() {
        smooth::<nets::MultiLoss<Cpu<f64>>>();
    }

    #[test]
    fn mixer() {
        smooth::<nets::Mixer<Cpu<f64>>>();
    }

    #[test]
    fn recurrent() {
        smooth::<nets::Recurrent<Cpu<f64>>>();
    }

    #[test]
    fn pyramid() {
        kinked::<nets::Pyramid<Cpu<f64>>>(2);
    }

    #[test]
    fn frozen() {
        kinked::<nets::Frozen<Cpu<f64>>>(2);
    }

    #[test]
    fn softmaxes() {
        smooth::<nets::Softmaxes<Cpu<f64>>>();
    }

    #[test]
    fn siamese() {
        smooth::<nets::Siamese<Cpu<f64>>>();
    }

    #[test]
    fn distill() {
        smooth::<nets::Distill<Cpu<f64>>>();
    }

    #[test]
    fn nested() {
        smooth::<nets::Nested<Cpu<f64>>>();
    }
}
