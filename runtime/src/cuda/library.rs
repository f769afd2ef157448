//! The shared libraries of CUDA, looked for before `cudarc` does, which panics where it finds none.
//!
//! A library that is loaded by its path is found by its name afterwards, so each is loaded once and stays.

use std::env;
use std::error::Error as _;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use cudarc::driver::sys;

use super::{compile, failed};
use crate::error::Error;

/// The folder to look in first.
const FOLDER: &str = "REMAT_CUDA_LIB_DIR";
/// The oldest version of CUDA that a driver must know, as the driver says it: the first in which it says what arguments
/// kernels take.
const VERSION: i32 = 12040;
/// Where NVIDIA's packages for Python have them: those of CUDA 13, and two of CUDA 12.
const PACKAGES: [&str; 3] = ["cu13", "cuda_nvrtc", "cublas"];

/// The driver's library, which comes with the driver and stands where the system looks.
pub(super) fn driver() -> Result<(), Error> {
    let present = cudarc::driver::sys::is_culib_present;
    ready("the NVIDIA driver", &["libcuda.so.1", "nvcuda.dll"], present).map(|_| ())
}

/// The version of CUDA that the driver knows, of which all functions are there that are called.
pub(super) fn driver_version() -> Result<i32, Error> {
    let mut found = 0;
    // SAFETY: the number is there to be written.
    let asked = unsafe { sys::cuDriverGetVersion(&raw mut found) };
    asked.result().map_err(|error| failed("to say its version", &error))?;
    let (major, minor) = (found / 1000, found % 1000 / 10);
    if found >= VERSION {
        return Ok(major);
    }
    Err(Error::argument("the driver's version of CUDA", "12.4 or newer", format!("{major}.{minor}")))
}

/// A library of CUDA beside the driver's.
struct Library {
    name: &'static str,
    /// Names of its file, behind the version of CUDA that each is of, the newest first.
    files: &'static [(i32, &'static str)],
    /// Whether `cudarc` finds it.
    present: unsafe fn() -> bool,
    /// Of CUDA, or of itself with the same first number. It must be there.
    version: fn() -> (i32, i32),
}

/// The compiler of kernels. Of CUDA 12 `cudarc` knows no name of it on Windows.
const NVRTC: Library = Library {
    name: "NVRTC",
    files: &[(13, "libnvrtc.so.13"), (13, "nvrtc64_130_0.dll"), (12, "libnvrtc.so.12")],
    present: cudarc::nvrtc::sys::is_culib_present,
    version: compile::version,
};

/// Products of matrices.
const CUBLASLT: Library = Library {
    name: "cuBLAS",
    files: &[
        (13, "libcublasLt.so.13"),
        (13, "cublasLt64_13.dll"),
        (12, "libcublasLt.so.12"),
        (12, "cublasLt64_12.dll"),
    ],
    present: cudarc::cublaslt::sys::is_culib_present,
    version: cublaslt_version,
};

fn cublaslt_version() -> (i32, i32) {
    // SAFETY: the library is there.
    let version = unsafe { cudarc::cublaslt::sys::cublasLtGetVersion() } as i32;
    (version / 10_000, version / 100 % 100)
}

/// Makes NVRTC ready, for a driver that knows this version of CUDA.
pub(super) fn nvrtc(driver: i32) -> Result<(), Error> {
    let found = NVRTC.load(driver)?;
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
    NVRTC.check(driver, &found)
}

/// The same of cublasLt.
pub(super) fn cublaslt(driver: i32) -> Result<(), Error> {
    let found = CUBLASLT.load(driver)?;
    CUBLASLT.check(driver, &found)
}

impl Library {
    /// Those of its files that a driver takes, which knows this version of CUDA and all before it.
    fn files(&self, driver: i32) -> impl Iterator<Item = (i32, &'static str)> {
        self.files.iter().copied().filter(move |(version, _)| *version <= driver)
    }

    /// Loads it, and gives its path.
    fn load(&self, driver: i32) -> Result<PathBuf, Error> {
        let names: Vec<_> = self.files(driver).map(|(_, name)| name).collect();
        let library = format!("{} of CUDA {}", self.name, versions(driver));
        ready(&library, &names, self.present)
    }

    /// That what `cudarc` has found is of such a version, and of that of the file which was loaded, unless the system found
    /// that too: another that it has by a shorter name is found before.
    fn check(&self, driver: i32, loaded: &Path) -> Result<(), Error> {
        let (major, minor) = (self.version)();
        let apart = loaded.parent().is_some_and(|folder| !folder.as_os_str().is_empty());
        let may_be = |(version, file): (i32, &str)| version == major && (!apart || loaded.ends_with(file));
        if self.files(driver).any(may_be) {
            return Ok(());
        }
        let found = match apart {
            true => format!("{major}.{minor}, which the system finds before {}", loaded.display()),
            false => format!("{major}.{minor}, which the system finds first"),
        };
        Err(Error::argument(&format!("the version of {}", self.name), versions(driver), found))
    }
}

/// Versions of CUDA that its libraries may be of, for a driver of this one.
fn versions(driver: i32) -> &'static str {
    if driver >= 13 { "12 or 13" } else { "12 (as the driver)" }
}

/// Loads a library for `cudarc`, and gives its path.
fn ready(library: &str, names: &[&str], present: unsafe fn() -> bool) -> Result<PathBuf, Error> {
    let found = find(library, names)?;
    // SAFETY: the library's initialisation is NVIDIA's, and was run above.
    let present = unsafe { present() };
    if present { Ok(found) } else { Err(lacks(library, names.iter().map(ToString::to_string).collect())) }
}

/// Loads the first of these that there is: from the folder that is asked for, else where the system looks, else where
/// CUDA is usually installed, else among Python's packages.
fn find(library: &str, names: &[&str]) -> Result<PathBuf, Error> {
    let mut looked = vec![];
    let asked: Vec<PathBuf> = env::var_os(FOLDER).iter().flat_map(env::split_paths).collect();
    let places = asked.iter().map(PathBuf::as_path).chain([Path::new("")]);
    let installed = installed();
    for folder in places.chain(installed.iter().map(PathBuf::as_path)) {
        for name in names {
            let path = folder.join(name);
            match load(path.as_os_str()) {
                Ok(()) => return Ok(path),
                Err(error) => looked.push(refused(&path, &error)),
            }
        }
    }
    Err(lacks(library, looked))
}

/// Where a library was looked for; what is there and can't be loaded says why.
fn refused(path: &Path, error: &libloading::Error) -> String {
    let shown = path.display().to_string();
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    // A name without a folder may be anywhere. The reason may be that there is none of another library, that this needs.
    let bare = path.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let none = reason.contains(&shown) && reason.to_lowercase().contains("no such file");
    if if bare { none } else { !path.exists() } { shown } else { format!("{shown} ({reason})") }
}

fn lacks(library: &str, looked: Vec<String>) -> Error {
    Error::Library { library: library.to_owned(), looked }
}

/// Folders that are there and may have CUDA's libraries.
fn installed() -> Vec<PathBuf> {
    let mut folders = vec![];
    for variable in ["CUDA_HOME", "CUDA_PATH"] {
        folders.extend(env::var_os(variable).map(|path| Path::new(&path).join("lib64")));
    }
    folders.push(PathBuf::from("/usr/local/cuda/lib64"));
    folders.push(PathBuf::from("/usr/lib/wsl/lib"));
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        let Some(environment) = env::var_os(variable).map(|path| Path::new(&path).join("lib")) else {
            continue;
        };
        for python in environment.read_dir().into_iter().flatten().flatten() {
            let packages = python.path().join("site-packages/nvidia");
            folders.extend(PACKAGES.map(|package| packages.join(package).join("lib")));
        }
        folders.push(environment);
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
