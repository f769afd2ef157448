//! Whatever a file holds, reading it as a state is an error or a whole state.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| remat_fuzz::state::read(data));
