//! Whatever a file holds, reading it as weights is an error or whole weights.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| remat_fuzz::safetensors::read(data));
