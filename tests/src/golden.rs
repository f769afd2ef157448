//! Losses, gradients and trained parameters against those of PyTorch, which `goldens/generate.py` wrote.

use std::collections::{BTreeMap, BTreeSet};

use remat::Cpu;
use remat::ndarray::{ArrayD, ArrayViewD, IxDyn};
use remat::optim::{AdamW, AdamWConfig, Optimizer};

use crate::case::{Case, Data, Port};

/// Samples of every golden.
const BATCH: usize = 3;
/// Steps behind `after`.
const ADAMW_STEPS: usize = 5;

/// The optimizer of `generate.py`.
fn adamw() -> AdamWConfig {
    AdamWConfig { lr: 1e-2, betas: (0.9, 0.99), eps: 1e-3, weight_decay: 0.1, ..AdamWConfig::default() }
}

/// What PyTorch made of a network.
struct Golden<'a> {
    /// The lines by their second word, each a name, axes, and numbers.
    lines: BTreeMap<&'a str, BTreeMap<&'a str, Tensor<'a>>>,
}

/// A tensor as it is written.
struct Tensor<'a> {
    axes: Vec<usize>,
    /// As words, or `base64` and the numbers' bytes in the digits of that.
    numbers: Vec<&'a str>,
}

impl Tensor<'_> {
    fn reals(&self) -> ArrayD<f32> {
        let numbers = match self.numbers[..] {
            ["base64", digits] => {
                let bytes = bytes(digits);
                bytes.chunks(4).map(|n| f32::from_le_bytes(n.try_into().expect("four bytes"))).collect()
            }
            _ => self.numbers.iter().map(|n| n.parse().expect("a number")).collect(),
        };
        ArrayD::from_shape_vec(IxDyn(&self.axes), numbers).expect("as many numbers as its axes have")
    }
}

/// The bytes behind digits of base64, of which the last ones may stand for nothing.
fn bytes(digits: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = digits
        .trim_end_matches('=')
        .chars()
        .map(|digit| DIGITS.find(digit).expect("a digit of base64") as u32)
        .collect();
    let whole = |digits: &[u32]| {
        let bits = (0..4).fold(0, |bits, i| bits << 6 | digits.get(i).unwrap_or(&0));
        bits.to_be_bytes()[1..digits.len()].to_vec()
    };
    digits.chunks(4).flat_map(whole).collect()
}

/// Numbers below 4096 that two names decide, for what a golden leaves out: `counted` of `drawn.py`.
struct Counted(u32);

impl Counted {
    fn new(case: &str, name: &str) -> Self {
        let hash = |state: u32, byte| (state ^ u32::from(byte)).wrapping_mul(16_777_619);
        Self(format!("{case} {name}").bytes().fold(2_166_136_261, hash))
    }

    /// `of` each number, in 2048ths.
    fn reals(self, of: fn(f32) -> f32) -> impl Iterator<Item = f32> {
        self.map(move |n| of(n as f32) / 2048.0)
    }
}

impl Iterator for Counted {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(self.0 >> 20)
    }
}

/// What the ports of a drawn network are given.
fn counted_data(case: &str, ports: &[Port]) -> Data<f32> {
    let mut data = Data::default();
    for port in ports {
        let shape: Vec<usize> = std::iter::once(BATCH).chain(port.dims.iter().copied()).collect();
        let (len, numbers) = (shape.iter().product(), Counted::new(case, port.name));
        match port.limit {
            Some(limit) => data.add_ids(port.name, &shape, numbers.map(|n| n % limit).take(len).collect()),
            None => {
                let of = if port.name.starts_with('x') { |n| n + 1.0 } else { |n: f32| -n };
                data.add_reals(port.name, &shape, numbers.reals(of).take(len).collect());
            }
        }
    }
    data
}

impl<'a> Golden<'a> {
    /// The lines of `case` in `text`: `<case> <what> <name> [<axes>]: <numbers>`.
    fn read(text: &'a str, case: &str) -> Self {
        let mut lines: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for line in text.lines().filter(|line| line.split(' ').next() == Some(case)) {
            let (head, numbers) = line.split_once("]: ").expect("axes before the numbers");
            let [_, what, name, axes] = head.split(' ').collect::<Vec<_>>()[..] else {
                panic!("`{head}` is not `<case> <what> <name> [<axes>`")
            };
            let axes = axes[1..].split(',').filter(|n| !n.is_empty()).map(|n| n.parse().expect("an axis"));
            let tensor = Tensor { axes: axes.collect(), numbers: numbers.split(' ').collect() };
            let before = lines.entry(what).or_default().insert(name, tensor);
            assert!(before.is_none(), "{case}: `{what} {name}` is there twice");
        }
        assert!(!lines.is_empty(), "there is no golden of `{case}`");
        Self { lines }
    }

    /// The lines of a kind, which must be there for exactly these names.
    fn of(&self, what: &str, names: impl Iterator<Item = &'static str>) -> &BTreeMap<&str, Tensor<'a>> {
        let there = &self.lines[what];
        let (names, found): (BTreeSet<_>, BTreeSet<_>) = (names.collect(), there.keys().copied().collect());
        assert_eq!(names, found, "the names of `{what}`");
        there
    }

    /// What the ports are given.
    fn data(&self, ports: &[Port]) -> Data<f32> {
        let mut data = Data::default();
        for (name, tensor) in self.of("given", ports.iter().map(|p| p.name)) {
            if ports.iter().any(|p| p.name == *name && p.limit.is_some()) {
                let ids = tensor.numbers.iter().map(|n| n.parse().expect("an id"));
                data.add_ids(name, &tensor.axes, ids.collect());
            } else {
                data.add_reals(name, &tensor.axes, tensor.reals().into_iter().collect());
            }
        }
        data
    }

    /// How many numbers the network is to be compared with.
    fn count(&self) -> usize {
        let given = ["given", "param"];
        let compared =
            self.lines.iter().filter(|(what, _)| !given.contains(what)).flat_map(|(_, of)| of.values());
        compared.map(|tensor| tensor.axes.iter().product::<usize>()).sum()
    }
}

/// The cases of which `text` has goldens.
pub fn cases(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.split(' ').next()).collect()
}

/// Runs `C` as PyTorch was run, and compares all that PyTorch gave; panics at the first number that is off.
///
/// A number may be off by `roundings` units of the last place, taken half of the largest number of its
/// tensor and half of itself: sums cancel, so even a small number carries the roundings of large terms.
pub fn check<C: Case<Elem = f32>>(text: &str, case: &str, roundings: f64) {
    let golden = Golden::read(text, case);
    let mut model = C::create(&Cpu::with_threads(1).expect("a device"), 0).expect("a model");
    for (name, param) in golden.of("param", C::PARAMS.iter().map(|p| p.path)) {
        model.params_mut().set(name, param.reals().view()).expect("a parameter of the golden's shape");
    }
    let data = golden.data(C::PORTS);
    compare(golden, model, &data, case, roundings);
}

/// The same of a drawn network, whose golden leaves out what it is given.
pub fn check_drawn<C: Case<Elem = f32>>(text: &str, case: &str, roundings: f64) {
    let mut model = C::create(&Cpu::with_threads(1).expect("a device"), 0).expect("a model");
    for param in C::PARAMS {
        let numbers = Counted::new(case, param.path).reals(|n| n - 2048.0).take(param.shape.iter().product());
        let param_value = ArrayD::from_shape_vec(IxDyn(param.shape), numbers.collect()).expect("its shape");
        model.params_mut().set(param.path, param_value.view()).expect("a parameter of its shape");
    }
    compare(Golden::read(text, case), model, &counted_data(case, C::PORTS), case, roundings);
}

fn compare<C: Case<Elem = f32>>(
    golden: Golden<'_>,
    mut model: C,
    data: &Data<f32>,
    case: &str,
    roundings: f64,
) {
    let mut ws = model.workspace(BATCH).expect("a workspace");
    let mut compared = Compared { case, roundings, numbers: 0 };
    if golden.lines.contains_key("evaluated") {
        let loss = model.loss(&mut ws, data).expect("a loss");
        compared.loss(loss, golden.of("evaluated", ["loss"].into_iter()));
    } else {
        let loss = model.train(&mut ws, data).expect("a loss");
        compared.loss(loss, golden.of("loss", ["loss"].into_iter()));
        // Without random layers evaluation is the same computation, and it leaves the gradients alone.
        let evaluated = model.loss(&mut ws, data).expect("a loss");
        assert_eq!(
            evaluated.to_bits(),
            loss.to_bits(),
            "{case}: {evaluated} in evaluation, {loss} in training"
        );
        for (name, grad) in golden.of("grad", C::PARAMS.iter().filter(|p| !p.frozen).map(|p| p.path)) {
            let found = ws.grads().view(name).expect("a gradient");
            compared.compare(&format!("the gradient of `{name}`"), found, grad.reals().view());
        }
    }
    if golden.lines.contains_key("after") {
        let mut opt = AdamW::new(&model, adamw()).expect("an optimizer");
        for _ in 0..ADAMW_STEPS {
            model.train(&mut ws, data).expect("a loss");
            opt.step(&mut model, ws.grads()).expect("a step");
        }
        for (name, after) in golden.of("after", C::PARAMS.iter().map(|p| p.path)) {
            let found = model.params().view(name).expect("a parameter");
            compared.compare(&format!("`{name}` after {ADAMW_STEPS} steps"), found, after.reals().view());
        }
    }
    assert_eq!(compared.numbers, golden.count(), "{case}: every number of the golden is compared");
}

/// What was compared.
struct Compared<'a> {
    case: &'a str,
    roundings: f64,
    numbers: usize,
}

impl Compared<'_> {
    fn loss(&mut self, found: f32, expected: &BTreeMap<&str, Tensor<'_>>) {
        let found = ArrayD::from_elem(IxDyn(&[]), found);
        self.compare("the loss", found.view(), expected["loss"].reals().view());
    }

    fn compare(&mut self, what: &str, found: ArrayViewD<'_, f32>, expected: ArrayViewD<'_, f32>) {
        let case = self.case;
        assert_eq!(found.shape(), expected.shape(), "{case}: {what}");
        let largest = expected.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        for (i, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
            let place = f64::from(f32::EPSILON) * f64::from(largest + expected.abs()) / 2.0;
            let off = (f64::from(found) - f64::from(expected)).abs();
            assert!(
                off <= self.roundings * place,
                "{case}: {what}, element {i}, is {found:e} but PyTorch's is {expected:e}: \
                 off by {:.1} units of the last place",
                off / place
            );
            self.numbers += 1;
        }
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "`case!` declares for other crates")]
mod tests {
    use super::*;

    crate::case! {
        Net (input x: f32[2]; target y: f32[2];) {
            p: Parameter(2);
            product: Mul <- (x, p);
            loss: Mse <- (product, y);
        }
    }

    /// Worked out by hand: the loss is the mean of 1 and 4, and each gradient 3 * 2 p / 6.
    const GOLDEN: &str = "\
net given x [3,2]: 1 1 1 1 1 1
net given y [3,2]: 0 0 0 0 0 0
net param p.weight [2]: 1 2
net loss loss []: 2.5
net grad p.weight [2]: 1 2
other loss loss []: 7
";

    #[test]
    fn the_lines_of_a_case_are_compared_with_what_its_network_gives() {
        check::<Net<Cpu>>(GOLDEN, "net", 0.0);
        assert_eq!(cases(GOLDEN), ["net", "other"].into());
    }

    #[test]
    #[should_panic(
        expected = "net: the gradient of `p.weight`, element 1, is 2e0 but PyTorch's is 2.000001e0: \
                               off by 4.0 units of the last place"
    )]
    fn a_gradient_that_is_off_is_refused() {
        check::<Net<Cpu>>(
            &GOLDEN.replace("grad p.weight [2]: 1 2", "grad p.weight [2]: 1 2.000001"),
            "net",
            3.9,
        );
    }

    #[test]
    fn numbers_may_stand_in_base64() {
        assert_eq!(bytes("AACAPwAAAMA="), [1.0f32, -2.0].map(f32::to_le_bytes).concat());
        let text = GOLDEN.replace("grad p.weight [2]: 1 2", "grad p.weight [2]: base64 AACAPwAAAEA=");
        check::<Net<Cpu>>(&text, "net", 0.0);
    }

    #[test]
    #[should_panic(expected = "the loss, element 0, is 2.5e0 but PyTorch's is NaN")]
    fn a_loss_that_is_no_number_is_refused() {
        check::<Net<Cpu>>(&GOLDEN.replace("loss []: 2.5", "loss []: NaN"), "net", 1e30);
    }

    #[test]
    #[should_panic(expected = "the names of `grad`")]
    fn a_gradient_that_the_golden_has_not_is_refused() {
        check::<Net<Cpu>>(&GOLDEN.replace("grad p.weight", "grad q.weight"), "net", 3.0);
    }

    #[test]
    #[should_panic(expected = "every number of the golden is compared")]
    fn a_line_that_is_not_read_is_refused() {
        check::<Net<Cpu>>(&format!("{GOLDEN}net buffer running_mean [1]: 0\n"), "net", 3.0);
    }

    #[test]
    #[should_panic(expected = "there is no golden of `nets`")]
    fn a_case_without_lines_is_refused() {
        check::<Net<Cpu>>(GOLDEN, "nets", 3.0);
    }
}
