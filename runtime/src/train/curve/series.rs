//! Losses of steps, in few numbers however many steps there are.

/// No series has more buckets.
pub(super) const MOST: usize = 400;
/// No loss is taken for larger, so that sums of them are finite.
const LARGEST: f64 = 1e290;

/// A step, or a place between two, and a loss.
pub(super) type Point = (f64, f64);

/// Losses over the steps, those of neighbours together once they are many.
#[derive(Debug)]
pub(super) struct Series {
    /// Steps that fall into a bucket; those of each begin at a multiple, so that the buckets of a run don't depend on
    /// where it was interrupted.
    pub(super) width: u64,
    pub(super) buckets: Vec<Bucket>,
    /// The lowest, and its step.
    pub(super) lowest: Option<(f64, u64)>,
    /// How many have no loss.
    pub(super) left_out: u64,
}

/// Losses of neighbouring steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bucket {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) sum: f64,
    /// Those that are in the sum.
    pub(super) count: u64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Those that are not, as they are not finite or their step was left out.
    pub(super) left_out: u64,
}

impl Series {
    pub(super) fn new() -> Self {
        Self { width: 1, buckets: vec![], lowest: None, left_out: 0 }
    }

    /// Adds the loss of a step after all others, if it has one.
    pub(super) fn add(&mut self, step: u64, loss: Option<f64>) {
        let loss = loss.filter(|loss| loss.is_finite()).map(|loss| loss.clamp(-LARGEST, LARGEST));
        let bucket = match loss {
            Some(loss) => {
                let lower = self.lowest.is_none_or(|(lowest, _)| loss < lowest);
                self.lowest = if lower { Some((loss, step)) } else { self.lowest };
                Bucket { first: step, last: step, sum: loss, count: 1, low: loss, high: loss, left_out: 0 }
            }
            None => {
                self.left_out += 1;
                let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
                Bucket { first: step, last: step, sum: 0.0, count: 0, low, high, left_out: 1 }
            }
        };
        push(&mut self.buckets, bucket, self.width);
        while self.buckets.len() > MOST {
            self.width *= 2;
            let buckets = std::mem::take(&mut self.buckets);
            for bucket in buckets {
                push(&mut self.buckets, bucket, self.width);
            }
        }
    }

    /// The lowest and the highest loss.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        let with_loss = self.buckets.iter().filter(|bucket| bucket.count > 0);
        with_loss
            .map(|bucket| (bucket.low, bucket.high))
            .reduce(|(low, high), (other_low, other_high)| (low.min(other_low), high.max(other_high)))
    }

    /// The mean loss of each bucket, and the step in its middle.
    pub(super) fn means(&self) -> Vec<Point> {
        self.smoothed(0, false)
    }

    /// The same, each with so many neighbours on both sides, the nearer the more. On a logarithmic axis it is their
    /// logarithms, all of them of more than 0, that have a mean in the middle.
    pub(super) fn smoothed(&self, radius: usize, log: bool) -> Vec<Point> {
        let buckets: Vec<_> = self.buckets.iter().filter(|bucket| bucket.count > 0).collect();
        let mean = |(place, bucket): (usize, &&Bucket)| {
            // The first losses fall steeply: there, what comes after counts as little as what comes before.
            let radius = radius.min(place);
            let around = &buckets[place - radius..buckets.len().min(place + radius + 1)];
            let (mut sum, mut worth) = (0.0, 0.0);
            for (at, other) in around.iter().enumerate() {
                let weight = (radius + 1 - at.abs_diff(radius)) as f64 * other.count as f64;
                let mean = other.sum / other.count as f64;
                sum += weight * if log { mean.ln() } else { mean };
                worth += weight;
            }
            (bucket.middle(), if log { (sum / worth).exp() } else { sum / worth })
        };
        buckets.iter().enumerate().map(mean).collect()
    }

    /// What the losses lie between: in each bucket the lowest and the highest.
    pub(super) fn band(&self) -> (Vec<Point>, Vec<Point>) {
        let with_loss = self.buckets.iter().filter(|bucket| bucket.count > 0);
        with_loss.map(|bucket| ((bucket.middle(), bucket.low), (bucket.middle(), bucket.high))).unzip()
    }
}

impl Bucket {
    pub(super) fn middle(&self) -> f64 {
        self.first.midpoint(self.last) as f64 + if (self.last - self.first) % 2 == 1 { 0.5 } else { 0.0 }
    }
}

/// Adds a bucket behind all others, or to the last, if that is of the same steps.
fn push(buckets: &mut Vec<Bucket>, bucket: Bucket, width: u64) {
    let number = |step: u64| step.saturating_sub(1) / width;
    match buckets.last_mut() {
        Some(last) if number(last.first) == number(bucket.first) => {
            last.last = bucket.last;
            last.sum += bucket.sum;
            last.count += bucket.count;
            last.low = last.low.min(bucket.low);
            last.high = last.high.max(bucket.high);
            last.left_out += bucket.left_out;
        }
        _ => buckets.push(bucket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(steps: impl IntoIterator<Item = u64>, loss: impl Fn(u64) -> Option<f64>) -> Series {
        let mut series = Series::new();
        steps.into_iter().for_each(|step| series.add(step, loss(step)));
        series
    }

    #[test]
    fn buckets_hold_all_losses_however_many_there_are() {
        let loss = |step: u64| (!step.is_multiple_of(7)).then_some(step as f64);
        for steps in [1, 2, 399, 400, 401, 1000, 12345] {
            let series = series(1..=steps, loss);
            let count = series.buckets.len();
            assert!(count <= MOST && count as u64 >= steps.min(MOST as u64 / 2), "{count} of {steps}");
            let kept: u64 = series.buckets.iter().map(|bucket| bucket.count).sum();
            let sum: f64 = series.buckets.iter().map(|bucket| bucket.sum).sum();
            let left_out: u64 = series.buckets.iter().map(|bucket| bucket.left_out).sum();
            assert_eq!((kept, left_out), (steps - steps / 7, steps / 7));
            assert_eq!(left_out, series.left_out);
            assert_eq!(sum, (1..=steps).filter_map(loss).sum::<f64>());
            assert_eq!(series.lowest, Some((1.0, 1)));
            let last = if steps.is_multiple_of(7) { steps - 1 } else { steps };
            assert_eq!(series.range(), Some((1.0, last as f64)));
            assert!(series.buckets.iter().all(|bucket| bucket.last - bucket.first < series.width));
        }
    }

    #[test]
    fn losses_of_few_steps_far_apart_stay_apart() {
        let far = series((1..=400).map(|step| step * 1_000_000), |step| Some(step as f64));
        assert_eq!(far.buckets.len(), 400);
        let far = series((0..=400).map(|step| u64::MAX - 400 + step), |step| Some(step as f64));
        assert!(far.buckets.len() <= MOST);
    }

    #[test]
    fn what_is_not_finite_is_left_out_of_every_line() {
        let odd = series(1..=3, |step| Some([1.0, f64::NAN, f64::INFINITY][step as usize - 1]));
        assert_eq!((odd.means(), odd.left_out), (vec![(1.0, 1.0)], 2));
        let none = series(1..=3, |_| None);
        assert_eq!((none.range(), none.means(), none.band()), (None, vec![], (vec![], vec![])));
        let huge = series(1..=3, |_| Some(f64::MAX));
        assert_eq!(huge.smoothed(1, false)[1].1, LARGEST);
    }

    #[test]
    fn a_smoothed_line_begins_where_the_losses_do_and_keeps_to_straight_lines() {
        let line = series(1..=50, |step| Some(100.0 - step as f64));
        let smoothed = line.smoothed(5, false);
        assert_eq!(smoothed[0], (1.0, 99.0));
        assert!(smoothed[..45].iter().all(|(step, loss)| (loss - (100.0 - step)).abs() < 1e-9));
        let falling = series(1..=50, |step| Some(0.5_f64.powi(step as i32)));
        let smoothed = falling.smoothed(5, true);
        assert!(smoothed[..45].iter().all(|(step, loss)| (loss * 2.0_f64.powf(*step) - 1.0).abs() < 1e-9));
        let wild = series(1..=50, |step| Some(if step.is_multiple_of(2) { 1.0 } else { 3.0 }));
        assert!(wild.smoothed(5, false)[5..].iter().all(|(_, loss)| (loss - 2.0).abs() < 0.2));
        assert_eq!((wild.means(), wild.means()), wild.band());
    }

    #[test]
    fn a_band_lies_between_the_lowest_and_the_highest() {
        let mut series = series(1..=401, |step| Some(if step.is_multiple_of(3) { 5.0 } else { 1.0 }));
        assert_eq!(series.width, 2);
        series.buckets.truncate(2);
        assert_eq!(series.band(), (vec![(1.5, 1.0), (3.5, 1.0)], vec![(1.5, 1.0), (3.5, 5.0)]));
    }
}
