//! Linear on the CPU.
