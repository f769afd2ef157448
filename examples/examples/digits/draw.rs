//! Digits drawn with strokes, then shifted, turned, scaled and covered with noise.

use remat::ndarray::{Array1, Array2};
use remat::rng::{self, Key};

use super::{Digits, Images};

type Point = (f32, f32);

/// The strokes of each digit in a box from (0, 0) to (1, 1), y downwards.
const STROKES: [&[&[Point]]; 10] = [
    &[&[
        (0.5, 0.0),
        (0.85, 0.2),
        (0.9, 0.5),
        (0.85, 0.8),
        (0.5, 1.0),
        (0.15, 0.8),
        (0.1, 0.5),
        (0.15, 0.2),
        (0.5, 0.0),
    ]],
    &[&[(0.25, 0.25), (0.55, 0.0), (0.55, 1.0)]],
    &[&[(0.1, 0.25), (0.3, 0.02), (0.7, 0.02), (0.88, 0.25), (0.75, 0.5), (0.1, 1.0), (0.9, 1.0)]],
    &[&[
        (0.12, 0.1),
        (0.5, 0.0),
        (0.85, 0.2),
        (0.75, 0.42),
        (0.45, 0.48),
        (0.8, 0.58),
        (0.88, 0.8),
        (0.5, 1.0),
        (0.1, 0.9),
    ]],
    &[&[(0.7, 1.0), (0.7, 0.0), (0.1, 0.68), (0.95, 0.68)]],
    &[&[
        (0.85, 0.0),
        (0.22, 0.0),
        (0.17, 0.45),
        (0.55, 0.38),
        (0.88, 0.65),
        (0.75, 0.93),
        (0.4, 1.0),
        (0.1, 0.88),
    ]],
    &[&[
        (0.75, 0.02),
        (0.35, 0.25),
        (0.12, 0.65),
        (0.3, 0.97),
        (0.7, 0.97),
        (0.88, 0.72),
        (0.65, 0.5),
        (0.3, 0.52),
        (0.13, 0.7),
    ]],
    &[&[(0.1, 0.0), (0.9, 0.0), (0.4, 1.0)]],
    &[&[
        (0.5, 0.48),
        (0.2, 0.3),
        (0.3, 0.03),
        (0.7, 0.03),
        (0.8, 0.3),
        (0.5, 0.48),
        (0.13, 0.72),
        (0.3, 0.98),
        (0.7, 0.98),
        (0.87, 0.72),
        (0.5, 0.48),
    ]],
    &[&[
        (0.85, 0.3),
        (0.65, 0.5),
        (0.3, 0.48),
        (0.13, 0.25),
        (0.35, 0.02),
        (0.7, 0.04),
        (0.86, 0.3),
        (0.75, 0.7),
        (0.4, 1.0),
    ]],
];

/// Even in [0, 1), for number `i` of image `node`.
fn unit(seed: u64, node: u32, i: u64) -> f32 {
    rng::uniform(Key { seed, step: 0, node }, i) as f32
}

/// `count` images; other seeds give others.
pub(crate) fn images(count: u32, seed: u64) -> Images {
    let mut pixels = Array2::zeros((count as usize, Digits::PIXELS));
    let labels = Array1::from_shape_fn(count as usize, |i| i as u32 % 10);
    for (i, mut row) in (0..count).zip(pixels.outer_iter_mut()) {
        image(seed, i, (i % 10) as usize, row.as_slice_mut().unwrap_or_default());
    }
    Images { pixels, labels }
}

fn image(seed: u64, id: u32, digit: usize, pixels: &mut [f32]) {
    let spread = |i: u64, by: f32| (2.0 * unit(seed, id, i) - 1.0) * by;
    let (angle, width, height) =
        (spread(0, 0.25), 12.0 * (1.0 + spread(1, 0.2)), 18.0 * (1.0 + spread(2, 0.15)));
    let (dx, dy, slant, pen) =
        (14.0 + spread(3, 3.0), 14.0 + spread(4, 3.0), spread(5, 0.2), 1.1 + spread(6, 0.4));
    let (sin, cos) = angle.sin_cos();
    let place = |(x, y): Point| {
        let (x, y) = ((x - 0.5) * width, (y - 0.5) * height);
        let x = x + slant * y;
        (dx + cos * x - sin * y, dy + sin * x + cos * y)
    };
    let lines: Vec<(Point, Point)> =
        STROKES[digit].iter().flat_map(|s| s.windows(2)).map(|w| (place(w[0]), place(w[1]))).collect();
    for (p, pixel) in pixels.iter_mut().enumerate() {
        let at = ((p % 28) as f32 + 0.5, (p / 28) as f32 + 0.5);
        let near = lines.iter().map(|line| distance(at, *line)).fold(f32::INFINITY, f32::min);
        let ink = (pen + 0.5 - near).clamp(0.0, 1.0);
        *pixel = (ink + 0.25 * (2.0 * unit(seed, id, 16 + p as u64) - 1.0)).clamp(0.0, 1.0);
    }
}

/// From a point to a line between two points.
fn distance((x, y): Point, ((ax, ay), (bx, by)): (Point, Point)) -> f32 {
    let (ux, uy) = (bx - ax, by - ay);
    let t = (((x - ax) * ux + (y - ay) * uy) / (ux * ux + uy * uy)).clamp(0.0, 1.0);
    ((x - ax - t * ux).powi(2) + (y - ay - t * uy).powi(2)).sqrt()
}
