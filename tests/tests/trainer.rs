//! The training loop, seen from whole programs: what a step is made of, when a run ends, and that one which goes on from
//! a state is the one that never stopped.

#[path = "trainer/ends.rs"]
mod ends;
#[path = "trainer/failures.rs"]
mod failures;
#[path = "trainer/finite.rs"]
mod finite;
#[path = "trainer/folders.rs"]
mod folders;
#[path = "trainer/resume.rs"]
mod resume;
#[path = "trainer/steps.rs"]
mod steps;

use remat::data::Arrays;
use remat::ndarray::{Array1, Array2};
use remat::prelude::*;
use remat_tests::trace::{ids, numbers};

model! {
    /// A classifier with dropout.
    pub(crate) Net {
        const CLASSES = 3;
        input x: f32[6];
        target label: u32;
        fc: Linear(16);
        Gelu;
        Dropout(0.2);
        norm: LayerNorm;
        head: Linear(CLASSES);
        loss: CrossEntropy <- (head, label);
    }
}

/// Samples of the network: numbers, and classes.
type Samples = Arrays<(Array2<f32>, Array1<u32>)>;

/// So many samples, whose classes can't be learned.
fn samples(count: usize, seed: u64) -> Samples {
    let label = ids(count, 1, Net::CLASSES, seed).column(0).to_owned();
    Arrays::new((numbers(count, 6, seed), label)).unwrap()
}

/// A network and an optimizer of these seeds.
fn made(seed: u64) -> (Net, AdamW<Net>) {
    let net = Net::new(&Cpu::with_threads(1).unwrap(), seed).unwrap();
    let opt = AdamW::new(&net, AdamWConfig { lr: 0.01, ..Default::default() }).unwrap();
    (net, opt)
}

/// All parameters, as bits.
fn bits<M: Model<Device = Cpu>>(net: &M) -> Vec<u32> {
    let arrays = net.params().iter().map(|param| param.unwrap().1);
    arrays.flat_map(|array| array.into_iter().map(f32::to_bits)).collect()
}
