//! What stands around the layers: attributes, visibility, constants, inputs and targets.

use remat::ndarray::{Array1, Array2, Array3, Axis, IxDyn, array, concatenate};
use remat::prelude::*;

use crate::{close, linear, matrix, mse, near, numbers, output, params, step, vector};

#[test]
fn constants_are_arithmetic_of_integers_and_floats() {
    model! {
        Net {
            const PRODUCT_FIRST = 2 + 3 * 4;
            const PARENTHESES = (2 + 3) * 4;
            const LEFT_TO_RIGHT = 20 - 4 - 3;
            const DIVIDED_TWICE = 40 / 4 / 5;
            const REST = 17 % 5 * 2;
            const NEGATIVE = -7;
            const REST_OF_A_NEGATIVE = NEGATIVE % 3;
            const EXACT_OF_A_NEGATIVE = -6 / 3;
            const MINUS_MINUS = 2 - -3 + --1;
            const OF_A_SUM = -(2 + 3);
            const ZERO = PARENTHESES - 20;
            const HEXADECIMAL = 0x1F;
            const GROUPED = 1_000;
            const LARGEST = 9223372036854775807;
            const QUARTER = 1 / 4.0;
            const MIXED = PRODUCT_FIRST * 0.5 - 1;
            const REST_OF_A_FLOAT = 7.5 % 2;
            const SMALL = -2e-3;
            input x: f32[PRODUCT_FIRST / 7];
            target y: f32[REST - 2];
            fc: Linear(-NEGATIVE - 5);
            loss: Mse <- (fc, y);
        }
    }
    let naturals: [usize; 11] = [
        Net::PRODUCT_FIRST,
        Net::PARENTHESES,
        Net::LEFT_TO_RIGHT,
        Net::DIVIDED_TWICE,
        Net::REST,
        Net::MINUS_MINUS,
        Net::ZERO,
        Net::HEXADECIMAL,
        Net::GROUPED,
        Net::LARGEST,
        Net::PLAN.segments().len(),
    ];
    assert_eq!(naturals, [14, 20, 13, 2, 4, 6, 0, 31, 1000, i64::MAX as usize, 0]);
    // A negative one has a type of its own; its rest has the sign of what is divided, as in Rust.
    let negatives: [i64; 4] =
        [Net::NEGATIVE, Net::REST_OF_A_NEGATIVE, Net::EXACT_OF_A_NEGATIVE, Net::OF_A_SUM];
    assert_eq!(negatives, [-7, -7 % 3, -2, -5]);
    let floats: [f64; 4] = [Net::QUARTER, Net::MIXED, Net::REST_OF_A_FLOAT, Net::SMALL];
    assert_eq!(floats, [0.25, 6.0, 1.5, -0.002]);
    assert_eq!(params::<Net>(), ["fc.weight [2, 2]", "fc.bias [2]"]);
}

#[test]
fn constants_are_seen_wherever_a_number_stands() {
    model! {
        #[checkpoint(every = N - 1)]
        Net {
            const N = 3;
            const RATE = 0.5;
            input x: f32[N, 2 * N];
            target y: f32[N, N];
            block Narrow(by) { fc: Linear(2 * N / by); }
            many: repeat(N) { Dropout(RATE - 0.5); fc: Linear(2 * N); }
            some: repeat(w in [N + 1, N]) { fc: Linear(w, init = uniform(N / 2.0)); }
            at: repeat(i in N..N + 2) { fc: Linear(i); }
            by: Narrow(by = N - 1);
            part: Slice(dim = 1 - N + 1, start = N - N, end = -N + 5);
            back: Linear(N);
            loss: Mse <- (back, y);
        }
    }
    assert_eq!(
        params::<Net>().iter().filter(|p| p.contains("weight")).collect::<Vec<_>>(),
        [
            "many.0.fc.weight [6, 6]",
            "many.1.fc.weight [6, 6]",
            "many.2.fc.weight [6, 6]",
            "some.0.fc.weight [4, 6]",
            "some.1.fc.weight [3, 4]",
            "at.0.fc.weight [3, 3]",
            "at.1.fc.weight [4, 3]",
            "by.fc.weight [3, 4]",
            // `Slice` takes 2 of 3 features.
            "back.weight [3, 2]",
        ]
    );
    // Ten stages, a boundary after every two of them, and none at the end.
    assert_eq!(Net::PLAN.segments().len(), 5);
}

#[test]
fn docs_and_other_attributes_go_to_the_struct() {
    model! {
        /// What a reader of the documentation sees,
        #[doc = "in two forms."]
        #[cfg_attr(all(), repr(align(512)))]
        #[must_use]
        Net {
            /// Constants, which are public, have docs of their own.
            const N = 2;
            #[doc = "Ports, layers and outputs may have some, for readers of the source."]
            input x: f32[N];
            /// As here.
            target y: f32[N];
            /// And here.
            #[allow(missing_docs)]
            fc: Linear(N);
            /// And here.
            output fc;
            /// And here.
            loss: Mse <- (fc, y);
        }
    }
    assert_eq!((align_of::<Net>(), Net::N), (512, 2));
}

#[test]
fn a_condition_on_a_model_decides_of_all_that_it_becomes() {
    model! {
        #[cfg(any())]
        Net {
            const N = 2;
            input x: f32[N];
            target y: f32[N];
            a: Linear(N);
            b: Linear(N);
            output a;
            output b;
            loss: Mse <- (b, y);
        }
    }
    model! {
        #[cfg(all())]
        Net {
            const N = 3;
            input x: f32[N];
            target y: f32[N];
            c: Linear(N);
            d: Linear(N);
            output c;
            output d;
            loss: Mse <- (d, y);
        }
    }
    assert_eq!(Net::N, 3);
    assert_eq!(params::<Net>(), ["c.weight [3, 3]", "c.bias [3]", "d.weight [3, 3]", "d.bias [3]"]);
}

#[test]
fn a_visibility_is_that_of_the_struct() {
    mod inside {
        pub(crate) mod deeper {
            remat::model! { pub(super) Parent { input x: f32[2]; fc: Linear(2); loss: Mse <- (fc, x); } }
            remat::model! { pub(crate) Crate { input x: f32[2]; fc: Linear(2); loss: Mse <- (fc, x); } }
            remat::model! {
                pub(in crate::declarations) Path { input x: f32[2]; fc: Linear(2); loss: Mse <- (fc, x); }
            }
            remat::model! { Private { input x: f32[2]; fc: Linear(2); loss: Mse <- (fc, x); } }

            pub(crate) const PRIVATE: &str = Private::PLAN.name;
        }
        pub(crate) const PARENT: &str = deeper::Parent::PLAN.name;
    }
    let names = [
        inside::PARENT,
        inside::deeper::Crate::PLAN.name,
        inside::deeper::Path::PLAN.name,
        inside::deeper::PRIVATE,
    ];
    assert_eq!(names, ["Parent", "Crate", "Path", "Private"]);
}

#[test]
fn arguments_are_inputs_then_targets_each_as_declared() {
    model! {
        Net {
            // A target and constants may stand in front, an input behind a layer.
            target first: f32[2];
            input left: f32[2];
            a: Linear(2) <- left;
            target second: f32[2];
            input right: f32[2];
            b: Linear(2) <- right;
            one: Mse <- (a, first);
            two: Mse <- (b, second);
            loss: Sum(1, 10) <- (one, two);
        }
    }
    let (left, right, first, second) = (numbers(2, 1), numbers(2, 2), numbers(2, 3), numbers(2, 4));
    let (net, _, loss) = step!(Net(left, right, first, second));
    let expected = mse(&linear(&net, "a", &left), &first) + 10.0 * mse(&linear(&net, "b", &right), &second);
    near(loss, expected);
}

#[test]
fn without_axes_there_is_one_number_for_each_sample() {
    model! {
        Net {
            input id: u32;
            input number: f32;
            input same: f32[];
            target y: f32;
            row: Embedding(4, 3) <- id;
            mean: Mean(0);
            scaled: Mul <- (mean, number);
            sum: Add <- (scaled, same);
            loss: Mse <- (sum, y);
        }
    }
    let (id, number) = (array![2u32, 0, 2], array![1.0f32, -2.0, 0.5]);
    let (same, y) = (array![0.5f32, 0.25, -1.0], array![1.0f32, 0.0, 1.0]);
    let (net, ws, loss) = step!(Net(id, number, same, y));
    let rows = matrix(&net, "row.weight");
    let mean = Array1::from_shape_fn(3, |i| rows.row(id[i] as usize).mean().unwrap());
    let off = &mean * &number + &same - &y;
    near(loss, off.mapv(|d| d * d).mean().unwrap());
    // d loss / d mean = 2 off number / 3, and a third of it for each of the three of a row.
    let grads = ws.grads().get("row.weight").unwrap();
    let each = 2.0 * &off * &number / 9.0;
    close(
        &grads,
        &Array2::from_shape_fn((4, 3), |(row, _)| {
            (0..3).filter(|i| id[*i] == row as u32).map(|i| each[i]).sum()
        }),
    );
}

#[test]
fn any_number_of_axes_is_one_view_in_rust() {
    model! {
        Net {
            input wide: f32[1, 2, 1, 3, 1, 2,];
            input labels: u32[2, 2];
            target y: f32[12];
            target classes: u32[2, 2];
            flat: Flatten <- wide;
            fc: Linear(12);
            rows: Embedding(5, 3) <- labels;
            fit: Mse <- (fc, y);
            guess: CrossEntropy <- (rows, classes);
            loss: Sum <- (fit, guess);
        }
    }
    // Seven axes with the batch are more than `ndarray` has static types for.
    let wide = numbers(12, 1);
    let seven = wide.clone().into_shape_with_order(IxDyn(&[3, 1, 2, 1, 3, 1, 2])).unwrap();
    let y = numbers(12, 2);
    let labels = Array3::from_shape_fn((3, 2, 2), |(i, j, k)| (i + j + k) as u32);
    let classes = labels.mapv(|id| id % 3);
    let (net, _, loss) = step!(Net(seven, labels, y, classes));
    let rows = matrix(&net, "rows.weight");
    let surprise = |id: u32| {
        let row = rows.row(id as usize);
        row.mapv(f32::exp).sum().ln() - row[id as usize % 3]
    };
    near(loss, mse(&linear(&net, "fc", &wide), &y) + labels.mapv(surprise).mean().unwrap());
}

#[test]
fn keywords_are_names_like_others() {
    model! {
        #[allow(non_camel_case_types)]
        r#struct {
            #[allow(non_upper_case_globals)]
            const type = 3;
            #[expect(non_upper_case_globals)]
            const r#fn = r#type - 1;
            input r#match: f32[type];
            input dyn: f32[r#fn];
            target loop: f32[type];
            block impl(r#where, as) <- (ref, use) {
                mut: Linear(where + as) <- r#ref;
                move: Linear(r#as) <- use;
                Concat <- (r#mut, move);
            }
            r#if: impl(1, r#as = fn) <- (match, dyn);
            while: repeat(for in [type, fn + 1]) { r#else: Linear(r#for); }
            true: { self: r#if <- (while, dyn); }
            r#async: Linear(type, weight = while.1.else) <- r#while;
            super: Linear(type) <- true;
            static: Add <- (async, super);
            output static;
            loss: Mse <- (static, r#loop);
        }
    }
    assert_eq!((r#struct::r#type, r#struct::r#fn, r#struct::PLAN.name), (3, 2, "struct"));
    let (a, b) = (numbers(3, 1), numbers(2, 2));
    let (net, found) = output!(r#struct(a, b));
    let block = |x: &Array2<f32>| {
        let (wide, narrow) = (linear(&net, "if.mut", x), linear(&net, "if.move", &b));
        concatenate![Axis(1), wide, narrow]
    };
    let looped = linear(&net, "while.1.else", &linear(&net, "while.0.else", &block(&a)));
    let tied = looped.dot(&matrix(&net, "while.1.else.weight").t()) + vector(&net, "async.bias");
    close(&found, &(tied + linear(&net, "super", &block(&looped))));
}

#[test]
fn an_error_names_an_argument_as_the_model_does() {
    model! {
        Net { input r#match: f32[3]; target loop: f32[3]; fc: Linear(3); loss: Mse <- (fc, loop); }
    }
    let net = Net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
    let mut ws = net.workspace(3).unwrap();
    let error = net.evaluate(&mut ws, numbers(4, 1).view(), numbers(3, 1).view()).unwrap_err();
    assert_eq!(error.to_string(), "`match` must have shape [batch, 3] but has [3, 4]");
}
