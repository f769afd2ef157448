//! Attention on a GPU, against the CPU.
#![cfg(feature = "cuda")]

mod attention;

use std::process::Command;

use attention::rounded_factors;
use remat::Cpu;
use remat::device::{ElemGrad, Grad};
use remat::ops::attention::{Backward, Forward, Kernel, Spec};
use remat_tests::agreement::{assert_bits, assert_near, assert_rounded_within};
use remat_tests::devices::{self, Bytes, Numbers, Results, Room, Single, elems, gpu, normal, unwritten};

const fn packed(tokens: usize, heads: usize, dim: usize, causal: bool) -> Spec {
    Spec { queries: tokens, keys: tokens, heads, dim, causal, packed: true }
}

const fn separate(queries: usize, keys: usize, heads: usize, dim: usize, causal: bool) -> Spec {
    Spec { queries, keys, heads, dim, causal, packed: false }
}

/// Smaller than the tiles' 16 to 128 rows, of just as many, and of more, also of so many that several tiles pass by; heads
/// of 1, of what is no multiple of 4 or of 8, of the least and the most features of each kernel, 32, 64, 128 and 256, and of
/// more.
const SPECS: [Spec; 31] = [
    packed(1, 1, 1, true),
    packed(5, 2, 8, true),
    packed(64, 1, 16, true),
    packed(65, 2, 24, false),
    packed(130, 1, 32, true),
    packed(200, 1, 12, false),
    separate(7, 150, 2, 12, false),
    separate(1, 66, 1, 1, false),
    separate(70, 1, 3, 5, false),
    separate(33, 33, 3, 10, true),
    packed(67, 1, 33, true),
    packed(129, 2, 64, true),
    separate(66, 131, 1, 40, false),
    separate(131, 30, 1, 63, false),
    packed(3, 3, 62, false),
    packed(70, 1, 65, true),
    packed(33, 2, 128, false),
    separate(66, 97, 1, 96, false),
    separate(97, 97, 1, 99, true),
    packed(37, 1, 256, true),
    separate(17, 34, 2, 129, false),
    separate(34, 17, 1, 250, false),
    packed(300, 1, 40, true),
    separate(70, 150, 1, 100, false),
    packed(150, 1, 128, true),
    packed(70, 1, 200, true),
    packed(66, 1, 257, true),
    separate(33, 70, 2, 300, false),
    separate(65, 3, 1, 384, false),
    packed(40, 2, 390, true),
    separate(1, 97, 1, 513, false),
];

/// A call: `wanted` gradients, each added to what is there, or not.
#[derive(Clone, Copy, Debug)]
struct Call {
    spec: Spec,
    batch: usize,
    lse: bool,
    wanted: [bool; 3],
    add: [bool; 3],
}

impl Call {
    const fn of(spec: Spec, batch: usize) -> Self {
        Self { spec, batch, lse: true, wanted: [true; 3], add: [false; 3] }
    }

    /// How many elements q, k and v have; if packed, the first is all there is.
    fn lens(&self) -> [usize; 3] {
        let Spec { queries, keys, heads, dim, packed, .. } = self.spec;
        let (q, k) = (self.batch * queries * heads * dim, self.batch * keys * heads * dim);
        if packed { [3 * q, 0, 0] } else { [q, k, k] }
    }

    /// q, k and v, and dy.
    fn inputs(&self) -> [Vec<f32>; 4] {
        let [q, k, v] = self.lens();
        let lens = [q, k, v, self.batch * self.spec.heads * self.spec.queries * self.spec.dim];
        std::array::from_fn(|i| normal(1 + i as u32, lens[i]))
    }

    /// y and lse, which stays as it was if it is not asked for.
    fn forward<D: Single + Kernel>(&self, device: &D, inputs: &[Vec<f32>; 4]) -> Results {
        let rows = self.batch * self.spec.heads * self.spec.queries;
        let [q, k, v, _] = inputs.each_ref().map(|x| elems(x.as_slice()));
        let mut room =
            Room::new(device, &[&q, &k, &v, &elems(unwritten(rows * self.spec.dim)), &unwritten(rows)])?;
        let ([q, k, v], [y, lse]) = room.split([0, 1, 2], [3, 4])?;
        let (xs, lse) = ([q, k, v].map(|x| D::view(x)), self.lse.then(|| D::view_mut(lse)));
        let forward = Forward { y: D::view_mut(y), lse, xs: &xs[..self.count()] };
        Kernel::forward(device, &self.spec, self.batch, forward)?;
        room.check()?;
        (3..5).map(|array| room.numbers(array)).collect()
    }

    /// The gradients, of what forward gave; what is not asked for stays as it was.
    fn backward<D: Single + Kernel>(&self, device: &D, inputs: &[Vec<f32>; 4], given: &[Numbers]) -> Results {
        let Call { spec, batch, wanted, add, .. } = *self;
        let lens = self.lens();
        let before = |i: usize| {
            let asked = wanted[i] && !add[i];
            elems(if asked { unwritten(lens[i]) } else { normal(5 + i as u32, lens[i]) })
        };
        let [q, k, v, dy] = inputs.each_ref().map(|x| elems(x.as_slice()));
        let (y, lse) = (elems(given[0].as_slice()), given[1].to_vec());
        let arrays: [&dyn Bytes; 9] = [&q, &k, &v, &dy, &y, &lse, &before(0), &before(1), &before(2)];
        let mut room = Room::new(device, &arrays)?;
        if self.lse {
            let ([q, k, v, dy, y, lse], dxs) = room.split([0, 1, 2, 3, 4, 5], [6, 7, 8])?;
            let xs = [q, k, v].map(|x| D::view(x));
            let mut at = 0;
            let mut dxs: [Option<ElemGrad<'_, D>>; 3] = dxs.map(|dx| {
                at += 1;
                wanted[at - 1].then(|| Grad { to: D::view_mut(dx), add: add[at - 1] })
            });
            let (dy, y, lse) = (D::view(dy), D::view(y), D::view(lse));
            let (dxs, xs) = (&mut dxs[..self.count()], &xs[..self.count()]);
            Kernel::backward(device, &spec, batch, Backward { dxs, dy, xs, y, lse })?;
        }
        room.check()?;
        (6..9).map(|array| room.numbers(array)).collect()
    }

    /// How many arrays q, k and v are in.
    fn count(&self) -> usize {
        if self.spec.packed { 1 } else { 3 }
    }

    /// All of it: y, lse and the gradients.
    fn run<D: Single + Kernel>(&self, device: &D, inputs: &[Vec<f32>; 4]) -> Results {
        let mut results = self.forward(device, inputs)?;
        results.extend(self.backward(device, inputs, &results)?);
        Ok(results)
    }

    /// Runs it on the GPU with elements of f32, and with those of bf16, where p and ds are rounded as factors of tensor cores,
    /// which heads of up to 256 features have.
    fn agrees(&self, inputs: &[Vec<f32>; 4]) {
        let Some(gpu) = gpu() else { return };
        self.agrees_on(&gpu, inputs, |_| self.none_off(inputs));
        let off = |y: &[f32]| match self.spec.dim {
            ..=256 => rounded_factors(&self.spec, self.batch, inputs, y),
            _ => self.none_off(inputs),
        };
        devices::of_rounded(|| self.agrees_on(&gpu.bf16(), inputs, off));
    }

    /// That no factor need be rounded.
    fn none_off(&self, inputs: &[Vec<f32>; 4]) -> [Vec<f32>; 4] {
        [3, 0, 1, 2].map(|at: usize| vec![0.0; inputs[at].len()])
    }

    /// Runs it twice on the GPU, and once on the CPU, where backward is given what forward gave on the GPU. By how much y
    /// and the gradients may be off more than sums of f32, `off` says of that y.
    fn agrees_on<D: Single + Kernel>(
        &self,
        gpu: &D,
        inputs: &[Vec<f32>; 4],
        off: impl FnOnce(&[f32]) -> [Vec<f32>; 4],
    ) {
        let cpu = Cpu::with_threads(1).expect("a thread");
        let on = |run: Results| run.unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let (got, again) = (on(self.run(gpu, inputs)), on(self.run(gpu, inputs)));
        let mut want = on(self.forward(&cpu, inputs));
        want.extend(on(self.backward(&cpu, inputs, &got)));
        let [y, dq, dk, dv] = off(&got[0]);
        let off = [y, vec![], dq, dk, dv];
        for (what, at) in ["y", "lse", "dq", "dk", "dv"].into_iter().zip(0..) {
            let what = format!("{what} of {self:?}");
            // Sums of at most 300 terms, most of which round by 6e-8 of about 1, with signs that differ; the sums of
            // backward are of terms that are themselves such sums.
            let tolerance = if at < 2 { 4e-6 } else { 2e-5 };
            if D::NARROW && at != 1 {
                assert_bits(&what, &got[at], &again[at]);
                assert_rounded_within(&what, &got[at], &want[at], tolerance, &off[at]);
            } else {
                assert_near(&what, &got[at], &again[at], &want[at], tolerance);
            }
        }
    }
}

#[test]
fn all_shapes() {
    for spec in SPECS {
        Call::of(spec, 1).agrees(&Call::of(spec, 1).inputs());
    }
}

#[test]
fn gradients_are_added_where_told_in_every_sample() {
    for spec in [SPECS[1], SPECS[3], SPECS[6], SPECS[9], SPECS[14], SPECS[27]] {
        let adds = [[true; 3], [false, true, false], [true, false, true]];
        for add in adds.into_iter().take(if spec.packed { 1 } else { 3 }) {
            let call = Call { add, ..Call::of(spec, 3) };
            call.agrees(&call.inputs());
        }
    }
}

#[test]
fn what_is_not_asked_for_stays_as_it_was() {
    for wanted in (0..8).map(|bits| [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0]) {
        let call = Call { wanted, ..Call::of(separate(9, 21, 2, 6, false), 2) };
        call.agrees(&call.inputs());
    }
    for wanted in [[true, false, false], [false, true, false], [false, false, true]] {
        let call = Call { wanted, ..Call::of(separate(9, 21, 1, 260, false), 2) };
        call.agrees(&call.inputs());
    }
    for spec in [packed(9, 2, 6, true), separate(3, 70, 1, 36, false), packed(5, 1, 258, true)] {
        let call = Call { lse: false, wanted: [false; 3], ..Call::of(spec, 2) };
        call.agrees(&call.inputs());
    }
}

/// What the kernel for dq tells the one for dk and dv has 32 MiB: 8 bytes for each query. Of more, heads go in turn. On
/// the host that many would take an hour.
#[test]
fn heads_of_more_queries_than_there_is_room_for_go_in_turn() {
    let Some(gpu) = gpu() else { return };
    if gpu.name().ends_with("shim") {
        eprintln!("SKIPPED, there is no GPU");
        return;
    }
    let gpu = gpu.bf16();
    let (spec, batch) = (separate(128, 2, 1, 1, false), 32_780);
    assert!(batch * spec.queries * 8 > 32 << 20);
    let call = Call::of(spec, batch);
    let inputs = call.inputs();
    let all = call.run(&gpu, &inputs).expect("attention");
    // The samples before and behind one of the first turn.
    let at = 32_000;
    let cut = |x: &[f32], first: bool| {
        let (start, rest) = x.split_at(x.len() / batch * at);
        if first { start.to_vec() } else { rest.to_vec() }
    };
    for (samples, first) in [(at, true), (batch - at, false)] {
        let own = inputs.each_ref().map(|x| cut(x, first));
        let own = Call { batch: samples, ..call }.run(&gpu, &own).expect("attention");
        for (what, (own, all)) in ["y", "lse", "dq", "dk", "dv"].iter().zip(own.iter().zip(&all)) {
            assert!(own[..] == cut(all, first)[..], "{what} of {samples} samples");
        }
    }
}

/// Numbers of -1, 0 and 1.
fn whole(which: u32, n: usize) -> Vec<f32> {
    normal(which, n).iter().map(|x| x.clamp(-1.0, 1.0).round()).collect()
}

/// If all scores of a row are the same, p is 1 over the number of keys, and if that is a power of two, p is a bf16; so is
/// ds, if dp is whole and y is 0. Then no factor need be rounded, and a key or a query too many or too few is seen.
#[test]
fn equal_scores_weigh_keys_exactly() {
    let Some(gpu) = gpu() else { return };
    for (keys, dim) in [(128, 12), (256, 64), (128, 96), (64, 256)] {
        let call = Call::of(separate(70, keys, 2, dim, false), 1);
        // Without q, dq is of k alone; without k, dk is of q alone.
        for none in [0, 1] {
            let mut inputs = call.inputs();
            inputs[none].fill(0.0);
            for at in [2, 3] {
                inputs[at] = whole(9 + at as u32, inputs[at].len());
            }
            // Each in the one half of v is the other's negative.
            let (first, second) = inputs[2].split_at_mut(keys * dim);
            second.iter_mut().zip(first).for_each(|(second, first)| *second = -*first);
            devices::of_rounded(|| call.agrees_on(&gpu.bf16(), &inputs, |_| call.none_off(&inputs)));
        }
    }
    for (tokens, dim) in [(200, 30), (131, 64), (131, 128), (70, 200)] {
        let mut call = Call { wanted: [false; 3], lse: false, ..Call::of(packed(tokens, 1, dim, true), 1) };
        for causal in [false, true] {
            call.spec.causal = causal;
            let mut inputs = call.inputs();
            inputs[0].chunks_mut(3 * dim).for_each(|token| token[..dim].fill(0.0));
            devices::of_rounded(|| call.agrees_on(&gpu.bf16(), &inputs, |_| call.none_off(&inputs)));
        }
    }
}

#[test]
fn nan_in_gives_nan_out() {
    let Some(gpu) = gpu() else { return };
    nan_goes_through(&gpu);
    nan_goes_through(&gpu.bf16());
}

fn nan_goes_through<D: Single + Kernel>(gpu: &D) {
    let spec = separate(70, 70, 1, 8, true);
    for part in 0..3 {
        let call = Call::of(spec, 1);
        let mut inputs = call.inputs();
        inputs[part][3 * spec.dim] = f32::NAN;
        let results = call.run(gpu, &inputs).expect("attention");
        // Query 3 reads all three; only it reads q.
        assert!(results[0][3 * spec.dim].is_nan(), "y, part {part}");
        assert_eq!(results[1][3].is_nan(), part < 2, "lse, part {part}");
        assert!(results[3][0].is_nan(), "dk, part {part}");
        assert!(
            results[0][..3 * spec.dim].iter().all(|y| part == 2 || !y.is_nan()),
            "earlier y, part {part}"
        );
    }
}

#[test]
fn scores_of_any_size_do_not_overflow_the_softmax() {
    let Some(gpu) = gpu() else { return };
    softmax_does_not_overflow(&gpu);
    softmax_does_not_overflow(&gpu.bf16());
}

fn softmax_does_not_overflow<D: Single + Kernel>(gpu: &D) {
    let spec = separate(1, 150, 1, 1, false);
    let attend = |q: f32, k: &dyn Fn(usize) -> f32| {
        let inputs = [vec![q], (0..150).map(k).collect(), (0..150).map(|j| j as f32).collect(), vec![0.0]];
        let call = Call { lse: false, wanted: [false; 3], ..Call::of(spec, 1) };
        call.run(gpu, &inputs).expect("attention")[0][0]
    };
    assert_eq!(attend(1e10, &|j| if j == 100 { 1e10 } else { -1e10 }), 100.0, "one key far above the others");
    let two = |j| if j == 10 || j == 140 { 1e10 } else { -1e10 };
    assert_eq!(attend(1e10, &two), 75.0, "two as far above them");
    assert_eq!(attend(1e30, &|j| if j < 149 { -1e30 } else { 0.0 }), 149.0, "all but the last are -inf");
    assert!(attend(1e30, &|_| -1e30).is_nan(), "all are -inf, as on the CPU");
    assert!(attend(1e30, &|_| 1e30).is_nan(), "all are inf, as on the CPU");
}

/// What older keys have summed up to is scaled when scores exceed what their exponents are counted from; on tensor cores if
/// it is by much, which here it is for some queries every other tile of keys, and for others never.
#[test]
fn scores_that_rise_or_fall_along_the_keys() {
    for rise in devices::some(&[0.01, 0.05, -0.05]) {
        for spec in [separate(70, 400, 1, 8, false), packed(400, 1, 64, true)] {
            let call = Call { wanted: [false; 3], ..Call::of(spec, 1) };
            let mut inputs = call.inputs();
            let step = inputs[0].len() / spec.queries;
            for query in 0..spec.queries {
                inputs[0][query * step] = (spec.dim as f32).sqrt() * (query % 3) as f32 / 2.0;
            }
            // Keys are in the same rows, or in an input of their own.
            let (input, first) = if spec.packed { (0, spec.dim) } else { (1, 0) };
            for key in 0..spec.keys {
                inputs[input][first + key * step] = rise * key as f32;
            }
            call.agrees(&inputs);
        }
    }
}

#[test]
fn large_scores_that_differ_little_weigh_what_they_should() {
    let Some(gpu) = gpu() else { return };
    // Scores of f32 are scaled, and rounded, before they are compared.
    large_scores(&gpu, 1.0 / 32.0);
    large_scores(&gpu.bf16(), 1.0 / 128.0);
}

/// Exponents so large that a product which is subtracted from all of them is off by a part of 1: by as much for older and
/// newer keys. Of three tiles of keys, sums are just not scaled for the second, and for the third they are.
fn large_scores<D: Single + Kernel>(gpu: &D, tolerance: f64) {
    let spec = separate(1, 150, 1, 2, false);
    let call = Call { lse: false, wanted: [false; 3], ..Call::of(spec, 1) };
    let more = |key: usize| [0.0, 7.4375, 8.125][key / 64];
    let weight = |key: usize| (f64::from(more(key)) / 2.0_f64.sqrt()).exp();
    for large in [512.0, 500.0, 388.0, 290.0] {
        let keys = || 0..spec.keys;
        let k = keys().flat_map(|key| [large, more(key)]).collect();
        // The share of each of two tiles.
        let v = keys().flat_map(|key| [f32::from(key < 64), f32::from(key >= 128)]).collect();
        let y = call.run(gpu, &[vec![1024.0, 1.0], k, v, vec![0.0; 2]]).expect("attention");
        let all: f64 = keys().map(weight).sum();
        for (got, keys) in y[0].iter().zip([0..64, 128..150]) {
            let want = keys.map(weight).sum::<f64>() / all;
            assert!((f64::from(*got) / want - 1.0).abs() < tolerance, "{large}: {got} is not {want}");
        }
    }
}

/// Where p is far from what a key past the last would have: exp of -lse overflows.
#[test]
fn scores_far_below_0_have_gradients() {
    let spec = separate(5, 3, 1, 4, false);
    let mut inputs = Call::of(spec, 1).inputs();
    inputs[0].iter_mut().for_each(|q| *q = 10.0 + 0.01 * *q);
    inputs[1].iter_mut().for_each(|k| *k = -10.0 + 0.01 * *k);
    let call = Call::of(spec, 1);
    call.agrees(&inputs);
    let Some(gpu) = gpu() else { return };
    for results in [call.run(&gpu, &inputs), call.run(&gpu.bf16(), &inputs)] {
        let results = results.expect("attention");
        let finite = results[2..].iter().flat_map(|dx| dx.iter()).all(|dx| dx.is_finite());
        assert!(results[1][0] < -150.0 && finite);
    }
}

/// What a process that `blocks_in_any_order_give_the_same_bits` starts is told by.
const SHUFFLED: &str = "REMAT_SHUFFLED";

/// The same bits in all orders of blocks, of which the host's GPU has one for each process.
#[test]
fn blocks_in_any_order_give_the_same_bits() {
    let Some(gpu) = gpu() else { return };
    let call = Call::of(packed(150, 2, 64, true), 2);
    let bits = || {
        let inputs = call.inputs();
        let results = [call.run(&gpu, &inputs), call.run(&gpu.bf16(), &inputs)];
        let results = results.into_iter().flat_map(|results| results.expect("attention"));
        let numbers = results.flat_map(|numbers| numbers.to_vec());
        numbers.fold(0u64, |sum, number| sum.rotate_left(5) ^ u64::from(number.to_bits()))
    };
    if std::env::var_os(SHUFFLED).is_some() {
        println!("bits: {:016x}", bits());
        return;
    }
    let want = format!("bits: {:016x}", bits());
    for seed in ["1", "2"] {
        let run = Command::new(std::env::current_exe().expect("a program"))
            .args(["blocks_in_any_order_give_the_same_bits", "--exact", "--nocapture"])
            .envs([(SHUFFLED, "1"), ("REMAT_SHIM_SEED", seed)])
            .output()
            .expect("a process");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains(&want), "seed {seed}: {said}, without: {want}");
    }
}

#[test]
fn views_of_other_sizes_are_refused() {
    let Some(gpu) = gpu() else { return };
    let short = Call::of(packed(4, 1, 2, true), 1);
    assert!(short.run(&gpu, &short.inputs()).is_ok());
    assert!(short.run(&gpu, &[normal(1, 23), vec![], vec![], normal(4, 8)]).is_err());
    assert!(Call { spec: Spec { keys: 3, ..short.spec }, ..short }.run(&gpu, &short.inputs()).is_err());
}
