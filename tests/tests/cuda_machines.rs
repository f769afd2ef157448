//! What a machine may have, and lack, of what a GPU needs: the versions of CUDA and the GPUs that are known, and an error for
//! each thing that is missing, after which the process goes on on the CPU. Each machine is a process that finds no other
//! libraries than the fakes which that machine has.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use remat::prelude::*;
use remat_tests::trace::ids;

remat_tests::gpt!(Gpt: model [] blocks [#[checkpoint]] attn [] mlp [] act []);

/// Set for a process that a test has started.
const STARTED: &str = "REMAT_MACHINE";
/// Begins the line in which such a process says what became of it.
const BECAME: &str = "became ";
const DRIVER: &str = "libcuda.so.1";
const OF_13: [&str; 3] = [DRIVER, "libnvrtc.so.13", "libcublasLt.so.13"];
const OF_12: [&str; 3] = [DRIVER, "libnvrtc.so.12", "libcublasLt.so.12"];

/// The bits of the second loss of a training on a device.
macro_rules! trained {
    ($device:expr) => {{
        let mut net = Gpt::new($device, 5)?;
        let mut ws = net.workspace(2)?;
        let mut opt = AdamW::new(&net, AdamWConfig::default())?;
        let (x, y) = (ids(2, 10, 17, 1), ids(2, 10, 17, 2));
        net.forward_backward(&mut ws, x.view(), y.view())?;
        opt.step(&mut net, ws.grads())?;
        net.forward_backward(&mut ws, x.view(), y.view())?.to_bits()
    }};
}

/// Nothing, unless this process was started by a test.
#[test]
fn train_here() -> Result<(), Error> {
    if env::var_os(STARTED).is_none() {
        return Ok(());
    }
    match Cuda::new(0) {
        Ok(gpu) => println!("{BECAME}{} {:08x}", gpu.arch(), trained!(&gpu)),
        Err(error) => {
            let loss = f32::from_bits(trained!(&Cpu::with_threads(1)?));
            assert!(loss.is_finite(), "on the CPU: {loss}");
            println!("{BECAME}{error}");
        }
    }
    Ok(())
}

/// Where the system may find libraries that are no fakes.
const INSTALLED: [&str; 7] = [
    "/usr/local/cuda/lib64",
    "/usr/lib/wsl/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/lib64",
];

/// The folder that has all fakes; none where there are others, which each process would find too.
fn fakes() -> Option<PathBuf> {
    let others = INSTALLED.iter().flat_map(|folder| Path::new(folder).read_dir().ok()).flatten().flatten();
    let cuda =
        |name: &str| ["libcuda.so", "libnvrtc.so", "libcublasLt.so"].iter().any(|of| name.starts_with(of));
    if let Some(other) = others.into_iter().find(|file| cuda(&file.file_name().to_string_lossy())) {
        eprintln!("SKIPPED: there is {} on this machine", other.path().display());
        return None;
    }
    let paths = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let found = env::split_paths(&paths).find(|folder| OF_12.iter().all(|name| folder.join(name).exists()));
    if found.is_none() {
        eprintln!("SKIPPED: there are no fakes of CUDA's libraries here");
    }
    found
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    /// With links to these libraries.
    fn with(fakes: &Path, name: &str, libraries: &[&str]) -> Self {
        let path = env::temp_dir().join(format!("remat-machine-{}-{name}", std::process::id()));
        // Of a process that was killed, and had the same number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        let folder = Self(path);
        libraries.iter().for_each(|library| link(fakes, library, &folder.0));
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn link(fakes: &Path, library: &str, folder: &Path) {
    std::os::unix::fs::symlink(fakes.join(library), folder.join(library)).expect("a link");
}

/// What becomes of a process on a machine that has these libraries where the system looks, and these variables.
fn on(name: &str, libraries: &[&str], variables: &[(&str, &str)]) -> Option<String> {
    let folder = Folder::with(&fakes()?, name, libraries);
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["train_here", "--exact", "--nocapture"]).env(STARTED, "1").env("REMAT_CUDA_CACHE", "");
    for variable in ["REMAT_CUDA_LIB_DIR", "CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX"] {
        command.env_remove(variable);
    }
    let output = command.env("LD_LIBRARY_PATH", &folder.0).envs(variables.iter().copied()).output();
    let output = output.expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout);
    let became = told.lines().find_map(|line| line.split_once(BECAME));
    let Some((_, became)) = became.filter(|_| output.status.success()) else {
        panic!("{name}: {}\n{told}{}", output.status, String::from_utf8_lossy(&output.stderr));
    };
    Some(became.to_owned())
}

#[test]
fn cuda_12_and_13_train_to_the_same_bits() {
    let Some(expected) = on("13", &OF_13, &[]) else { return };
    assert!(expected.starts_with("sm_90 "), "{expected}");
    let old = [("REMAT_FAKE_VERSION", "12040")];
    assert_eq!(on("12", &OF_12, &old).as_ref(), Some(&expected), "a driver for 12.4, and libraries of 12");
    assert_eq!(on("13-of-12", &OF_12, &[]).as_ref(), Some(&expected), "a driver for 13, and libraries of 12");
    let mixed = [DRIVER, OF_13[1], OF_12[2]];
    assert_eq!(on("mixed", &mixed, &[]), Some(expected), "a driver for 13, NVRTC of 13, and cuBLAS of 12");
}

#[test]
fn libraries_are_found_in_the_folder_that_is_named() {
    let Some(fakes) = fakes() else { return };
    let apart = Folder::with(&fakes, "named", &OF_12[1..]);
    let named = [("REMAT_CUDA_LIB_DIR", apart.path())];
    let became = on("named-apart", &[DRIVER], &named).expect("there are fakes");
    assert!(became.starts_with("sm_90 "), "{became}");
}

/// Each library by itself, as NVIDIA's packages have them.
#[test]
fn libraries_are_found_in_a_python_environment() {
    let Some(fakes) = fakes() else { return };
    for (names, folders) in [(OF_13, ["cu13", "cu13"]), (OF_12, ["cuda_nvrtc", "cublas"])] {
        let environment = Folder::with(&fakes, "environment", &[]);
        for (library, folder) in names[1..].iter().zip(folders) {
            let folder = environment.0.join("lib/python3.11/site-packages/nvidia").join(folder).join("lib");
            fs::create_dir_all(&folder).expect("a folder");
            link(&fakes, library, &folder);
        }
        for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
            let variables = [(variable, environment.path())];
            let became = on("environment-apart", &[DRIVER], &variables).expect("there are fakes");
            assert!(became.starts_with("sm_90 "), "{became}");
        }
    }
}

#[test]
fn kernels_are_compiled_for_the_gpu_or_one_whose_machine_code_it_runs() {
    // The fake of NVRTC knows 8.0, 8.6, 8.7, 8.9, 9.0, 10.0, 10.1 and 12.0. Of these 8.7 and 10.1 are systems on a chip.
    for (capability, arch) in [
        ("80", "sm_80 "),
        ("87", "sm_87 "),
        ("88", "could not load an NVRTC that compiles for compute capability 8.8"),
        ("103", "sm_100 "),
        ("121", "sm_120 "),
    ] {
        let Some(became) = on(capability, &OF_13, &[("REMAT_FAKE_CAPABILITY", capability)]) else { return };
        assert!(became.starts_with(arch), "{capability}: {became}");
    }
}

/// What is missing: the libraries that are there, what else the machine says of itself, and the error.
type Lack = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)], &'static str);

const LACKS: [Lack; 10] = [
    ("nothing", &[], &[], "could not load the NVIDIA driver, looked for as libcuda.so.1, nvcuda.dll"),
    (
        "no-nvrtc",
        &[DRIVER],
        &[],
        "could not load NVRTC of CUDA 12 or 13, looked for as libnvrtc.so.13, nvrtc64_130_0.dll, libnvrtc.so.12",
    ),
    (
        "no-cublas",
        &[DRIVER, "libnvrtc.so.13"],
        &[],
        "could not load cuBLAS of CUDA 12 or 13, looked for as libcublasLt.so.13, cublasLt64_13.dll, libcublasLt.so.12",
    ),
    (
        "too-new",
        &OF_13,
        &[("REMAT_FAKE_VERSION", "12080")],
        "could not load NVRTC of CUDA 12 (as the driver), looked for as libnvrtc.so.12",
    ),
    (
        "too-new-cublas",
        &[DRIVER, "libnvrtc.so.12", "libcublasLt.so.13"],
        &[("REMAT_FAKE_VERSION", "12080")],
        "could not load cuBLAS of CUDA 12 (as the driver), looked for as libcublasLt.so.12",
    ),
    (
        "old-driver",
        &OF_12,
        &[("REMAT_FAKE_VERSION", "12030")],
        "`the driver's version of CUDA` must be 12.4 or newer but is 12.3",
    ),
    ("no-gpu", &OF_13, &[("REMAT_FAKE_DEVICES", "0")], "there is no GPU 0: there are 0, counted from 0"),
    (
        "old-gpu",
        &OF_13,
        &[("REMAT_FAKE_CAPABILITY", "75")],
        "`the GPU's compute capability` must be 8.0 or newer but is 7.5",
    ),
    (
        "new-gpu",
        &OF_13,
        &[("REMAT_FAKE_CAPABILITY", "130")],
        "could not load an NVRTC that compiles for compute capability 13.0, looked for as 13.99, which does for 8.0, 8.6, 8.7, 8.9, 9.0, 10.0, 10.1, 12.0",
    ),
    ("little-memory", &OF_13, &[("REMAT_FAKE_MEMORY", "1048576")], "could not get 33554432 bytes for "),
];

#[test]
fn what_is_missing_is_an_error_that_names_it() {
    for (name, libraries, variables, expected) in LACKS {
        let Some(became) = on(name, libraries, variables) else { return };
        assert!(became.starts_with(expected), "{name}: {became}");
    }
}

#[test]
fn a_library_that_is_broken_says_so_where_it_is() {
    let Some(fakes) = fakes() else { return };
    let named = Folder::with(&fakes, "broken", &[]);
    let broken = named.0.join("libnvrtc.so.13");
    fs::write(&broken, "no library").expect("a file");
    let variables = [("REMAT_CUDA_LIB_DIR", named.path())];
    let became = on("broken-named", &[DRIVER], &variables).expect("there are fakes");
    let expected = format!("looked for as {} (", broken.display());
    assert!(became.contains(&expected) && became.contains("file too short"), "{became}");
}

/// Both are where the system looks, or one is where it looks and the other was asked for.
#[test]
fn another_version_that_is_found_first_is_an_error() {
    let both = [DRIVER, OF_12[1], OF_12[2], OF_13[1]];
    let Some(became) = on("both", &both, &[("REMAT_FAKE_VERSION", "12040")]) else { return };
    let expected =
        "`the version of NVRTC` must be 12 (as the driver) but is 13.99, which the system finds first";
    assert_eq!(became, expected);
    let fakes = fakes().expect("there are fakes");
    let asked = Folder::with(&fakes, "asked", &OF_12[1..]);
    let named = [("REMAT_CUDA_LIB_DIR", asked.path())];
    let became = on("not-asked", &OF_13, &named).expect("there are fakes");
    let expected = "`the version of NVRTC` must be 12 or 13 but is 13.99, which the system finds before ";
    assert!(became.starts_with(expected) && became.ends_with("/libnvrtc.so.12"), "{became}");
}
