//! What the fuzz targets do with the bytes that they are given: see `README.md`.

mod allocator;
pub mod safetensors;
pub mod state;

use std::fs;
use std::path::{Path, PathBuf};

use remat::model;
use remat::prelude::*;

model! {
    /// Some parameters of several shapes, and one that is not trained.
    pub Net {
        input x: f32[3];
        target y: u32;
        fc: Linear(4);
        norm: LayerNorm;
        #[frozen]
        still: Linear(2, bias = false);
        out: Linear(3);
        loss: CrossEntropy <- (out, y);
    }
}

/// A network, its optimizer, and a path to put files at.
pub struct Loaded {
    pub net: Net,
    pub opt: AdamW<Net>,
    pub path: PathBuf,
}

impl Loaded {
    /// Those of this target; a step of training sets the moments.
    pub fn new(target: &str) -> Result<Self, Error> {
        let mut net = Net::new(&Cpu::with_threads(1)?, 1)?;
        let mut opt = AdamW::new(&net, AdamWConfig::default())?;
        let mut ws = net.workspace(1)?;
        let (x, y) = (remat::ndarray::array![[0.5, -1.0, 2.0]], remat::ndarray::array![1]);
        net.forward_backward(&mut ws, x.view(), y.view())?;
        opt.step(&mut net, ws.grads())?;
        // A disk would be written to thousands of times a second.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Ok(Self { net, opt, path: folder.join(format!("remat-fuzz-{target}-{}", std::process::id())) })
    }

    /// Runs `read` on a file of these bytes, and holds what it allocates against their number.
    fn with_file<T>(&mut self, bytes: &[u8], read: impl FnOnce(&mut Self) -> T) -> T {
        fs::write(&self.path, bytes).expect("a file can be written");
        allocator::bounded(bytes.len(), || read(self))
    }

    /// The numbers of all parameters, as bits.
    fn bits(&self) -> Vec<u32> {
        let params = self.net.params();
        params.iter().flat_map(|param| param.expect("on the CPU").1.into_iter()).map(f32::to_bits).collect()
    }
}
