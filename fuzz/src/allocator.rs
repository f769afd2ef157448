//! The bound on what reading a file may allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The most bytes of a header: no file makes a reader take more than this beyond its own size.
const HEADER_CAP: usize = 16 << 20;

/// What reading takes of any file: the buffers that numbers pass through.
const BUFFERS: usize = 7 << 19;

/// How many bytes may be held for each byte of a file. Most of a small one may be names, each of which stands in a
/// few tables.
const EACH: usize = 24;

/// Counts what is asked of the system's allocator.
struct Counting;

/// Bytes that are allocated now.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The most that were at once.
static HIGHEST: AtomicUsize = AtomicUsize::new(0);
/// The most that were asked for by one call.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

impl Counting {
    fn count(bytes: usize) {
        let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
        HIGHEST.fetch_max(live, Relaxed);
        LARGEST.fetch_max(bytes, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came. That of `realloc` is left to the trait, which
// counts it as the new and the old at once, as they may be.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size());
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size());
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

/// Runs `read`, and panics if it takes more memory than a file of so many bytes may make it.
pub(crate) fn bounded<T>(file: usize, read: impl FnOnce() -> T) -> T {
    let before = LIVE.load(Relaxed);
    HIGHEST.store(before, Relaxed);
    LARGEST.store(0, Relaxed);
    let result = read();
    let (most, largest) = (HIGHEST.load(Relaxed) - before, LARGEST.load(Relaxed));
    // For files as small as a fuzzer's the first is far less than the second, which is what is promised.
    let bound = BUFFERS + (EACH * file).min(file + HEADER_CAP);
    assert!(most <= bound, "a file of {file} bytes takes {most} bytes, and {bound} are allowed");
    assert!(largest <= BUFFERS + file + HEADER_CAP, "one allocation of {largest} bytes");
    result
}
