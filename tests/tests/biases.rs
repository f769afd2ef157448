//! The gradient of a bias in whole nets: by the activation or dropout behind its layer, or by the layer.

use remat::prelude::*;
use remat_tests::agreement::assert_bits;
use remat_tests::trace::numbers;

/// A net in which what stands behind a layer with a bias gives its gradient, or, with two layers between that undo each other,
/// does not: the same otherwise. They stand before the layer there, so that each dropout is the layer that it is here.
macro_rules! net {
    ($name:ident [$($before:tt)*] [$($between:tt)*]) => {
        model! {
            $name {
                const D = 24;
                input x: f32[40, 9];
                target y: f32[40, 3];
                $($before)*
                up: Linear(D);
                $($between)*
                Gelu;
                $($before)*
                turn: Linear(D);
                $($between)*
                Tanh;
                again: turn;
                Silu;
                $($before)*
                drop: Linear(D);
                $($between)*
                Dropout(0.3);
                $($before)*
                residual {
                    add: Linear(D);
                    $($between)*
                    Dropout(0.1);
                }
                down: Linear(3);
                loss: Mse <- (down, y);
            }
        }
    };
}
net!(Together [Transpose(0, 1); Transpose(0, 1);] []);
net!(Apart [] [Transpose(0, 1); Transpose(0, 1);]);

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
            assert_eq!(together.len(), 10);
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
