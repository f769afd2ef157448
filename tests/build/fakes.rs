//! Builds what stands for CUDA where there is no GPU: a driver whose memory is the host's and that runs the kernels of
//! `remat`, compiled for the host, a compiler that compiles nothing, and products of matrices. See `cuda/shim.h` and
//! `cuda/driver.h`.
//!
//! Cargo puts the folder they are in on the path that tests look for libraries on, so they are found by their names.
//! `REMAT_CUDA_SANITIZER` (`address`, `thread` or `undefined`) has kernels watched by a sanitizer of the C++ compiler;
//! tests then need its runtime loaded first, as `.ci/shim` does. `REMAT_CUDA_PTX` names a folder with what NVRTC made of the
//! kernels: then that is what runs, as `.ci/ptx` does.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::ptx;

/// A library in place of one of NVIDIA's.
struct Library {
    /// What it is looked for as.
    name: &'static str,
    /// The version of CUDA that it is of.
    cuda: &'static str,
    /// Its sources, in `cuda`.
    sources: &'static [&'static str],
    /// Whether the kernels are in it.
    kernels: bool,
    /// Those of these libraries that it calls, which stand before it.
    calls: &'static [&'static str],
}

const LIBRARIES: [Library; 6] = [
    Library {
        name: "libcuda.so.1",
        cuda: "13",
        sources: &[
            "shim.cpp",
            "shim/tensor.cpp",
            "driver.cpp",
            "driver/memory.cpp",
            "driver/module.cpp",
            "driver/stream.cpp",
        ],
        kernels: true,
        calls: &[],
    },
    blaslt("libcublasLt.so.13", "13"),
    blaslt("libcublasLt.so.12", "12"),
    nvrtc("libnvrtc.so.13", "13"),
    nvrtc("libnvrtc.so.12", "12"),
    Library {
        name: "libcupti.so.13",
        cuda: "13",
        sources: &["cupti.cpp"],
        kernels: false,
        calls: &["libcuda.so.1"],
    },
];

const fn blaslt(name: &'static str, cuda: &'static str) -> Library {
    Library { name, cuda, sources: &["blaslt.cpp"], kernels: false, calls: &["libcuda.so.1"] }
}

const fn nvrtc(name: &'static str, cuda: &'static str) -> Library {
    Library { name, cuda, sources: &["nvrtc.cpp"], kernels: false, calls: &[] }
}

/// Where kernels are, and what they include is found from.
const KERNELS: &str = "../runtime/src";
const HEADERS: &str = "../runtime/src/cuda";
const FAKES: &str = "cuda";
/// The types of elements that kernels are compiled for, as an option of the compiler names them, and their names.
const ELEMS: [(&str, &str); 2] = [("float", "f32"), ("bf16", "bf16")];
/// Kernels that try the shim.
const PROBES: &str = "cuda/probes.cu";

const SANITIZER: &str = "REMAT_CUDA_SANITIZER";
const PTX: &str = "REMAT_CUDA_PTX";

pub(crate) fn build() {
    for variable in [SANITIZER, PTX, "CXX", "CXXFLAGS"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says OUT_DIR"));
    let sanitizer = env::var(SANITIZER).unwrap_or_default();
    println!("cargo:rustc-link-search=native={}", out.display());

    let made = env::var_os(PTX).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let mut sources = vec![];
    for folder in [KERNELS, FAKES].map(Path::new).into_iter().chain(made.as_deref()) {
        println!("cargo:rerun-if-changed={}", folder.display());
        find(folder, &mut sources);
    }
    // The sources of Rust are in the same folder, and change more often than kernels.
    let stamp = out.join("built");
    let inputs = hash(&sources, &sanitizer).to_string();
    if fs::read_to_string(&stamp).is_ok_and(|built| built == inputs) {
        return;
    }
    let tables: Vec<_> = match made {
        Some(made) => ELEMS.iter().flat_map(|elem| translated(&sources, &made, elem, &out)).collect(),
        None => ELEMS.iter().map(|(elem, _)| included(&sources, elem, &out)).collect(),
    };
    for library in &LIBRARIES {
        link(library, &tables, &out, &sanitizer);
    }
    fs::write(&stamp, inputs).expect("OUT_DIR can be written");
}

/// All C++ in a folder, in an order that is always the same.
fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| ["cu", "cuh", "cpp", "h", "ptx"].iter().any(|known| end == *known))
        {
            found.push(path);
        }
    }
}

/// What tells a build from others.
fn hash(sources: &[PathBuf], sanitizer: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (
        sanitizer,
        env::var_os("CXX"),
        env::var_os("CXXFLAGS"),
        include_str!("fakes.rs"),
        include_str!("ptx.rs"),
    )
        .hash(&mut hasher);
    for source in sources {
        (source, read(source)).hash(&mut hasher);
    }
    hasher.finish()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// C++ with all kernels for a type of elements, and the table that the driver finds them in. What is in it has names
/// of its own, also where C gives them: it is linked with the same for other types.
fn included(sources: &[PathBuf], elem: &str, out: &Path) -> PathBuf {
    let kernel = |path: &&PathBuf| path.file_name().is_some_and(|name| name == "kernel.cu");
    let probes = PathBuf::from(PROBES);
    let (mut names, mut includes, mut rows) = (String::new(), String::new(), vec![]);
    for file in sources.iter().filter(kernel).chain([&probes]) {
        let path = fs::canonicalize(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        writeln!(includes, "#include \"{}\"", path.display()).expect("memory");
        for (kernel, threads) in kernels(&read(file)) {
            writeln!(names, "#define {kernel} {kernel}_{elem}").expect("memory");
            rows.push(format!("REMAT_SHIM_KERNEL({kernel}, {threads})"));
        }
    }
    let table = table(elem, &rows);
    let text = format!(
        "#include \"shim.h\"\n#define REMAT_ELEM {elem}\n{names}namespace kernels_{elem} {{\n{includes}{table}}}\n"
    );
    written(out.join(format!("kernels_{elem}.cpp")), &text)
}

/// The same of what NVRTC made of the kernels, a file for each source, and one with the table.
fn translated(sources: &[PathBuf], made: &Path, (elem, name): &(&str, &str), out: &Path) -> Vec<PathBuf> {
    let (mut files, mut rows, mut declared) = (vec![], vec![], String::new());
    for file in sources.iter().filter(|file| file.starts_with(made)) {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !stem.contains(&format!("-{name}-")) {
            continue;
        }
        let kernels = ptx::translate(&format!("{stem}.ptx"), &read(file), elem);
        files.push(written(out.join(format!("{stem}.cpp")), &kernels.text));
        for (kernel, row) in kernels.rows {
            writeln!(
                declared,
                "void {kernel}(void**);\nextern const remat_shim::Parameter {kernel}_parameters[];"
            )
            .expect("memory");
            rows.push(row);
        }
    }
    assert!(!rows.is_empty(), "{PTX}: no kernels of {name} in {}", made.display());
    let text = format!("#include \"shim.h\"\n{declared}{}", table(elem, &rows));
    files.push(written(out.join(format!("kernels_{elem}.cpp")), &text));
    files
}

/// The table of the kernels for a type of elements.
fn table(elem: &str, rows: &[String]) -> String {
    format!(
        "static const remat_shim::Kernel kernels[] = {{\n    {}}};\n\
         static remat_shim::Table table(\"{elem}\", kernels, sizeof kernels / sizeof kernels[0]);\n",
        rows.join(",\n    ")
    )
}

fn written(path: PathBuf, text: &str) -> PathBuf {
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path
}

/// The kernels in a source, each with the most threads that its launch bounds allow.
fn kernels(source: &str) -> Vec<(&str, &str)> {
    const START: &str = "extern \"C\" __global__ ";
    let mut found = vec![];
    for (at, _) in source.match_indices(START) {
        // A comment may speak of them.
        if at > 0 && source.as_bytes()[at - 1] != b'\n' {
            continue;
        }
        let mut rest = source[at + START.len()..].trim_start();
        let mut threads = "1024";
        loop {
            if let Some(after) = rest.strip_prefix("void ") {
                rest = after.trim_start();
            } else if let Some(after) = rest.strip_prefix("__launch_bounds__(") {
                let end = closing(after);
                threads = after[..end].split(',').next().unwrap_or(threads);
                rest = after[end + 1..].trim_start();
            } else {
                break;
            }
        }
        let name = rest.split('(').next().unwrap_or_default().trim();
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        assert!(plain && !name.is_empty(), "not the name of a kernel: `{name}`");
        found.push((name, threads));
    }
    found
}

/// Where the parenthesis closes that is open at the start.
fn closing(text: &str) -> usize {
    let mut open = 1;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    panic!("launch bounds without an end");
}

/// A compiler for this sanitizer, or for none.
fn compiler(sanitizer: &str) -> cc::Build {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .pic(true)
        .debug(!sanitizer.is_empty())
        .define("REMAT_HOST", None)
        // As kernels are compiled for GPUs: only `fmaf` contracts.
        .flag("-ffp-contract=off")
        // Runs of elements are moved as words.
        .flag("-fno-strict-aliasing")
        .flag("-fvisibility=hidden")
        .flag("-pthread")
        .flag("-Wno-unknown-pragmas")
        .includes([FAKES, HEADERS, KERNELS]);
    match sanitizer {
        "" => {}
        "address" => {
            build.flag("-fsanitize=address").flag("-fno-omit-frame-pointer");
        }
        "thread" => {
            build.flag("-fsanitize=thread");
        }
        "undefined" => {
            build.flag("-fsanitize=undefined").flag("-fno-sanitize=vptr").flag("-fno-sanitize-recover=all");
        }
        other => panic!("{SANITIZER} is `{other}`, which is none of address, thread and undefined"),
    }
    build
}

/// Compiles a library.
fn link(library: &Library, tables: &[PathBuf], out: &Path, sanitizer: &str) {
    // What fibers do to the state of threads is no race. The shim says what orders the threads of kernels.
    let mut own = compiler(if sanitizer == "thread" { "" } else { sanitizer });
    if sanitizer == "thread" {
        own.define("REMAT_SHIM_TSAN", None);
    }
    own.define("REMAT_FAKE_CUDA", library.cuda);
    own.files(library.sources.iter().map(|source| Path::new(FAKES).join(source)));
    let mut objects = own.compile_intermediates();
    let mut watched = compiler(sanitizer);
    if library.kernels {
        objects.extend(watched.files(tables).compile_intermediates());
    }
    let mut linker = watched.get_compiler().to_command();
    linker.arg("-shared").arg(format!("-Wl,-soname,{}", library.name));
    // Threads may still be in it when the last handle to it is closed.
    linker.arg("-Wl,-z,nodelete").arg("-Wl,-z,defs").arg("-o").arg(out.join(library.name));
    linker.args(objects).arg("-L").arg(out);
    linker.args(library.calls.iter().map(|name| format!("-l:{name}")));
    let status = linker.status().unwrap_or_else(|error| panic!("{linker:?}: {error}"));
    assert!(status.success(), "{linker:?}: {status}");
}
