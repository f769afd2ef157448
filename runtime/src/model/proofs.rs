//! What is proved of gradients that are added up: see [`choices`](crate::choices).

use super::accumulator::{of_batch, of_samples};
use super::grads::places;
use super::{Init, ParamSpec};
use crate::choices::{Choices, bounded};
use crate::cpu::Cpu;
use crate::device::Device;
use crate::tables::Numbers;

bounded! {
    gradients_of_f32_fill_the_lines_of_a_sum, 5;
    gradients_of_f64_fill_the_lines_of_a_sum, 5;
    each_sample_counts_alike_whatever_the_sizes_of_batches, 5;
}

fn gradients_of_f32_fill_the_lines_of_a_sum(choices: &mut Choices) {
    fill::<Cpu<f32>>(choices);
}

fn gradients_of_f64_fill_the_lines_of_a_sum(choices: &mut Choices) {
    fill::<Cpu<f64>>(choices);
}

/// Three parameters, of sizes around those that fill a line, some of them frozen. The macro gives each that is trained
/// the lines behind the one before, and a sum as many bytes as these are.
fn fill<D: Device>(choices: &mut Choices) {
    const SHAPES: [&[usize]; 7] = [&[1], &[7], &[2, 4], &[3, 3], &[16], &[17], &[33]];
    let line = D::LAYOUT.line;
    let (mut lines, mut starts) = (0u32, Vec::new());
    let specs = [(); 3].map(|()| {
        let (shape, frozen) = (choices.one_of(&SHAPES), choices.flag());
        let spec = ParamSpec { path: "", shape, offset: 0, init: Init::Constant(0.0), frozen, aliases: &[] };
        let start = if frozen { u32::MAX } else { lines };
        starts.extend(start.to_le_bytes());
        lines += if frozen { 0 } else { (spec.elements() * size_of::<D::Param>()).div_ceil(line) as u32 };
        spec
    });
    let sum = lines as usize * line;
    let mut end = 0;
    let mut trained = specs.iter().enumerate().filter(|(_, spec)| !spec.frozen);
    // A table is a constant of the model; this one is small, and never given back.
    for (index, spec, span) in places::<D>(Numbers::new(starts.leak()), &specs) {
        assert_eq!(trained.next().map(|(index, _)| index), Some(index), "none is left out, none is frozen");
        assert_eq!(span.bytes, spec.elements() * size_of::<D::Param>());
        assert_eq!(span.start, end, "from the next line, so that no two overlap");
        end = span.end().next_multiple_of(line);
    }
    assert!(trained.next().is_none());
    assert_eq!(end, sum, "to the last line");
}

/// A step of up to three batches of which the last, at the end of an epoch, may be shorter.
fn each_sample_counts_alike_whatever_the_sizes_of_batches(choices: &mut Choices) {
    let sizes = [1, 2, 3, 7, 48, 1000];
    let batch = choices.one_of(&sizes);
    let count = 1 + choices.below(3);
    let last = choices.one_of(&sizes).min(batch);
    let samples = (count - 1) * batch + last;
    // The gradient of a batch is the mean of those of its samples: here 1 for each sample.
    let share = |batch_samples: usize| {
        of_batch(batch_samples, batch) * of_samples(samples, batch) / batch_samples as f64 * samples as f64
    };
    let present = if count > 1 { &[batch, last][..] } else { &[last] };
    for share in present.iter().map(|size| share(*size)) {
        assert!((share - 1.0).abs() <= 4.0 * f64::EPSILON, "{share} of what it should count");
    }
    assert_eq!(of_batch(batch, batch), 1.0, "whole batches are added as they are");
}
