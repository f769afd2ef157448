//! Text as batches of windows.

use std::path::{Path, PathBuf};
use std::{fs, io};

use remat::ndarray::Array2;

/// Numbers that look random: SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of this seed, behind so many of its numbers.
    pub(crate) fn at(seed: u64, drawn: u64) -> Self {
        Self(seed.wrapping_add(drawn.wrapping_mul(Self::STRIDE)))
    }

    const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STRIDE);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// In [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A text, and the part of it that is not learned from.
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) train: Vec<u8>,
    pub(crate) held_out: Vec<u8>,
}

/// Bytes, and the bytes that follow them.
type Batch = (Array2<u32>, Array2<u32>);

/// Fewer bytes than this are no text to learn from.
const LEAST: usize = 20_000;

impl Corpus {
    /// The text of a file; its last tenth is held out.
    pub(crate) fn read(path: &str) -> io::Result<Self> {
        let text =
            fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("could not read `{path}`: {e}")))?;
        Self::new(path.to_owned(), vec![text])
    }

    /// The Rust sources of this repository; of each file, the last tenth is held out.
    pub(crate) fn sources() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = vec![];
        for folder in ["macros/src", "runtime/src", "examples/examples"] {
            collect(&root.join(folder), &mut files)?;
        }
        files.sort();
        let texts = files.iter().map(fs::read).collect::<io::Result<_>>()?;
        Self::new(String::from("the sources of this repository"), texts)
    }

    fn new(name: String, texts: Vec<Vec<u8>>) -> io::Result<Self> {
        let mut corpus = Self { name, train: vec![], held_out: vec![] };
        for text in texts {
            let (train, held_out) = text.split_at(text.len() - text.len() / 10);
            corpus.train.extend_from_slice(train);
            corpus.held_out.extend_from_slice(held_out);
        }
        if corpus.train.len() + corpus.held_out.len() < LEAST {
            let message = format!("`{}` has fewer than {LEAST} bytes -- give a longer text", corpus.name);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(corpus)
    }

    /// `B` windows of `T` bytes, from anywhere in the text.
    pub(crate) fn batch<const B: usize, const T: usize>(&self, random: &mut Random) -> Batch {
        let starts: Vec<usize> = (0..B).map(|_| random.below(self.train.len() - T)).collect();
        windows::<T>(&self.train, &starts)
    }

    /// Batches of windows side by side from the start of the held-out text, at most `most`.
    pub(crate) fn held_out_batches<const B: usize, const T: usize>(&self, most: usize) -> Vec<Batch> {
        let starts: Vec<usize> = (0..(self.held_out.len() - 1) / T).map(|i| i * T).collect();
        // Spread over the whole text, so that no single file decides.
        let stride = (starts.len() / (most * B)).max(1);
        let chosen: Vec<usize> = starts.into_iter().step_by(stride).take(most * B).collect();
        chosen.chunks(B).map(|starts| windows::<T>(&self.held_out, starts)).collect()
    }

    /// How the held-out text begins.
    pub(crate) fn prompt(&self) -> Vec<u8> {
        self.held_out[..32].to_vec()
    }
}

fn windows<const T: usize>(text: &[u8], starts: &[usize]) -> Batch {
    let at = |shift: usize| {
        Array2::from_shape_fn((starts.len(), T), |(i, t)| u32::from(text[starts[i] + t + shift]))
    };
    (at(0), at(1))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
