//! The gradient of a bias in whole nets: by the activation behind its layer, or by the layer.

use remat::prelude::*;
use remat_tests::agreement::assert_bits;
use remat_tests::trace::numbers;

/// A net whose activations give the gradients of biases, or, with outputs between, do not: the same otherwise.
macro_rules! net {
    ($name:ident [$($between:tt)*] [$($again:tt)*]) => {
        model! {
            $name {
                const D = 24;
                input x: f32[40, 9];
                target y: f32[40, 3];
                up: Linear(D);
                $($between)*
                act: Gelu <- up;
                turn: Linear(D);
                $($again)*
                back: Tanh <- turn;
                again: turn;
                Silu;
                down: Linear(3);
                loss: Mse <- (down, y);
            }
        }
    };
}
net!(Together [] []);
net!(Apart [#[train] output up;] [#[train] output turn;]);

#[test]
fn a_net_has_the_same_gradients_whoever_gives_those_of_biases() {
    macro_rules! grads {
        ($net:ident, $device:expr) => {{
            let mut net = $net::new($device, 3).expect("a model");
            let mut ws = net.workspace(7).expect("a workspace");
            let (x, y) = (numbers(7 * 40, 9, 1), numbers(7 * 40, 3, 2));
            let x = x.into_shape_with_order((7, 40, 9)).expect("a shape");
            let y = y.into_shape_with_order((7, 40, 3)).expect("a shape");
            net.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
            let grads = ws.grads().iter().map(|grad| grad.expect("a gradient"));
            grads.map(|(name, grad)| (name, grad.into_iter().collect::<Vec<f32>>())).collect::<Vec<_>>()
        }};
    }
    macro_rules! check {
        ($device:expr) => {
            let (together, apart) = (grads!(Together, $device), grads!(Apart, $device));
            assert_eq!(together.len(), 6);
            for ((name, got), (_, want)) in together.iter().zip(&apart) {
                assert!(got.iter().any(|grad| *grad != 0.0), "{name}");
                assert_bits(name, got, want);
            }
        };
    }
    check!(&Cpu::with_threads(1).expect("a thread"));
    #[cfg(feature = "cuda")]
    if let Some(gpu) = remat_tests::devices::gpu() {
        check!(&gpu);
        check!(&gpu.bf16());
    }
}
