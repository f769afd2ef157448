//! Random numbers from a counter: Philox4x32-10 (Salmon et al. 2011), so that a number depends on its
//! place alone and a recompute draws the same ones again.

/// What, besides the element's index, decides a random number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The model's seed.
    pub seed: u64,
    /// Training calls before this one.
    pub step: u64,
    /// The layer's index in the unrolled model's order of declaration.
    pub node: u32,
}
