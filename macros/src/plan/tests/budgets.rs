//! Plans on offer, against plans by hand.

use super::exhaustive::Exhaustive;
use super::interpreter::{execute, store_everything};
use super::nets::{self, Layer, Net, Plan};
use super::random::{self, Rng};
use super::{F32, planned, results};
use crate::plan::budget::choice::Choice;
use crate::plan::budget::{Bounds, Offer, Trial};
use crate::plan::problem::{Class, Problem, Segment};

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

fn offers(problem: &Problem, bounds: Bounds) -> Vec<Offer> {
    crate::plan::budget::offers(problem, bounds, F32).expect("no thread panics")
}

fn offer(problem: &Problem, choice: Choice) -> Offer {
    Trial::new(problem, F32).offer(choice).expect("nothing is marked by hand")
}

/// The fastest that takes no more.
fn within(offers: &[Offer], live: u64) -> Option<&Offer> {
    offers.iter().find(|offer| offer.live <= live)
}

/// What an offer takes once it is laid out.
fn laid_out(problem: &Problem, offer: &Offer) -> u64 {
    let mut chosen = problem.clone();
    offer.choice.apply(&mut chosen, 0);
    planned(&chosen).1.per_sample.peak * F32.line
}

#[test]
fn uneven_chains_are_planned_better_than_by_hand() {
    let (mut by_hand, mut sequential, mut count) = (0.0, 0.0, 0);
    for seed in 0..200 {
        let problem = uneven(seed);
        let offers = offers(&problem, Bounds::default());
        let peaks: Vec<u64> = offers.iter().map(|offer| laid_out(&problem, offer)).collect();
        for interval in 1..problem.stages.len() {
            let runs = problem.stages.chunks(interval);
            let segments: Vec<_> = runs.map(|run| run[0].start..run[run.len() - 1].end).collect();
            // `checkpoint_sequential` makes every output again, but for the last segment's, which it keeps.
            let again = &segments[..segments.len() - 1];
            let outputs: u64 = again.iter().map(|run| problem.nodes[run.end - 1].time).sum();
            let hand = offer(&problem, Choice { segments: segments.clone(), ..Choice::default() });
            let allowed = laid_out(&problem, &hand);
            let fits = peaks.iter().position(|peak| *peak <= allowed).expect("by hand it fits");
            let planned = &offers[fits];
            let (planned, hand) = (step_time(&problem, planned), step_time(&problem, &hand));
            assert!(planned <= hand, "chain {seed}, every {interval}: {planned} is above {hand}");
            by_hand += 1.0 - planned / hand;
            sequential += 1.0 - planned / (hand + outputs as f64);
            count += 1;
        }
    }
    let percent = |sum: f64| 100.0 * sum / f64::from(count);
    println!(
        "{:.1} % below every k, {:.1} % below checkpoint_sequential",
        percent(by_hand),
        percent(sequential)
    );
    assert!(percent(by_hand) >= 5.0 && percent(sequential) >= 9.0);
}

/// A graph of up to 9 layers, each of which reads one or two before it.
fn graph(seed: u64) -> Problem {
    let mut rng = Rng(seed);
    let mut net = Net::default();
    let mut seen = vec![net.input(Class::Elem, 16 * (1 + rng.below(12) as u64))];
    for _ in 0..2 + rng.below(7) {
        let reach = seen.len().min(1 + rng.below(5));
        let mut reads: Vec<_> =
            (0..1 + rng.below(2)).map(|_| seen[seen.len() - 1 - rng.below(reach)]).collect();
        reads.dedup();
        let param = net.param(16);
        seen.push(net.layer(Layer {
            reads: &reads,
            size: 16 * (1 + rng.below(40) as u64),
            needs_input: rng.percent(70),
            needs_output: rng.percent(30),
            params: &[param],
            flops: (1000.0 * 30f64.powf(rng.below(1000) as f64 / 999.0)) as u64,
            ..Layer::default()
        }));
    }
    // The loss reads all that nothing else does.
    let unread = |value: &usize| !net.problem.nodes.iter().any(|node| node.reads.contains(value));
    let ends: Vec<_> = seen.into_iter().filter(unread).collect();
    let loss = net.layer(Layer { reads: &ends, size: 0, needs_input: true, ..Layer::default() });
    net.loss(loss)
}

#[test]
fn graphs_are_planned_nearly_as_well_as_by_trying_all_schedules() {
    let (mut sum, mut count, mut lower, mut graphs) = (0.0, 0, 0.0, 0);
    let mut worst: Vec<(f64, u64, u64)> = Vec::new();
    for seed in 0..500 {
        let problem = graph(seed);
        let exhaustive = Exhaustive::new(&problem);
        let offers = offers(&problem, Bounds::default());
        let (most, least) = (offers[0].live, offers[offers.len() - 1].live);
        // Twelve budgets from the least that is on offer.
        for memory in (0..=12).map(|i| least + (most - least) * i / 12) {
            let found = within(&offers, memory).expect("it is not below the least");
            let best = exhaustive.recompute_time(memory).expect("the plan itself is such a schedule");
            let best = Offer { time: best, ..found.clone() };
            let more = step_time(&problem, found) / step_time(&problem, &best) - 1.0;
            assert!(more >= 0.0, "graph {seed}: a plan is better than the best schedule");
            sum += more;
            count += 1;
            worst.push((more, seed, memory));
        }
        let feasible =
            (0..least / 64).rev().take_while(|lines| exhaustive.recompute_time(64 * lines).is_some());
        lower += 64.0 * feasible.count() as f64 / least as f64;
        graphs += 1;
    }
    worst.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (average, lower) = (100.0 * sum / f64::from(count), 100.0 * lower / f64::from(graphs));
    println!(
        "{average:.2} % on average, worst {:?}; the least is {lower:.1} % above the least of all",
        &worst[..12]
    );
    assert!(average <= 5.0 && worst[0].0 <= 0.25);
}

/// Five models: their names, and each as a problem.
fn models() -> [(&'static str, Problem); 5] {
    [
        ("mlp", nets::mlp(&[784, 1024, 512, 512, 64, 1024, 10], Plan::StoreAll)),
        ("gpt", nets::gpt(4, Plan::StoreAll)),
        ("residual", nets::residual(8)),
        ("u-net", nets::unet(4, Plan::StoreAll)),
        ("uneven chain", uneven(7)),
    ]
}

#[test]
fn budgets_hold_and_neither_less_of_one_takes_more_memory_nor_more_of_one_more_time() {
    for (name, problem) in models() {
        let wanted = results(&problem);
        let expected = store_everything(&problem, &wanted, true);
        let plans: Vec<(u64, u64)> = offers(&problem, Bounds::default())
            .into_iter()
            .map(|offer| {
                let mut chosen = problem.clone();
                offer.choice.apply(&mut chosen, 0);
                let (program, layout) = planned(&chosen);
                let answer = execute(&chosen, &program, &layout, &wanted, 3);
                assert_eq!(answer, expected, "{name}: a plan changes the answer");
                assert!(
                    layout.per_sample.peak * F32.line >= offer.live,
                    "{name}: more is live than is taken"
                );
                (layout.per_sample.peak * F32.line, offer.time)
            })
            .collect();
        let least = plans.iter().map(|(peak, _)| *peak).min().unwrap();
        let most = plans[0].0;
        assert!(least * 2 < most, "{name}: {least} of {most} bytes is no wide choice");
        let mut before: Option<(u64, u64)> = None;
        for budget in (0..50).map(|i| least + (most - least) * i / 49) {
            let &(peak, time) = plans.iter().find(|(peak, _)| *peak <= budget).expect("it fits");
            let (lower, longer) = before.unwrap_or((0, u64::MAX));
            assert!(peak <= budget && lower <= peak && time <= longer, "{name} in {budget}");
            before = Some((peak, time));
        }
    }
}

#[test]
fn every_plan_on_offer_gives_the_bits_of_storing_everything_and_leaves_the_marks() {
    for seed in 0..600 {
        let problem = random::problem(seed, 2 + seed as usize % 24);
        let wanted = results(&problem);
        let expected = store_everything(&problem, &wanted, true);
        let all = offers(&problem, Bounds::default());
        assert!(!all.is_empty(), "seed {seed}");
        for offer in all {
            let mut chosen = problem.clone();
            offer.choice.apply(&mut chosen, 0);
            let apart =
                |a: &Segment, b: &Segment| a.nodes.end <= b.nodes.start || b.nodes.end <= a.nodes.start;
            let inside =
                |a: &Segment, b: &Segment| b.nodes.start <= a.nodes.start && a.nodes.end <= b.nodes.end;
            let nested = |a: &Segment, b: &Segment| apart(a, b) || inside(a, b) || inside(b, a);
            let segments = &chosen.segments;
            assert!(
                segments.iter().all(|a| segments.iter().all(|b| nested(a, b))),
                "seed {seed}: {segments:?}"
            );
            assert_eq!(segments[..problem.segments.len()], problem.segments, "seed {seed}");
            let marked = problem.nodes.iter().zip(&chosen.nodes).all(|(a, b)| !a.recompute || b.recompute);
            assert!(marked, "seed {seed}");
            let (program, layout) = planned(&chosen);
            assert_eq!(execute(&chosen, &program, &layout, &wanted, 2), expected, "seed {seed}");
        }
    }
}
