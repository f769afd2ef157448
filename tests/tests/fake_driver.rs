//! What stands for CUDA where there is no GPU: that it does what a GPU does, and finds what is wrong with the kernels
//! that are wrong on purpose. `.ci/shim` runs it once for each sanitizer.

#[path = "fake_driver/streams.rs"]
mod streams;

use std::env;
use std::ffi::{CStr, c_void};
use std::process::{Command, Output};
use std::ptr;
use std::sync::Arc;

use cudarc::driver::sys::{CUgraphInstantiate_flags, CUresult, CUstreamCaptureMode};
use cudarc::driver::{CudaContext, CudaFunction, CudaModule, CudaStream, DriverError, result, sys};
use cudarc::nvrtc::Ptx;
use cudarc::nvrtc::sys as nvrtc;

/// Says the sanitizer that kernels were compiled with.
const SANITIZER: &str = "REMAT_CUDA_SANITIZER";
/// A probe that this process is to run, for the process that started it.
const PROBE: &str = "REMAT_PROBE";
const LENGTH: usize = 64;

/// The image of a program, or the log of the compiler.
fn compile(source: &CStr, name: &CStr, arch: &CStr) -> Result<Vec<u8>, String> {
    let options = [arch.as_ptr()];
    let mut program = ptr::null_mut();
    // SAFETY: all texts live until the end, and each size is that of what is written.
    unsafe {
        let none = ptr::null();
        nvrtc::nvrtcCreateProgram(&raw mut program, source.as_ptr(), name.as_ptr(), 0, none, none)
            .result()
            .unwrap();
        let compiled = nvrtc::nvrtcCompileProgram(program, 1, options.as_ptr()).result();
        let mut size = 0;
        let image = if compiled.is_ok() {
            nvrtc::nvrtcGetCUBINSize(program, &raw mut size).result().unwrap();
            let mut image = vec![0u8; size];
            nvrtc::nvrtcGetCUBIN(program, image.as_mut_ptr().cast()).result().unwrap();
            Ok(image)
        } else {
            nvrtc::nvrtcGetProgramLogSize(program, &raw mut size).result().unwrap();
            let mut log = vec![0u8; size];
            nvrtc::nvrtcGetProgramLog(program, log.as_mut_ptr().cast()).result().unwrap();
            Err(CStr::from_bytes_with_nul(&log).unwrap().to_str().unwrap().to_owned())
        };
        nvrtc::nvrtcDestroyProgram(&raw mut program).result().unwrap();
        image
    }
}

struct Gpu {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    module: Arc<CudaModule>,
}

impl Gpu {
    fn new() -> Self {
        let context = CudaContext::new(0).unwrap();
        // SAFETY: there is one stream.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().unwrap();
        let image = compile(c"", c"probes.cu", c"--gpu-architecture=sm_90").unwrap();
        let module = context.load_module(Ptx::from_binary(image)).unwrap();
        Self { context, stream, module }
    }

    fn function(&self, name: &str) -> CudaFunction {
        self.module.load_function(name).unwrap()
    }

    /// Launches blocks of `threads` threads, each with 64 floats of dynamic shared memory.
    fn launch(
        &self,
        name: &str,
        blocks: u32,
        threads: u32,
        arguments: &mut [*mut c_void],
    ) -> Result<(), DriverError> {
        let shared = 4 * LENGTH as u32;
        let function = self.function(name);
        // SAFETY: the tests give each kernel its arguments; what is wrong with some is what is tested.
        unsafe {
            result::launch_kernel(
                function.cu_function(),
                (blocks, 1, 1),
                (threads, 1, 1),
                shared,
                self.stream.cu_stream(),
                arguments,
            )
        }
    }
}

fn argument<T>(value: &T) -> *mut c_void {
    ptr::from_ref(value).cast_mut().cast()
}

fn code<T>(result: Result<T, DriverError>) -> CUresult {
    result.err().map_or(CUresult::CUDA_SUCCESS, |error| error.0)
}

/// What `probe_right` gives for a warp whose values add up to `sum`.
fn right(x: &[f32]) -> Vec<f32> {
    let sums = x.chunks(32).map(|warp| warp.iter().sum::<f32>());
    sums.enumerate()
        .flat_map(|(warp, sum)| (0..32).map(move |lane| (32 * warp + lane) as f32 + sum))
        .collect()
}

#[test]
fn a_graph_does_again_what_was_captured() {
    let gpu = Gpu::new();
    let x: Vec<f32> = (0..LENGTH).map(|i| i as f32).collect();
    let mut from = gpu.stream.clone_htod(&x).unwrap();
    // SAFETY: it is read after it was written; NaN is a float.
    let to = unsafe { gpu.stream.alloc::<f32>(LENGTH) }.unwrap();
    assert!(gpu.stream.clone_dtoh(&to).unwrap().iter().all(|y| y.is_nan()));
    let (y_at, x_at, n) = (address(&to, &gpu.stream), address(&from, &gpu.stream), LENGTH as i32);
    gpu.stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).unwrap();
    gpu.launch("probe_right", 1, 64, &mut [argument(&y_at), argument(&x_at), argument(&n)]).unwrap();
    let graph = gpu.stream.end_capture(CUgraphInstantiate_flags(0)).unwrap().unwrap();
    assert!(gpu.stream.clone_dtoh(&to).unwrap().iter().all(|y| y.is_nan()));
    graph.launch().unwrap();
    assert_eq!(gpu.stream.clone_dtoh(&to).unwrap(), right(&x));
    let doubled: Vec<f32> = x.iter().map(|x| 2.0 * x).collect();
    gpu.stream.memcpy_htod(&doubled, &mut from).unwrap();
    graph.launch().unwrap();
    assert_eq!(gpu.stream.clone_dtoh(&to).unwrap(), right(&doubled));
    drop((graph, from, to));
    gpu.context.check_err().unwrap();
}

/// As late as it may be: so host memory that is changed before it was copied, and a stream that does not wait for
/// another, are seen.
#[test]
fn what_is_given_to_a_stream_is_done_when_it_is_waited_for() {
    let gpu = Gpu::new();
    let other = gpu.context.new_stream().unwrap();
    let (stream, other) = (gpu.stream.cu_stream(), other.cu_stream());
    // SAFETY: both allocations have four bytes, and are freed once, in the end.
    unsafe {
        let device = result::malloc_sync(4).unwrap();
        let host = result::malloc_host(4, 0).unwrap().cast::<u32>();
        let copy = |number: u32| {
            host.write(number);
            result::memcpy_htod_async(device, std::slice::from_raw_parts(host, 1), stream).unwrap();
        };
        let read = |stream| {
            let mut number = [0u32];
            result::memcpy_dtoh_async(&mut number, device, stream).unwrap();
            number[0]
        };
        copy(1);
        host.write(2);
        assert_eq!(read(stream), 2, "the copy had not been waited for");
        copy(3);
        let event = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING).unwrap();
        result::event::record(event, stream).unwrap();
        assert_eq!(read(other), 2, "nothing says that one stream waits for the other");
        let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        result::stream::wait_event(other, event, flags).unwrap();
        assert_eq!(read(other), 3);
        copy(4);
        assert_eq!(read(other), 3, "the event was before it");
        result::event::destroy(event).unwrap();
        result::free_sync(device).unwrap();
        result::free_host(host.cast()).unwrap();
    }
    gpu.context.check_err().unwrap();
}

fn address<T>(slice: &cudarc::driver::CudaSlice<T>, stream: &CudaStream) -> u64 {
    use cudarc::driver::DevicePtr;
    slice.device_ptr(stream).0
}

#[test]
fn a_capture_takes_no_allocation_and_no_waiting() {
    let gpu = Gpu::new();
    let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    gpu.stream.begin_capture(mode).unwrap();
    let unsupported = CUresult::CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    // SAFETY: nothing is given.
    assert_eq!(code(unsafe { result::malloc_sync(16) }), unsupported);
    assert_eq!(code(gpu.stream.synchronize()), unsupported);
    let ended = gpu.stream.end_capture(CUgraphInstantiate_flags(0)).map(|_| ());
    assert_eq!(code(ended), CUresult::CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    assert_eq!(
        code(gpu.context.default_stream().begin_capture(mode)),
        unsupported,
        "the default stream can't be captured"
    );
}

#[test]
fn what_a_launch_gets_wrong_is_refused() {
    let gpu = Gpu::new();
    let to = gpu.stream.alloc_zeros::<f32>(LENGTH).unwrap();
    let (y, n) = (address(&to, &gpu.stream), LENGTH as i32);
    let mut arguments = [argument(&y), argument(&y), argument(&n)];
    let invalid = CUresult::CUDA_ERROR_INVALID_VALUE;
    assert_eq!(code(gpu.launch("probe_right", 0, 64, &mut arguments)), invalid, "no block");
    assert_eq!(code(gpu.launch("probe_right", 1, 512, &mut arguments)), invalid, "its bounds are 256");
    let host = argument(&n) as u64;
    let mut arguments = [argument(&host), argument(&y), argument(&n)];
    assert_eq!(code(gpu.launch("probe_right", 1, 64, &mut arguments)), CUresult::CUDA_ERROR_ILLEGAL_ADDRESS);
    let missing = gpu.module.load_function("no_such_kernel");
    assert_eq!(code(missing), CUresult::CUDA_ERROR_NOT_FOUND);
    let foreign = gpu.context.load_module(Ptx::from_binary(b"\x7fELF".to_vec()));
    assert_eq!(code(foreign), CUresult::CUDA_ERROR_INVALID_IMAGE);
}

#[test]
fn copies_stay_inside() {
    let gpu = Gpu::new();
    let to = gpu.stream.alloc_zeros::<u8>(LENGTH).unwrap();
    let start = address(&to, &gpu.stream);
    let stream = gpu.stream.cu_stream();
    let mut bytes = [0u8; LENGTH];
    let illegal = CUresult::CUDA_ERROR_ILLEGAL_ADDRESS;
    // SAFETY: what is outside is refused.
    unsafe {
        assert_eq!(code(result::memcpy_htod_async(start + 1, &bytes, stream)), illegal);
        assert_eq!(code(result::memcpy_dtoh_async(&mut bytes, start + 1, stream)), illegal);
        assert_eq!(code(result::memcpy_dtod_async(start + 32, start, 33, stream)), illegal);
        assert_eq!(code(result::memset_d8_async(start, 0, LENGTH + 1, stream)), illegal);
        assert_eq!(code(result::free_sync(start + 1)), CUresult::CUDA_ERROR_INVALID_VALUE);
        assert_eq!(code(result::malloc_sync(9 << 30)), CUresult::CUDA_ERROR_OUT_OF_MEMORY);
    }
}

#[test]
fn the_driver_knows_the_arguments_of_a_kernel() {
    let gpu = Gpu::new();
    let function = gpu.function("probe_arguments");
    let mut found = vec![];
    for index in 0..6 {
        let (mut offset, mut size) = (0, 0);
        // SAFETY: the function is loaded, and both numbers are there to be written.
        let result =
            unsafe { sys::cuFuncGetParamInfo(function.cu_function(), index, &raw mut offset, &raw mut size) };
        found.push((result == CUresult::CUDA_SUCCESS).then_some((offset, size)));
    }
    let expected = [Some((0, 1)), Some((8, 8)), Some((16, 8)), Some((24, 2)), Some((32, 16)), None];
    assert_eq!(found, expected);
}

#[test]
fn the_compiler_says_what_it_can_not_compile() {
    let log = compile(c"int a;\n#error not now\n", c"bad.cu", c"--gpu-architecture=sm_90").unwrap_err();
    assert!(log.contains("bad.cu(2): error: #error not now"), "{log}");
    let image = compile(c"", c"a.cu", c"--gpu-architecture=compute_90").unwrap();
    assert!(image.is_empty(), "no machine code for a virtual architecture");
}

#[test]
fn errors_have_names() {
    let error = DriverError(CUresult::CUDA_ERROR_ILLEGAL_ADDRESS);
    assert_eq!(error.error_name().unwrap(), c"CUDA_ERROR_ILLEGAL_ADDRESS");
    assert_eq!(error.error_string().unwrap(), c"an illegal memory access was encountered");
}

/// A probe, the threads of each of its blocks, what finds its fault (a sanitizer, the shim itself if it is empty), and
/// what is said then.
const FAULTS: [(&str, u32, &str, &str); 18] = [
    ("probe_race", 64, "thread", "data race"),
    ("probe_race_of_blocks", 64, "thread", "data race"),
    ("probe_barrier_not_reached", 64, "", "deadlock"),
    ("probe_two_barriers", 64, "", "different barriers"),
    ("probe_mask_without_caller", 32, "", "leaves out a lane"),
    ("probe_mask_without_source", 32, "", "does not take part"),
    ("probe_masks_differ", 32, "", "different masks"),
    ("probe_mma_without_lane", 32, "", "deadlock"),
    ("probe_mma_of_short_warp", 16, "", "fewer than 32 lanes"),
    ("probe_matrix_misaligned", 32, "", "not aligned to 16 bytes"),
    ("probe_matrix_not_shared", 32, "", "not in shared memory"),
    ("probe_copy_misaligned", 1, "", "not aligned to its bytes"),
    ("probe_copy_not_to_shared", 1, "", "does not go to shared memory"),
    ("probe_past_end", 64, "address", "heap-buffer-overflow"),
    ("probe_past_end_of_shared", 64, "address", "heap-buffer-overflow"),
    ("probe_past_end_of_dynamic", 64, "address", "heap-buffer-overflow"),
    ("probe_misaligned", 1, "undefined", "misaligned address"),
    ("probe_overflow", 1, "undefined", "signed integer overflow"),
];

/// Runs a probe of its own process: a fault that is found ends it.
fn in_a_process(probe: &str, threads: u32) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["run_the_probe", "--exact", "--nocapture"])
        .env(PROBE, format!("{probe} {threads}"))
        .env("TSAN_OPTIONS", format!("{} halt_on_error=1", env::var("TSAN_OPTIONS").unwrap_or_default()))
        .output()
        .unwrap()
}

/// Nothing, unless this process was started by `in_a_process`.
#[test]
fn run_the_probe() {
    let Ok(probe) = env::var(PROBE) else { return };
    let (name, threads) = probe.split_once(' ').unwrap();
    let gpu = Gpu::new();
    let to = gpu.stream.alloc_zeros::<f32>(LENGTH).unwrap();
    let (y, n) = (address(&to, &gpu.stream), 1 << 20);
    gpu.launch(name, 2, threads.parse().unwrap(), &mut [argument(&y), argument(&n)]).unwrap();
}

#[test]
fn faults_are_found() {
    let watching = env::var(SANITIZER).unwrap_or_default();
    for (probe, threads, sanitizer, message) in FAULTS {
        if !sanitizer.is_empty() && sanitizer != watching {
            continue;
        }
        let Output { status, stderr, .. } = in_a_process(probe, threads);
        let stderr = String::from_utf8_lossy(&stderr);
        let found = stderr.contains(message) && stderr.contains("probes.cu");
        assert!(!status.success() && found, "`{probe}` ends with {status}:\n{stderr}");
        println!("{probe}: {}", stderr.lines().find(|line| line.contains(message)).unwrap());
    }
}

#[test]
fn right_kernels_pass() {
    let gpu = Gpu::new();
    let length = 1000;
    let x: Vec<f32> = (0..1024).map(|i| if i < length { (i % 7) as f32 } else { 0.0 }).collect();
    let from = gpu.stream.clone_htod(&x[..length]).unwrap();
    let to = gpu.stream.alloc_zeros::<f32>(length).unwrap();
    let (y_at, x_at, n) = (address(&to, &gpu.stream), address(&from, &gpu.stream), length as i32);
    gpu.launch("probe_right", 8, 128, &mut [argument(&y_at), argument(&x_at), argument(&n)]).unwrap();
    assert_eq!(gpu.stream.clone_dtoh(&to).unwrap(), right(&x)[..length]);

    let counts = gpu.stream.alloc_zeros::<f32>(2).unwrap();
    let blocks = gpu.stream.alloc_zeros::<u32>(1).unwrap();
    let (y_at, blocks_at) = (address(&counts, &gpu.stream), address(&blocks, &gpu.stream));
    gpu.launch("probe_right_last_block", 5, 96, &mut [argument(&y_at), argument(&blocks_at)]).unwrap();
    assert_eq!(gpu.stream.clone_dtoh(&counts).unwrap(), [480.0, 480.0]);

    let to = gpu.stream.alloc_zeros::<f32>(32).unwrap();
    let y_at = address(&to, &gpu.stream);
    gpu.launch("probe_right_warp", 1, 32, &mut [argument(&y_at)]).unwrap();
    let reversed: Vec<f32> = (0..32).rev().map(|lane| lane as f32).collect();
    assert_eq!(gpu.stream.clone_dtoh(&to).unwrap(), reversed);
}

/// a b, [16, 16]
fn product(a: impl Fn(usize, usize) -> f32, b: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let sum = |row: usize, column: usize| (0..16).map(|k| a(row, k) * b(k, column)).sum();
    (0..256).map(|i| sum(i / 16, i % 16)).collect()
}

/// Of whole numbers so small that no sum is rounded: in whatever order they are added.
#[test]
fn tensor_cores_multiply_matrices() {
    let gpu = Gpu::new();
    let numbers = |n: usize| (0..256).map(|i| (i * n + i / 7) as f32 % 5.0 - 2.0).collect::<Vec<f32>>();
    let [a, b, c] = [3, 7, 11].map(numbers);
    let on_gpu = |x: &[f32]| {
        // Small whole numbers are bf16: the upper half.
        let upper: Vec<u16> = x.iter().map(|x| (x.to_bits() >> 16) as u16).collect();
        gpu.stream.clone_htod(&upper).unwrap()
    };
    let from = [&a, &b, &c].map(|x| on_gpu(x));
    let to = gpu.stream.alloc_zeros::<f32>(3 * 256).unwrap();
    let y = address(&to, &gpu.stream);
    let from = from.each_ref().map(|x| address(x, &gpu.stream));
    let mut arguments = [argument(&y), argument(&from[0]), argument(&from[1]), argument(&from[2])];
    gpu.launch("probe_right_mma", 1, 32, &mut arguments).unwrap();
    let y = gpu.stream.clone_dtoh(&to).unwrap();
    let [of_a, of_b, of_c] = [&a, &b, &c].map(|x| move |row: usize, column: usize| x[16 * row + column]);
    let first = product(of_a, of_b);
    assert_eq!(y[..256], first);
    assert_eq!(y[256..512], product(of_a, |row, column| of_c(column, row)));
    assert_eq!(y[512..], product(|row, column| first[16 * row + column], of_b));
}

#[test]
fn copies_are_there_when_they_are_waited_for() {
    let gpu = Gpu::new();
    let x: Vec<f32> = (0..128).map(|i| i as f32).collect();
    let from = gpu.stream.clone_htod(&x).unwrap();
    let to = gpu.stream.alloc_zeros::<f32>(16 * 32).unwrap();
    let (y, x_at) = (address(&to, &gpu.stream), address(&from, &gpu.stream));
    gpu.launch("probe_right_copies", 1, 32, &mut [argument(&y), argument(&x_at)]).unwrap();
    for (thread, y) in gpu.stream.clone_dtoh(&to).unwrap().chunks(16).enumerate() {
        assert!(y[..8].iter().all(|y| y.is_nan()), "{y:?}");
        assert_eq!((&y[8..12], &y[12..]), (&x[4 * thread..][..4], &[0.0; 4][..]));
    }
}

#[test]
fn shared_memory_is_nan_in_every_block() {
    let gpu = Gpu::new();
    let to = gpu.stream.alloc_zeros::<f32>(6).unwrap();
    let y = address(&to, &gpu.stream);
    gpu.launch("probe_unwritten", 3, 1, &mut [argument(&y)]).unwrap();
    let y = gpu.stream.clone_dtoh(&to).unwrap();
    assert_eq!(y[..2], [1.0, 1.0]);
    assert!(y[2..].iter().all(|y| y.is_nan()), "{y:?}");
}
