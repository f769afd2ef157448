//! What stands in a state file, for people.

use std::fmt;

use super::Progress;
use super::read::Reader;

/// What a state file holds; printed, it is a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The model.
    pub model: String,
    /// The type of parameters and moments: `f32` or `f64`.
    pub dtype: String,
    /// Tells the parameters from those of other models.
    pub layout: u64,
    /// What parameters and random layers were drawn from.
    pub seed: u64,
    /// Training calls that succeeded.
    pub training_steps: u64,
    /// The optimizer, its steps and its learning rate.
    pub optimizer: Option<(String, u64, f64)>,
    /// How far training was.
    pub progress: Progress,
    /// Parameters in order of declaration, then moments.
    pub tensors: Vec<Tensor>,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A tensor in a state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The path of a parameter; of a moment, its name before that of its parameter.
    pub name: String,
    /// Its axes.
    pub shape: Vec<u64>,
    /// XXH3 of its bytes, with 64 bits and its place, from 1, as seed.
    pub checksum: u64,
}

impl Tensor {
    /// One whose numbers are not read yet.
    pub(super) fn new(name: String, shape: Vec<u64>) -> Self {
        Self { name, shape, checksum: 0 }
    }

    /// Whether it has the name and the shape of another.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.name, &self.shape) == (&other.name, &other.shape)
    }
}

impl From<Reader> for Inspection {
    /// Of a state that was checked. Nothing is copied, as the table may take as much memory as the file.
    fn from(Reader { header, tensors, bytes, .. }: Reader) -> Self {
        Self {
            model: header.model,
            dtype: header.dtype,
            layout: header.layout,
            seed: header.seed,
            training_steps: header.steps,
            optimizer: header.optimizer.map(|own| (own.name, own.steps, own.lr)),
            progress: header.progress,
            tensors,
            bytes,
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, dtype, layout, seed, training_steps, progress, tensors, bytes, .. } = self;
        writeln!(f, "{model}: {bytes} bytes, {} tensors of {dtype}, layout {layout:016x}", tensors.len())?;
        writeln!(f, "  seed {seed}, {training_steps} training steps")?;
        if let Some((name, steps, lr)) = &self.optimizer {
            writeln!(f, "  {name}: {steps} steps, learning rate {lr:e}")?;
        }
        write!(f, "  epoch {}, step {}", progress.epoch, progress.step)?;
        for (word, loss) in [("loss", progress.loss), ("best", progress.best_loss)] {
            if let Some(loss) = loss {
                write!(f, ", {word} {loss}")?;
            }
        }
        let data = progress.data;
        writeln!(f)?;
        writeln!(
            f,
            "  schedule at {}, data at sample {} of epoch {} of seed {}",
            progress.schedule_step, data.position, data.epoch, data.seed
        )?;
        for Tensor { name, shape, checksum } in tensors {
            writeln!(f, "  {checksum:016x}  {name} {shape:?}")?;
        }
        Ok(())
    }
}
