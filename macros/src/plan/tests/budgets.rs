//! Plans on offer, against plans by hand.

use super::F32;
use super::nets::{Layer, Net};
use super::random::Rng;
use crate::plan::budget::choice::Choice;
use crate::plan::budget::{Bounds, Offer, offer, offers};
use crate::plan::problem::{Class, Problem};

/// A chain of layers whose times and sizes differ by up to 30.
fn uneven(seed: u64) -> Problem {
    let mut rng = Rng(seed);
    let stages = 12 + rng.below(37);
    let mut draw = |least: f64| (least * 30f64.powf(rng.below(1000) as f64 / 999.0)) as u64;
    let mut net = Net::default();
    let (mut x, target) = (net.input(Class::Elem, 64), net.input(Class::Index, 1));
    for _ in 0..stages {
        let param = net.param(16);
        let (size, stat, flops) = (draw(64.0), draw(64.0), draw(1e6));
        let layer =
            Layer { reads: &[x], size, stat, needs_input: true, params: &[param], flops, ..Layer::default() };
        x = net.layer(layer);
        net.stage();
    }
    let loss = net.cross_entropy(x, target, 1);
    net.problem.stages[stages - 1].end = net.nodes();
    net.loss(loss)
}

/// Time of a step: forward, backward counted as twice forward, and what is recomputed.
fn step_time(problem: &Problem, offer: &Offer) -> f64 {
    let forward: u64 = problem.nodes.iter().map(|node| node.time).sum();
    (3 * forward + offer.time) as f64
}

/// The fastest that takes no more.
fn within(offers: &[Offer], live: u64) -> Option<&Offer> {
    offers.iter().find(|offer| offer.live <= live)
}

#[test]
fn uneven_chains_are_planned_better_than_by_hand() {
    let (mut by_hand, mut sequential, mut count) = (0.0, 0.0, 0);
    for seed in 0..200 {
        let problem = uneven(seed);
        let offers = offers(&problem, Bounds::default(), F32);
        for interval in 1..problem.stages.len() {
            let runs = problem.stages.chunks(interval);
            let segments: Vec<_> = runs.map(|run| run[0].start..run[run.len() - 1].end).collect();
            // `checkpoint_sequential` makes every output again, but for the last segment's, which it keeps.
            let again = &segments[..segments.len() - 1];
            let outputs: u64 = again.iter().map(|run| problem.nodes[run.end - 1].time).sum();
            let hand = offer(&problem, Choice { segments: segments.clone(), ..Choice::default() }, F32);
            let planned = within(&offers, hand.live).expect("by hand it fits");
            let (planned, hand) = (step_time(&problem, planned), step_time(&problem, &hand));
            assert!(planned <= hand, "chain {seed}, every {interval}: {planned} is above {hand}");
            by_hand += 1.0 - planned / hand;
            sequential += 1.0 - planned / (hand + outputs as f64);
            count += 1;
        }
    }
    let percent = |sum: f64| 100.0 * sum / f64::from(count);
    println!("{:.1} % below every k, {:.1} % below checkpoint_sequential", percent(by_hand), percent(sequential));
    assert!(percent(by_hand) >= 5.0 && percent(sequential) >= 9.0);
}
