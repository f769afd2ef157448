//! Programs as CUDA graphs: what a program gives to the stream is captured when it comes for the second time, and from
//! then on is given to it at once.
//!
//! Its first run finds what can't be captured: kernels are compiled and loaded, and how products are computed is looked
//! for. Nothing in a graph differs from run to run but what random layers draw from, which they read from memory.

use std::sync::{Arc, MutexGuard, PoisonError};

use cudarc::driver::{CudaContext, CudaStream, DriverError, result, sys};

use super::{Gpu, Memory, bind, failed, streams};
use crate::error::Error;
use crate::rng;

/// Programs of a workspace that are kept: the three of each of a few batches.
const MOST: usize = 12;

/// Bytes of a seed and a step.
pub(super) const DRAWS: usize = 16;

/// What work given to a stream is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// Nothing: it is by itself.
    Nothing,
    /// A program.
    Program(Drawn),
    /// A program that is captured.
    Capture(Drawn),
}

/// What the random layers of a program draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    seed: u64,
    step: u64,
    /// Where both stand.
    at: u64,
}

/// What tells a graph from the others of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Which program of the model.
    pub(super) id: usize,
    pub(super) batch: usize,
    /// Where the parameters are.
    pub(super) params: u64,
}

/// What a GPU keeps of the programs that ran in a workspace.
#[derive(Debug, Default)]
pub struct Graphs {
    /// Those that ran, and what was captured of those that ran again; the last one used is the last.
    programs: Vec<(Key, Option<Graph>)>,
}

impl Graphs {
    /// The number of a program, which is the last now.
    fn find(&mut self, key: Key) -> Option<&mut Option<Graph>> {
        let at = self.programs.iter().position(|(known, _)| *known == key)?;
        self.programs[at..].rotate_left(1);
        self.programs.last_mut().map(|(_, graph)| graph)
    }

    fn add(&mut self, key: Key) {
        if self.programs.len() == MOST {
            self.programs.remove(0);
        }
        self.programs.push((key, None));
    }

    /// Runs a program: see [`Device::repeat`](crate::device::Device::repeat).
    pub(super) fn repeat(
        &mut self,
        gpu: &Gpu,
        key: Key,
        (seed, step): (u64, u64),
        body: impl FnOnce(Gpu) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Held until all is given to the stream: no other program may come between.
        let mut draws = gpu.draws();
        draws.set(gpu, seed, step)?;
        let drawn = Drawn { seed, step, at: draws.0.start() };
        match self.find(key) {
            None => {
                body(gpu.with([&gpu.stream, &gpu.copies], Within::Program(drawn)))?;
                self.add(key);
                Ok(())
            }
            Some(Some(graph)) => graph.launch(&gpu.stream),
            Some(unknown) => {
                let graph = capture(gpu, |streams| body(gpu.with(streams, Within::Capture(drawn))))?;
                unknown.insert(graph).launch(&gpu.stream)
            }
        }
    }
}

/// What `body` gives to the streams that it is called with.
fn capture(gpu: &Gpu, body: impl FnOnce([&Arc<CudaStream>; 2]) -> Result<(), Error>) -> Result<Graph, Error> {
    let context = &gpu.common.context;
    let told = |error: DriverError| failed("to capture a graph", &error);
    bind(context)?;
    // What other threads give to the device's own streams stays out.
    let [stream, copies] = streams(context)?;
    let mut capture = Capture::begin(stream).map_err(told)?;
    let result = body([&capture.stream, &copies]);
    // Its own error says more than that of a capture that it has spoilt.
    let graph = capture.end();
    result?;
    let graph = graph.map_err(told)?;
    let flags = sys::CUgraphInstantiate_flags(0);
    // SAFETY: the graph is there.
    let executable = unsafe { result::graph::instantiate(graph.0, flags) }.map_err(told)?;
    Ok(Graph { context: Arc::clone(context), executable })
}

/// A stream that is captured, until this is dropped.
struct Capture {
    stream: Arc<CudaStream>,
    ended: bool,
}

impl Capture {
    /// Of a stream that nobody else knows. Another becomes part of it when it waits for an event of this one.
    fn begin(stream: Arc<CudaStream>) -> Result<Self, DriverError> {
        // So that other threads may allocate meanwhile.
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream is there, and is not captured.
        unsafe { result::stream::begin_capture(stream.cu_stream(), mode) }?;
        Ok(Self { stream, ended: false })
    }

    fn end(&mut self) -> Result<Captured, DriverError> {
        self.ended = true;
        // SAFETY: it was begun, by this thread, and not ended.
        unsafe { result::stream::end_capture(self.stream.cu_stream()) }.map(Captured)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.end();
        }
    }
}

/// A graph as it was captured.
struct Captured(sys::CUgraph);

impl Drop for Captured {
    fn drop(&mut self) {
        // SAFETY: owned; what was made of it has a copy.
        let _ = unsafe { result::graph::destroy(self.0) };
    }
}

/// A graph that can be launched.
#[derive(Debug)]
struct Graph {
    context: Arc<CudaContext>,
    executable: sys::CUgraphExec,
}

// SAFETY: it belongs to no thread, and is used by `&mut` alone.
unsafe impl Send for Graph {}
// SAFETY: nothing is done by `&`.
unsafe impl Sync for Graph {}

impl Graph {
    fn launch(&mut self, stream: &CudaStream) -> Result<(), Error> {
        bind(&self.context)?;
        // SAFETY: it is there; all it touches is that of the workspace it is kept with, which the caller has for itself,
        // and parameters at the address that is in its key.
        unsafe { result::graph::launch(self.executable, stream.cu_stream()) }
            .map_err(|error| failed("to launch a graph", &error))
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        if bind(&self.context).is_ok() {
            // SAFETY: owned; the driver lets what was launched end.
            let _ = unsafe { result::graph::exec_destroy(self.executable) };
        }
    }
}

/// Where the seed and the step stand that random layers draw from, 8 bytes each.
#[derive(Debug)]
pub(super) struct Draws(Memory);

impl Draws {
    pub(super) fn new(context: &Arc<CudaContext>) -> Result<Self, Error> {
        Memory::new(context, DRAWS).map(Self).map_err(|error| error.wanted_for("a seed"))
    }

    /// For what is given to the stream from now on.
    fn set(&mut self, gpu: &Gpu, seed: u64, step: u64) -> Result<(), Error> {
        let words = [seed, step].into_iter().flat_map(|number| [number as u32, (number >> 32) as u32]);
        // SAFETY: so many bytes are there.
        unsafe { gpu.upload(self.0.start(), DRAWS / size_of::<u32>(), words) }
    }
}

impl Gpu {
    /// The same GPU, by other streams.
    fn with(&self, [stream, copies]: [&Arc<CudaStream>; 2], within: Within) -> Self {
        let (stream, copies) = (Arc::clone(stream), Arc::clone(copies));
        Self { common: Arc::clone(&self.common), stream, copies, within }
    }

    fn draws(&self) -> MutexGuard<'_, Draws> {
        self.common.draws.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `launch` with the address where seed and step of a key stand, for kernels that it launches.
    pub(crate) fn drawn(
        &self,
        key: &rng::Key,
        launch: impl FnOnce(u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.within {
            Within::Nothing => {
                let mut draws = self.draws();
                draws.set(self, key.seed, key.step)?;
                launch(draws.0.start())
            }
            Within::Program(Drawn { seed, step, at }) | Within::Capture(Drawn { seed, step, at })
                if (seed, step) == (key.seed, key.step) =>
            {
                launch(at)
            }
            within => Err(Error::internal(format!("{key:?} within {within:?}"))),
        }
    }
}
