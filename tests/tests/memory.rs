//! Memory is what the table says, to the byte, and no step allocates, not even the first.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use remat::data::{idx, npy};
use remat::ndarray::{Array2, Axis, IxDyn};
use remat::prelude::*;
use remat::state::{self, Progress};
use remat::testing;
use remat_tests::gpt;
use remat_tests::states::Folder;
use remat_tests::trace::{ids, numbers};

use crafted::preamble;

#[path = "memory/crafted.rs"]
mod crafted;

model! {
    /// Sizes of which none fills whole lines.
    Uneven {
        input x: f32[5];
        input scale: f32;
        target y: f32[7];
        fc: Linear(33) <- x;
        act: Gelu;
        out: Linear(6);
        size: Reshape(1) <- scale;
        both: Concat <- (out, size);
        loss: Mse <- (both, y);
    }
}

model! {
    /// 64 MiB of parameters.
    Large {
        input x: f32[4096];
        target y: f32[4096];
        fc: Linear(4096, init = uniform(0.1));
        loss: Mse <- (fc, y);
    }
}

model! {
    /// Logits that are never all there.
    Chunks {
        input tokens: u32[10];
        target next: u32[10];
        embed: Embedding(17, 6);
        fc: Linear(9);
        head: Linear(170);
        loss: CrossEntropy(chunks = 5) <- (head, next);
    }
}

gpt!(Net: model [] blocks [#[checkpoint]] attn [] mlp [] act []);

/// Counts what is asked of the system's allocator.
struct Counting;

/// Allocations so far.
static CALLS: AtomicUsize = AtomicUsize::new(0);
/// Bytes that are allocated now.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The most that were since this was last set.
static HIGHEST: AtomicUsize = AtomicUsize::new(0);
/// Those of them that start on a line: numbers to compute with, and nothing else does.
static IN_LINES: AtomicUsize = AtomicUsize::new(0);

impl Counting {
    fn count(layout: Layout) {
        CALLS.fetch_add(1, Relaxed);
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        HIGHEST.fetch_max(live, Relaxed);
        if layout.align() == 64 {
            IN_LINES.fetch_add(layout.size(), Relaxed);
        }
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout);
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        if layout.align() == 64 {
            IN_LINES.fetch_sub(layout.size(), Relaxed);
        }
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How far `count` rises while `work` runs.
fn rise<T>(count: &AtomicUsize, work: impl FnOnce() -> T) -> (T, usize) {
    let before = count.load(Relaxed);
    let result = work();
    (result, count.load(Relaxed) - before)
}

/// The most bytes that `work` holds at once.
fn most<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Relaxed);
    HIGHEST.store(before, Relaxed);
    let result = work();
    (result, HIGHEST.load(Relaxed) - before)
}

/// Without the usual harness, whose own thread allocates when it likes: the allocator counts for all.
fn main() {
    let tests: [(&str, fn()); 10] = [
        (
            "the_device_holds_packing_memory_and_little_beside",
            the_device_holds_packing_memory_and_little_beside,
        ),
        (
            "every_byte_is_in_the_table_and_no_step_allocates",
            every_byte_is_in_the_table_and_no_step_allocates,
        ),
        (
            "sizes_that_fill_no_lines_are_counted_by_the_line",
            sizes_that_fill_no_lines_are_counted_by_the_line,
        ),
        ("logits_in_chunks_are_counted_by_the_chunk", logits_in_chunks_are_counted_by_the_chunk),
        ("an_inference_workspace_is_what_the_plan_says", an_inference_workspace_is_what_the_plan_says),
        ("a_state_is_saved_and_loaded_in_little_memory", a_state_is_saved_and_loaded_in_little_memory),
        ("a_file_that_claims_to_be_huge_gets_no_memory", a_file_that_claims_to_be_huge_gets_no_memory),
        ("an_array_that_claims_to_be_huge_gets_no_memory", an_array_that_claims_to_be_huge_gets_no_memory),
        (
            "a_whole_file_takes_no_allocation_beyond_its_size_and_the_cap_of_a_header",
            crafted::a_whole_file_takes_no_allocation_beyond_its_size_and_the_cap_of_a_header,
        ),
        (
            "a_header_of_safetensors_takes_at_most_16_times_its_size",
            crafted::a_header_of_safetensors_takes_at_most_16_times_its_size,
        ),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
}

fn the_device_holds_packing_memory_and_little_beside() {
    for threads in [1, 2, 5] {
        let before = IN_LINES.load(Relaxed);
        let (cpu, live) = rise(&LIVE, || Cpu::with_threads(threads).unwrap());
        assert_eq!(IN_LINES.load(Relaxed) - before, cpu.bytes(), "{threads} threads");
        assert!(live - cpu.bytes() < threads << 10, "{} bytes beside, {threads} threads", live - cpu.bytes());
        let (_handles, live) = rise(&LIVE, || (cpu.clone(), cpu.double()));
        assert_eq!(live, 0, "other handles");
        drop((cpu, _handles));
        assert_eq!(IN_LINES.load(Relaxed), before, "with its last handle");
    }
}

/// Batches, in the order in which each workspace is given those that it has room for: full at first.
const BATCHES: [usize; 3] = [5, 3, 1];

fn every_byte_is_in_the_table_and_no_step_allocates() {
    let cpu = Cpu::with_threads(2).unwrap();
    let data = BATCHES.map(|b| (ids(b, 10, 17, 1), ids(b, 10, 17, 2)));
    trains("SGD", &cpu, &data, |net| Sgd::new(net, SgdConfig::default()));
    trains("momentum", &cpu, &data, |net| Sgd::new(net, SgdConfig { momentum: 0.9, ..Default::default() }));
    trains("Adam", &cpu, &data, |net| Adam::new(net, AdamConfig::default()));
    trains("AdamW", &cpu, &data, |net| AdamW::new(net, AdamWConfig::default()));
    trains("groups", &cpu, &data, |net| {
        let groups = vec![Group::of(["*.bias", "*ln_*"]).weight_decay(0.0), Group::of(["*"]).lr_scale(0.5)];
        AdamW::new(net, AdamWConfig { groups, ..Default::default() })
    });
}

/// For each size of workspace: each line of the table is what its part allocates, to the byte, and
/// training adds nothing to their sum.
fn trains<O: Optimizer<Net>>(
    name: &str,
    cpu: &Cpu,
    data: &[(Array2<u32>, Array2<u32>)],
    new: impl Fn(&Net) -> Result<O, Error>,
) {
    let start = LIVE.load(Relaxed);
    for (i, capacity) in BATCHES.into_iter().enumerate() {
        let (mut net, parameters) = rise(&LIVE, || Net::new(cpu, 1).unwrap());
        let (mut ws, workspace) = rise(&LIVE, || net.workspace(capacity).unwrap());
        let (mut opt, optimizer) = rise(&LIVE, || new(&net).unwrap());
        assert_eq!(parameters, Net::PLAN.parameter_bytes);
        assert_eq!(workspace, Net::PLAN.peak_bytes(capacity));
        assert_eq!(optimizer, opt.bytes(), "{name}");
        assert_eq!(ws.bytes(), workspace);
        for (tokens, next) in &data[i..] {
            let ((), count) = rise(&CALLS, || {
                net.forward_backward(&mut ws, tokens.view(), next.view()).unwrap();
                ws.grads_mut().clip_norm(0.5).unwrap();
                opt.step(&mut net, ws.grads()).unwrap();
                net.evaluate(&mut ws, tokens.view(), next.view()).unwrap();
                let _ = net.forward(&mut ws, tokens.view()).unwrap();
            });
            assert_eq!(count, 0, "{name}: allocations in a step of {} samples", tokens.nrows());
            let batch = tokens.nrows();
            let step = |ws: &mut _| net.forward_backward(ws, tokens.view(), next.view());
            let highest = testing::watch(&mut ws, step).unwrap().highest_byte;
            assert_eq!(highest, Net::PLAN.peak_bytes(batch), "{batch} samples in {workspace} bytes");
        }
        let table = Net::PLAN.parameter_bytes + Net::PLAN.peak_bytes(capacity) + opt.bytes();
        assert_eq!(LIVE.load(Relaxed) - start, table, "{name}, workspace for {capacity}");
    }
    assert_eq!(LIVE.load(Relaxed), start, "{name}: all of it is given back");
}

fn sizes_that_fill_no_lines_are_counted_by_the_line() {
    let mut net = Uneven::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
    let mut ws = net.workspace(9).unwrap();
    for batch in 1..=9 {
        let (x, scale, y) = (numbers(batch, 5, 1), numbers(batch, 1, 2), numbers(batch, 7, 3));
        let scale = scale.index_axis(Axis(1), 0);
        let step = |ws: &mut _| net.forward_backward(ws, x.view(), scale, y.view());
        let highest = testing::watch(&mut ws, step).unwrap().highest_byte;
        assert_eq!(highest, Uneven::PLAN.peak_bytes(batch), "{batch} samples");
    }
}

fn logits_in_chunks_are_counted_by_the_chunk() {
    let mut net = Chunks::new(&Cpu::with_threads(2).unwrap(), 1).unwrap();
    let mut ws = net.workspace(5).unwrap();
    for batch in BATCHES {
        let (tokens, next) = (ids(batch, 10, 17, 1), ids(batch, 10, 17, 2));
        let ((), count) = rise(&CALLS, || {
            net.forward_backward(&mut ws, tokens.view(), next.view()).unwrap();
            net.evaluate(&mut ws, tokens.view(), next.view()).unwrap();
        });
        assert_eq!(count, 0, "allocations in a step of {batch} samples");
        let step = |ws: &mut _| net.forward_backward(ws, tokens.view(), next.view());
        let highest = testing::watch(&mut ws, step).unwrap().highest_byte;
        assert_eq!(highest, Chunks::PLAN.peak_bytes(batch), "{batch} samples");
    }
}

fn an_inference_workspace_is_what_the_plan_says() {
    let net = Net::new(&Cpu::with_threads(2).unwrap(), 1).unwrap();
    for batch in BATCHES {
        let tokens = ids(batch, 10, 17, 1);
        let (mut ws, live) = rise(&LIVE, || net.inference_workspace(batch).unwrap());
        assert_eq!(live, Net::PLAN.forward_peak_bytes(batch));
        let ((), count) = rise(&CALLS, || {
            let _ = net.forward(&mut ws, tokens.view()).unwrap();
        });
        assert_eq!(count, 0, "allocations in forward of {batch} samples");
    }
}

fn a_state_is_saved_and_loaded_in_little_memory() {
    let folder = Folder::new("memory");
    let (file, alone) = (folder.path("state"), folder.path("alone"));
    let mut net = Large::new(&Cpu::with_threads(1).unwrap(), 1).unwrap();
    let mut opt = AdamW::new(&net, AdamWConfig::default()).unwrap();
    assert!(Large::PLAN.parameter_bytes >= 64 << 20 && opt.bytes() >= 128 << 20);
    let bytes = [
        ("save", most(|| state::save(&file, &net, &opt, &Progress::default()).unwrap()).1),
        ("save_model", most(|| state::save_model(&alone, &net).unwrap()).1),
        ("load", most(|| state::load(&file, &mut net, &mut opt).unwrap()).1),
        ("load_model", most(|| state::load_model(&alone, &mut net).unwrap()).1),
        ("inspect", most(|| state::inspect(&file).unwrap()).1),
    ];
    for (call, bytes) in bytes {
        assert!(bytes <= 3 << 20, "`{call}` takes {bytes} bytes");
    }
}

/// Headers that claim more than the file is: a file of 8 GiB is mostly a hole, and all of its checksums that are looked
/// at before are right.
fn a_file_that_claims_to_be_huge_gets_no_memory() {
    const BYTES: u64 = 8 << 30;
    let folder = Folder::new("huge");
    let path = folder.path("state");
    let number = |number: u64| [&[253][..], &number.to_le_bytes()].concat();
    // An empty model and type, a layout, a seed, steps, no optimizer, and the nine numbers of a progress, all zeros.
    let begun = [0; 15];
    let headers = [
        ("as many tensors as have room in the file", [&begun[..], &[0; 200]].concat(), BYTES / 64 - 64),
        ("a model's name of 8 EiB", number(1 << 63), 1),
        ("a model's name of 15 MiB", number(15 << 20), 1),
        ("a tensor's name of 15 MiB", [&begun[..], &number(15 << 20)].concat(), 1),
        ("a tensor of 2 Mi axes", [&begun[..], &[0], &number(15 << 20)].concat(), 1),
        ("a header of 16 MiB", vec![0; 16 << 20], 1),
        ("a header of more", vec![0; (16 << 20) + 1], 1),
    ];
    for (what, header, tensors) in headers {
        let header_bytes = header.len();
        std::fs::write(&path, [preamble(&header, BYTES, tensors), header].concat()).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_len(BYTES).unwrap();
        let (inspected, bytes) = most(|| state::inspect(&path));
        let error = inspected.unwrap_err().to_string();
        assert!(error.contains("is damaged: its header"), "{what}: {error}");
        // The header is read whole, and what is not there gets nothing.
        assert!(bytes <= header_bytes + (1 << 20), "{what}: {bytes} bytes");
    }
}

/// Headers of arrays that claim more than the file is, and what packs them too.
fn an_array_that_claims_to_be_huge_gets_no_memory() {
    let folder = Folder::new("arrays");
    let path = folder.path("array");
    let idx_of = |path: &_| idx::read::<u8>(path).map(drop);
    let npy_of = |path: &_| npy::read::<f64, IxDyn>(path).map(drop);
    let npz_of = |path: &_| npy::read_npz::<f64, IxDyn>(path, "x").map(drop);
    let images = b"\0\0\x08\x03\0\xff\xff\xff\0\0\xff\xff\0\0\xff\xff and few pixels";
    let array = [
        &b"\x93NUMPY\x01\0\x50\0"[..],
        format!("{:<79}\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 1000), }")
            .as_bytes(),
        b" and few numbers",
    ]
    .concat();
    type Read<'a> = &'a dyn Fn(&std::path::Path) -> Result<(), Error>;
    let files: [(&str, Vec<u8>, Read<'_>); 7] = [
        ("images", images.to_vec(), &idx_of),
        ("gzip'd images", gzip(images), &idx_of),
        ("an array", array.clone(), &npy_of),
        ("a header of 4 GiB", b"\x93NUMPY\x02\0\xff\xff\xff\xff{}".to_vec(), &npy_of),
        ("a gzip'd array", gzip(&array), &npy_of),
        ("an array in an archive", zip(&array, array.len() as u32, 1), &npz_of),
        ("an archive that says so too", zip(&array, u32::MAX - 1, u16::MAX), &npz_of),
    ];
    for (what, file, read) in files {
        std::fs::write(&path, file).unwrap();
        let (result, bytes) = most(|| read(&path));
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Data { .. }), "{what}: {error}");
        // A chunk of a mebibyte, as many numbers of it, and buffers.
        assert!(bytes <= 3 << 20, "{what}: {bytes} bytes");
    }
}

/// A gzip'd file of few bytes, stored as they are, with no checksum.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u16).to_le_bytes();
    let complement = length.map(|byte| !byte);
    [b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", &length[..], &complement, bytes, &[0; 8]].concat()
}

/// An archive of one file `x`, stored as it is, with no checksum, that claims so many bytes of it and so many files.
fn zip(bytes: &[u8], claimed: u32, files: u16) -> Vec<u8> {
    let sizes = [(bytes.len() as u32).to_le_bytes(), claimed.to_le_bytes()].concat();
    let common = [&[20, 0][..], &[0; 12], &sizes, &[1, 0, 0, 0]].concat();
    let local = [b"PK\x03\x04", &common[..], b"x", bytes].concat();
    let central = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], b"x"].concat();
    let counts = [[0; 2], [0; 2], files.to_le_bytes(), files.to_le_bytes()].concat();
    let places = [(central.len() as u32).to_le_bytes(), (local.len() as u32).to_le_bytes()].concat();
    [&local[..], &central, b"PK\x05\x06", &counts, &places, &[0, 0]].concat()
}
