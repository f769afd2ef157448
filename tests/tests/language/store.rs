//! `store = bf16 | f16`: what a mark keeps is held in two bytes an element, and is what every reader sees.

use remat::ndarray::{Array2, ArrayD, Axis};
use remat::prelude::*;

use crate::{BATCH, numbers, segments_of};

/// What a plan keeps besides inputs, in order: `name bytes`, for each sample.
fn held(plan: &Plan) -> String {
    let kept = plan.kept().filter(|k| k.reason != remat::plan::Reason::Input);
    let held = kept.map(|k| {
        let format = k.format.map_or(String::new(), |format| format!("as {format:?} ").to_lowercase());
        format!("{} {format}{}", k.name, k.bytes.per_sample)
    });
    held.collect::<Vec<_>>().join(", ")
}

/// `x` to so many binary digits behind the first: to the nearest, of two as near to the even one.
fn rounded(x: f64, digits: i32) -> f64 {
    let unit = (x.abs().log2().floor() - f64::from(digits)).exp2();
    if x == 0.0 { x } else { (x / unit).round_ties_even() * unit }
}

/// As a bf16 holds it.
fn bf16(x: f64) -> f64 {
    rounded(x, 7)
}

/// As an f16 holds it, if it is not small.
fn f16(x: f64) -> f64 {
    rounded(x, 10)
}

/// The same bits as `expected` rounded.
#[track_caller]
fn is_rounded(found: &ArrayD<f32>, of: &ArrayD<f32>, to: fn(f64) -> f64) {
    assert_eq!(*found, of.mapv(|x| to(x.into()) as f32));
    assert_ne!(found, of, "it must round for this to show anything");
}

/// The losses of a training step and of evaluation, which are one.
macro_rules! one_loss {
    ($net:ident($($given:expr),*)) => {{
        let mut net: $net = $net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
        let mut ws = net.workspace(BATCH).unwrap();
        let trained = net.forward_backward(&mut ws, $($given.view()),*).unwrap();
        let evaluated = net.evaluate(&mut ws, $($given.view()),*).unwrap();
        assert_eq!(trained.to_bits(), evaluated.to_bits(), "{}", $net::PLAN.name);
        trained
    }};
}

/// What `forward` gives of all outputs, of a network as every one is with the seed.
macro_rules! outputs {
    ($net:ident($x:expr): $($name:ident),*) => {{
        let net: $net = $net::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
        let mut ws = net.inference_workspace(BATCH).unwrap();
        let out = net.forward(&mut ws, $x.view()).unwrap();
        [$(out.$name.to_array().unwrap().into_dyn()),*]
    }};
}

#[test]
fn of_a_layer_what_is_made_before_it_and_read_behind_it() {
    macro_rules! net {
        ($name:ident $($mark:tt)*) => {
            model! {
                $name {
                    input x: f32[16];
                    target y: f32[16];
                    stem: Linear(32);
                    act: Gelu;
                    $($mark)*
                    mid: Linear(32);
                    late: Gelu;
                    // Its backward reads `act`, which is made before the boundary.
                    gated: Mul <- (late, act);
                    last: Linear(16);
                    output stem;
                    output act;
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Exact #[checkpoint]);
    net!(Rounded #[checkpoint(store = bf16)]);
    assert_eq!(held(&Exact::PLAN), "act 128, mid 128, late 128, gated 128, last 64, loss 0");
    assert_eq!(held(&Rounded::PLAN), "act as bf16 64, mid as bf16 64, late 128, gated 128, last 64, loss 0");
    let (x, y) = (numbers(16, 1), numbers(16, 2));
    assert_ne!(one_loss!(Exact(x, y)), one_loss!(Rounded(x, y)));
    let ([stem, act], [same, rounded]) = (outputs!(Exact(x): stem, act), outputs!(Rounded(x): stem, act));
    assert_eq!(stem, same);
    is_rounded(&rounded, &act, bf16);
}

#[test]
fn of_a_scope_a_repeat_and_the_model_what_crosses_a_border() {
    macro_rules! net {
        ($name:ident [$($model:tt)*] [$($group:tt)*] [$($many:tt)*]) => {
            model! {
                $($model)*
                $name {
                    input x: f32[16];
                    target y: f32[16];
                    stem: Linear(32);
                    $($group)*
                    group: { a: Linear(32); Gelu; b: Linear(32); }
                    $($many)*
                    many: repeat(2) { fc: Linear(32); Gelu; }
                    last: Linear(16);
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Group [] [#[checkpoint(store = bf16)]] []);
    net!(Each [] [] [#[checkpoint(store = f16)]]);
    net!(Pair [] [] [#[checkpoint(every = 2, store = f16)]]);
    net!(At [] [] [#[checkpoint(store = f16, at = [0])]]);
    net!(Every [#[checkpoint(every = 2, store = bf16)]] [] []);
    net!(Sqrt [#[checkpoint(store = bf16, sqrt)]] [] []);
    net!(Fraction [#[checkpoint(fraction = 0.45, store = bf16)]] [] []);
    net!(Budget [#[checkpoint(budget = "64 KiB", batch = 3, store = bf16)]] [] []);
    assert_eq!(
        held(&Group::PLAN),
        "stem as bf16 64, group.b as bf16 64, many.0.fc 128, many.0.Gelu 128, many.1.fc 128, \
         many.1.Gelu 128, last 64, loss 0"
    );
    let before = "stem 128, group.a 128, group.Gelu 128, group.b as f16 64";
    let each = format!("{before}, many.0.Gelu as f16 64, many.1.Gelu as f16 64, last 64, loss 0");
    assert_eq!(held(&Each::PLAN), each);
    assert_eq!(held(&At::PLAN), each);
    assert_eq!(held(&Pair::PLAN), format!("{before}, many.1.Gelu as f16 64, last 64, loss 0"));
    let every = "group.b as bf16 64, many.1.Gelu as bf16 64, last 64, loss 0";
    assert_eq!(held(&Every::PLAN), every);
    assert_eq!(held(&Sqrt::PLAN), every);
    // A planner rounds what crosses from stage to stage, wherever it places boundaries, and nothing else.
    let crosses = |name| ["stem", "group.b", "many.0.Gelu", "many.1.Gelu"].contains(&name);
    assert!(Fraction::PLAN.kept().filter(|kept| crosses(kept.name)).count() > 1);
    assert!(Fraction::PLAN.kept().all(|kept| kept.format.is_some() == crosses(kept.name)));
    // With room for everything too.
    assert_eq!(
        held(&Budget::PLAN),
        "stem as bf16 64, group.a 128, group.Gelu 128, group.b as bf16 64, many.0.fc 128, \
         many.0.Gelu as bf16 64, many.1.fc 128, many.1.Gelu as bf16 64, last 64, loss 0"
    );
    // Rounding is no layer.
    assert_eq!(segments_of(&Group::PLAN), ["group: 2"]);
    let (x, y) = (numbers(16, 1), numbers(16, 2));
    assert_eq!(one_loss!(Each(x, y)), one_loss!(At(x, y)));
    assert_ne!(one_loss!(Each(x, y)), one_loss!(Pair(x, y)));
    assert_ne!(one_loss!(Each(x, y)), one_loss!(Group(x, y)));
    assert_eq!(one_loss!(Every(x, y)), one_loss!(Sqrt(x, y)));
    assert_eq!(one_loss!(Fraction(x, y)), one_loss!(Budget(x, y)));
}

#[test]
fn a_mark_saves_by_what_it_stores_and_keeps_against_recompute() {
    macro_rules! net {
        ($name:ident [$($mark:tt)*] [$($again:tt)*]) => {
            model! {
                $name {
                    input x: f32[16];
                    target y: f32[16];
                    stem: Linear(32);
                    $($again)*
                    act: Gelu;
                    $($mark)*
                    one: { fc: Linear(32); }
                    tail: Gelu;
                    last: Linear(16);
                    loss: Mse <- (last, y);
                }
            }
        };
    }
    net!(Exact [#[checkpoint]] []);
    net!(Rounded [#[checkpoint(store = bf16)]] []);
    assert_eq!(Exact::PLAN.notes, ["`checkpoint` on `one` saves nothing: nothing is recomputed for it"]);
    let two = "2 values are stored as bf16: every reader gets them rounded";
    assert_eq!(Rounded::PLAN.notes, [two]);
    assert_eq!(
        held(&Rounded::PLAN),
        "stem 128, act as bf16 64, one.fc as bf16 64, tail 128, last 64, loss 0"
    );
    net!(Again [#[checkpoint(store = bf16)]] [#[recompute]]);
    // What is dropped is what is stored, unless it is read outside of its segment.
    assert_eq!(Again::PLAN.notes, [two]);
    assert_eq!(held(&Again::PLAN), "stem 128, one.fc as bf16 64, tail 128, last 64, loss 0");
}

#[test]
fn every_output_is_what_readers_see() {
    macro_rules! net {
        ($name:ident $($store:tt)*) => {
            model! {
                $name {
                    input x: f32[16];
                    target y: f32[16];
                    stem: Linear(16);
                    // Two views of one value.
                    grid: Reshape(4, 4);
                    #[checkpoint $($store)*]
                    part: { up: Linear(4); Gelu; down: Linear(4); }
                    flat: Flatten;
                    // In evaluation a view, in training not.
                    drop: Dropout(0.5) <- flat;
                    bias: Parameter(16, init = normal(1));
                    #[checkpoint $($store)*]
                    last: { sum: Add <- (drop, bias); fc: Linear(16); Tanh; }
                    end: Linear(16);
                    output stem;
                    #[train] output grid;
                    output part;
                    output flat;
                    #[train] output drop;
                    output bias;
                    output last;
                    loss: Mse <- (end, y);
                }
            }
        };
    }
    net!(Exact);
    net!(Rounded(store = f16));
    let (x, y) = (numbers(16, 1), numbers(16, 2));
    let [stem, bias] = outputs!(Exact(x): stem, bias);
    let [own, grid, part, flat, drop, shift, last] =
        outputs!(Rounded(x): stem, grid, part, flat, drop, bias, last);
    is_rounded(&own, &stem, f16);
    assert!(grid.iter().eq(&own));
    is_rounded(&shift, &bias, f16);
    assert_eq!(part.mapv(|x| f16(x.into()) as f32), part);
    assert!(flat.iter().eq(&part) && drop.iter().eq(&part));
    assert_eq!(last.mapv(|x| f16(x.into()) as f32), last);
    // In training, dropout doubles what it leaves, and that is a number of the format too.
    let mut net: Rounded = Rounded::new(&Cpu::with_threads(1).unwrap(), 7).unwrap();
    let mut ws = net.workspace(BATCH).unwrap();
    net.forward_backward(&mut ws, x.view(), y.view()).unwrap();
    let trained = |name| ws.output(name).unwrap().to_array().unwrap();
    assert!(trained("grid").iter().eq(&own));
    let doubled = part.iter().map(|x| 2.0 * x);
    let drop = trained("drop");
    assert!(drop.iter().zip(doubled).all(|(found, x)| *found == x || *found == 0.0));
    assert!(drop.iter().any(|x| *x == 0.0) && drop.iter().any(|x| *x != 0.0));
}

#[test]
fn a_layer_whose_backward_reads_its_own_value_reads_what_is_stored() {
    // d/dx of each is a formula of its value alone.
    macro_rules! net {
        ($name:ident $layer:ident) => {
            model! {
                $name {
                    input x: f32[4];
                    target y: f32[4];
                    p: Parameter(4, init = normal(1));
                    sum: Add <- (x, p);
                    #[checkpoint(store = bf16)]
                    act: $layer;
                    twice: Add <- (act, act);
                    end: Mul <- (twice, x);
                    output act;
                    loss: Mse <- (end, y);
                }
            }
        };
    }
    macro_rules! check {
        ($net:ident, $back:expr) => {{
            let cpu = Cpu::with_threads(1).unwrap().double();
            let mut net = $net::new(&cpu, 7).unwrap();
            let [x, y] = [1, 2].map(|seed| numbers(4, seed).mapv(f64::from));
            let mut ws = net.workspace(BATCH).unwrap();
            let act = net.forward(&mut ws, x.view()).unwrap().to_array().unwrap();
            let act: Array2<f64> = act.into_dimensionality().unwrap();
            assert_eq!(act.mapv(bf16), act);
            net.forward_backward(&mut ws, x.view(), y.view()).unwrap();
            let grad: Array2<f64> = (2.0 * &act * &x - &y) * 4.0 * &x / act.len() as f64;
            let back: fn(&Array2<f64>, &Array2<f64>) -> Array2<f64> = $back;
            let expected = back(&act, &grad).sum_axis(Axis(0));
            let found = ws.grads().get("p.weight").unwrap();
            let off = found.iter().zip(&expected).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
            assert!(off < 1e-14, "{found} instead of {expected}");
        }};
    }
    net!(Sigmoids Sigmoid);
    net!(Tanhs Tanh);
    net!(Relus Relu);
    net!(Softmaxes Softmax);
    check!(Sigmoids, |y, g| y * &(1.0 - y) * g);
    check!(Tanhs, |y, g| (1.0 - y * y) * g);
    check!(Relus, |y, g| y.mapv(|y| f64::from(u8::from(y > 0.0))) * g);
    check!(Softmaxes, |y, g| y * &(g - &(y * g).sum_axis(Axis(1)).insert_axis(Axis(1))));
}

#[test]
fn gradients_pass_as_they_are() {
    // What crosses a border is `stem`, `one` both as an output and as an input, `two`, and `many`.
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            stem: Linear(4);
            #[checkpoint(store = bf16)]
            one: { a: Linear(4); Gelu; b: Linear(4); }
            #[checkpoint(store = bf16)]
            two: {
                c: Linear(4);
                #[checkpoint(store = bf16)]
                d: { Tanh; e: Linear(4); }
                skip: Add <- (d, one);
                long: Mul <- (skip, stem);
            }
            twice: Mul <- (two, two);
            grid: Reshape(2, 2) <- two;
            turned: Transpose;
            flat: Flatten;
            both: Add <- (twice, flat);
            #[frozen]
            still: Linear(4);
            #[checkpoint(store = f16)]
            many: repeat(1) { f: Linear(4); Silu; }
            tied: Linear(4, weight = stem, bias = false);
            output stem;
            #[train] output one;
            #[train] output many;
            loss: Mse <- (tied, y);
        }
    }
    // The same, with what rounding adds to each of them given.
    model! {
        Twin {
            input x: f32[4];
            input r_stem: f32[4];
            input r_one: f32[4];
            input r_c: f32[4];
            input r_d: f32[4];
            input r_two: f32[4];
            input r_still: f32[4];
            input r_many: f32[4];
            target y: f32[4];
            stem: Linear(4) <- x;
            s_stem: Add <- (stem, r_stem);
            one: { a: Linear(4); Gelu; b: Linear(4); }
            s_one: Add <- (one, r_one);
            c: Linear(4);
            s_c: Add <- (c, r_c);
            d: { Tanh; e: Linear(4); }
            s_d: Add <- (d, r_d);
            skip: Add <- (s_d, s_one);
            two: Mul <- (skip, s_stem);
            s_two: Add <- (two, r_two);
            twice: Mul <- (s_two, s_two);
            grid: Reshape(2, 2) <- s_two;
            turned: Transpose;
            flat: Flatten;
            both: Add <- (twice, flat);
            #[frozen]
            still: Linear(4);
            s_still: Add <- (still, r_still);
            many: repeat(1) { f: Linear(4); Silu; }
            s_many: Add <- (many, r_many);
            tied: Linear(4, weight = stem, bias = false);
            output stem;
            output one;
            output c;
            output d;
            output two;
            output still;
            output many;
            loss: Mse <- (tied, y);
        }
    }
    let cpu = Cpu::with_threads(1).unwrap().double();
    let (mut net, mut twin) = (Net::new(&cpu, 7).unwrap(), Twin::new(&cpu, 7).unwrap());
    for (name, param) in net.params().iter().map(Result::unwrap) {
        twin.params_mut().set(name.strip_prefix("two.").unwrap_or(name), param.view()).unwrap();
    }
    let [x, y] = [1, 2].map(|seed| numbers(4, seed).mapv(f64::from));
    let mut r: [Array2<f64>; 7] = [(); 7].map(|()| Array2::zeros((BATCH, 4)));
    let mut ws = twin.workspace(BATCH).unwrap();
    for _ in 0..r.len() {
        let [a, b, c, d, e, f, g] = r.each_ref().map(|r| r.view());
        let out = twin.forward(&mut ws, x.view(), a, b, c, d, e, f, g).unwrap();
        let parts = [out.stem, out.one, out.c, out.d, out.two, out.still, out.many];
        let parts: [Array2<f64>; 7] =
            parts.map(|part| part.to_array().unwrap().into_dimensionality().unwrap());
        let to = [bf16, bf16, bf16, bf16, bf16, f16, f16];
        r = std::array::from_fn(|i| parts[i].mapv(to[i]) - &parts[i]);
    }
    let [a, b, c, d, e, f, g] = r.each_ref().map(|r| r.view());
    let expected = twin.forward_backward(&mut ws, x.view(), a, b, c, d, e, f, g, y.view()).unwrap();
    let mut own = net.workspace(BATCH).unwrap();
    let loss = net.forward_backward(&mut own, x.view(), y.view()).unwrap();
    assert!((loss - expected).abs() < 1e-12, "{loss} instead of {expected}");
    for ((name, found), (other, expected)) in
        own.grads().iter().map(Result::unwrap).zip(ws.grads().iter().map(Result::unwrap))
    {
        assert_eq!(name.strip_prefix("two.").unwrap_or(name), other);
        let off = (&found - &expected).iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        assert!(off < 1e-12, "{name}: {found} instead of {expected}");
    }
}
