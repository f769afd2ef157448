//! Memory is what the plan says, to the byte, and a step allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use remat::optim::{AdamW, AdamWConfig};
use remat::prelude::*;
use remat::testing;
use remat_tests::gpt;
use remat_tests::trace::ids;

gpt!(Net: model [] blocks [#[checkpoint]] attn [] mlp [] act []);

/// Counts what is asked of the system's allocator.
struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = CALLS.load(Relaxed);
    let result = work();
    (result, CALLS.load(Relaxed) - before)
}

/// Without the usual harness, whose own thread allocates when it likes: the allocator counts for all.
fn main() {
    every_byte_is_in_the_table_and_no_step_allocates();
    println!("test every_byte_is_in_the_table_and_no_step_allocates ... ok");
}

fn every_byte_is_in_the_table_and_no_step_allocates() {
    const CAPACITY: usize = 5;
    let data: Vec<_> = [1, 3, CAPACITY].map(|b| (b, ids(b, 10, 17, 1), ids(b, 10, 17, 2))).into();
    let cpu = Cpu::with_threads(2).unwrap();
    let start = LIVE.load(Relaxed);
    let mut net = Net::new(&cpu, 1).unwrap();
    let mut ws = net.workspace(CAPACITY).unwrap();
    let mut opt = AdamW::new(&net, AdamWConfig::default()).unwrap();
    let table = Net::PLAN.parameter_bytes + Net::PLAN.peak_bytes(CAPACITY) + opt.bytes();
    let live = LIVE.load(Relaxed) - start;
    // Beside the buffers, the optimizer holds a few words for each parameter.
    let words = 256 * Net::<Cpu>::PARAMS.len();
    assert!(live >= table && live - table < words, "{live} bytes live, {table} in the table");
    assert_eq!(ws.bytes(), Net::PLAN.peak_bytes(CAPACITY));

    for (batch, tokens, next) in &data {
        let mut fresh = net.workspace(*batch).unwrap();
        net.forward_backward(&mut fresh, tokens.view(), next.view()).unwrap();
        assert_eq!(testing::highest_byte(&fresh), Net::PLAN.peak_bytes(*batch), "batch {batch}");
        let ((), count) = calls(|| {
            net.forward_backward(&mut ws, tokens.view(), next.view()).unwrap();
            ws.grads_mut().clip_norm(0.5).unwrap();
            opt.step(&mut net, ws.grads()).unwrap();
            net.evaluate(&mut ws, tokens.view(), next.view()).unwrap();
            let _ = net.forward(&mut ws, tokens.view()).unwrap();
        });
        assert_eq!(count, 0, "allocations in a step of {batch} samples");
    }
}
