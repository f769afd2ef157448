//! The programs are in `examples/`: `gpt`, `digits` and `plan_explorer`.
