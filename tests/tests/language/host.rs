//! `store = host`: what a mark keeps waits for backward in the memory of the host, and is the same to every reader.

use remat::plan::Reason;
use remat::prelude::*;

use crate::{BATCH, numbers, step};

/// What a plan keeps besides inputs, in order: `name bytes`, for each sample, and where that is on the host.
fn kept(plan: &Plan) -> String {
    let kept = plan.kept().filter(|kept| kept.reason != Reason::Input);
    let kept = kept.map(|kept| {
        let place = if kept.host { " on the host" } else { "" };
        format!("{} {}{place}", kept.name, kept.bytes.per_sample)
    });
    kept.collect::<Vec<_>>().join(", ")
}

/// Loss and gradients of a training step, as bits.
macro_rules! bits {
    ($net:ident) => {{
        let (x, y) = (numbers(16, 1), numbers(16, 2));
        let (_, ws, loss): ($net, _, f32) = step!($net(x, y));
        let grads = ws.grads().iter().map(|grad| grad.unwrap().1.mapv(f32::to_bits));
        (loss.to_bits(), grads.collect::<Vec<_>>())
    }};
}

macro_rules! deep {
    ($name:ident [$($model:tt)*] [$($body:tt)*]) => {
        model! {
            $($model)*
            $name {
                input x: f32[16];
                target y: f32[16];
                stem: Linear(32);
                $($body)*
                body: repeat(6) { up: Linear(128); act: Gelu; down: Linear(32); }
                head: Linear(16);
                loss: Mse <- (head, y);
            }
        }
    };
}
deep!(Plain [] []);
deep!(OnDevice [] [#[checkpoint]]);
deep!(OnHost [] [#[checkpoint(store = host)]]);

#[test]
fn boundaries_wait_on_the_host_but_for_that_from_which_backward_sets_out() {
    let first: String = ["stem", "body.0.down", "body.1.down", "body.2.down", "body.3.down", "body.4.down"]
        .map(|name| format!("{name} 128 on the host, "))
        .concat();
    assert_eq!(kept(&OnHost::PLAN), format!("{first}body.5.down 128, head 64, loss 0"));
    assert_eq!(OnHost::PLAN.host_bytes(BATCH), 6 * 128 * BATCH);
    assert_eq!(OnDevice::PLAN.host_bytes(BATCH), 0);
    let [host, device] = [OnHost::PLAN, OnDevice::PLAN].map(|plan| plan.kept_bytes(BATCH));
    assert_eq!(device - host, 6 * 128 * BATCH);
    // At the peak, inside of a segment's backward, that segment's boundary is there and the next, and no others.
    let [host, device] = [OnHost::PLAN, OnDevice::PLAN].map(|plan| plan.peak_bytes(BATCH));
    assert!(device - host >= 4 * 128 * BATCH, "{host}, {device}");
    assert_eq!(OnHost::PLAN.notes, ["6 values wait for backward in the memory of the host"]);
    let table = OnHost::PLAN.to_string();
    for line in ["boundary, on the host (5)", "beside it: memory of the host"] {
        assert!(table.contains(line), "{table}");
    }
}

#[test]
fn a_place_changes_no_bit() {
    let expected = bits!(Plain);
    assert_eq!(bits!(OnDevice), expected);
    assert_eq!(bits!(OnHost), expected);
}

#[test]
fn a_workspace_says_what_it_holds_on_the_host() {
    let (x, y) = (numbers(16, 1), numbers(16, 2));
    let (net, ws, _): (OnHost, _, f32) = step!(OnHost(x, y));
    assert_eq!(ws.bytes(), OnHost::PLAN.peak_bytes(BATCH));
    assert_eq!(ws.host_bytes(), OnHost::PLAN.host_bytes(BATCH));
    assert_eq!(net.inference_workspace(BATCH).unwrap().host_bytes(), 0);
}

#[test]
fn rounded_values_wait_rounded() {
    deep!(Rounded [] [#[checkpoint(store = bf16)]]);
    deep!(Both [] [#[checkpoint(store = (bf16, host))]]);
    deep!(Swapped [] [#[checkpoint(store = (host, bf16))]]);
    assert_eq!(Both::PLAN.host_bytes(1), 6 * 64);
    assert_eq!(kept(&Both::PLAN), kept(&Swapped::PLAN));
    assert_eq!(Both::PLAN.kept_bytes(1), Rounded::PLAN.kept_bytes(1) - 6 * 64);
    let expected = bits!(Rounded);
    assert_eq!(bits!(Both), expected);
    assert_ne!(bits!(Plain), expected);
    assert_eq!(
        Both::PLAN.notes,
        [
            "7 values are stored as bf16: every reader gets them rounded",
            "6 values wait for backward in the memory of the host"
        ]
    );
}

#[test]
fn what_the_model_places_waits_too() {
    deep!(Sqrt [#[checkpoint(sqrt, store = host)]] []);
    deep!(Every [#[checkpoint(every = 2, store = host)]] []);
    deep!(Fraction [#[checkpoint(fraction = 0.5, store = host)]] []);
    deep!(Budget [#[checkpoint(budget = "64 MiB", batch = 3, store = host)]] []);
    let expected = bits!(Plain);
    macro_rules! waits {
        ($($net:ident $least:literal),*) => {$(
            let waiting = $net::PLAN.kept().filter(|kept| kept.host).count();
            assert!(waiting >= $least, "{waiting}\n{}", $net::PLAN);
            assert!($net::PLAN.peak_bytes(1) < Plain::PLAN.peak_bytes(1), "{}", $net::PLAN);
            assert_eq!(bits!($net), expected, "{}", stringify!($net));
        )*};
    }
    waits!(Sqrt 1, Every 2, Fraction 1, Budget 5);
    // With room for everything, what crosses from stage to stage waits, and nothing is computed again.
    assert_eq!(Budget::PLAN.recomputed().len(), 0);
}

#[test]
fn a_boundary_that_is_read_far_away_and_one_that_two_segments_read() {
    macro_rules! skipping {
        ($name:ident [$($mark:tt)*]) => {
            model! {
                $name {
                    input x: f32[16];
                    target y: f32[16];
                    stem: Linear(32);
                    $($mark)*
                    a: { fc: Linear(32); Tanh; }
                    $($mark)*
                    b: { fc: Linear(32); Tanh; }
                    $($mark)*
                    c: { sum: Add <- (b, a); fc: Linear(32); Tanh; }
                    $($mark)*
                    d: { both: Concat <- (c, stem); fc: Linear(32); Tanh; }
                    head: Linear(16);
                    loss: Mse <- (head, y);
                }
            }
        };
    }
    skipping!(Stored []);
    skipping!(Skipping [#[checkpoint(store = host)]]);
    let waiting: Vec<&str> = Skipping::PLAN.kept().filter(|kept| kept.host).map(|kept| kept.name).collect();
    assert_eq!(waiting, ["stem", "a.Tanh", "b.Tanh", "c.Tanh"]);
    assert_eq!(bits!(Skipping), bits!(Stored));
}

#[test]
fn what_is_needed_at_once_stays_and_the_plan_says_so() {
    model! {
        Short {
            input x: f32[16];
            target y: f32[16];
            #[checkpoint(store = host)]
            stem: Linear(32);
            head: Linear(16);
            loss: Mse <- (head, y);
        }
    }
    assert_eq!(Short::PLAN.host_bytes(1), 0);
    let [.., note] = Short::PLAN.notes else { panic!("{:?}", Short::PLAN.notes) };
    assert!(note.starts_with("`store = host` moves nothing"), "{note}");
}
