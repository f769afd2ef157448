//! What a loss may be, and which layers it is made of.

use remat::prelude::*;

use crate::{close, linear, mse, near, numbers, output, step};

#[test]
fn a_sum_of_losses_weighs_each_by_its_number() {
    model! {
        Net {
            const HALF = 1 / 2.0;
            input x: f32[4];
            target y: f32[4];
            target z: f32[4];
            a: Linear(4);
            b: Linear(4);
            first: Mse <- (a, y);
            second: Mse <- (b, z);
            // Without numbers each counts once; a number may be negative; sums may be summed.
            plain: Sum <- (first, second);
            one: Sum(-2) <- second;
            again: Sum(HALF, 3, 0.25) <- (plain, one, first);
            loss: Sum(2 - 1);
        }
    }
    let (x, y, z) = (numbers(4, 1), numbers(4, 2), numbers(4, 3));
    let (net, ws, loss) = step!(Net(x, y, z));
    let a = linear(&net, "a", &x);
    let b = linear(&net, "b", &a);
    let (first, second) = (mse(&a, &y), mse(&b, &z));
    near(loss, 0.5 * (first + second) - 6.0 * second + 0.25 * first);
    // d loss / d b = -5.5 * 2 (b - z) / 12, and that of its bias is the sum over the batch.
    let db = (&b - &z) * (-5.5 * 2.0 / 12.0);
    close(&ws.grads().get("b.bias").unwrap(), &db.sum_axis(remat::ndarray::Axis(0)));
}

#[test]
fn a_loss_may_read_its_target_first_or_have_none() {
    model! {
        TargetFirst {
            input x: f32[4];
            target y: f32[4];
            fc: Linear(4);
            loss: Mse <- (y, fc);
        }
    }
    model! {
        WithoutTarget {
            input x: f32[4];
            a: Linear(4);
            b: Linear(4) <- x;
            loss: Mse <- (a, b);
        }
    }
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (net, ws, loss) = step!(TargetFirst(x, y));
    let fc = linear(&net, "fc", &x);
    near(loss, mse(&fc, &y));
    let bias = (&fc - &y).sum_axis(remat::ndarray::Axis(0)) * (2.0 / 12.0);
    close(&ws.grads().get("fc.bias").unwrap(), &bias);
    // What the target is compared with is the output.
    let (net, found) = output!(TargetFirst(x));
    close(&found, &linear(&net, "fc", &x));

    let (net, ws, loss) = step!(WithoutTarget(x));
    near(loss, mse(&linear(&net, "a", &x), &linear(&net, "b", &x)));
    let bias = |name| ws.grads().get(name).unwrap();
    close(&bias("a.bias"), &-bias("b.bias"));
}

#[test]
fn a_loss_may_be_a_scope_or_a_use_of_a_block() {
    model! {
        Group {
            input x: f32[4];
            target y: f32[4];
            fc: Linear(4);
            loss: { off: Sub <- (fc, y); inner: { part: Mul <- (in, y); Mul <- (part, fc); } Mse <- (off, inner); }
        }
    }
    model! {
        Block {
            input x: f32[4];
            target y: f32[4];
            block Both(weight) <- (guess, is) {
                act: Tanh <- guess;
                bent: Mse <- (act, is);
                straight: Mse <- (guess, is);
                Sum(weight, 1) <- (bent, straight);
            }
            fc: Linear(4);
            side: Linear(4);
            early: Both(3) <- (side, y);
            late: Both(2) <- (fc, y);
            loss: Sum <- (early, late);
        }
    }
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (net, _, loss) = step!(Group(x, y));
    let fc = linear(&net, "fc", &x);
    let off = &fc - &y;
    near(loss, mse(&off, &(&off * &y * &fc)));

    let (net, _, loss) = step!(Block(x, y));
    let fc = linear(&net, "fc", &x);
    let both = |weight, guess: &remat::ndarray::Array2<f32>| {
        weight * mse(&guess.mapv(f32::tanh), &y) + mse(guess, &y)
    };
    near(loss, both(3.0, &linear(&net, "side", &fc)) + both(2.0, &fc));
}

#[test]
fn a_loss_may_stand_inside_a_scope_and_be_summed_outside() {
    model! {
        Net {
            input x: f32[4];
            target y: f32[4];
            trunk: Linear(4);
            heads: {
                a: Linear(4);
                one: Mse <- (a, y);
                b: Linear(4) <- trunk;
                two: Mse <- (b, y);
                Sum(1, 2) <- (one, two);
            }
            many: repeat(2) <- trunk { fc: Linear(4); Tanh; }
            side: Mse <- (many, y);
            loss: Sum <- (heads, side);
        }
    }
    let (x, y) = (numbers(4, 1), numbers(4, 2));
    let (net, _, loss) = step!(Net(x, y));
    let trunk = linear(&net, "trunk", &x);
    let (a, b) = (linear(&net, "heads.a", &trunk), linear(&net, "heads.b", &trunk));
    let once = linear(&net, "many.0.fc", &trunk).mapv(f32::tanh);
    let many = linear(&net, "many.1.fc", &once).mapv(f32::tanh);
    near(loss, mse(&a, &y) + 2.0 * mse(&b, &y) + mse(&many, &y));
}
