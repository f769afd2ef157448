//! Rows into columns.

use super::rows::Rows;
use super::tile::LANES;
use crate::cpu::simd::{Float, Level};

/// to [dim, LANES] = `count` rows from `first` on, transposed, times `scale`, and 0 in the lanes left.
pub(super) fn transpose<E: Float>(
    level: Level,
    to: &mut [E],
    rows: &Rows<'_, E>,
    (first, count): (usize, usize),
    scale: E,
) {
    let (to, _) = to.as_chunks_mut::<LANES>();
    let mut lane = 0;
    #[cfg(target_arch = "x86_64")]
    if level >= Level::Avx2 && size_of::<E>() == size_of::<f32>() {
        while lane + EIGHT <= count {
            let eight = std::array::from_fn(|i| rows.row(first + lane + i));
            // SAFETY: levels from `Avx2` on have AVX, and the `Float` of 4 bytes is f32.
            unsafe { eight_rows(to, lane, eight, scale) };
            lane += EIGHT;
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    for lane in lane..count {
        let row = rows.row(first + lane);
        to.iter_mut().zip(row).for_each(|(to, x)| to[lane] = *x * scale);
    }
    to.iter_mut().for_each(|to| to[count..].fill(E::ZERO));
}

/// Rows (and columns) that are transposed in registers.
#[cfg(target_arch = "x86_64")]
const EIGHT: usize = 8;

/// Eight rows into the lanes from `lane` on.
///
/// # Safety
/// `E` is f32.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx")]
unsafe fn eight_rows<E: Float>(to: &mut [[E; LANES]], lane: usize, rows: [&[E]; EIGHT], scale: E) {
    use std::arch::x86_64::*;
    let factor = _mm256_set1_ps(scale.to_f64() as f32);
    let whole = to.len() / 4 * 4;
    for (block, to) in to.chunks_exact_mut(4).enumerate() {
        // Rows i and i + 4 side by side, four elements of each.
        let pair = |i: usize| {
            let [low, high] = [i, i + 4].map(|i| {
                let four = &rows[i][4 * block..][..4];
                // SAFETY: four elements, and they are f32.
                unsafe { _mm_loadu_ps(four.as_ptr().cast()) }
            });
            _mm256_mul_ps(_mm256_set_m128(high, low), factor)
        };
        let [a, b, c, d] = [pair(0), pair(1), pair(2), pair(3)];
        let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
        let (ab_high, cd_high) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
        let columns = [
            _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
            _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
            _mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
            _mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
        ];
        for (to, column) in to.iter_mut().zip(columns) {
            let eight = &mut to[lane..lane + EIGHT];
            // SAFETY: eight elements, and they are f32.
            unsafe { _mm256_storeu_ps(eight.as_mut_ptr().cast(), column) };
        }
    }
    for (i, row) in rows.iter().enumerate() {
        for (to, x) in to[whole..].iter_mut().zip(&row[whole..]) {
            to[lane + i] = *x * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_lanes_scaled_and_the_lanes_left_are_zero() {
        for level in [Level::Portable, Level::detect().unwrap()] {
            for (dim, count) in [(1, 1), (4, 8), (7, 64), (64, 64), (37, 29)] {
                let data: Vec<f32> = (0..2000 + 70 * 40).map(|i| i as f32).collect();
                let rows = Rows { data: &data, start: 3, stride: 40, dim };
                let mut to = vec![f32::NAN; dim * LANES];
                transpose(level, &mut to, &rows, (2, count), 0.5);
                for (at, x) in to.iter().enumerate() {
                    let (column, lane) = (at / LANES, at % LANES);
                    let expected =
                        if lane < count { (3 + (2 + lane) * 40 + column) as f32 * 0.5 } else { 0.0 };
                    assert_eq!(*x, expected, "{level:?}, {count} rows of {dim}, at {column}, {lane}");
                }
            }
        }
    }
}
