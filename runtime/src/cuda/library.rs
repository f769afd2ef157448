//! The shared libraries of CUDA, looked for before `cudarc` does, which panics where it finds none.
//!
//! A library that is loaded by its path is found by its name afterwards, so each is loaded once and stays.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::compile;
use crate::error::Error;

/// The folder to look in first.
const FOLDER: &str = "REMAT_CUDA_LIB_DIR";

/// The driver's library, which comes with the driver and stands where the system looks.
pub(super) fn driver() -> Result<(), Error> {
    find("the NVIDIA driver", &["libcuda.so.1", "nvcuda.dll"])?;
    // SAFETY: the library's initialisation is NVIDIA's, and was run above.
    let present = unsafe { cudarc::driver::sys::is_culib_present() };
    if present { Ok(()) } else { Err(lacks("the NVIDIA driver", &[String::from("libcuda.so.1")])) }
}

/// The compiler of kernels.
pub(super) fn nvrtc() -> Result<(), Error> {
    let name = "NVRTC of CUDA 13";
    let found = find(name, &["libnvrtc.so.13", "nvrtc64_130_0.dll"])?;
    // It looks for what is built into it by a bare name when it first compiles.
    let beside = found
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .and_then(|folder| folder.read_dir().ok());
    for file in beside.into_iter().flatten().flatten() {
        if file.file_name().to_string_lossy().starts_with("libnvrtc-builtins.so.") {
            let _ = load(file.path().as_os_str());
        }
    }
    // SAFETY: as in `driver`.
    let present = unsafe { cudarc::nvrtc::sys::is_culib_present() };
    if !present {
        return Err(lacks(name, &[String::from("libnvrtc.so.13")]));
    }
    let (major, minor) = compile::version();
    is_13("NVRTC", major, minor)
}

/// Products of matrices.
pub(super) fn cublaslt() -> Result<(), Error> {
    let (name, file) = ("cuBLAS of CUDA 13", "libcublasLt.so.13");
    find(name, &[file, "cublasLt64_13.dll"])?;
    // SAFETY: as in `driver`.
    let present = unsafe { cudarc::cublaslt::sys::is_culib_present() };
    if !present {
        return Err(lacks(name, &[String::from(file)]));
    }
    // SAFETY: the library is there.
    let version = unsafe { cudarc::cublaslt::sys::cublasLtGetVersion() } as i32;
    is_13("cuBLAS", version / 10_000, version / 100 % 100)
}

/// That the library which `cudarc` has found is of CUDA 13: another that the system has by a shorter name is found before
/// the one that was loaded.
fn is_13(library: &'static str, major: i32, minor: i32) -> Result<(), Error> {
    if major == 13 {
        return Ok(());
    }
    Err(Error::argument(&format!("the version of {library}"), "13", format!("{major}.{minor}")))
}

/// Loads the first of these that there is: from the folder that is asked for, else where the system looks, else where
/// CUDA is usually installed, else among Python's packages.
fn find(library: &'static str, names: &[&str]) -> Result<PathBuf, Error> {
    let mut looked = vec![];
    let asked: Vec<PathBuf> = env::var_os(FOLDER).iter().flat_map(env::split_paths).collect();
    let places = asked.iter().map(PathBuf::as_path).chain([Path::new("")]);
    let installed = installed();
    for folder in places.chain(installed.iter().map(PathBuf::as_path)) {
        for name in names {
            let path = folder.join(name);
            match load(path.as_os_str()) {
                Ok(()) => return Ok(path),
                // What is there and can't be loaded says why; what is not there is told by its place.
                Err(error) if path.exists() => looked.push(format!("{} ({error})", path.display())),
                Err(_) => looked.push(path.display().to_string()),
            }
        }
    }
    Err(lacks(library, &looked))
}

fn lacks(library: &'static str, looked: &[String]) -> Error {
    Error::Library { library, looked: looked.to_vec() }
}

/// Folders that are there and may have CUDA's libraries.
fn installed() -> Vec<PathBuf> {
    let mut folders = vec![];
    for variable in ["CUDA_HOME", "CUDA_PATH"] {
        folders.extend(env::var_os(variable).map(|path| Path::new(&path).join("lib64")));
    }
    folders.push(PathBuf::from("/usr/local/cuda/lib64"));
    folders.push(PathBuf::from("/usr/lib/wsl/lib"));
    let environment = env::var_os("VIRTUAL_ENV").map(|path| Path::new(&path).join("lib"));
    for python in environment.and_then(|path| path.read_dir().ok()).into_iter().flatten().flatten() {
        folders.push(python.path().join("site-packages/nvidia/cu13/lib"));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

/// Loads a library, which stays until the process ends. Its symbols are its own: `cudarc` may load another copy of it, which
/// must not find them in place of its own.
fn load(name: &OsStr) -> Result<(), libloading::Error> {
    // SAFETY: these libraries are NVIDIA's, made to be loaded into any process.
    let library = unsafe { libloading::Library::new(name) }?;
    std::mem::forget(library);
    Ok(())
}
