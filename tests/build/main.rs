//! Builds what stands for CUDA in tests: see `fakes.rs`.

#[cfg(feature = "cuda")]
mod fakes;
#[cfg(feature = "cuda")]
mod ptx;

fn main() {
    println!("cargo:rerun-if-changed=build");
    #[cfg(feature = "cuda")]
    fakes::build();
}
