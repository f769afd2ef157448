//! Norms of sums, sums of what is dropped out, and activations that are dropped out, in whole nets: in one call, or in one for
//! each.

use remat::prelude::*;
use remat_tests::agreement::assert_bits;
use remat_tests::trace::numbers;

/// A net whose norms stand right behind sums, or behind another layer, which it has elsewhere otherwise. The second sum is
/// read again, the first is not.
macro_rules! net {
    ($name:ident [$($marks:tt)*] [$($behind:tt)*] [$($later:tt)*]) => {
        model! {
            $($marks)*
            $name {
                const D = 24;
                input x: f32[5, D];
                target y: f32[5, D];
                first: Linear(D);
                sum: Add <- (first, x);
                $($behind)*
                norm: LayerNorm <- sum;
                $($later)*
                both: Mul <- (norm, side);
                second: residual { fc: Linear(D); Dropout(0.2); }
                ends: LayerNorm(elementwise_affine = false);
                out: Add <- (ends, second);
                loss: Mse <- (out, y);
            }
        }
    };
}
net!(Together [] [] [side: Tanh <- x;]);
net!(Apart [] [side: Tanh <- x;] []);
net!(Recomputed [#[checkpoint(every = 2)]] [] [side: Tanh <- x;]);
net!(Least [#[checkpoint(fraction = 0.75)]] [] [side: Tanh <- x;]);

/// The same of sums of what is dropped out, and of norms of those: the dropouts stand right before the sums, or before
/// another layer. The sum of the last reads what is dropped out in it.
macro_rules! drops {
    ($name:ident [$($marks:tt)*] [$($mark:tt)*] [$($behind:tt)*] [$($later:tt)*] [$($second:tt)*] [$($last:tt)*]) => {
        model! {
            $($marks)*
            $name {
                const D = 64;
                input x: f32[5, D];
                target y: f32[5, D];
                first: Linear(D);
                $($mark)* drop: Dropout(0.3);
                $($behind)*
                sum: Add <- (x, drop);
                norm: LayerNorm;
                $($later)*
                both: Mul <- (norm, side);
                fc: Linear(D);
                again: Dropout(0.2);
                $($second)*
                with: Add <- (again, both);
                $($last)*
                all: Mul <- (with, other);
                residual { Dropout(0.5); }
                ends: LayerNorm(elementwise_affine = false);
                loss: Mse <- (ends, y);
            }
        }
    };
}
drops!(DropsTogether [] [] [] [side: Tanh <- x;] [] [other: Sigmoid <- x;]);
drops!(DropsApart [] [] [side: Tanh <- x;] [] [other: Sigmoid <- x;] []);
drops!(DropsKept [] [#[checkpoint]] [] [side: Tanh <- x;] [] [other: Sigmoid <- x;]);
drops!(DropsRecomputed [#[checkpoint(every = 2)]] [] [] [side: Tanh <- x;] [] [other: Sigmoid <- x;]);
drops!(DropsLeast [#[checkpoint(fraction = 0.75)]] [] [] [side: Tanh <- x;] [] [other: Sigmoid <- x;]);

/// Dropouts right behind activations, or with another layer between the two, at the same places. One activation stands behind
/// a product whose rows are whole warps' on a GPU, one behind none, one behind a product of shorter rows.
macro_rules! activations {
    ($name:ident [$($marks:tt)*] [$($mark:tt)*] [$($one:tt)*] [$($two:tt)*] [$($three:tt)*]) => {
        activations!($name [$($marks)*] [$($mark)*] [$($one)*] [$($two)*] [$($three)*] [] [] []);
    };
    ($name:ident [$($marks:tt)*] [$($mark:tt)*] [$($one:tt)*] [$($two:tt)*] [$($three:tt)*]
     [$($in_one:tt)*] [$($in_two:tt)*] [$($in_three:tt)*]) => {
        model! {
            $($marks)*
            $name {
                const D = 64;
                input x: f32[5, D];
                target y: f32[5, D];
                $($one)*
                wide: Linear(4 * D) <- x;
                $($mark)* relu: Relu;
                $($in_one)*
                left: Dropout(0.3) <- relu;
                norm: LayerNorm;
                $($two)*
                gelu: Gelu(tanh) <- norm;
                $($in_two)*
                again: Dropout(0.2) <- gelu;
                $($three)*
                fc: Linear(D) <- again;
                silu: Silu;
                $($in_three)*
                last: Dropout(0.5) <- silu;
                both: Add <- (tanh, sigmoid);
                side: Sub <- (both, half);
                out: Mul <- (last, side);
                loss: Mse <- (out, y);
            }
        }
    };
}
activations!(ActivationsTogether [] [] [tanh: Tanh <- x;] [sigmoid: Sigmoid <- x;] [half: Gelu <- x;]);
activations!(ActivationsApart [] [] [] [] [] [tanh: Tanh <- x;] [sigmoid: Sigmoid <- x;] [half: Gelu <- x;]);
activations!(ActivationsKept [] [#[checkpoint]] [tanh: Tanh <- x;] [sigmoid: Sigmoid <- x;] [half: Gelu <- x;]);
activations!(
    ActivationsRecomputed [#[checkpoint(every = 5)]] [] [tanh: Tanh <- x;] [sigmoid: Sigmoid <- x;] [half: Gelu <- x;]
);
activations!(
    ActivationsLeast [#[checkpoint(fraction = 0.8)]] [] [tanh: Tanh <- x;] [sigmoid: Sigmoid <- x;] [half: Gelu <- x;]
);

macro_rules! results {
    ($net:ident, $device:expr) => {{
        let mut net = $net::new($device, 3).expect("a model");
        let mut ws = net.workspace(7).expect("a workspace");
        let shaped = |which| {
            let flat = numbers(7 * 5, $net::D as usize, which);
            flat.into_shape_with_order((7, 5, $net::D as usize)).expect("a shape")
        };
        let (x, y) = (shaped(1), shaped(2));
        let loss = net.forward_backward(&mut ws, x.view(), y.view()).expect("a step");
        let mut results = vec![(String::from("loss"), vec![loss])];
        for grad in ws.grads().iter() {
            let (name, grad) = grad.expect("a gradient");
            results.push((name.to_string(), grad.into_iter().collect()));
        }
        let out = net.forward(&mut ws, x.view()).expect("a call").to_array().expect("an array");
        results.push((String::from("out"), out.into_iter().collect()));
        results
    }};
}

/// That nets have the numbers of the first.
macro_rules! check {
    ($device:expr, $apart:ident $($other:ident)*) => {
        let apart = results!($apart, $device);
        assert_eq!(apart.len(), 8);
        for other in [$(results!($other, $device)),*] {
            for ((name, got), (_, want)) in other.iter().zip(&apart) {
                assert!(got.iter().any(|number| *number != 0.0), "{name}");
                assert_bits::<f32>(name, got, want);
            }
        }
    };
}

macro_rules! check_on_devices {
    ($($nets:ident)*) => {
        check!(&Cpu::with_threads(1).expect("a thread"), $($nets)*);
        check!(&Cpu::with_threads(3).expect("threads"), $($nets)*);
        #[cfg(feature = "cuda")]
        if let Some(gpu) = remat_tests::devices::gpu() {
            check!(&gpu, $($nets)*);
            check!(&gpu.bf16(), $($nets)*);
        }
    };
}

#[test]
fn a_net_has_the_same_numbers_whether_norms_run_with_sums() {
    check_on_devices!(Apart Together Recomputed Least);
}

#[test]
fn a_net_has_the_same_numbers_whether_sums_run_with_dropouts() {
    check_on_devices!(DropsApart DropsTogether DropsKept DropsRecomputed DropsLeast);
}

#[test]
fn a_net_has_the_same_numbers_whether_activations_run_with_dropouts() {
    check_on_devices!(ActivationsApart ActivationsTogether ActivationsKept ActivationsRecomputed ActivationsLeast);
}
