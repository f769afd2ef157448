//! Activations on the CPU.
