//! What is proved of the bytes of a state file: see [`choices`](crate::choices).

use super::format::{Header, LINE, OptimizerHeader, Preamble};
use super::inspect::Tensor;
use super::{Cursor, Progress};
use crate::choices::{Choices, bounded};

bounded! {
    a_preamble_comes_back, 65;
    a_preamble_of_which_a_byte_changed_is_refused, 65;
    a_header_comes_back_with_its_table, 65;
    a_header_that_is_cut_off_or_goes_on_is_refused, 65;
}

fn a_preamble_comes_back(choices: &mut Choices) {
    let [header, file, checksum, tensors] = [(); 4].map(|()| choices.word());
    let preamble = Preamble { header, file, checksum, tensors };
    assert_eq!(Preamble::read(&preamble.bytes()), Ok(preamble));
}

fn a_preamble_of_which_a_byte_changed_is_refused(choices: &mut Choices) {
    let preamble = Preamble { header: 300, file: 1 << 20, checksum: u64::MAX / 3, tensors: 5 };
    let mut bytes = preamble.bytes();
    bytes[choices.below(LINE)] ^= 1 + choices.below(255) as u8;
    assert!(Preamble::read(&bytes).is_err());
}

fn a_header_comes_back_with_its_table(choices: &mut Choices) {
    // Numbers are encoded one by one, so that it is enough for one of them to be anything.
    let mut numbers = std::array::from_fn(|at| at as u64 + 1);
    numbers[choices.below(12)] = choices.word();
    let (header, table) = header(choices, numbers);
    let bytes = header.bytes(&table).expect("it is short");
    let (read, read_table) = Header::read(&bytes, table.len()).expect("it was written");
    assert_eq!(parts(&read), parts(&header));
    assert_eq!(read_table, table);
}

fn a_header_that_is_cut_off_or_goes_on_is_refused(choices: &mut Choices) {
    let (header, table) = header(choices, [300; 12]);
    let mut bytes = header.bytes(&table).expect("it is short");
    let cut = choices.below(bytes.len());
    assert!(Header::read(&bytes[..cut], table.len()).is_err());
    bytes.push(0);
    assert!(Header::read(&bytes, table.len()).is_err());
}

/// A header of these numbers; its texts, its options and how long its table is are chosen.
fn header(choices: &mut Choices, numbers: [u64; 12]) -> (Header, Vec<Tensor>) {
    let [
        layout,
        seed,
        steps,
        optimizer_steps,
        epoch,
        step,
        evaluations,
        schedule,
        from,
        pass,
        position,
        axis,
    ] = numbers;
    // NaN with a sign and something else in it, and the zero that is not 0.
    let losses = [None, Some(f64::from_bits(0xfff8_0000_0000_0123)), Some(-0.0)];
    let table = (0..choices.below(3)).map(|at| {
        Tensor::new(
            ["", "blocks.0.größe"][at].to_owned(),
            [&[][..], &[axis], &[axis, 3]][choices.below(3)].to_vec(),
        )
    });
    let table = table.collect();
    let optimizer = choices.flag().then(|| OptimizerHeader {
        name: String::from("Adam"),
        steps: optimizer_steps,
        lr: 1e-3,
    });
    let progress = Progress {
        epoch,
        step,
        loss: choices.one_of(&losses),
        best_loss: choices.one_of(&losses),
        evaluations_since_best: evaluations,
        schedule_step: schedule,
        data: Cursor { seed: from, epoch: pass, position },
    };
    let model = choices.one_of(&["", "Net"]).to_owned();
    (Header { model, dtype: String::from("f32"), layout, seed, steps, optimizer, progress }, table)
}

/// All that a header says, but with the bits of numbers: NaN differs from itself.
fn parts(header: &Header) -> (Header, [Option<u64>; 2]) {
    let Progress { loss, best_loss, .. } = header.progress;
    let progress = Progress { loss: None, best_loss: None, ..header.progress };
    (Header { progress, ..header.clone() }, [loss, best_loss].map(|loss| loss.map(f64::to_bits)))
}
