//! What the tests of state files and their child program share.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use remat::model;
use remat::prelude::*;
use remat::state::{self, Cursor, Progress};

model! {
    /// Some MiB of parameters and moments, so that a save takes milliseconds.
    pub Large {
        input x: f32[512];
        target y: f32[512];
        fc: Linear(512);
        Relu;
        out: Linear(512);
        loss: Mse <- (out, y);
    }
}

/// A state of [`Large`] that another seed has no number of.
pub struct Whole {
    net: Large,
    opt: AdamW<Large>,
    progress: Progress,
}

impl Whole {
    /// The state of this seed.
    pub fn new(seed: u64) -> Result<Self, Error> {
        let net = Large::new(&Cpu::with_threads(1)?, seed)?;
        let opt = AdamW::new(&net, AdamWConfig { lr: 1.0 / (seed + 1) as f64, ..Default::default() })?;
        let data = Cursor { seed, epoch: seed + 1, position: seed + 2 };
        Ok(Self { net, opt, progress: Progress { step: seed, data, ..Default::default() } })
    }

    /// Saves it.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        state::save(path, &self.net, &self.opt, &self.progress)
    }

    /// Loads a state into it, and says of which seed it is.
    pub fn load(&mut self, path: &Path) -> Result<u64, Error> {
        self.progress = state::load(path, &mut self.net, &mut self.opt)?;
        Ok(self.progress.data.seed)
    }

    /// That this is the state of a seed, in every bit.
    pub fn is_the_same(&self, other: &Self) -> bool {
        let params = |whole: &Self| whole.net.params().iter().map(Result::unwrap).collect::<Vec<_>>();
        let rest = |whole: &Self| (whole.opt.lr().to_bits(), whole.opt.steps(), whole.progress.clone());
        params(self) == params(other) && rest(self) == rest(other)
    }
}

/// A folder of its own that is removed in the end.
pub struct Folder(pub PathBuf);

impl Folder {
    /// An empty folder.
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("remat-{name}-{}-{number}", std::process::id()));
        fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What is in it, in order.
    pub fn names(&self) -> Vec<OsString> {
        let entries = fs::read_dir(&self.0).expect("a folder");
        let mut names: Vec<OsString> = entries.map(|entry| entry.expect("a name").file_name()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
