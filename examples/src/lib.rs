//! The programs are in `examples/`: `gpt` and `digits`.
