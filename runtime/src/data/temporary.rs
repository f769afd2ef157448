//! Files of tests.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, process};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::Error;

/// A file of its own that is removed in the end.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    pub(super) fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("remat-{name}-{}", process::id())))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// What `read` makes of a file of these bytes; errors call it `FILE`, and what of their data is wrong is without the fix,
    /// which is the same for all.
    pub(super) fn with<'a, T>(
        &'a self,
        bytes: &[u8],
        read: impl FnOnce(&'a Path) -> Result<T, Error>,
    ) -> Result<T, String> {
        fs::write(&self.0, bytes).unwrap();
        read(&self.0).map_err(|error| {
            let said = error.to_string().replace(&self.0.display().to_string(), "FILE");
            without_fix(&error, said)
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// These bytes, gzip'd.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What is said of data without the fix, which must stand behind it; other errors as they are.
pub(super) fn without_fix(error: &Error, said: String) -> String {
    match error {
        Error::Data { .. } => said.strip_suffix(" -- mend it, or give other data").unwrap().to_owned(),
        _ => said,
    }
}
