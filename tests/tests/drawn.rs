//! Every layer with every combination of its arguments, at drawn shapes: every gradient, element by element,
//! against central differences of the loss in f64; and the loss and every gradient against PyTorch, in f32.
//! Both are asked of one declaration, which the compiler reads once. How the networks are drawn is said in
//! `src/draw.rs`; PyTorch's numbers and the program that wrote them stand in `goldens/`.
//!
//! The counter that dropout draws from is set back before each call, so that all losses of a network are
//! taken under the same mask (see `Case::train`). PyTorch draws other masks, so what has dropout is compared
//! with it in evaluation.

use remat::Cpu;
use remat_tests::golden::cases;
use remat_tests::{case, differences, every_drawn, golden};

const GOLDENS: &str = include_str!("../goldens/drawn.txt");

/// The seed of what every network is given for differences. No `Relu` is nearer to its kink than the step with it.
const SEED: u64 = 3;

/// How many units of the last place a network may be from PyTorch, which itself is off: both round each
/// term, in another order, and have other approximations of `exp` and `erf`. Each number is about twice
/// what was seen at the three SIMD levels.
fn roundings(case: &str) -> f64 {
    match case.trim_end_matches(|c: char| c.is_ascii_digit()) {
        // What moves numbers, or makes one of two or of a few: the input, the loss and a sum over three
        // samples round a few times, and a fused multiply-add once where PyTorch rounds twice. Seen: 1.4.
        "embedding_"
        | "position_embedding_"
        | "parameter_"
        | "dropout_"
        | "dropout_never_"
        | "arithmetic_"
        | "mean_"
        | "concat_"
        | "slice_"
        | "reshape_"
        | "flatten_"
        | "transpose_"
        | "mse_"
        | "sum_" => 3.0,
        // Functions that either side computes to one or two units. Seen: 2.6.
        "activation_" => 5.0,
        // The same, and sums and a quotient of them. Seen: 4.1.
        "softmax_" | "cross_entropy_" => 8.0,
        // Sums of up to 33 products of either sign, and a bias of one feature is what samples and positions
        // leave of each other. Seen: 7.0, 7.9 where a function comes between, and 8.0 where a loss is behind.
        "linear_" | "linear_fused_" | "cross_entropy_chunks_" => 16.0,
        // Two products around a softmax, of up to 70 terms each. Seen: 7.6.
        "attention_" | "attention_long_" => 16.0,
        // The gradient is a difference of terms that are larger than itself, the more so the fewer numbers
        // are normalized: here from five on. Seen: 18.0.
        "layer_norm_" => 36.0,
        other => panic!("nothing is said of `{other}`"),
    }
}

/// Two tests for each network.
macro_rules! test_each {
    ($($name:ident ($($ports:tt)*) { $($layers:tt)* })*) => {
        $(mod $name {
            use super::*;
            case! { Net ($($ports)*) { $($layers)* } }

            #[test]
            fn gradients() {
                differences::check::<Net<Cpu<f64>>>(SEED);
            }

            #[test]
            fn golden() {
                let name = stringify!($name);
                golden::check_drawn::<Net<Cpu>>(GOLDENS, name, roundings(name));
            }
        })*

        #[test]
        fn every_golden_belongs_to_a_network() {
            assert_eq!(cases(GOLDENS), [$(stringify!($name)),*].into());
        }
    };
}

every_drawn!(test_each);
