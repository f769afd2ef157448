//! The picture itself.

use std::fmt;

use super::Losses;
use super::axis::{Axis, grouped};
use super::series::{Bucket, Point, Series};
use crate::plan::svg::Escaped;
use crate::train::Ended;
use crate::train::words::{self, number};

/// Where the picture's parts are.
const WIDTH: f64 = 960.0;
const RIGHT: f64 = 928.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 384.0;
/// Width of a letter, about, and of one of the title.
const LETTER: f64 = 6.6;
const TITLE: f64 = 10.0;
/// Up to so many evaluations have a dot each.
const DOTS: usize = 60;
/// Points on each side that a point is smoothed with: one for so many.
const SMOOTH: usize = 40;

/// Colours that can be told apart on white and on black, for people who see few colours too (after Okabe and Ito).
const STYLE: &str = "\
.remat-curve{--ink:#1b1f24;--faint:#6b7280;--paper:#fff;--grid:#e5e7eb;--training:#0072b2;--validation:#d55e00;--mark:#b0408a;\
font-family:system-ui,sans-serif;font-size:12px}\
@media(prefers-color-scheme:dark){.remat-curve{--ink:#e6edf3;--faint:#9aa4af;--paper:#0d1117;--grid:#272e36;--training:#56b4e9;\
--validation:#e69f00;--mark:#e08fc0}}\
.remat-curve text{fill:var(--ink)}.remat-curve .faint{fill:var(--faint)}.remat-curve .paper{fill:var(--paper)}\
.remat-curve .grid{stroke:var(--grid)}.remat-curve path{fill:none;stroke-linejoin:round;stroke-linecap:round}\
.remat-curve .each{stroke:var(--training);stroke-opacity:.4}.remat-curve .band{fill:var(--training);fill-opacity:.25}.remat-curve .training{stroke:var(--training);stroke-width:2}\
.remat-curve .validation{stroke:var(--validation);stroke-width:2}.remat-curve .dot{fill:var(--validation)}.remat-curve .first{fill:var(--training)}\
.remat-curve .lowest{stroke:var(--ink);stroke-width:1.5;fill:none}.remat-curve .mark{stroke:var(--mark);stroke-width:2}\
.remat-curve .mark-validation{stroke:var(--validation);stroke-width:2}";

/// The picture of some losses; printed, it is an SVG.
pub(super) struct Picture<'a> {
    losses: &'a Losses,
    title: String,
    steps: Axis,
    axis: Axis,
    /// Where the axes begin.
    left: f64,
}

impl<'a> Picture<'a> {
    /// None of no losses.
    pub(super) fn new(losses: &'a Losses, model: &str, steps: u64, ended: Ended) -> Option<Self> {
        let ends = |series: &Series| Some((series.buckets.first()?.first, series.buckets.last()?.last));
        let (first, last) = ends(&losses.training)?;
        let ranges = [losses.training.range(), losses.validation.range()].into_iter().flatten();
        let range =
            ranges.reduce(|(low, high), (other_low, other_high)| (low.min(other_low), high.max(other_high)));
        let (low, high) = range.unwrap_or((0.0, 1.0));
        let axis = Axis::of_losses(low, high);
        let letters = axis.ticks.iter().map(|(_, label)| label.len()).max().unwrap_or(0);
        let left = (letters as f64 * 7.0 + 24.0).max(48.0);
        let of = match ended {
            Ended::Done => format!("{} steps", grouped(last)),
            // Nobody knows of how many.
            _ if steps == u64::MAX => format!("{} steps, {}", grouped(last), words::ended(ended)),
            _ => format!("{} of {} steps, {}", grouped(last), grouped(steps), words::ended(ended)),
        };
        let title = format!("{model}: loss of {of}");
        Some(Self { losses, title, steps: Axis::of_steps(first, last, RIGHT - left), axis, left })
    }

    fn x(&self, step: f64) -> f64 {
        self.left + (RIGHT - self.left) * self.steps.place(step)
    }

    fn y(&self, loss: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * self.axis.place(loss)
    }

    fn axes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, labels) = (self.left, self.left - 8.0);
        for (loss, label) in &self.axis.ticks {
            let y = self.y(*loss);
            writeln!(f, r#"<line class="grid" x1="{left}" x2="{RIGHT}" y1="{y:.1}" y2="{y:.1}"/>"#)?;
            let y = y + 4.0;
            writeln!(f, r#"<text class="faint" x="{labels}" y="{y:.1}" text-anchor="end">{label}</text>"#)?;
        }
        for (step, label) in &self.steps.ticks {
            let (x, end, y) = (self.x(*step), BOTTOM + 5.0, BOTTOM + 19.0);
            writeln!(f, r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{BOTTOM}" y2="{end}"/>"#)?;
            // Not out of the picture.
            let half = LETTER * label.chars().count() as f64 / 2.0;
            let x = x.min(WIDTH - 8.0 - half);
            writeln!(f, r#"<text class="faint" x="{x:.1}" y="{y}" text-anchor="middle">{label}</text>"#)?;
        }
        let y = TOP - 12.0;
        let words = if self.axis.log { "loss, on a logarithmic axis" } else { "loss" };
        writeln!(f, r#"<text class="faint" x="{left}" y="{y}">{words}</text>"#)?;
        let y = BOTTOM + 36.0;
        writeln!(f, r#"<text class="faint" x="{RIGHT}" y="{y}" text-anchor="end">step</text>"#)
    }

    /// Moves to each point, from the one before.
    fn points<'p>(
        &self,
        f: &mut fmt::Formatter<'_>,
        points: impl IntoIterator<Item = &'p Point>,
    ) -> fmt::Result {
        for (number, (step, loss)) in points.into_iter().enumerate() {
            let letter = if number == 0 { 'M' } else { 'L' };
            write!(f, "{letter}{:.1} {:.1}", self.x(*step), self.y(*loss))?;
        }
        Ok(())
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, class: &str, points: &[Point]) -> fmt::Result {
        if points.len() < 2 {
            return Ok(());
        }
        write!(f, r#"<path class="{class}" d=""#)?;
        self.points(f, points)?;
        writeln!(f, r#""/>"#)
    }

    fn dots(&self, f: &mut fmt::Formatter<'_>, class: &str, points: &[Point]) -> fmt::Result {
        for (step, loss) in points {
            let (x, y) = (self.x(*step), self.y(*loss));
            writeln!(f, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="3"/>"#)?;
        }
        Ok(())
    }

    /// The training losses themselves, as far as they are known.
    fn each(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.losses.training.band();
        if self.losses.training.width == 1 {
            return self.line(f, "each", &low);
        }
        write!(f, r#"<path class="band" d=""#)?;
        self.points(f, low.iter().chain(high.iter().rev()))?;
        writeln!(f, r#"Z"/>"#)
    }

    /// A mark on the lower axis for each bucket in which something has no loss.
    fn marks(
        &self,
        f: &mut fmt::Formatter<'_>,
        class: &str,
        series: &Series,
        words: impl Fn(&Bucket) -> String,
    ) -> fmt::Result {
        for bucket in series.buckets.iter().filter(|bucket| bucket.left_out > 0) {
            let (x, high, words) = (self.x(bucket.middle()), BOTTOM - 9.0, words(bucket));
            writeln!(
                f,
                r#"<line class="{class}" x1="{x:.1}" x2="{x:.1}" y1="{high}" y2="{BOTTOM}"><title>{words}</title></line>"#
            )?;
        }
        Ok(())
    }

    fn lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Losses { training, validation, .. } = self.losses;
        let (smoothed, means) = (self.smoothed(), validation.means());
        if radius(training) > 0 {
            self.each(f)?;
        }
        self.line(f, "training", &smoothed)?;
        self.dots(f, "first", if smoothed.len() == 1 { &smoothed } else { &[] })?;
        self.line(f, "validation", &means)?;
        self.dots(f, "dot", if means.len() <= DOTS { &means } else { &[] })?;
        if let Some((loss, step)) = validation.lowest {
            let (x, y) = (self.x(step as f64), self.y(loss));
            writeln!(f, r#"<circle class="lowest" cx="{x:.1}" cy="{y:.1}" r="6"/>"#)?;
        }
        let what = self.left_out();
        self.marks(f, "mark", training, |bucket| format!("{}: {what}", steps(bucket)))?;
        self.marks(f, "mark-validation", validation, |bucket| {
            format!("{}: validation loss not finite", steps(bucket))
        })
    }

    /// The training losses without what differs from step to step.
    fn smoothed(&self) -> Vec<Point> {
        self.losses.training.smoothed(radius(&self.losses.training), self.axis.log)
    }

    /// What training steps without a loss are called.
    fn left_out(&self) -> &'static str {
        if self.losses.skipped { "skipped" } else { "loss not finite" }
    }

    /// What is drawn: the class and the name of each.
    fn legend(&self) -> Vec<(&'static str, String)> {
        let Losses { training, validation, .. } = self.losses;
        let last = |points: Vec<Point>| points.last().map(|(_, loss)| number(*loss));
        let mut legend = vec![];
        if let Some(loss) = last(self.smoothed()) {
            let smoothed = if radius(training) > 0 { ", smoothed" } else { "" };
            legend.push(("training", format!("training{smoothed}: {loss} in the end")));
        }
        match training.width {
            _ if radius(training) == 0 || training.range().is_none() => {}
            1 => legend.push(("each", String::from("each step"))),
            width => legend.push(("band", format!("lowest and highest of {} steps each", grouped(width)))),
        }
        if let Some(loss) = last(validation.means()) {
            legend.push(("validation", format!("validation: {loss} in the end")));
        }
        if let Some((loss, step)) = validation.lowest {
            legend.push(("lowest", format!("lowest validation: {} at step {}", number(loss), grouped(step))));
        }
        if training.left_out > 0 {
            legend.push(("mark", format!("{}: {}", self.left_out(), grouped(training.left_out))));
        }
        if validation.left_out > 0 {
            let count = grouped(validation.left_out);
            legend.push(("mark-validation", format!("validation not finite: {count}")));
        }
        legend
    }
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each part of the legend, and where it stands.
        let (mut x, mut y) = (self.left, BOTTOM + 64.0);
        let mut legend = vec![];
        for (class, words) in self.legend() {
            let width = 48.0 + LETTER * words.chars().count() as f64;
            if x > self.left && x + width > WIDTH {
                (x, y) = (self.left, y + 20.0);
            }
            legend.push((class, words, x, y));
            x += width;
        }
        let (height, title) = (y + 20.0, Escaped(&self.title));
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="remat-curve" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">"#
        )?;
        writeln!(f, r#"<style>{STYLE}</style><rect class="paper" width="{WIDTH}" height="{height}"/>"#)?;
        let (left, room) = (self.left, RIGHT - self.left);
        let size = 15.0 * (room / (TITLE * self.title.chars().count() as f64)).min(1.0);
        writeln!(f, r#"<text x="{left}" y="24" font-size="{size:.1}" font-weight="600">{title}</text>"#)?;
        self.axes(f)?;
        if self.losses.training.range().is_none() {
            let (x, y) = (f64::midpoint(left, RIGHT), f64::midpoint(TOP, BOTTOM));
            writeln!(f, r#"<text x="{x:.1}" y="{y}" text-anchor="middle">no step has a finite loss</text>"#)?;
        }
        self.lines(f)?;
        for (class, words, x, y) in legend {
            let (line, text) = (y - 4.0, x + 26.0);
            match class {
                "lowest" => writeln!(f, r#"<circle class="lowest" cx="{:.1}" cy="{line}" r="5"/>"#, x + 9.0),
                class if class.starts_with("mark") => {
                    let (x, top, bottom) = (x + 9.0, y - 9.0, y + 1.0);
                    writeln!(f, r#"<line class="{class}" x1="{x:.1}" x2="{x:.1}" y1="{top}" y2="{bottom}"/>"#)
                }
                "band" => {
                    let top = y - 9.0;
                    writeln!(f, r#"<path class="band" d="M{x:.1} {top}h18v10h-18Z"/>"#)
                }
                class => writeln!(f, r#"<path class="{class}" d="M{x:.1} {line}h18"/>"#),
            }?;
            writeln!(f, r#"<text x="{text:.1}" y="{y}">{words}</text>"#)?;
        }
        writeln!(f, "</svg>")
    }
}

/// How many neighbours a point is smoothed with: none if there are few.
fn radius(series: &Series) -> usize {
    let count = series.buckets.len();
    if count < 8 { 0 } else { (count / SMOOTH).max(1) }
}

/// The steps of a bucket, in words.
fn steps(bucket: &Bucket) -> String {
    let Bucket { first, last, left_out, .. } = bucket;
    if first == last { format!("step {first}") } else { format!("{left_out} of steps {first} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(steps: u64, loss: impl Fn(u64) -> f64) -> Losses {
        let mut losses = Losses::new();
        for step in 1..=steps {
            let validation = step.is_multiple_of(5).then(|| loss(step) + 0.5);
            losses.add(step, loss(step), !loss(step).is_finite(), validation);
        }
        losses
    }

    fn picture(losses: &Losses, steps: u64, ended: Ended) -> String {
        Picture::new(losses, "Net", steps, ended).unwrap().to_string()
    }

    /// The words of its texts.
    fn texts(svg: &str) -> Vec<&str> {
        svg.split("</text>").filter_map(|part| part.rsplit_once('>')).map(|(_, words)| words).collect()
    }

    fn count(svg: &str, class: &str) -> usize {
        svg.matches(&format!("class=\"{class}\"")).count()
    }

    #[test]
    fn it_says_what_is_drawn() {
        let few = picture(&losses(20, |step| 3.0 - step as f64 / 10.0), 20, Ended::Done);
        let expected = [
            "Net: loss of 20 steps",
            "training, smoothed: 1.033 in the end",
            "each step",
            "validation: 1.500 in the end",
            "lowest validation: 1.500 at step 20",
        ];
        let found = texts(&few);
        assert!(expected.iter().all(|text| found.contains(text)), "{found:?}");
        assert_eq!((count(&few, "dot"), count(&few, "mark")), (4, 0));

        let many = picture(&losses(40_000, |step| 1e3 / step as f64), 100_000, Ended::Interrupted);
        let expected = [
            "Net: loss of 40\u{2009}000 of 100\u{2009}000 steps, interrupted",
            "loss, on a logarithmic axis",
            "lowest and highest of 128 steps each",
        ];
        let found = texts(&many);
        assert!(expected.iter().all(|text| found.contains(text)), "{found:?}");
        assert!(many.len() < 30_000);
        assert!(!many.contains("inf") && !many.contains("NaN"));
    }

    #[test]
    fn what_has_no_loss_is_marked() {
        let svg = picture(
            &losses(30, |step| if step.is_multiple_of(10) { f64::NAN } else { 1.0 }),
            30,
            Ended::Done,
        );
        let found = texts(&svg);
        assert!(found.contains(&"skipped: 3") && found.contains(&"validation not finite: 3"), "{found:?}");
        // One of them is in the legend.
        assert_eq!((count(&svg, "mark"), count(&svg, "mark-validation")), (4, 4));
        assert!(svg.contains("<title>step 10: skipped</title>"));
        assert!(svg.contains("<title>step 10: validation loss not finite</title>"));

        let none = picture(&losses(3, |_| f64::INFINITY), 3, Ended::Done);
        assert!(texts(&none).contains(&"no step has a finite loss"));
        assert!(Picture::new(&Losses::new(), "Net", 3, Ended::Done).is_none());
    }

    #[test]
    fn nothing_is_out_of_the_picture() {
        let places = |svg: &str, name: &str| -> Vec<f64> {
            svg.split(name).skip(1).map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
        };
        for (steps, scale) in [(1, 1.0), (7, 1e-9), (100, 1e5), (3000, 1e-300), (3000, 1e300)] {
            for offset in [0.0, -5.0, 1.0] {
                let losses = losses(steps, |step| (offset + 1.0 / step as f64) * scale);
                let svg = picture(&losses, u64::MAX, Ended::Stopped);
                let x = [" x=\"", " cx=\""].into_iter().flat_map(|name| places(&svg, name));
                assert!(x.into_iter().all(|x| (0.0..WIDTH).contains(&x)), "{svg}");
                let y = places(&svg, " cy=\"").into_iter().filter(|y| *y < BOTTOM + 20.0);
                assert!(y.into_iter().all(|y| (TOP - 0.1..BOTTOM + 0.1).contains(&y)), "{svg}");
            }
        }
    }
}
