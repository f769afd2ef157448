//! A deep net that keeps everything, and its checkpointed twin.

use remat::model;

macro_rules! deep {
    ($(#[$doc:meta])* $name:ident [$($mark:tt)*]) => {
        model! {
            $(#[$doc])*
            pub $name {
                const WIDTH = 256;
                input x: f32[WIDTH];
                target y: u32;
                $($mark)*
                hidden: repeat(64) { fc: Linear(WIDTH); Relu; }
                head: Linear(10);
                loss: CrossEntropy <- (head, y);
            }
        }
    };
}

deep! {
    /// Keeps what backward reads.
    StoreAll []
}
deep! {
    /// Keeps every eighth layer.
    Checkpointed [#[checkpoint(every = 8)]]
}

/// Samples of a step.
pub const BATCH: usize = 1024;
/// Steps of training.
pub const STEPS: usize = 4;
