//! Every gradient, element by element, against central differences of the loss in f64: of every layer
//! with every combination of its arguments, and of whole networks.
//!
//! The counter that dropout draws from is set back before each call, so that all losses of a network are
//! taken under the same mask (see `Case::train`).

use remat::Cpu;
use remat_tests::differences::check;
use remat_tests::{every_op, twice};

#[path = "nets/more.rs"]
mod more;
mod nets;

/// The seed of every network. No `Relu` is nearer to its kink than the step with it.
const SEED: u64 = 1;

/// A test for each layer.
macro_rules! test_each {
    ($($name:ident { $($op:tt)* })*) => {
        $(mod $name {
            use super::*;
            twice! { $($op)* }

            #[test]
            fn gradients() {
                check::<Net<Cpu<f64>>>(SEED);
            }
        })*
    };
}

mod layers {
    use super::*;
    every_op!(test_each);
}

mod networks {
    use super::*;

    #[test]
    fn mlp() {
        check::<nets::Mlp<Cpu<f64>>>(SEED);
    }

    #[test]
    fn gpt() {
        check::<nets::Gpt<Cpu<f64>>>(SEED);
    }

    #[test]
    fn translator() {
        check::<nets::Translator<Cpu<f64>>>(SEED);
    }

    #[test]
    fn vit() {
        check::<nets::Vit<Cpu<f64>>>(SEED);
    }

    #[test]
    fn dag() {
        check::<nets::Dag<Cpu<f64>>>(SEED);
    }

    #[test]
    fn multi_loss() {
        check::<nets::MultiLoss<Cpu<f64>>>(SEED);
    }

    #[test]
    fn mixer() {
        check::<nets::Mixer<Cpu<f64>>>(SEED);
    }

    #[test]
    fn recurrent() {
        check::<nets::Recurrent<Cpu<f64>>>(SEED);
    }

    #[test]
    fn pyramid() {
        check::<more::Pyramid<Cpu<f64>>>(SEED);
    }

    #[test]
    fn frozen() {
        check::<more::Frozen<Cpu<f64>>>(SEED);
    }

    #[test]
    fn softmaxes() {
        check::<more::Softmaxes<Cpu<f64>>>(SEED);
    }

    #[test]
    fn siamese() {
        check::<nets::Siamese<Cpu<f64>>>(SEED);
    }

    #[test]
    fn distill() {
        check::<more::Distill<Cpu<f64>>>(SEED);
    }

    #[test]
    fn nested() {
        check::<more::Nested<Cpu<f64>>>(SEED);
    }
}
