//! Two streams and what orders them: events, outside of captures and in them.

use std::process::Command;
use std::sync::Arc;
use std::{env, ptr, slice};

use cudarc::driver::sys::{CUdeviceptr, CUgraph, CUgraphExec, CUresult, CUstream, CUstreamCaptureStatus};
use cudarc::driver::{CudaStream, DriverError, result, sys};

use super::{Gpu, code};

/// Bytes on the device and in page-locked memory.
const BYTES: usize = 8;

/// Two streams, and a few bytes that both work with.
struct Two {
    a: Arc<CudaStream>,
    b: Arc<CudaStream>,
    device: CUdeviceptr,
    host: *mut u8,
}

impl Two {
    fn new() -> Self {
        let gpu = Gpu::new();
        let (a, b) = (gpu.stream.clone(), gpu.context.new_stream().unwrap());
        // SAFETY: both are written before they are read, and freed once.
        let (device, host) =
            unsafe { (result::malloc_sync(BYTES).unwrap(), result::malloc_host(BYTES, 0).unwrap()) };
        let two = Self { a, b, device, host: host.cast() };
        two.write(two.a(), 0, 0);
        two.wait_for(two.a());
        two.hosts().fill(0);
        two
    }

    fn a(&self) -> CUstream {
        self.a.cu_stream()
    }

    fn b(&self) -> CUstream {
        self.b.cu_stream()
    }

    fn at(&self, index: usize) -> CUdeviceptr {
        self.device + index as u64
    }

    /// What is in page-locked memory; a test waits for copies before it looks.
    #[expect(clippy::mut_from_ref)]
    fn hosts(&self) -> &mut [u8] {
        // SAFETY: so many bytes are there, and each use is over before the next.
        unsafe { slice::from_raw_parts_mut(self.host, BYTES) }
    }

    /// Stands for a kernel that makes data.
    fn write(&self, stream: CUstream, to: usize, number: u8) {
        // SAFETY: it is inside.
        unsafe { result::memset_d8_async(self.at(to), number, 1, stream) }.unwrap();
    }

    /// Stands for a kernel that reads data.
    fn read(&self, stream: CUstream, from: usize, to: usize) {
        // SAFETY: both are inside.
        unsafe { result::memcpy_dtod_async(self.at(to), self.at(from), 1, stream) }.unwrap();
    }

    fn store(&self, stream: CUstream, from: usize, to: usize) {
        let host = &mut self.hosts()[to..=to];
        // SAFETY: both are inside.
        unsafe { result::memcpy_dtoh_async(host, self.at(from), stream) }.unwrap();
    }

    fn fetch(&self, stream: CUstream, from: usize, to: usize) {
        // SAFETY: both are inside.
        unsafe { result::memcpy_htod_async(self.at(to), &self.hosts()[from..=from], stream) }.unwrap();
    }

    /// The next work of `stream` is behind what `other` has now.
    fn order(&self, stream: CUstream, other: CUstream) {
        let event = Event::new();
        event.record(other).unwrap();
        event.hold(stream).unwrap();
    }

    fn wait_for(&self, stream: CUstream) {
        // SAFETY: it is a stream of this.
        unsafe { result::stream::synchronize(stream) }.unwrap();
    }

    /// What `given` gives to the first stream, and to those that join it.
    fn capture(&self, given: impl FnOnce()) -> Graph {
        begin(self.a());
        given();
        Graph::new(end(self.a()).unwrap())
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        // SAFETY: both were allocated by this.
        unsafe {
            result::free_host(self.host.cast()).unwrap();
            result::free_sync(self.device).unwrap();
        }
    }
}

struct Event(sys::CUevent);

impl Event {
    fn new() -> Self {
        Self(result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING).unwrap())
    }

    fn record(&self, stream: CUstream) -> Result<(), DriverError> {
        // SAFETY: both live.
        unsafe { result::event::record(self.0, stream) }
    }

    /// Has a stream wait for it.
    fn hold(&self, stream: CUstream) -> Result<(), DriverError> {
        let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: both live.
        unsafe { result::stream::wait_event(stream, self.0, flags) }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { result::event::destroy(self.0) }.unwrap();
    }
}

struct Graph(CUgraphExec);

impl Graph {
    fn new(graph: CUgraph) -> Self {
        // SAFETY: the graph is not used again.
        unsafe {
            let executable = result::graph::instantiate(graph, sys::CUgraphInstantiate_flags(0)).unwrap();
            result::graph::destroy(graph).unwrap();
            Self(executable)
        }
    }

    fn launch(&self, stream: CUstream) {
        // SAFETY: both live.
        unsafe { result::graph::launch(self.0, stream) }.unwrap();
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: nobody else has it.
        unsafe { result::graph::exec_destroy(self.0) }.unwrap();
    }
}

fn begin(stream: CUstream) {
    let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    // SAFETY: the stream lives.
    unsafe { result::stream::begin_capture(stream, mode) }.unwrap();
}

fn end(stream: CUstream) -> Result<CUgraph, DriverError> {
    // SAFETY: the stream lives.
    unsafe { result::stream::end_capture(stream) }
}

fn status(stream: CUstream) -> CUstreamCaptureStatus {
    // SAFETY: the stream lives.
    unsafe { result::stream::is_capturing(stream) }.unwrap()
}

/// A program that lacks one wait. It leaves a number in the last byte of page-locked memory.
type Race = fn(&Two);

/// The first stream writes over what the second still stores.
fn writes_over_what_is_stored(two: &Two) {
    two.write(two.a(), 0, 1);
    two.order(two.b(), two.a());
    two.store(two.b(), 0, 7);
    two.write(two.a(), 0, 2);
}

/// The first stream reads what the second has not fetched.
fn reads_what_is_not_fetched(two: &Two) {
    two.hosts()[0] = 1;
    two.write(two.a(), 0, 2);
    two.order(two.b(), two.a());
    two.fetch(two.b(), 0, 0);
    two.read(two.a(), 0, 1);
    two.order(two.a(), two.b());
    two.store(two.a(), 1, 7);
}

/// The second stream stores what the first has not made.
fn stores_what_is_not_made(two: &Two) {
    two.write(two.a(), 0, 1);
    two.store(two.b(), 0, 7);
}

/// The second stream fetches over what the first still reads.
fn fetches_over_what_is_read(two: &Two) {
    two.hosts()[0] = 2;
    two.write(two.a(), 0, 1);
    two.order(two.b(), two.a());
    two.read(two.a(), 0, 1);
    two.fetch(two.b(), 0, 0);
    two.order(two.a(), two.b());
    two.store(two.a(), 1, 7);
}

/// What each leaves in the late order and in the early one. 1 is right.
const RACES: [(Race, u8, u8); 4] = [
    (writes_over_what_is_stored, 2, 1),
    (reads_what_is_not_fetched, 2, 1),
    (stores_what_is_not_made, 1, 0),
    (fetches_over_what_is_read, 1, 2),
];

fn early() -> bool {
    env::var("REMAT_FAKE_ORDER").is_ok_and(|order| order == "early")
}

#[test]
fn each_order_of_streams_shows_what_the_other_hides() {
    for (index, (race, late, stored_early)) in RACES.into_iter().enumerate() {
        let two = Two::new();
        race(&two);
        // Nothing is missing at the end.
        two.order(two.a(), two.b());
        two.wait_for(two.a());
        let expected = if early() { stored_early } else { late };
        assert_eq!(two.hosts()[7], expected, "race {index}");
    }
}

#[test]
fn the_environment_sets_the_order() {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["streams::each_order_of_streams_shows_what_the_other_hides", "--exact"]);
    for order in ["late", "early"] {
        let output = command.env("REMAT_FAKE_ORDER", order).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{order}:\n{told}");
    }
}

#[test]
fn launches_of_a_graph_show_each_race_in_turn() {
    for (index, (race, late, stored_early)) in RACES.into_iter().enumerate() {
        let two = Two::new();
        let graph = two.capture(|| {
            // The second stream joins, and is joined.
            two.order(two.b(), two.a());
            race(&two);
            two.order(two.a(), two.b());
        });
        let mut stored = vec![];
        for _ in 0..4 {
            two.write(two.a(), 0, 0);
            graph.launch(two.a());
            two.wait_for(two.a());
            stored.push(two.hosts()[7]);
        }
        if !early() {
            assert_eq!(stored, [late, stored_early, late, stored_early], "race {index}");
        }
    }
}

/// A stored number comes back where the other stream has written over it.
fn stores_and_fetches(two: &Two) {
    let (a, b) = (two.a(), two.b());
    two.fetch(a, 0, 0);
    two.order(b, a);
    two.store(b, 0, 1);
    two.order(a, b);
    two.write(a, 0, 99);
    two.read(a, 0, 1);
    two.store(a, 1, 2);
    two.order(b, a);
    two.fetch(b, 1, 0);
    two.order(a, b);
    two.read(a, 0, 2);
    two.store(a, 2, 3);
}

#[test]
fn events_order_two_streams() {
    let two = Two::new();
    for number in [5, 6] {
        two.hosts()[0] = number;
        stores_and_fetches(&two);
        two.wait_for(two.a());
        assert_eq!(two.hosts()[..4], [number, number, 99, number]);
    }
}

#[test]
fn a_graph_of_two_streams_does_again_what_was_captured() {
    use CUstreamCaptureStatus::{
        CU_STREAM_CAPTURE_STATUS_ACTIVE as ACTIVE, CU_STREAM_CAPTURE_STATUS_NONE as NONE,
    };
    let two = Two::new();
    let graph = two.capture(|| {
        assert_eq!([two.a(), two.b()].map(status), [ACTIVE, NONE]);
        stores_and_fetches(&two);
        assert_eq!([two.a(), two.b()].map(status), [ACTIVE; 2]);
    });
    assert_eq!([two.a(), two.b()].map(status), [NONE; 2]);
    assert_eq!(two.hosts(), [0; BYTES], "nothing was done yet");
    for number in 5..9 {
        two.hosts()[0] = number;
        // Behind what the stream was given before, and before what it is given later.
        two.write(two.a(), 3, number + 100);
        graph.launch(two.a());
        two.store(two.a(), 3, 4);
        two.store(two.a(), 2, 5);
        two.wait_for(two.a());
        assert_eq!(two.hosts()[..6], [number, number, 99, number, number + 100, number]);
    }
    // The other stream is as it was.
    two.write(two.b(), 3, 1);
    two.store(two.b(), 3, 4);
    two.wait_for(two.b());
    assert_eq!(two.hosts()[4], 1);
}

#[test]
fn a_stream_waits_for_what_was_recorded_when_it_was_told_to() {
    let two = Two::new();
    let event = Event::new();
    event.hold(two.b()).unwrap();
    two.store(two.b(), 0, 0);
    two.wait_for(two.b());
    assert_eq!(two.hosts()[0], 0, "an event that was never recorded is no wait");
    two.write(two.a(), 0, 1);
    event.record(two.a()).unwrap();
    event.hold(two.b()).unwrap();
    two.write(two.a(), 1, 2);
    event.record(two.a()).unwrap();
    two.store(two.b(), 0, 0);
    two.store(two.b(), 1, 1);
    two.wait_for(two.b());
    assert_eq!(two.hosts()[0], 1);
    if !early() {
        assert_ne!(two.hosts()[1], 2, "the event was before it, when the stream was told to wait");
    }
    event.hold(two.b()).unwrap();
    two.store(two.b(), 1, 1);
    two.wait_for(two.b());
    assert_eq!(two.hosts()[1], 2);
}

#[test]
fn captures_are_kept_apart() {
    use CUresult::{
        CUDA_ERROR_CAPTURED_EVENT as CAPTURED, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED as INVALIDATED,
        CUDA_ERROR_STREAM_CAPTURE_ISOLATION as ISOLATION, CUDA_ERROR_STREAM_CAPTURE_MERGE as MERGE,
        CUDA_ERROR_STREAM_CAPTURE_UNJOINED as UNJOINED, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED as UNMATCHED,
        CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED as UNSUPPORTED,
    };
    let two = Two::new();
    let (a, b) = (two.a(), two.b());
    let event = Event::new();

    event.record(b).unwrap();
    begin(a);
    assert_eq!(code(event.hold(a)), ISOLATION);
    assert_eq!(code(event.record(a)), INVALIDATED);
    assert_eq!(code(end(a)), INVALIDATED);

    begin(a);
    begin(b);
    event.record(a).unwrap();
    assert_eq!(code(event.hold(b)), MERGE);
    assert_eq!([a, b].map(|stream| code(end(stream))), [INVALIDATED; 2]);

    begin(a);
    two.order(b, a);
    assert_eq!(code(end(b)), UNMATCHED);
    assert_eq!(code(end(a)), INVALIDATED);

    begin(a);
    two.order(b, a);
    two.write(b, 0, 1);
    assert_eq!(code(end(a)), UNJOINED);
    two.write(b, 0, 1);
    two.wait_for(b);

    begin(a);
    event.record(a).unwrap();
    event.hold(b).unwrap();
    // SAFETY: the stream lives.
    assert_eq!(code(unsafe { result::stream::synchronize(b) }), UNSUPPORTED);
    assert_eq!(code(end(a)), INVALIDATED);
    assert_eq!(code(event.hold(b)), CAPTURED, "its capture has ended");

    // It joined, but was given nothing.
    drop(two.capture(|| two.order(b, a)));
    begin(a);
    event.record(a).unwrap();
    assert_eq!(code(event.hold(ptr::null_mut())), UNSUPPORTED, "the default stream is not captured");
    assert_eq!(code(end(a)), INVALIDATED);
}

#[test]
fn a_graph_copies_page_locked_memory_alone() {
    let two = Two::new();
    let (a, b) = (two.a(), two.b());
    let mut bytes = [0; 1];
    // SAFETY: what is not page-locked, or over its end, is refused, and a copy that is not done harms nobody.
    unsafe {
        let illegal = CUresult::CUDA_ERROR_ILLEGAL_ADDRESS;
        let unsupported = CUresult::CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
        for to_host in [false, true] {
            begin(a);
            two.order(b, a);
            let copied = if to_host {
                result::memcpy_dtoh_async(&mut bytes, two.device, b)
            } else {
                result::memcpy_htod_async(two.device, &bytes, b)
            };
            assert_eq!(code(copied), unsupported);
            assert_eq!(code(end(a)), CUresult::CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
        }
        let over = sys::cuMemcpyHtoDAsync_v2(two.device, two.host.add(1).cast(), BYTES, a);
        assert_eq!(over, illegal);
        let over = sys::cuMemcpyDtoHAsync_v2(two.host.add(1).cast(), two.device, BYTES, a);
        assert_eq!(over, illegal);

        let host = result::malloc_host(1, 0).unwrap().cast::<u8>();
        host.write(3);
        let graph = two.capture(|| {
            two.order(b, a);
            result::memcpy_htod_async(two.device, slice::from_raw_parts(host, 1), b).unwrap();
            two.order(a, b);
        });
        graph.launch(a);
        two.store(a, 0, 0);
        // It waits for the launch.
        result::free_host(host.cast()).unwrap();
        assert_eq!(two.hosts()[0], 3);
        graph.launch(a);
        assert_eq!(code(result::stream::synchronize(a)), illegal, "the memory is gone");
    }
}
