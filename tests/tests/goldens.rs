//! Losses and every gradient of whole networks against PyTorch, in f32, and what five steps of AdamW make of
//! some of these. The goldens and their generator stand in `goldens/`. Those of every layer are in `drawn.rs`.

use remat::Cpu;
use remat_tests::golden::{cases, check};

mod nets;

/// How many units of the last place a network may be from PyTorch, which itself is off: in it the layers'
/// roundings add up, of which `drawn.rs` speaks. Seen at the three SIMD levels: 10.8, of a dozen layers with
/// seven norms among them; PyTorch is 8.1 from its exact gradient.
const NETWORK: f64 = 20.0;

/// A test for each network: its golden is the file of its name.
macro_rules! test_networks {
    ($($name:ident: $net:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            let golden = include_str!(concat!("../goldens/", stringify!($name), ".txt"));
            assert_eq!(cases(golden), [stringify!($name)].into());
            check::<nets::$net<Cpu>>(golden, stringify!($name), NETWORK);
        })*
    };
}

mod networks {
    use super::*;
    test_networks! {
        mlp: Mlp,
        gpt: Gpt,
        translator: Translator,
        vit: Vit,
        dag: Dag,
        multi_loss: MultiLoss,
        mixer: Mixer,
        recurrent: Recurrent,
        siamese: Siamese,
        rounded: Rounded,
    }
}
