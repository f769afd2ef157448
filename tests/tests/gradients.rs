//! Every gradient of whole networks, element by element, against central differences of the loss in f64. Those
//! of every layer are in `drawn.rs`.
//!
//! The counter that dropout draws from is set back before each call, so that all losses of a network are
//! taken under the same mask (see `Case::train`).

use remat::Cpu;
use remat_tests::differences::check;

#[path = "nets/more.rs"]
mod more;
mod nets;

/// The seed of every network. No `Relu` is nearer to its kink than the step with it.
const SEED: u64 = 1;

/// A test for each network.
macro_rules! test_networks {
    ($($name:ident: $net:path),* $(,)?) => {
        $(#[test]
        fn $name() {
            check::<$net>(SEED);
        })*
    };
}

mod networks {
    use super::*;
    test_networks! {
        mlp: nets::Mlp<Cpu<f64>>,
        gpt: nets::Gpt<Cpu<f64>>,
        translator: nets::Translator<Cpu<f64>>,
        vit: nets::Vit<Cpu<f64>>,
        dag: nets::Dag<Cpu<f64>>,
        multi_loss: nets::MultiLoss<Cpu<f64>>,
        mixer: nets::Mixer<Cpu<f64>>,
        recurrent: nets::Recurrent<Cpu<f64>>,
        siamese: nets::Siamese<Cpu<f64>>,
        pyramid: more::Pyramid<Cpu<f64>>,
        frozen: more::Frozen<Cpu<f64>>,
        softmaxes: more::Softmaxes<Cpu<f64>>,
        distill: more::Distill<Cpu<f64>>,
        nested: more::Nested<Cpu<f64>>,
        rows: more::Rows<Cpu<f64>>,
    }
}
