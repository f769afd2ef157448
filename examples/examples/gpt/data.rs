//! Text to learn.

use std::path::{Path, PathBuf};
use std::{fs, io};

use remat::data::{Dataset, Windows};

use super::Gpt;

/// A text, and the part of it that is not learned from.
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) train: Vec<u8>,
    pub(crate) held_out: Vec<u8>,
}

/// Fewer bytes than this are no text to learn from.
const LEAST: usize = 20_000;
/// As many windows as are held out, at most.
const HELD_OUT: usize = 96;

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

    /// Windows from anywhere in the text that is learned from.
    pub(crate) fn train(&self) -> Result<Windows<'_>, remat::Error> {
        Windows::of_bytes(&self.train, Gpt::T)?.stride(1)
    }

    /// Some windows of the text that is not, spread over all of it so that no single file decides.
    pub(crate) fn held_out(&self) -> Result<Windows<'_>, remat::Error> {
        let side_by_side = Windows::of_bytes(&self.held_out, Gpt::T)?;
        let apart = side_by_side.len().div_ceil(HELD_OUT).max(1);
        side_by_side.stride(apart * Gpt::T)
    }

    /// How the held-out text begins.
    pub(crate) fn prompt(&self) -> Vec<u8> {
        self.held_out[..32].to_vec()
    }
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
