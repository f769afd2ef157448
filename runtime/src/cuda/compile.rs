//! From the source of kernels to machine code, by NVRTC; kept on the disk, so that a kernel is compiled once.

use std::ffi::{CStr, CString, c_char};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, ptr};

use cudarc::nvrtc::{result, sys};
use twox_hash::XxHash3_64;

use super::elem::sealed::Sealed as _;
use super::{bf16, library};
use crate::device::Element;
use crate::error::Error;
use crate::state::atomic;

/// What is compiled together: an op's kernels.
#[derive(Debug)]
pub(crate) struct Source {
    /// As it stands in messages.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// What kernels include, by the path that they include it by.
const HEADERS: &[(&CStr, &str)] = &[
    (c"remat.cuh", include_str!("remat.cuh")),
    (c"cuda/async.cuh", include_str!("async.cuh")),
    (c"cuda/columns.cuh", include_str!("columns.cuh")),
    (c"cuda/half.cuh", include_str!("half.cuh")),
    (c"cuda/math.cuh", include_str!("math.cuh")),
    (c"cuda/mma.cuh", include_str!("mma.cuh")),
    (c"cuda/philox.cuh", include_str!("philox.cuh")),
    (c"cuda/rows.cuh", include_str!("rows.cuh")),
    (c"ops/activation/formula.cuh", include_str!("../ops/activation/formula.cuh")),
    (c"ops/attention/fma.cuh", include_str!("../ops/attention/fma.cuh")),
    (c"ops/attention/head.cuh", include_str!("../ops/attention/head.cuh")),
    (c"ops/attention/tensor.cuh", include_str!("../ops/attention/tensor.cuh")),
    (c"ops/attention/tensor_tile.cuh", include_str!("../ops/attention/tensor_tile.cuh")),
    (c"ops/attention/tile.cuh", include_str!("../ops/attention/tile.cuh")),
    (c"ops/attention/wide.cuh", include_str!("../ops/attention/wide.cuh")),
    (c"ops/dropout/mask.cuh", include_str!("../ops/dropout/mask.cuh")),
    (c"ops/layer_norm/row.cuh", include_str!("../ops/layer_norm/row.cuh")),
    (c"ops/softmax/row.cuh", include_str!("../ops/softmax/row.cuh")),
    (c"ops/sum/total.cuh", include_str!("../ops/sum/total.cuh")),
];

/// Contracted only where `fmaf` stands: a value has the same bits in whatever kernel it is computed.
const OPTIONS: [&CStr; 3] = [c"--std=c++17", c"--fmad=false", c"--device-as-default-execution-space"];

/// The machine code for an architecture (`sm_90`), with elements of the type that an option says: from the disk if it is
/// there, else compiled, and then written there.
pub(super) fn machine_code(source: &Source, elem: &CStr, arch: &str) -> Result<Vec<u8>, Error> {
    let kept = folder().map(|folder| folder.join(format!("{:016x}.cubin", key(source, elem, arch))));
    if let Some(image) = kept.as_deref().and_then(read) {
        return Ok(image);
    }
    let (image, _) = compile(source, elem, arch, &[], |program| program.image())?;
    if let Some(path) = kept {
        // Without it, the next process compiles again.
        let _ = write(&path, &image);
    }
    Ok(image)
}

/// What tells it from all others: the compiler, its options, and all that it reads.
fn key(source: &Source, elem: &CStr, arch: &str) -> u64 {
    let mut read = format!("{:?} {arch} {OPTIONS:?} {elem:?} {}", version(), source.text);
    HEADERS.iter().for_each(|(_, text)| read.push_str(text));
    XxHash3_64::oneshot(read.as_bytes())
}

/// The version of NVRTC.
pub(super) fn version() -> (i32, i32) {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both are there to be written.
    unsafe { sys::nvrtcVersion(&raw mut major, &raw mut minor) };
    (major, minor)
}

/// Compute capabilities, times 10, of systems on a chip, which run no machine code of other GPUs, nor those theirs.
const ON_CHIP: [i32; 4] = [87, 88, 101, 110];

/// What kernels are compiled for, for a GPU of this compute capability: itself, or if NVRTC is too old to know it the
/// next below with the same first number, whose machine code it runs too.
///
/// # Errors
/// [`Error::Library`] if NVRTC knows none of these.
pub(super) fn architecture(major: i32, minor: i32) -> Result<String, Error> {
    let (own, mut known) = (10 * major + minor, architectures());
    known.sort_unstable();
    let runs = |other: &&i32| {
        **other == own
            || (10 * major..own).contains(*other) && !ON_CHIP.contains(*other) && !ON_CHIP.contains(&own)
    };
    if let Some(found) = known.iter().rfind(runs) {
        return Ok(format!("sm_{found}"));
    }
    let library = format!("an NVRTC that compiles for compute capability {major}.{minor}");
    let known: Vec<_> = known.iter().map(|known| format!("{}.{}", known / 10, known % 10)).collect();
    let (major, minor) = version();
    let looked = format!("{major}.{minor}, which does for {}", known.join(", "));
    Err(Error::Library { library, looked: vec![looked] })
}

/// Compute capabilities that NVRTC compiles for, times 10.
fn architectures() -> Vec<i32> {
    let mut count = 0;
    // SAFETY: the count is there to be written.
    let counted = unsafe { sys::nvrtcGetNumSupportedArchs(&raw mut count) }.result();
    let mut known = vec![0; counted.map_or(0, |()| usize::try_from(count).unwrap_or(0))];
    if !known.is_empty() {
        // SAFETY: there is room for as many as were counted. If they are not told, those there are none of a GPU's.
        let _ = unsafe { sys::nvrtcGetSupportedArchs(known.as_mut_ptr()) };
    }
    known
}

/// The folder that machine code is kept in: `REMAT_CUDA_CACHE` (none if it is empty), else the user's cache.
fn folder() -> Option<PathBuf> {
    if let Some(asked) = env::var_os("REMAT_CUDA_CACHE") {
        return (!asked.is_empty()).then(|| PathBuf::from(asked));
    }
    let user = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let user = user.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cache")));
    user.map(|user| user.join("remat"))
}

/// What is kept, if it is whole: its checksum stands behind it.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    let (image, sum) = bytes.split_last_chunk::<8>()?;
    let whole = u64::from_le_bytes(*sum) == XxHash3_64::oneshot(image);
    bytes.truncate(bytes.len() - 8);
    whole.then_some(bytes)
}

fn write(path: &Path, image: &[u8]) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    atomic::replace(path, |file| {
        file.write_all(image)?;
        file.write_all(&XxHash3_64::oneshot(image).to_le_bytes())
    })
}

/// A program that is compiled.
pub(super) struct Program(sys::nvrtcProgram);

/// What NVRTC writes: what says how many bytes that is, and what writes them.
type Output = (
    unsafe fn(sys::nvrtcProgram, *mut usize) -> sys::nvrtcResult,
    unsafe fn(sys::nvrtcProgram, *mut c_char) -> sys::nvrtcResult,
);

impl Program {
    /// Its machine code.
    pub(super) fn image(&self) -> Result<Vec<u8>, result::NvrtcError> {
        self.written((sys::nvrtcGetCUBINSize, sys::nvrtcGetCUBIN))
    }

    /// What its machine code was made of, with a NUL at its end.
    pub(super) fn ptx(&self) -> Result<Vec<u8>, result::NvrtcError> {
        self.written((sys::nvrtcGetPTXSize, sys::nvrtcGetPTX))
    }

    fn written(&self, (size, write): Output) -> Result<Vec<u8>, result::NvrtcError> {
        let mut bytes = 0;
        // SAFETY: the program is compiled, and there are as many bytes as it says that it needs.
        unsafe {
            size(self.0, &raw mut bytes).result()?;
            let mut written = vec![0u8; bytes];
            write(self.0, written.as_mut_ptr().cast()).result()?;
            Ok(written)
        }
    }
}

/// Compiles for a type of elements and an architecture; `more` options than every kernel has. Gives what `made` takes of
/// the program, and what the compiler said.
pub(super) fn compile<T>(
    source: &Source,
    elem: &CStr,
    arch: &str,
    more: &[&CStr],
    made: impl FnOnce(&Program) -> Result<T, result::NvrtcError>,
) -> Result<(T, String), Error> {
    let failed = |log: String| Error::KernelBuild { kernel: source.name, arch: arch.to_owned(), log };
    let text =
        |text: &str| CString::new(text).map_err(|_| failed(String::from("a NUL stands in the source")));
    let (name, code) = (text(source.name)?, text(source.text)?);
    let headers = HEADERS.iter().map(|(_, header)| text(header)).collect::<Result<Vec<_>, _>>()?;
    let architecture = text(&format!("--gpu-architecture={arch}"))?;
    let options: Vec<_> =
        OPTIONS.iter().chain(more).copied().chain([elem, &architecture]).map(CStr::as_ptr).collect();
    let names: Vec<_> = HEADERS.iter().map(|(name, _)| name.as_ptr()).collect();
    let headers: Vec<_> = headers.iter().map(|header| header.as_ptr()).collect();
    let mut program = ptr::null_mut();
    // SAFETY: all texts live until the program is destroyed, and end in a NUL; the counts are those of the arrays.
    unsafe {
        let count = headers.len() as i32;
        sys::nvrtcCreateProgram(
            &raw mut program,
            code.as_ptr(),
            name.as_ptr(),
            count,
            headers.as_ptr(),
            names.as_ptr(),
        )
        .result()
        .map_err(|error| failed(error.to_string()))?;
        let compiled = sys::nvrtcCompileProgram(program, options.len() as i32, options.as_ptr()).result();
        let log = result::get_program_log(program).unwrap_or_default();
        let log: Vec<u8> = log.iter().map(|byte| *byte as u8).take_while(|byte| *byte != 0).collect();
        let log = String::from_utf8_lossy(&log).trim().to_owned();
        let made = compiled
            .map_err(|_| failed(log.clone()))
            .and_then(|()| made(&Program(program)).map_err(|error| failed(format!("{log}\n{error}"))));
        // Nothing is left to be told.
        let _ = result::destroy_program(program);
        made.map(|made| (made, log))
    }
}

/// The machine code of an op's kernels.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The op.
    pub kernel: &'static str,
    /// The type of elements.
    pub elem: &'static str,
    /// The machine code.
    pub image: Vec<u8>,
    /// What it was made of: PTX.
    pub ptx: String,
    /// What the compiler says of it: registers and spills of each kernel.
    pub log: String,
}

/// Compiles all kernels for all types of elements and an architecture (`sm_90`), which needs no GPU and no driver. Nothing
/// is kept.
///
/// # Errors
/// [`Error::Library`] without NVRTC; [`Error::KernelBuild`].
pub fn compile_all(arch: &str) -> Result<Vec<Compiled>, Error> {
    // There may be no driver, for which a newer one would be too new.
    library::nvrtc(i32::MAX)?;
    let elems = [(f32::NAME, f32::OPTION), (bf16::NAME, bf16::OPTION)];
    let compiled = |(elem, source): (_, &'static Source)| {
        let (elem, option) = elem;
        let more = [c"--ptxas-options=-v"];
        let ((image, ptx), log) = compile(source, option, arch, &more, |program| {
            Ok((program.image()?, String::from_utf8_lossy(&program.ptx()?).trim_end_matches('\0').to_owned()))
        })?;
        Ok(Compiled { kernel: source.name, elem, image, ptx, log })
    };
    let all = elems.iter().flat_map(|elem| crate::ops::SOURCES.iter().map(move |source| (*elem, *source)));
    all.map(compiled).collect()
}
