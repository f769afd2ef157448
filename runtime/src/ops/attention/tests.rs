use super::*;
use crate::cpu::Cpu;
use crate::cpu::simd::Float;
use crate::device::Grad;

/// Sizes around the tiles' 64 queries, 64 keys, 256 keys of a group and 16 columns, and smaller.
const SPECS: [Spec; 13] = [
    packed(1, 1, 8, true),
    packed(5, 2, 8, true),
    packed(64, 1, 16, true),
    packed(65, 2, 24, false),
    packed(130, 1, 40, true),
    packed(300, 1, 8, true),
    packed(290, 1, 12, false),
    separate(7, 150, 2, 12, false),
    separate(150, 7, 1, 96, false),
    separate(70, 300, 1, 20, false),
    separate(33, 33, 3, 10, true),
    // So wide that groups of keys are smaller; and too wide for tiles of f64.
    separate(2, 200, 1, 600, false),
    separate(4, 3, 1, 2100, false),
];

const fn packed(tokens: usize, heads: usize, dim: usize, causal: bool) -> Spec {
    Spec { queries: tokens, keys: tokens, heads, dim, causal, packed: true }
}

const fn separate(queries: usize, keys: usize, heads: usize, dim: usize, causal: bool) -> Spec {
    Spec { queries, keys, heads, dim, causal, packed: false }
}

/// A call: its inputs, and after `run` its results.
#[derive(Clone, Debug, PartialEq)]
struct Call<E> {
    spec: Spec,
    batch: usize,
    xs: Vec<Vec<E>>,
    dy: Vec<E>,
    y: Vec<E>,
    lse: Vec<E>,
    dxs: Vec<Vec<E>>,
}

impl<E: Float> Call<E> {
    /// Inputs between -2 and 2, the same for every `E`; gradients that hold 3.
    fn new(spec: Spec, batch: usize) -> Self {
        let Spec { queries, keys, heads, dim, packed, .. } = spec;
        let (q, k) = (batch * queries * heads * dim, batch * keys * heads * dim);
        let numbers = |len: usize, seed: u32| -> Vec<E> {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                E::from_f64(f64::from((state >> 16) as f32 / 16384.0 - 2.0))
            };
            (0..len).map(|_| next()).collect()
        };
        let xs = match packed {
            true => vec![numbers(3 * q, 1)],
            false => vec![numbers(q, 1), numbers(k, 2), numbers(k, 3)],
        };
        let dxs = xs.iter().map(|x| vec![E::from_f64(3.0); x.len()]).collect();
        let y = vec![E::ZERO; q];
        Self { spec, batch, xs, dy: numbers(q, 4), y, lse: vec![E::ZERO; batch * heads * queries], dxs }
    }

    fn run(mut self, cpu: &Cpu<E>) -> Self {
        self.forward(cpu);
        self.backward(cpu, false, [true; 3]);
        self
    }

    fn forward(&mut self, cpu: &Cpu<E>) {
        let xs: Vec<&[E]> = self.xs.iter().map(Vec::as_slice).collect();
        let args = Forward { y: &mut self.y[..], lse: Some(&mut self.lse[..]), xs: &xs };
        Kernel::forward(cpu, &self.spec, self.batch, args).unwrap();
    }

    fn backward(&mut self, cpu: &Cpu<E>, add: bool, wanted: [bool; 3]) {
        let xs: Vec<&[E]> = self.xs.iter().map(Vec::as_slice).collect();
        let dxs = self.dxs.iter_mut().zip(wanted);
        let mut dxs: Vec<_> =
            dxs.map(|(to, wanted)| wanted.then_some(Grad { to: to.as_mut_slice(), add })).collect();
        let args = Backward { dxs: &mut dxs, dy: &self.dy[..], xs: &xs, y: &self.y[..], lse: &self.lse[..] };
        Kernel::backward(cpu, &self.spec, self.batch, args).unwrap();
    }

    /// The input, and the first element in it, of a row of q (part 0), k or v.
    fn row(&self, part: usize, sample: usize, head: usize, i: usize) -> (usize, usize) {
        let Spec { queries, keys, heads, dim, packed, .. } = self.spec;
        let rows = if part == 0 { queries } else { keys };
        match packed {
            true => (0, (((sample * queries + i) * 3 + part) * heads + head) * dim),
            false => (part, ((sample * rows + i) * heads + head) * dim),
        }
    }

    /// What `run` should give, by the plain formula in f64, the [queries, keys] scores and all.
    fn plain(&self) -> Call<f64> {
        let Spec { queries, keys, heads, dim, causal, .. } = self.spec;
        let mut out = Call::<f64>::new(self.spec, self.batch);
        out.dxs.iter_mut().for_each(|dx| dx.fill(0.0));
        let scale = 1.0 / (dim as f64).sqrt();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        fn add(to: &mut [f64], scale: f64, x: &[f64]) {
            to.iter_mut().zip(x).for_each(|(to, x)| *to += scale * x);
        }
        let cells =
            (0..self.batch * heads).flat_map(|at| (0..queries).map(move |i| (at / heads, at % heads, i)));
        for (sample, head, i) in cells {
            let read = |part, i| {
                let (x, at) = self.row(part, sample, head, i);
                self.xs[x][at..at + dim].iter().map(|x| x.to_f64()).collect::<Vec<_>>()
            };
            let end = if causal { i + 1 } else { keys };
            let (k, v): (Vec<_>, Vec<_>) = (0..end).map(|j| (read(1, j), read(2, j))).unzip();
            let s: Vec<f64> = k.iter().map(|k| dot(&read(0, i), k) * scale).collect();
            let max = s.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let lse = max + s.iter().map(|s| (s - max).exp()).sum::<f64>().ln();
            let p: Vec<f64> = s.iter().map(|s| (s - lse).exp()).collect();
            let at = ((sample * queries + i) * heads + head) * dim;
            out.lse[(sample * heads + head) * queries + i] = lse;
            out.y[at..at + dim].fill(0.0);
            p.iter().zip(&v).for_each(|(p, v)| add(&mut out.y[at..at + dim], *p, v));
            let dy: Vec<f64> = self.dy[at..at + dim].iter().map(|x| x.to_f64()).collect();
            let delta = dot(&dy, &out.y[at..at + dim]);
            for j in 0..end {
                let ds = p[j] * (dot(&dy, &v[j]) - delta) * scale;
                for (part, row, scale, x) in [(0, i, ds, &k[j]), (1, j, ds, &read(0, i)), (2, j, p[j], &dy)] {
                    let (dx, at) = self.row(part, sample, head, row);
                    add(&mut out.dxs[dx][at..at + dim], scale, x);
                }
            }
        }
        out
    }
}

fn bits<E: Float>(x: &[E]) -> Vec<u64> {
    x.iter().map(|x| x.to_f64().to_bits()).collect()
}

/// Every result, named.
fn results<E: Float>(call: &Call<E>) -> impl Iterator<Item = (&'static str, &[E])> {
    let dxs = call.dxs.iter().map(|dx| ("dx", dx.as_slice()));
    [("y", call.y.as_slice()), ("lse", &call.lse)].into_iter().chain(dxs)
}

fn close<E: Float>(spec: Spec, found: &[E], expected: &[f64], tolerance: f64, what: &str) {
    let size = expected.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found.to_f64() - expected).abs() / size;
        assert!(error < tolerance, "{what} of {spec:?} at {at}: {found:?} for {expected} (off by {error:e})");
    }
}

#[test]
fn the_plain_formula_is_computed() {
    let cpu = Cpu::with_threads(2).unwrap();
    for spec in SPECS {
        // The sums are hundreds of terms long; a dozen roundings of f64 (1e-16) in each.
        let call = Call::<f64>::new(spec, 2);
        for ((what, found), (_, expected)) in
            results(&call.clone().run(&cpu.double())).zip(results(&call.plain()))
        {
            close(spec, found, expected, 2e-14, what);
        }
        // Of f32: 6e-8 each.
        let call = Call::<f32>::new(spec, 2);
        for ((what, found), (_, expected)) in results(&call.clone().run(&cpu)).zip(results(&call.plain())) {
            close(spec, found, expected, 1e-5, what);
        }
    }
}

#[test]
fn gradients_are_the_slopes_of_forward() {
    let cpu = Cpu::with_threads(1).unwrap().double();
    for spec in [packed(5, 2, 8, true), packed(3, 1, 4, false), separate(4, 6, 2, 3, false), SPECS[12]] {
        let call = Call::new(spec, 1).run(&cpu);
        let loss = |call: &Call<f64>| call.y.iter().zip(&call.dy).map(|(y, dy)| y * dy).sum::<f64>();
        // The difference is off by step^2 = 1e-10 and by rounding, 1e-16 / step = 1e-11.
        let step = 1e-5;
        for (part, dx) in call.dxs.iter().enumerate() {
            let size = dx.iter().fold(0.0_f64, |size, dx| size.max(dx.abs()));
            for at in (0..dx.len()).step_by(1 + dx.len() / 100) {
                let at_offset = |offset| {
                    let mut call = call.clone();
                    call.xs[part][at] += offset;
                    call.forward(&cpu);
                    loss(&call)
                };
                let slope = (at_offset(step) - at_offset(-step)) / (2.0 * step);
                assert!((slope - dx[at]).abs() < 1e-6 * size, "{spec:?} at {at}: {} for {slope}", dx[at]);
            }
        }
    }
}

#[test]
fn any_number_of_threads_and_a_second_run_give_the_same_bits() {
    for spec in SPECS {
        let first = Call::<f32>::new(spec, 2).run(&Cpu::with_threads(1).unwrap());
        for threads in [1, 2, 3] {
            let again = Call::<f32>::new(spec, 2).run(&Cpu::with_threads(threads).unwrap());
            for ((what, first), (_, again)) in results(&first).zip(results(&again)) {
                assert_eq!(bits(first), bits(again), "{what} of {spec:?} with {threads} threads");
            }
        }
    }
}

#[test]
fn a_gradient_is_added_where_told_and_left_where_absent() {
    let cpu = Cpu::with_threads(2).unwrap().double();
    for spec in SPECS {
        let written = Call::<f64>::new(spec, 1).run(&cpu);
        let mut added = Call { dxs: Call::<f64>::new(spec, 1).dxs, ..written.clone() };
        added.backward(&cpu, true, [true; 3]);
        for (written, added) in written.dxs.iter().zip(&added.dxs) {
            let expected: Vec<f64> = written.iter().map(|dx| 3.0 + dx).collect();
            close(spec, added, &expected, 1e-14, "an added dx");
        }
        for wanted in [[true, false, false], [false, true, false], [false, false, true]] {
            let mut some = Call { dxs: Call::<f64>::new(spec, 1).dxs, ..written.clone() };
            some.backward(&cpu, false, wanted);
            for ((some, all), wanted) in some.dxs.iter().zip(&written.dxs).zip(wanted) {
                let expected = if wanted { bits(all) } else { bits(&vec![3.0; some.len()]) };
                assert_eq!(bits(some), expected, "{spec:?} {wanted:?}");
            }
        }
    }
}

#[test]
fn forward_gives_the_same_without_lse() {
    let cpu = Cpu::with_threads(1).unwrap();
    let call = Call::<f32>::new(packed(70, 2, 8, true), 1).run(&cpu);
    let mut y = vec![0.0; call.y.len()];
    Kernel::forward(&cpu, &call.spec, 1, Forward { y: &mut y, lse: None, xs: &[&call.xs[0]] }).unwrap();
    assert_eq!(bits(&y), bits(&call.y));
}

#[test]
fn nan_in_gives_nan_out() {
    let cpu = Cpu::with_threads(2).unwrap();
    for spec in [packed(70, 1, 8, true), packed(4, 1, 4200, true)] {
        for part in 0..3 {
            let mut call = Call::<f32>::new(spec, 1);
            let (x, at) = call.row(part, 0, 0, 3);
            call.xs[x][at] = f32::NAN;
            let call = call.run(&cpu);
            // Query 3 reads all three; only it reads q.
            assert!(call.y[3 * spec.dim].is_nan(), "y of {spec:?}, part {part}");
            assert_eq!(call.lse[3].is_nan(), part < 2, "lse of {spec:?}, part {part}");
            let (dx, dk) = call.row(1, 0, 0, 0);
            assert!(call.dxs[dx][dk].is_nan(), "dk of {spec:?}, part {part}");
        }
    }
}

#[test]
fn scores_of_any_size_do_not_overflow_the_softmax() {
    let cpu = Cpu::with_threads(1).unwrap();
    let spec = separate(1, 150, 1, 1, false);
    let attend = |q: f32, k: &dyn Fn(usize) -> f32| {
        let mut call = Call::<f32>::new(spec, 1);
        call.xs = vec![vec![q], (0..150).map(k).collect(), (0..150).map(|j| j as f32).collect()];
        call.forward(&cpu);
        call.y[0]
    };
    assert_eq!(attend(1e10, &|j| if j == 100 { 1e10 } else { -1e10 }), 100.0, "one key far above the others");
    assert_eq!(attend(1e30, &|j| if j < 149 { -1e30 } else { 0.0 }), 149.0, "all but the last are -inf");
    assert!(attend(1e30, &|_| -1e30).is_nan(), "all are -inf, as in PyTorch");
    assert!(attend(1e30, &|_| 1e30).is_nan(), "all are inf, as in PyTorch");
}

#[test]
fn views_of_other_sizes_are_refused() {
    let cpu = Cpu::with_threads(1).unwrap();
    let (spec, x, mut y) = (packed(4, 1, 2, true), vec![0.0; 24], vec![0.0; 8]);
    let mut forward =
        |spec: &Spec, xs: &[&[f32]]| Kernel::forward(&cpu, spec, 1, Forward { y: &mut y, lse: None, xs });
    assert!(forward(&spec, &[&x]).is_ok());
    assert!(forward(&spec, &[&x[1..]]).is_err());
    assert!(forward(&spec, &[&x, &x]).is_err());
    assert!(forward(&Spec { keys: 3, ..spec }, &[&x]).is_err(), "causal, and fewer keys than queries");
}
