//! How far attention may be from its formula where tensor cores have rounded factors: by plain loops.

use remat::ops::attention::Spec;
use remat_tests::devices::{bf16, widened};

/// Half of the last place of a bf16, which has 8 digits: what p and ds, rounded, are from themselves, relatively.
const ROUNDING: f64 = 1.0 / 256.0;

/// Where a head is in an array of q, k, v, y, or of their gradients.
struct Part<'a> {
    numbers: &'a [f64],
    start: usize,
    stride: usize,
}

impl Part<'_> {
    fn row(&self, row: usize, dim: usize) -> &[f64] {
        &self.numbers[self.start + row * self.stride..][..dim]
    }
}

/// Where part 0, 1 or 2 (q, k or v) of a head of a sample is: in which array, from where, and how far rows are apart.
fn place(spec: &Spec, part: usize, sample: usize, head: usize) -> (usize, usize, usize) {
    let Spec { queries, keys, heads, dim, packed, .. } = *spec;
    if packed {
        let stride = 3 * heads * dim;
        return (0, sample * queries * stride + (part * heads + head) * dim, stride);
    }
    let stride = heads * dim;
    (part, sample * if part == 0 { queries } else { keys } * stride + head * dim, stride)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// to += |factor x|
fn add(to: &mut [f64], factor: f64, x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += (factor * x).abs());
}

/// softmax of the scores of one query, of which it sees the first `seen`
fn weights(spec: &Spec, q: &[f64], k: &Part<'_>, seen: usize) -> Vec<f64> {
    let scale = 1.0 / (spec.dim as f64).sqrt();
    let scores: Vec<f64> = (0..seen).map(|key| scale * dot(q, k.row(key, spec.dim))).collect();
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
    scores.iter().map(|score| (score - most).exp() / sum).collect()
}

/// By how much y and the gradients (in the arrays of q, k and v) may be off, number by number, if each p and each ds is
/// rounded to bf16 where it is multiplied: the sum of the sizes of all terms, times the rounding of one. `inputs` are
/// q, k, v and dy, before they are rounded to bf16, and y what forward gave.
pub(crate) fn rounded_factors(spec: &Spec, batch: usize, inputs: &[Vec<f32>; 4], y: &[f32]) -> [Vec<f32>; 4] {
    let Spec { queries, keys, heads, dim, causal, .. } = *spec;
    let exact = |x: &[f32]| x.iter().map(|x| f64::from(widened(bf16(*x)))).collect::<Vec<f64>>();
    let [y, dy] = [exact(y), exact(&inputs[3])];
    let inputs = inputs.each_ref().map(|x| exact(x));
    let mut off = [&y, &inputs[0], &inputs[1], &inputs[2]].map(|x| vec![0.0; x.len()]);
    let scale = 1.0 / (dim as f64).sqrt();
    for (sample, head) in (0..batch).flat_map(|sample| (0..heads).map(move |head| (sample, head))) {
        let [q, k, v] = [0, 1, 2].map(|part| {
            let (array, start, stride) = place(spec, part, sample, head);
            Part { numbers: &inputs[array], start, stride }
        });
        for query in 0..queries {
            let seen = if causal { query + 1 } else { keys };
            let at = ((sample * queries + query) * heads + head) * dim;
            let (y, dy) = (&y[at..][..dim], &dy[at..][..dim]);
            let delta = dot(y, dy);
            for (key, p) in weights(spec, q.row(query, dim), &k, seen).into_iter().enumerate() {
                let ds = scale * p * (dot(dy, v.row(key, dim)) - delta);
                add(&mut off[0][at..][..dim], p, v.row(key, dim));
                let rows =
                    [(0, query, ds, k.row(key, dim)), (1, key, ds, q.row(query, dim)), (2, key, p, dy)];
                for (part, row, factor, x) in rows {
                    let (array, start, stride) = place(spec, part, sample, head);
                    add(&mut off[array + 1][start + row * stride..][..dim], factor, x);
                }
            }
        }
    }
    off.map(|off| off.iter().map(|off| (ROUNDING * off) as f32).collect())
}
