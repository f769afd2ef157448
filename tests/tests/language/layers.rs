//! How arguments are written, axes counted, and which layers are no step.

use remat::ndarray::{Array2, Array3, Axis};
use remat::prelude::*;

use crate::{BATCH, close, kept, linear, matrix, near, numbers, output, step, vector};

/// Numbers for a batch of three axes.
fn cube(a: usize, b: usize, seed: u64) -> Array3<f32> {
    numbers(a * b, seed).into_shape_with_order((BATCH, a, b)).unwrap()
}

#[test]
fn axes_are_counted_without_the_batch_and_negative_ones_from_the_end() {
    macro_rules! net {
        ($name:ident $first:literal $second:literal $third:literal) => {
            model! {
                $name {
                    input x: f32[2, 3, 4];
                    target y: f32[2, 3];
                    fc: Linear(4);
                    soft: Softmax($second);
                    turned: Transpose($first, $third);
                    back: Transpose(dim1 = $third, dim0 = $first);
                    part: Slice(dim = $third, start = 1, end = 3);
                    rest: Slice($third, 2) <- back;
                    both: Concat($third) <- (part, rest);
                    flat: Flatten($first, $second);
                    cube: Reshape(2, 3, 4);
                    mean: Mean($third);
                    turned_mean: Mean(0) <- turned;
                    turned_flat: Flatten;
                    more: Linear(6);
                    square: Reshape(2, 3);
                    sum: Add <- (mean, square);
                    loss: Mse <- (sum, y);
                }
            }
        };
    }
    net!(FromStart 0 1 2);
    net!(FromEnd - 3 - 2 - 1);
    let x = numbers(24, 1).into_shape_with_order((BATCH, 2, 3, 4)).unwrap();
    let ((net, found), (_, same)) = (output!(FromStart(x)), output!(FromEnd(x)));
    assert_eq!(found, same);
    let rows = x.into_shape_with_order((BATCH * 6, 4)).unwrap();
    let soft = linear(&net, "fc", &rows).mapv(f32::exp).into_shape_with_order((BATCH, 2, 3, 4)).unwrap();
    let soft = &soft / &soft.sum_axis(Axis(2)).insert_axis(Axis(2));
    // `part` holds features 1 and 2, `rest` 2 and 3, and `turned` has the features in front.
    let feature = |i| soft.index_axis(Axis(3), i).to_owned();
    let mean = (feature(1) + feature(2) + feature(2) + feature(3)) / 4.0;
    let turned_mean = soft.mean_axis(Axis(3)).unwrap().permuted_axes([0, 2, 1]);
    let flat = turned_mean.as_standard_layout().into_owned().into_shape_with_order((BATCH, 6)).unwrap();
    let square = linear(&net, "more", &flat).into_shape_with_order((BATCH, 2, 3)).unwrap();
    close(&found, &(mean + square));
}

#[test]
fn arguments_come_one_after_the_other_by_name_or_as_a_list() {
    macro_rules! net {
        ($name:ident [$($linear:tt)*] [$($slice:tt)*] [$($norm:tt)*] [$($shape:tt)*] [$($gelu:tt)*]) => {
            model! {
                $name {
                    const N = 6;
                    input x: f32[2, 5];
                    target y: f32[4, 2];
                    fc: Linear($($linear)*);
                    part: Slice($($slice)*);
                    norm: LayerNorm($($norm)*);
                    shape: Reshape($($shape)*);
                    act: Gelu($($gelu)*);
                    loss: Mse <- (act, y);
                }
            }
        };
    }
    net!(InARow [N] [1, 1, 5] [2, 4] [4, 2] [tanh]);
    net!(Trailing [N,] [1, 1, -1,] [2, 4,] [4, -1,] [tanh,]);
    net!(ByName [out_features = N] [end = 5, dim = 1, start = 1] [normalized_shape = (2, 4)] [shape = [4, 2]]
        [approximate = tanh]);
    net!(Mixed [N, bias = true] [1, end = N - 1, start = 1] [eps = 1e-5, [2, 4]] [(-1, 2)] [approximate = "tanh"]);
    net!(Defaults [bias = true, 6] [-1, 1, -1] [elementwise_affine = true, (2, 4), bias = true] [N - 2, N / 3]
        [tanh]);
    let x = cube(2, 5, 1);
    let (_, found) = output!(InARow(x));
    for same in [output!(Trailing(x)).1, output!(ByName(x)).1, output!(Mixed(x)).1, output!(Defaults(x)).1] {
        assert_eq!(found, same);
    }
    assert_eq!(found.shape(), [BATCH, 4, 2]);
}

#[test]
fn what_a_parameter_begins_with_may_be_said() {
    model! {
        Net {
            const BOUND = 0.25;
            input x: f32[64];
            target y: f32[64];
            zeros: Linear(64, init = zeros, bias_init = "ones");
            constant: Linear(64, init = constant(-1 / 2.0), bias_init = constant(3));
            uniform: Linear(64, init = uniform(BOUND * 2), bias_init = normal(BOUND));
            norm: LayerNorm(init = ones, bias_init = zeros);
            free: Parameter(64, init = normal(2));
            sum: Add <- (norm, free);
            loss: Mse <- (sum, y);
        }
    }
    let net = Net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
    let all = |name: &str, number: f32| net.params().get(name).unwrap().iter().all(|x| *x == number);
    assert!(all("zeros.weight", 0.0) && all("zeros.bias", 1.0));
    assert!(all("constant.weight", -0.5) && all("constant.bias", 3.0));
    assert!(all("norm.weight", 1.0) && all("norm.bias", 0.0));
    // Of 4096 even numbers some are near the bound and none is above it.
    let largest = matrix(&net, "uniform.weight").iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    assert!((0.49..=0.5).contains(&largest), "{largest}");
    let deviation = |name: &str| vector(&net, name).mapv(|x| x * x).mean().unwrap().sqrt();
    assert!(
        (0.15..0.35).contains(&deviation("uniform.bias")) && (1.4..2.8).contains(&deviation("free.weight"))
    );
}

#[test]
fn a_view_is_no_step_and_no_buffer() {
    model! {
        Without {
            input x: f32[8];
            target y: f32[8];
            fc: Linear(8);
            act: Gelu;
            back: Linear(8);
            loss: Mse <- (back, y);
        }
    }
    model! {
        With {
            input x: f32[2, 2, 2];
            target y: f32[8];
            Flatten;
            fc: Linear(8);
            Reshape(4, 2);
            act: Gelu;
            Reshape(2, -1, 2);
            Flatten(1);
            Flatten;
            // In training too, a dropout of nothing is none.
            Dropout(0);
            back: Linear(8);
            loss: Mse <- (back, y);
        }
    }
    let flat = numbers(8, 1);
    let cube = flat.clone().into_shape_with_order((BATCH, 2, 2, 2)).unwrap();
    assert_eq!(output!(Without(flat)).1, output!(With(cube)).1);
    let (a, b) = (Without::PLAN, With::PLAN);
    assert_eq!(kept(&a), kept(&b));
    for batch in [1, 7] {
        assert_eq!(a.peak_bytes(batch), b.peak_bytes(batch));
        assert_eq!(a.forward_peak_bytes(batch), b.forward_peak_bytes(batch));
    }
    assert_eq!(a.forward_flops, b.forward_flops);
}

#[test]
fn ids_and_targets_have_views_too_and_are_checked_through_them() {
    model! {
        Net {
            input ids: u32[4];
            target classes: u32[2, 2];
            square: Reshape(2, -1);
            rows: Embedding(5, 3);
            flat: Reshape(4, 3);
            in_a_row: Flatten <- classes;
            loss: CrossEntropy <- (flat, in_a_row);
        }
    }
    let ids = Array2::from_shape_fn((BATCH, 4), |(i, j)| (i + j) as u32 % 5);
    let classes = Array3::from_shape_fn((BATCH, 2, 2), |(i, j, k)| (i + 2 * j + k) as u32 % 3);
    let (net, _, loss) = step!(Net(ids, classes));
    let rows = matrix(&net, "rows.weight");
    let surprise = |(id, class): (&u32, &u32)| {
        let row = rows.row(*id as usize);
        row.mapv(f32::exp).sum().ln() - row[*class as usize]
    };
    near(loss, ids.iter().zip(&classes).map(surprise).sum::<f32>() / 12.0);
    let mut ws = net.workspace(BATCH).unwrap();
    let error = net.evaluate(&mut ws, (&ids + 1).view(), classes.view()).unwrap_err();
    assert!(error.to_string().contains("`ids`") && error.to_string().contains('5'), "{error}");
    let error = net.evaluate(&mut ws, ids.view(), (&classes + 1).view()).unwrap_err();
    assert!(error.to_string().contains("`classes`") && error.to_string().contains('3'), "{error}");
}
