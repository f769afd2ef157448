//! A device whose activations have half the bytes of its parameters: what it is given, and what its plan says.

use remat::ndarray::Array2;
use remat::ops::linear::Spec;
use remat::prelude::*;
use remat_tests::remote::{Narrow, Remote};

model! {
    /// Products with and without bias, one of them recomputed, and the first with nothing to give a gradient to.
    Net {
        input x: f32[5];
        target y: f32[10];
        a: Linear(3);
        #[checkpoint]
        body: { b: Linear(64, bias = false); c: Linear(64); }
        d: Linear(10);
        loss: Mse <- (d, y);
    }
}

const BATCH: usize = 3;

/// What a product rounds, forward and back.
fn rounded(inputs: usize, outputs: usize, bias: bool) -> [usize; 2] {
    let spec = Spec { rows: 1, inputs, outputs, activation: None };
    [spec.rounded_len(bias), spec.rounded_len(false)]
}

#[test]
fn the_bias_is_rounded_behind_the_weight_at_the_next_line() {
    assert_eq!(rounded(5, 3, true), [32 + 3, 15]);
    assert_eq!(rounded(4, 8, true), [32 + 8, 32]);
    assert_eq!(rounded(5, 3, false), [15, 15]);
}

#[test]
fn kernels_are_given_room_for_the_parameters_that_they_round() -> Result<(), Error> {
    let (x, y) = (Array2::zeros((BATCH, 5)), Array2::zeros((BATCH, 10)));
    let device = Narrow::default();
    let mut net = Net::new(&device, 1)?;
    let mut ws = net.workspace(BATCH)?;
    let [a, b] = [rounded(5, 3, true), rounded(3, 64, false)];
    let [c, d] = [rounded(64, 64, true), rounded(64, 10, true)];
    net.forward_backward(&mut ws, x.view(), y.view())?;
    // The value of `b` is recomputed for the backward of `c`; what `a` reads has no gradient.
    assert_eq!(device.rounded(), [a[0], b[0], c[0], d[0], d[1], b[0], c[1], b[1], 0]);
    net.evaluate(&mut ws, x.view(), y.view())?;
    assert_eq!(device.rounded(), [a[0], b[0], c[0], d[0]]);
    net.forward(&mut ws, x.view())?;
    assert_eq!(device.rounded(), [a[0], b[0], c[0], d[0]]);
    Ok(())
}

#[test]
fn what_is_rounded_is_scratch_in_the_plan_and_nothing_where_activations_are_as_wide() {
    let (narrow, wide) = (<Net<Narrow> as Model>::PLAN, <Net<Remote> as Model>::PLAN);
    // The largest of them, in whole lines.
    let most = (2 * rounded(64, 64, true)[0]).next_multiple_of(64);
    let scratch = |plan: &Plan| (plan.peak.scratch.fixed, plan.peak.scratch.per_sample);
    assert_eq!((scratch(&narrow), scratch(&wide)), ((most, 0), (0, 0)));
    assert_eq!(wide, Net::<Cpu>::PLAN, "the same layout");
    // Parameters and their gradients are of f32 on both.
    assert_eq!(narrow.parameter_bytes, wide.parameter_bytes);
    assert_eq!(narrow.gradient_bytes, wide.gradient_bytes);
    let per_sample = |plan: &Plan| plan.peak_bytes(2) - plan.peak_bytes(1);
    let (least, own, most) = (per_sample(&wide) / 2, per_sample(&narrow), per_sample(&wide));
    assert!((least..most).contains(&own), "{own}");
    // Its picture is its own: the peak of its columns is that of its layout.
    assert_ne!(narrow.to_svg(BATCH), wide.to_svg(BATCH));
}
