//! Products against plain loops in f64.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// The levels that this machine has.
fn levels() -> impl Iterator<Item = Level> {
    [Level::Portable, Level::Avx2, Level::Avx512]
        .into_iter()
        .filter(|level| *level <= Level::detect().unwrap())
}

/// Numbers from -1 to 1.
fn random<E: Product>(len: usize, seed: u64) -> Vec<E> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        E::from_f64((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    };
    (0..len).map(|_| next()).collect()
}

/// Integers from -8 to 8: sums of their products are exact in f32, in whatever order.
fn integers<E: Product>(len: usize, seed: u64) -> Vec<E> {
    random::<f64>(len, seed).into_iter().map(|v| E::from_f64((v * 8.0).round())).collect()
}

/// A matrix, and how it is stored.
struct Stored<E> {
    data: Vec<E>,
    rows: usize,
    cols: usize,
    transposed: bool,
    /// Elements between a stored line and the next.
    gap: usize,
}

impl<E: Product> Stored<E> {
    fn new(rows: usize, cols: usize, transposed: bool, gap: usize, make: fn(usize, u64) -> Vec<E>) -> Self {
        let len = if transposed { cols * (rows + gap) } else { rows * (cols + gap) };
        Self { data: make(len, (rows * 31 + cols) as u64), rows, cols, transposed, gap }
    }

    fn view(&self) -> Matrix<'_, E> {
        if self.transposed {
            Matrix::rows(&self.data, self.rows + self.gap).t()
        } else {
            Matrix::rows(&self.data, self.cols + self.gap)
        }
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        let index =
            if self.transposed { j * (self.rows + self.gap) + i } else { i * (self.cols + self.gap) + j };
        self.data[index].to_f64()
    }
}

/// The sums, and the sums of absolute values, that bound the rounding of any order.
fn plain<E: Product>(a: &Stored<E>, b: &Stored<E>) -> Vec<(f64, f64)> {
    let mut sums = Vec::new();
    for i in 0..a.rows {
        for j in 0..b.cols {
            let terms = (0..a.cols).map(|p| a.at(i, p) * b.at(p, j));
            sums.push(terms.fold((0.0, 0.0), |(sum, size), v| (sum + v, size + v.abs())));
        }
    }
    sums
}

fn shape<E>(a: &Stored<E>, b: &Stored<E>) -> Shape {
    Shape { m: a.rows, n: b.cols, k: a.cols }
}

/// A B at `level`, rows of C without gaps.
fn multiply<E: Product>(pool: &Pool, level: Level, a: &Stored<E>, b: &Stored<E>) -> Vec<E> {
    let mut c = vec![E::from_f64(f64::NAN); a.rows * b.cols];
    product(
        pool,
        level,
        shape(a, b),
        (&mut c, b.cols),
        Terms { init: Init::Zero, a: a.view(), b: b.view() },
        &Done,
    )
    .unwrap();
    c
}

/// Around the sizes of tiles, vectors and squares at every level; blocks of k; nothing at all.
const SHAPES: [[usize; 3]; 20] = [
    [1, 1, 1],
    [1, 65, 40],
    [2, 3, 5],
    [3, 10, 33],
    [4, 12, 4],
    [5, 24, 7],
    [7, 17, 8],
    [8, 48, 16],
    [9, 49, 15],
    [13, 31, 17],
    [15, 64, 32],
    [16, 96, 31],
    [17, 97, 385],
    [23, 100, 64],
    [30, 10, 800],
    [70, 7, 20],
    [200, 33, 12],
    [6, 6, 0],
    [0, 5, 3],
    [5, 0, 3],
];

fn every_shape_and_order<E: Product>() {
    let pool = Pool::new(1).unwrap();
    for level in levels() {
        for [m, n, k] in SHAPES {
            for (ta, tb, gap) in [(false, false, 0), (false, true, 3), (true, false, 5), (true, true, 0)] {
                let a = Stored::<E>::new(m, k, ta, gap, integers);
                let b = Stored::new(k, n, tb, gap, integers);
                let (before, row) = (integers::<E>(m * (n + gap), 3), integers::<E>(n, 4));
                let plain = plain(&a, &b);
                for init in [0, 1, 2] {
                    let mut c = before.clone();
                    let start = match init {
                        0 => Init::Zero,
                        1 => Init::C,
                        _ => Init::Row(&row),
                    };
                    product(
                        &pool,
                        level,
                        shape(&a, &b),
                        (&mut c, n + gap),
                        Terms { init: start, a: a.view(), b: b.view() },
                        &Done,
                    )
                    .unwrap();
                    for (at, c) in c.iter().enumerate() {
                        let (i, j) = (at / (n + gap), at % (n + gap));
                        let before = before[at].to_f64();
                        let expected = match init {
                            _ if j >= n => before,
                            0 => plain[i * n + j].0,
                            1 => before + plain[i * n + j].0,
                            _ => row[j].to_f64() + plain[i * n + j].0,
                        };
                        let what = "transposed A, B, gap, init";
                        assert_eq!(
                            c.to_f64(),
                            expected,
                            "{level:?} {m}x{n}x{k} {what}: {ta} {tb} {gap} {init}, at {i}, {j}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn products_of_integers_are_exact_in_f32() {
    every_shape_and_order::<f32>();
}

#[test]
fn products_of_integers_are_exact_in_f64() {
    every_shape_and_order::<f64>();
}

#[test]
fn products_round_no_worse_than_a_sum_may() {
    let pool = Pool::new(1).unwrap();
    for (level, k) in levels().flat_map(|level| [(level, 100), (level, 1000)]) {
        let a = Stored::<f32>::new(20, k, false, 0, random);
        let b = Stored::new(k, 60, true, 0, random);
        let c = multiply(&pool, level, &a, &b);
        for (c, (sum, size)) in c.iter().zip(plain(&a, &b)) {
            // Each of a term's at most k + 1 roundings is off by half a unit in the last place.
            let bound = (k + 1) as f64 * f64::from(f32::EPSILON / 2.0) * size;
            assert!((f64::from(*c) - sum).abs() <= bound, "{level:?}, k = {k}: {c} for {sum}");
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_threads_or_on_the_width_of_vectors() {
    // Large enough for several tasks, with ragged edges.
    let a = Stored::<f32>::new(150, 500, false, 0, random);
    let b = Stored::new(500, 203, true, 0, random);
    let bits = |level, threads| -> Vec<u32> {
        let c = multiply(&Pool::new(threads).unwrap(), level, &a, &b);
        c.into_iter().map(f32::to_bits).collect()
    };
    for level in levels() {
        let one = bits(level, 1);
        for threads in [2, 3, 8] {
            assert!(bits(level, threads) == one, "{threads} threads at {level:?}");
        }
        // Fused multiply-adds in the same order, whatever the tile.
        if level > Level::Avx2 {
            assert!(one == bits(Level::Avx2, 1), "{level:?} differs from AVX2");
        }
    }
}

#[test]
fn a_product_is_the_same_by_rows_and_by_columns() {
    // Row 5 alone takes other tiles, and reads A and B where they are.
    let pool = Pool::new(2).unwrap();
    let a = Stored::<f32>::new(40, 700, false, 0, random);
    let b = Stored::new(700, 96, false, 0, random);
    for level in levels() {
        let all = multiply(&pool, level, &a, &b);
        let mut row = [0.0; 96];
        let one = Shape { m: 1, n: 96, k: 700 };
        let a = Matrix::rows(&a.data[5 * 700..], 700);
        product(&pool, level, one, (&mut row, 96), Terms { init: Init::Zero, a, b: b.view() }, &Done)
            .unwrap();
        assert_eq!(all[5 * 96..6 * 96], row, "{level:?}");
    }
}

#[test]
fn nan_in_gives_nan_out_even_times_zero() {
    let pool = Pool::new(1).unwrap();
    for (level, bad) in levels().flat_map(|level| [(level, f32::NAN), (level, f32::INFINITY)]) {
        let mut a = Stored::<f32>::new(9, 20, false, 0, integers);
        let mut b = Stored::<f32>::new(20, 50, false, 0, integers);
        a.data[3 * 20 + 7] = bad;
        b.data[7 * 50..8 * 50].fill(0.0);
        let c = multiply(&pool, level, &a, &b);
        for (i, row) in c.chunks(50).enumerate() {
            assert!(row.iter().all(|c| c.is_nan() == (i == 3)), "{level:?}: row {i} of {bad} times 0");
        }
    }
}

/// Doubles what it gets, and counts.
struct Doubled<'a> {
    seen: &'a [AtomicU32],
    cols: usize,
}

impl Epilogue<f32> for Doubled<'_> {
    #[inline(always)]
    fn finish<S: Simd>(&self, c: &mut [f32], row: usize, col: usize) {
        for (j, c) in c.iter_mut().enumerate() {
            *c *= 2.0;
            self.seen[row * self.cols + col + j].fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn the_epilogue_gets_each_element_once_and_complete() {
    let pool = Pool::new(3).unwrap();
    let (m, n, k) = (210, 130, 900);
    let a = Stored::<f32>::new(m, k, true, 0, random);
    let b = Stored::<f32>::new(k, n, false, 0, random);
    for level in levels() {
        let seen: Vec<_> = (0..m * n).map(|_| AtomicU32::new(0)).collect();
        let mut c = vec![0.0; m * n];
        let epilogue = Doubled { seen: &seen, cols: n };
        product(
            &pool,
            level,
            shape(&a, &b),
            (&mut c, n),
            Terms { init: Init::Zero, a: a.view(), b: b.view() },
            &epilogue,
        )
        .unwrap();
        assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) == 1));
        let plain = multiply(&pool, level, &a, &b);
        assert!(c.iter().zip(&plain).all(|(c, plain)| *c == 2.0 * plain), "{level:?}");
    }
}

#[test]
fn matrices_of_other_sizes_are_refused() {
    let pool = Pool::new(1).unwrap();
    let data = [0.0_f32; 12];
    let try_with = |c: &mut [f32], step, shape, a, b, init| {
        product(&pool, pool.level(), shape, (c, step), Terms { init, a, b }, &Done)
    };
    let rows = |len: usize, step| Matrix::rows(&data[..len], step);
    let shape = Shape { m: 3, n: 4, k: 2 };
    let fits = try_with(&mut [0.0; 12], 4, shape, rows(6, 2), rows(8, 4), Init::Zero);
    assert_eq!(fits, Ok(()));
    let refused = [
        try_with(&mut [0.0; 11], 4, shape, rows(6, 2), rows(8, 4), Init::Zero),
        try_with(&mut [0.0; 12], 3, shape, rows(6, 2), rows(8, 4), Init::Zero),
        try_with(&mut [0.0; 12], 4, shape, rows(5, 2), rows(8, 4), Init::Zero),
        try_with(&mut [0.0; 12], 4, shape, rows(6, 2), rows(7, 4), Init::Zero),
        try_with(&mut [0.0; 12], 4, shape, rows(5, 3).t(), rows(8, 4), Init::Zero),
        try_with(&mut [0.0; 12], 4, shape, rows(6, 2), rows(8, 4), Init::Row(&[0.0; 3])),
        try_with(
            &mut [0.0; 12],
            4,
            Shape { m: usize::MAX, ..shape },
            rows(6, usize::MAX),
            rows(8, 4),
            Init::Zero,
        ),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(Error::Internal { .. })), "{refused:?}");
    }
}
