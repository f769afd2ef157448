//! What the compiler decided: a constant of every model.

/// Bytes that grow with the batch: `per_sample * batch + fixed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bytes {
    /// Bytes for each sample.
    pub per_sample: usize,
    /// Bytes whatever the batch.
    pub fixed: usize,
}

/// The plan of a model in one layout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Where each parameter's gradient starts, in bytes from the start of the workspace;
    /// `usize::MAX` for frozen ones. In the order of [`Model::PARAMS`](crate::model::Model::PARAMS).
    #[doc(hidden)]
    pub gradients: &'static [usize],
}
