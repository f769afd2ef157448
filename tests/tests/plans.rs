//! A plan changes nothing: losses, gradients and trained parameters are the same bits under every plan,
//! on any number of threads, and whatever lies in memory that a step has not written.

use remat::ndarray::Axis;
use remat::plan::Cause;
use remat::prelude::*;
use remat::testing;
use remat_tests::trace::{Trace, ids, numbers};
use remat_tests::{dag, deep, gpt, trace};

mod deep_nets {
    use super::*;
    deep!(StoreAll: model [] blocks [] up [] act [] down []);
    deep!(EveryLayer: model [] blocks [] up [#[checkpoint]] act [#[checkpoint]] down [#[checkpoint]]);
    deep!(EveryBlock: model [] blocks [#[checkpoint]] up [] act [] down []);
    deep!(EveryTwo: model [] blocks [#[checkpoint(every = 2)]] up [] act [] down []);
    deep!(EveryThree: model [] blocks [#[checkpoint(every = 3)]] up [] act [] down []);
    deep!(Irregular: model [] blocks [#[checkpoint(at = [1, 4])]] up [] act [] down []);
    deep!(Nested: model [] blocks [#[checkpoint(every = 4)]] up [] act [] down [#[checkpoint]]);
    deep!(Recompute: model [] blocks [] up [] act [#[recompute]] down [#[recompute]]);
    deep!(Sqrt: model [#[checkpoint(sqrt)]] blocks [] up [] act [] down []);
    deep!(Stages: model [#[checkpoint(every = 2)]] blocks [] up [] act [#[recompute]] down []);
    deep!(Most: model [#[checkpoint(fraction = 0.9)]] blocks [] up [] act [] down []);
    deep!(Half: model [#[checkpoint(fraction = 0.5)]] blocks [] up [] act [] down []);
    deep!(Least: model [#[checkpoint(fraction = 0.164)]] blocks [] up [] act [] down []);
    deep!(Budget: model [#[checkpoint(budget = "42 KiB", batch = 6)]] blocks [] up [] act [] down []);
    deep!(Bounded: model [#[checkpoint(fraction = 0.6, max = 2, min_interval = 2)]] blocks [] up [] act [] down []);
    deep!(Marked: model [#[checkpoint(fraction = 0.7)]] blocks [] up [] act [#[recompute]] down [#[checkpoint]]);
}

mod gpts {
    use super::*;
    gpt!(StoreAll: model [] blocks [] attn [] mlp [] act []);
    gpt!(EveryBlock: model [] blocks [#[checkpoint]] attn [] mlp [] act []);
    gpt!(EveryTwo: model [] blocks [#[checkpoint(every = 2)]] attn [] mlp [] act []);
    gpt!(EveryThree: model [] blocks [#[checkpoint(every = 3)]] attn [] mlp [] act []);
    gpt!(Irregular: model [] blocks [#[checkpoint(at = [0, 1, 3])]] attn [] mlp [] act []);
    gpt!(Parts: model [] blocks [] attn [#[checkpoint]] mlp [#[checkpoint]] act []);
    gpt!(Nested: model [] blocks [#[checkpoint(every = 3)]] attn [#[checkpoint]] mlp [#[checkpoint]] act []);
    gpt!(Recompute: model [] blocks [] attn [] mlp [] act [#[recompute]]);
    gpt!(Sqrt: model [#[checkpoint(sqrt)]] blocks [] attn [] mlp [] act []);
    gpt!(Layers: model [] blocks [] attn [] mlp [] act [#[checkpoint]]);
    gpt!(Most: model [#[checkpoint(fraction = 0.8)]] blocks [] attn [] mlp [] act []);
    gpt!(Half: model [#[checkpoint(fraction = 0.5)]] blocks [] attn [] mlp [] act []);
    gpt!(Third: model [#[checkpoint(fraction = 0.3)]] blocks [] attn [] mlp [] act []);
    gpt!(Least: model [#[checkpoint(fraction = 0.122)]] blocks [] attn [] mlp [] act []);
    gpt!(Budget: model [#[checkpoint(budget = "768 KiB", batch = 6)]] blocks [] attn [] mlp [] act []);
    gpt!(LikeEveryBlock: model [#[checkpoint(budget = "312896 B", batch = 6)]] blocks [] attn [] mlp [] act []);
    gpt!(Marked: model [#[checkpoint(fraction = 0.4)]] blocks [#[checkpoint(every = 3)]] attn [] mlp [] act [#[recompute]]);
}

mod dags {
    use super::*;
    dag!(StoreAll: model [] blocks [] mid [] inner [] act []);
    dag!(EveryBlock: model [] blocks [#[checkpoint]] mid [] inner [] act []);
    dag!(EveryTwo: model [#[checkpoint(every = 2)]] blocks [] mid [] inner [] act []);
    dag!(EveryThree: model [#[checkpoint(every = 3)]] blocks [] mid [] inner [] act []);
    dag!(Middle: model [] blocks [] mid [#[checkpoint]] inner [] act []);
    dag!(Nested: model [#[checkpoint(every = 5)]] blocks [#[checkpoint]] mid [] inner [#[checkpoint]] act []);
    dag!(Recompute: model [] blocks [] mid [] inner [] act [#[recompute]]);
    dag!(Sqrt: model [#[checkpoint(sqrt)]] blocks [] mid [] inner [] act []);
    dag!(EveryLayer: model [#[checkpoint(every = 1)]] blocks [] mid [] inner [#[checkpoint]] act [#[checkpoint]]);
    dag!(Mixed: model [] blocks [#[checkpoint]] mid [#[checkpoint]] inner [] act [#[recompute]]);
    dag!(Most: model [#[checkpoint(fraction = 0.9)]] blocks [] mid [] inner [] act []);
    dag!(Half: model [#[checkpoint(fraction = 0.6)]] blocks [] mid [] inner [] act []);
    dag!(Least: model [#[checkpoint(fraction = 0.487)]] blocks [] mid [] inner [] act []);
    dag!(Budget: model [#[checkpoint(budget = "32 KiB", batch = 6)]] blocks [] mid [] inner [] act []);
    dag!(Marked: model [#[checkpoint(fraction = 0.8)]] blocks [#[checkpoint]] mid [] inner [] act [#[recompute]]);
}

/// Plans in which the same values are stored rounded: those of each module.
mod rounded_blocks {
    use super::*;
    deep!(Blocks: model [] blocks [#[checkpoint(store = bf16)]] up [] act [] down []);
    deep!(Nested: model [] blocks [#[checkpoint(store = bf16)]] up [] act [] down [#[checkpoint]]);
    deep!(Recompute: model [] blocks [#[checkpoint(store = bf16)]] up [] act [#[recompute]] down [#[recompute]]);
    deep!(Sqrt: model [#[checkpoint(sqrt)]] blocks [#[checkpoint(store = bf16)]] up [] act [] down []);
}

mod rounded_stages {
    use super::*;
    gpt!(Every: model [#[checkpoint(every = 1, store = f16)]] blocks [] attn [] mlp [] act []);
    gpt!(Recompute: model [#[checkpoint(every = 1, store = f16)]] blocks [] attn [] mlp [#[checkpoint]] act [#[recompute]]);
    gpt!(Most: model [#[checkpoint(fraction = 0.8, store = f16)]] blocks [] attn [] mlp [] act []);
    gpt!(Half: model [#[checkpoint(fraction = 0.5, store = f16)]] blocks [] attn [] mlp [] act []);
    gpt!(Third: model [#[checkpoint(fraction = 0.3, store = f16)]] blocks [] attn [] mlp [] act []);
    gpt!(Least: model [#[checkpoint(fraction = 0.119, store = f16)]] blocks [] attn [] mlp [] act []);
    gpt!(Marked: model [#[checkpoint(fraction = 0.4, store = f16)]] blocks [#[checkpoint(every = 3)]] attn [] mlp [] act [#[recompute]]);
}

mod rounded_graphs {
    use super::*;
    dag!(Every: model [#[checkpoint(every = 1, store = bf16)]] blocks [] mid [] inner [] act []);
    dag!(Nested: model [#[checkpoint(every = 1, store = bf16)]] blocks [] mid [] inner [#[checkpoint]] act [#[recompute]]);
    dag!(Most: model [#[checkpoint(fraction = 0.9, store = bf16)]] blocks [] mid [] inner [] act []);
    dag!(Half: model [#[checkpoint(fraction = 0.6, store = bf16)]] blocks [] mid [] inner [] act []);
    dag!(Marked: model [#[checkpoint(fraction = 0.8, store = bf16)]] blocks [#[checkpoint]] mid [] inner [] act [#[recompute]]);
}

/// Compares every model with the first: as it is, with spoiled memory, and on other numbers of threads.
macro_rules! same_bits {
    ($module:ident [$first:ident, $($other:ident),*], $inputs:tt) => {{
        let expected = trace!($module::$first, &Cpu::with_threads(1).unwrap(), $inputs);
        assert!(expected.losses.iter().all(|l| f32::from_bits(*l).is_finite()));
        assert_ne!(expected.losses[0], expected.losses[19], "it must learn for this to show anything");
        check::<$module::$first>("store all", &expected, |cpu, before| trace!($module::$first, cpu, $inputs, before));
        $(check::<$module::$other>(stringify!($other), &expected, |cpu, before| {
            trace!($module::$other, cpu, $inputs, before)
        });)*
    }};
}

fn check<M: Model<Device = Cpu>>(
    name: &str,
    expected: &Trace,
    run: impl Fn(&Cpu, &dyn Fn(&mut Workspace<M>)) -> Trace,
) {
    for threads in [1, 2, 3, 8] {
        let cpu = Cpu::with_threads(threads).unwrap();
        run(&cpu, &|_| {}).assert_same(expected, &format!("{name} on {threads} threads"));
    }
    for spoil in [f32::NAN, 1e30] {
        let cpu = Cpu::with_threads(2).unwrap();
        testing::poison_freed(&cpu, Some(spoil));
        run(&cpu, &|ws| testing::fill(ws, spoil))
            .assert_same(expected, &format!("{name} in memory full of {spoil}"));
    }
}

#[test]
fn a_deep_net() {
    let (x, y) = (numbers(6, 20, 1), ids(6, 1, 5, 2));
    let y = y.index_axis(Axis(1), 0);
    same_bits!(deep_nets [StoreAll, EveryLayer, EveryBlock, EveryTwo, EveryThree, Irregular, Nested, Recompute, Sqrt, Stages, Most, Half, Least, Budget, Bounded, Marked], [x, y]);
}

#[test]
fn a_gpt_with_dropout_and_tied_weights() {
    let (tokens, next) = (ids(6, 10, 17, 1), ids(6, 10, 17, 2));
    same_bits!(gpts [StoreAll, EveryBlock, EveryTwo, EveryThree, Irregular, Parts, Nested, Recompute, Sqrt, Layers, Most, Half, Third, Least, Budget, Marked], [tokens, next]);
}

#[test]
fn a_graph_with_long_skips_and_shared_layers() {
    let (x, y) = (numbers(6, 20, 1), numbers(6, 20, 2));
    same_bits!(dags [StoreAll, EveryBlock, EveryTwo, EveryThree, Middle, Nested, Recompute, Sqrt, EveryLayer, Mixed, Most, Half, Least, Budget, Marked], [x, y]);
}

#[test]
fn nets_whose_boundaries_are_stored_rounded() {
    let (x, y) = (numbers(6, 20, 1), ids(6, 1, 5, 2));
    let class = y.index_axis(Axis(1), 0);
    same_bits!(rounded_blocks [Blocks, Nested, Recompute, Sqrt], [x, class]);
    let (tokens, next) = (ids(6, 10, 17, 1), ids(6, 10, 17, 2));
    same_bits!(rounded_stages [Every, Recompute, Most, Half, Third, Least, Marked], [tokens, next]);
    let y = numbers(6, 20, 2);
    same_bits!(rounded_graphs [Every, Nested, Most, Half, Marked], [x, y]);
    let exact = trace!(dags::StoreAll, &Cpu::with_threads(1).unwrap(), [x, y]);
    let rounded = trace!(rounded_graphs::Every, &Cpu::with_threads(1).unwrap(), [x, y]);
    assert!(exact.losses != rounded.losses);
}

#[test]
fn two_threads_training_on_one_cpu_do_not_disturb_each_other() {
    let (tokens, next) = (ids(6, 10, 17, 1), ids(6, 10, 17, 2));
    let cpu = Cpu::with_threads(2).unwrap();
    let alone = trace!(gpts::EveryBlock, &cpu, [tokens, next]);
    std::thread::scope(|scope| {
        let runs = [(); 2].map(|()| scope.spawn(|| trace!(gpts::EveryBlock, &cpu, [tokens, next])));
        for run in runs {
            run.join().unwrap().assert_same(&alone, "beside another");
        }
    });
}

/// Checks that what a step touches ends at its peak, and that this is within the limit.
macro_rules! touches_at_most {
    ($module:ident [$($net:ident <= $limit:expr),*], $batch:expr, $inputs:tt) => {
        $(touches_at_most!($module $net <= $limit, $batch, $inputs);)*
    };
    ($module:ident $net:ident <= $limit:expr, $batch:expr, [$($input:ident),*]) => {{
        let mut net = $module::$net::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
        let mut ws = net.workspace($batch).unwrap();
        let step = |ws: &mut _| net.forward_backward(ws, $($input.view()),*);
        let highest = testing::watch(&mut ws, step).unwrap().highest_byte;
        let plan = $module::$net::PLAN;
        assert_eq!(highest, plan.peak_bytes($batch), "{}", plan.name);
        assert!(highest as f64 <= $limit, "{}: {highest} of {}", plan.name, $limit);
    }};
}

/// Fractions, and budgets beside bounds and marks by hand; `budgets.rs` has fifty of bytes for each network.
#[test]
fn a_planned_step_touches_what_the_budget_allows() {
    // A fraction is of what grows with the batch, and the parameters' gradients come on top.
    let part = |plan: Plan, fraction: f64| {
        let (one, two) = (plan.store_all_peak_bytes(1), plan.store_all_peak_bytes(2));
        fraction * (6 * (two - one)) as f64 + (2 * one - two) as f64
    };
    let (x, y) = (numbers(6, 20, 1), ids(6, 1, 5, 2));
    let y = y.index_axis(Axis(1), 0);
    let all = deep_nets::StoreAll::PLAN;
    touches_at_most!(deep_nets [
        Most <= part(all, 0.9),
        Half <= part(all, 0.5),
        Least <= part(all, 0.164),
        Budget <= f64::from(42 << 10),
        Bounded <= part(all, 0.6),
        Marked <= part(all, 0.7)
    ], 6, [x, y]);
    let (tokens, next) = (ids(6, 10, 17, 1), ids(6, 10, 17, 2));
    let all = gpts::StoreAll::PLAN;
    touches_at_most!(gpts [
        Most <= part(all, 0.8),
        Half <= part(all, 0.5),
        Third <= part(all, 0.3),
        Least <= part(all, 0.122),
        Budget <= f64::from(768 << 10),
        Marked <= part(all, 0.4)
    ], 6, [tokens, next]);
    let (x, y) = (numbers(6, 20, 1), numbers(6, 20, 2));
    let all = dags::StoreAll::PLAN;
    touches_at_most!(dags [
        Most <= part(all, 0.9),
        Half <= part(all, 0.6),
        Least <= part(all, 0.487),
        Budget <= f64::from(32 << 10),
        Marked <= part(all, 0.8)
    ], 6, [x, y]);
}

#[test]
fn within_the_peak_of_a_boundary_after_each_block_a_planned_step_recomputes_less() {
    let (by_hand, planned) = (gpts::EveryBlock::PLAN, gpts::LikeEveryBlock::PLAN);
    assert_eq!(by_hand.peak_bytes(6), 312_896);
    assert!(planned.peak_bytes(6) <= by_hand.peak_bytes(6));
    assert!(planned.compute_overhead() < 0.8 * by_hand.compute_overhead(), "{planned}{by_hand}");
}

#[test]
fn bounds_are_kept() {
    let plan = deep_nets::Bounded::PLAN;
    let boundaries = plan.kept().filter(|kept| kept.reason == remat::plan::Reason::Boundary);
    assert!(boundaries.count() <= 2, "{plan}");
}

#[test]
fn plans_save_what_they_are_for() {
    let kept = |plan: &Plan| plan.kept_bytes(6);
    assert!(kept(&gpts::EveryBlock::PLAN) < kept(&gpts::Recompute::PLAN));
    assert!(kept(&gpts::Recompute::PLAN) < kept(&gpts::StoreAll::PLAN));
    assert!(kept(&deep_nets::EveryThree::PLAN) < kept(&deep_nets::EveryBlock::PLAN));
    assert_eq!(gpts::EveryBlock::PLAN.store_all_peak_bytes(6), gpts::StoreAll::PLAN.peak_bytes(6));
    assert_eq!(gpts::StoreAll::PLAN.compute_overhead(), 0.0);
}

#[test]
fn the_lines_of_the_table_sum_to_the_peak_and_gaps_are_small() {
    for plan in [
        gpts::StoreAll::PLAN,
        gpts::EveryBlock::PLAN,
        gpts::Nested::PLAN,
        gpts::Sqrt::PLAN,
        deep_nets::StoreAll::PLAN,
        deep_nets::Sqrt::PLAN,
        dags::StoreAll::PLAN,
        dags::Nested::PLAN,
    ] {
        let peak = plan.peak;
        let live = |n: usize| {
            [peak.inputs, peak.activations, peak.recomputed, peak.gradients, peak.scratch]
                .iter()
                .map(|b| b.at(n))
                .sum::<usize>()
        };
        let gaps = peak.gaps.at(7);
        assert_eq!(live(7) + gaps + plan.gradient_bytes, plan.peak_bytes(7), "{}", plan.name);
        // By batch, a region's share of the whole changes; its own fragmentation does not.
        let all_but_gaps = plan.train.bytes.per_sample - peak.gaps.per_sample;
        assert!(plan.fragmentation() >= plan.train.bytes.per_sample as f64 / all_but_gaps as f64);
        assert!(plan.fragmentation() <= 1.05, "{}: {}", plan.name, plan.fragmentation());
    }
}

#[test]
fn what_a_plan_lists_sums_to_what_it_says() {
    for plan in [
        gpts::StoreAll::PLAN,
        gpts::Nested::PLAN,
        gpts::Recompute::PLAN,
        gpts::Third::PLAN,
        deep_nets::Sqrt::PLAN,
        deep_nets::Least::PLAN,
        dags::Nested::PLAN,
        dags::Mixed::PLAN,
        rounded_blocks::Recompute::PLAN,
        rounded_stages::Least::PLAN,
    ] {
        let name = plan.name;
        let forward: u64 = plan.stages().map(|stage| stage.forward_flops).sum();
        let again: u64 = plan.stages().map(|stage| stage.recompute_flops).sum();
        assert_eq!((forward, again), (plan.forward_flops, plan.recompute_flops), "{name}");
        let layers: u64 = plan.recomputed().map(|layer| layer.flops * layer.times as u64).sum();
        assert_eq!(layers, again, "{name}");
        let kept: usize = plan.kept().map(|kept| kept.bytes.at(7)).sum();
        assert_eq!(kept, plan.kept_bytes(7) + plan.input_bytes(7) + plan.last_segment_bytes(7), "{name}");
        let stages: usize = plan.stages().map(|stage| stage.kept.at(7)).sum();
        assert_eq!(stages + plan.input_bytes(7), kept, "{name}");
        assert!(plan.to_string().lines().all(|line| line.chars().count() <= 100), "{plan}");
    }
    let causes = |plan: Plan| plan.recomputed().map(|layer| layer.cause).collect::<Vec<_>>();
    assert!(causes(gpts::EveryBlock::PLAN).into_iter().all(|cause| cause == Cause::Segment));
    assert!(causes(gpts::Recompute::PLAN).contains(&Cause::Marked));
    assert!(causes(gpts::Most::PLAN).contains(&Cause::Planned));
}

mod frozen {
    use remat::prelude::*;
    model! {
        /// Twelve layers that are not trained, before four that are and run again.
        #[checkpoint(every = 1)]
        pub(crate) Net {
            input x: f32[64];
            target y: f32[64];
            #[frozen]
            trunk: repeat(12) { fc: Linear(64); Gelu; }
            body: repeat(4) { fc: Linear(64); Gelu; }
            loss: Mse <- (body, y);
        }
    }
}

#[test]
fn what_a_plan_adds_is_a_part_of_what_a_step_does_and_frozen_layers_have_no_backward() {
    let plan = frozen::Net::PLAN;
    let body = plan.stages().filter(|stage| stage.name.starts_with("body"));
    let trained: u64 = body.map(|stage| stage.forward_flops).sum();
    // Twice forward's, but for the first trained Linear, which has no gradient to give to what it reads.
    let missing = 2 * trained - plan.backward_flops;
    assert!((2 * 64 * 64..=2 * 64 * 64 + 64).contains(&missing), "{missing}");
    let step = plan.forward_flops + plan.backward_flops;
    assert_eq!(plan.compute_overhead(), plan.recompute_flops as f64 / step as f64);
    assert!(plan.recompute_flops > 0);
}

mod nothing_saved {
    use remat::prelude::*;
    model! {
        /// Boundaries that are rounded, and take more than they save.
        #[checkpoint(every = 1, store = bf16)]
        pub(crate) Net {
            input x: f32[8];
            target y: f32[8];
            a: Linear(8);
            p: Parameter(8);
            q: Parameter(8);
            m: Mul <- (a, p);
            n: Mul <- (m, q);
            Gelu;
            b: Linear(8);
            d: Mul <- (b, p);
            loss: Mse <- (d, y);
        }
    }
}

#[test]
fn a_plan_whose_marks_save_nothing_together_says_so() {
    let plan = nothing_saved::Net::PLAN;
    assert!(plan.memory_savings() <= 0.0);
    let (own, without) = (plan.train.bytes.at(32), plan.store_all_peak_bytes(32) - plan.gradient_bytes);
    let note = format!(
        "the marks save nothing: at batch 32 the workspace is {} bytes, and {} without them",
        own, without
    );
    assert!(plan.notes.contains(&note.as_str()), "{:?} has no {note:?}", plan.notes);
}
