//! Fifty budgets of each of five networks, from the least that compiles to what a step takes that keeps everything.
//! What a step really touches is what its plan says, and within its budget; less of a budget never takes more memory,
//! more of it never takes more time; and loss and gradients are always the bits of the step that keeps everything.

use remat::model::Trainable;
use remat::ndarray::{Array1, Array3, Axis};
use remat::prelude::*;
use remat::testing;
use remat_tests::trace::{Trace, ids, numbers};

#[macro_use]
#[path = "budgets/nets.rs"]
mod nets;

/// A training step.
struct Step {
    /// The most it may take.
    budget: usize,
    /// What its plan says that it takes.
    planned: usize,
    /// Where the highest buffer ends that it was given.
    touched: usize,
    /// The time that its plan adds to a step that keeps everything, as the planner expects.
    overhead: f64,
    /// Its loss and gradients.
    answer: Trace,
}

impl Step {
    /// Takes one, in memory that holds no number but those that the step wrote and has not freed.
    fn take<M: Trainable<Device = Cpu>>(mut net: M, budget: usize, samples: usize, batch: &M::Batch) -> Self {
        let mut ws = net.workspace(samples).unwrap();
        testing::fill(&mut ws, f32::NAN);
        let mut answer = Trace::default();
        let step = |ws: &mut _| net.train_batch(ws, batch).map(|loss| answer.losses.push(loss.to_bits()));
        let touched = testing::watch(&mut ws, step).unwrap().highest_byte;
        answer.add_grads(ws.grads());
        let (planned, overhead) = (M::PLAN.peak_bytes(samples), M::PLAN.time_overhead());
        Self { budget, planned, touched, overhead, answer }
    }
}

/// The bytes that a budget means.
fn bytes(budget: &str) -> usize {
    match budget.split_once(' ') {
        Some((bytes, "B")) => bytes.parse().unwrap(),
        Some((kibibytes, "KiB")) => kibibytes.parse::<usize>().unwrap() << 10,
        _ => panic!("{budget}"),
    }
}

/// Takes a step of a network that keeps everything, and one within each of these budgets, the least of them first.
macro_rules! step_within {
    ($net:ident, $samples:literal, $batch:expr, [$($budget:tt)*]) => {{
        let cpu = Cpu::with_threads(1).unwrap();
        testing::poison_freed(&cpu, Some(f32::NAN));
        let batch = $batch;
        $net!(StoreAll []);
        let all = Step::take(StoreAll::new(&cpu, 1).unwrap(), usize::MAX, $samples, &batch);
        let steps = [$({
            $net!(Net [#[checkpoint(budget = $budget, batch = $samples)]]);
            Step::take(Net::new(&cpu, 1).unwrap(), bytes($budget), $samples, &batch)
        }),*];
        check(&all, &steps);
    }};
}

fn check(all: &Step, steps: &[Step; 50]) {
    assert!(all.answer.losses.iter().all(|loss| f32::from_bits(*loss).is_finite()));
    for step in steps {
        let budget = step.budget;
        assert_eq!(step.touched, step.planned, "within {budget} bytes");
        assert!(step.touched <= budget, "{} of {budget} bytes", step.touched);
        step.answer.assert_same(&all.answer, &format!("within {budget} bytes"));
    }
    for [less, more] in steps.array_windows() {
        assert!(less.budget < more.budget);
        assert!(less.touched <= more.touched, "{} bytes take more than {}", less.budget, more.budget);
        assert!(less.overhead >= more.overhead, "{} bytes take longer than {}", more.budget, less.budget);
    }
    // The first budget is what the compiler says a step takes at least, and all of it is taken.
    let (first, last) = (&steps[0], &steps[49]);
    assert_eq!(first.touched, first.budget);
    assert_eq!((last.touched, last.overhead), (all.touched, 0.0));
    // That says something only if there is much to choose from.
    let mut peaks = steps.each_ref().map(|step| step.touched).to_vec();
    peaks.dedup();
    assert!(peaks.len() >= 12 && 5 * first.touched < 3 * last.touched, "{peaks:?}");
}

fn labels(samples: usize) -> Array1<u32> {
    ids(samples, 1, 10, 2).index_axis_move(Axis(1), 0)
}

/// Sixteen rows of eight numbers for each sample.
fn rows(samples: usize, seed: u64) -> Array3<f32> {
    numbers(samples, 16 * 8, seed).into_shape_with_order((samples, 16, 8)).unwrap()
}

#[test]
fn an_mlp() {
    step_within!(mlp, 35, (numbers(35, 48, 1), labels(35)), [
        "57728 B" "57 KiB" "58 KiB" "59 KiB" "60 KiB" "61 KiB" "62 KiB" "63 KiB" "64 KiB" "65 KiB" "66 KiB"
        "67 KiB" "68 KiB" "69 KiB" "70 KiB" "71 KiB" "72 KiB" "73 KiB" "74 KiB" "75 KiB" "76 KiB" "77 KiB"
        "78 KiB" "79 KiB" "80 KiB" "81 KiB" "82 KiB" "83 KiB" "84 KiB" "85 KiB" "86 KiB" "87 KiB" "88 KiB"
        "89 KiB" "90 KiB" "91 KiB" "92 KiB" "93 KiB" "94 KiB" "95 KiB" "96 KiB" "97 KiB" "98 KiB" "99 KiB"
        "100 KiB" "101 KiB" "102 KiB" "103 KiB" "104 KiB" "105 KiB"
    ]);
}

#[test]
fn a_gpt() {
    step_within!(gpt, 8, (ids(8, 12, 11, 1), ids(8, 12, 11, 2)), [
        "98816 B" "103 KiB" "106 KiB" "109 KiB" "112 KiB" "115 KiB" "118 KiB" "121 KiB" "124 KiB"
        "127 KiB" "130 KiB" "133 KiB" "136 KiB" "139 KiB" "142 KiB" "145 KiB" "148 KiB" "151 KiB"
        "154 KiB" "157 KiB" "160 KiB" "163 KiB" "166 KiB" "169 KiB" "172 KiB" "175 KiB" "178 KiB"
        "181 KiB" "184 KiB" "187 KiB" "190 KiB" "193 KiB" "196 KiB" "200 KiB" "204 KiB" "208 KiB"
        "212 KiB" "216 KiB" "220 KiB" "224 KiB" "228 KiB" "232 KiB" "236 KiB" "240 KiB" "244 KiB"
        "248 KiB" "252 KiB" "256 KiB" "260 KiB" "264 KiB"
    ]);
}

#[test]
fn a_residual_net_with_shortcuts() {
    step_within!(resnet, 15, (rows(15, 1), labels(15)), [
        "58560 B" "58 KiB" "60 KiB" "62 KiB" "64 KiB" "66 KiB" "68 KiB" "70 KiB" "72 KiB" "74 KiB" "76 KiB"
        "78 KiB" "80 KiB" "82 KiB" "84 KiB" "86 KiB" "88 KiB" "90 KiB" "92 KiB" "94 KiB" "96 KiB" "98 KiB"
        "100 KiB" "102 KiB" "104 KiB" "106 KiB" "108 KiB" "110 KiB" "112 KiB" "114 KiB" "116 KiB" "118 KiB"
        "120 KiB" "122 KiB" "124 KiB" "126 KiB" "128 KiB" "130 KiB" "132 KiB" "134 KiB" "136 KiB" "138 KiB"
        "140 KiB" "142 KiB" "144 KiB" "146 KiB" "148 KiB" "150 KiB" "152 KiB" "154 KiB"
    ]);
}

#[test]
fn an_encoder_decoder_with_long_skips() {
    step_within!(encoder_decoder, 16, (rows(16, 1), rows(16, 2)), [
        "72064 B" "81 KiB" "84 KiB" "87 KiB" "90 KiB" "93 KiB" "96 KiB" "99 KiB" "102 KiB" "105 KiB"
        "108 KiB" "111 KiB" "114 KiB" "117 KiB" "120 KiB" "123 KiB" "126 KiB" "129 KiB" "132 KiB" "135 KiB"
        "138 KiB" "141 KiB" "144 KiB" "147 KiB" "150 KiB" "153 KiB" "156 KiB" "159 KiB" "162 KiB" "165 KiB"
        "168 KiB" "171 KiB" "174 KiB" "177 KiB" "180 KiB" "183 KiB" "186 KiB" "189 KiB" "192 KiB" "195 KiB"
        "198 KiB" "201 KiB" "204 KiB" "207 KiB" "210 KiB" "213 KiB" "216 KiB" "219 KiB" "222 KiB" "225 KiB"
    ]);
}

#[test]
fn a_very_uneven_chain() {
    step_within!(uneven_chain, 28, (numbers(28, 16, 1), numbers(28, 16, 2)), [
        "151232 B" "153 KiB" "156 KiB" "159 KiB" "162 KiB" "165 KiB" "168 KiB" "171 KiB" "174 KiB"
        "177 KiB" "180 KiB" "183 KiB" "186 KiB" "189 KiB" "192 KiB" "195 KiB" "198 KiB" "201 KiB"
        "204 KiB" "207 KiB" "210 KiB" "213 KiB" "216 KiB" "219 KiB" "222 KiB" "226 KiB" "230 KiB"
        "234 KiB" "238 KiB" "242 KiB" "246 KiB" "250 KiB" "254 KiB" "258 KiB" "262 KiB" "266 KiB"
        "270 KiB" "274 KiB" "278 KiB" "282 KiB" "286 KiB" "290 KiB" "294 KiB" "298 KiB" "302 KiB"
        "306 KiB" "310 KiB" "314 KiB" "318 KiB" "322 KiB"
    ]);
}
