//! Programs as CUDA graphs: what a program gives to the stream is captured when it comes for the second time, and from
//! then on is given to it at once.
//!
//! Its first run finds what can't be captured: kernels are compiled and loaded, and how products are computed is looked
//! for. What differs from run to run, kernels read from memory: what random layers draw from, and by what an optimizer
//! changes parameters. The first is given; the other is told by what follows on the program, which is asked each time,
//! before anything is done. What it would give to the stream is noted then, byte for byte, and is part of what tells a
//! graph from others: an argument that is not what was captured finds no graph.
//!
//! Whoever waits for all of the device ends what is captured on it, in any thread; NVIDIA's libraries do when they are
//! ended. Nothing has run by then: the program is given to the stream as it is, and captured when it comes again.

use std::sync::{Arc, MutexGuard, PoisonError};

use cudarc::driver::{CudaContext, CudaStream, DriverError, result, sys};

use super::exchange::Drawn;
use super::{Cuda, Elem, Gpu, bind, failed, streams};
use crate::device::{Repeat, Report, Work};
use crate::error::Error;

/// Programs of a workspace that are kept: the three of each of a few batches.
const MOST: usize = 12;

/// What work given to a stream is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// Nothing: it is by itself.
    Nothing,
    /// What follows on a program, before that runs: it is noted, and not done.
    Note(Drawn),
    /// A program.
    Program(Drawn),
    /// A program that is captured.
    Capture(Drawn),
}

/// What tells a graph from the others of a workspace, beside what follows on the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    /// Which program of the model.
    id: usize,
    batch: usize,
    /// Where the parameters are.
    params: u64,
    /// Where it exchanges numbers with the host.
    exchange: u64,
}

/// What a GPU keeps of the programs that ran in a workspace.
#[derive(Debug, Default)]
pub struct Graphs {
    /// The last one used is the last.
    programs: Vec<Program>,
}

/// A program that ran.
#[derive(Debug)]
struct Program {
    key: Key,
    /// What followed on it.
    note: Vec<u8>,
    /// What was captured of it, if it ran again.
    graph: Option<Graph>,
}

impl Graphs {
    /// What is kept of a program, which is the last now.
    fn find(&mut self, key: Key, note: &[u8]) -> Option<&mut Option<Graph>> {
        let known = |program: &Program| program.key == key && program.note == note;
        let at = self.programs.iter().position(known)?;
        self.programs[at..].rotate_left(1);
        self.programs.last_mut().map(|program| &mut program.graph)
    }

    fn add(&mut self, key: Key, note: Vec<u8>) {
        if self.programs.len() == MOST {
            self.programs.remove(0);
        }
        self.programs.push(Program { key, note, graph: None });
    }
}

/// Does what [`Device::repeat`](crate::device::Device::repeat) says.
pub(super) fn repeat<E: Elem>(
    gpu: &Gpu,
    graphs: Option<&mut Graphs>,
    program: &Repeat,
    report: &mut Report,
    work: &mut dyn Work<Cuda<E>>,
) -> Result<(), Error> {
    let Repeat { id, batch, seed, step } = *program;
    let own = [&gpu.stream, &gpu.copies];
    // Held until all is given to the stream, and what it reports is here: no other program may come between.
    let mut exchange = gpu.exchange();
    let drawn = exchange.give(gpu, seed, step)?;
    let key = Key { id, batch, params: work.params().start(), exchange: drawn.at };
    let notes = gpu.with(own, Within::Note(drawn));
    notes.note().append(&mut exchange.note);
    let notes = notes.of();
    work.after(&notes, report)?;
    let mut note = std::mem::take(&mut *notes.gpu.note());

    let run = |device: &Cuda<E>, work: &mut dyn Work<Cuda<E>>, report: &mut Report| {
        work.program(device)?;
        work.after(device, report)
    };
    let plain = || gpu.with(own, Within::Program(drawn)).of();
    match graphs {
        None => run(&plain(), work, report)?,
        Some(graphs) => match graphs.find(key, &note) {
            None => {
                run(&plain(), work, report)?;
                graphs.add(key, note.clone());
            }
            Some(Some(graph)) => graph.launch(&gpu.stream)?,
            Some(unknown) => {
                let body = |streams: [&Arc<CudaStream>; 2]| {
                    run(&gpu.with(streams, Within::Capture(drawn)).of(), work, report)
                };
                match capture(gpu, body)? {
                    Some(graph) => unknown.insert(graph).launch(&gpu.stream)?,
                    None => {
                        let plain = plain();
                        work.given_up(&plain)?;
                        run(&plain, work, report)?;
                    }
                }
            }
        },
    }
    if !note.is_empty() {
        *report = exchange.report(gpu)?;
    }
    note.clear();
    exchange.note = note;
    Ok(())
}

/// What `body` gives to the streams that it is called with; none if the capture was ended from elsewhere.
fn capture(
    gpu: &Gpu,
    body: impl FnOnce([&Arc<CudaStream>; 2]) -> Result<(), Error>,
) -> Result<Option<Graph>, Error> {
    let context = &gpu.common.context;
    let told = |error: DriverError| failed("to capture a graph", &error);
    bind(context)?;
    // What other threads give to the device's own streams stays out.
    let [stream, copies] = streams(context)?;
    let mut capture = Capture::begin(stream).map_err(told)?;
    let result = body([&capture.stream, &copies]);
    let graph = match capture.end() {
        // What the body was told then is of that.
        Err(DriverError(sys::CUresult::CUDA_ERROR_STREAM_CAPTURE_INVALIDATED)) => return Ok(None),
        graph => graph,
    };
    // Its own error says more than that of a capture that it has spoilt.
    result?;
    let graph = graph.map_err(told)?;
    let flags = sys::CUgraphInstantiate_flags(0);
    // SAFETY: the graph is there.
    let executable = unsafe { result::graph::instantiate(graph.0, flags) }.map_err(told)?;
    Ok(Some(Graph { context: Arc::clone(context), executable }))
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

impl Gpu {
    /// The same GPU, by other streams.
    fn with(&self, [stream, copies]: [&Arc<CudaStream>; 2], within: Within) -> Self {
        let (stream, copies) = (Arc::clone(stream), Arc::clone(copies));
        Self { common: Arc::clone(&self.common), stream, copies, within, note: Default::default() }
    }

    /// As a device.
    fn of<E>(self) -> Cuda<E> {
        Cuda { gpu: Arc::new(self), elem: std::marker::PhantomData }
    }

    /// What was noted of what follows on a program.
    fn note(&self) -> MutexGuard<'_, Vec<u8>> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is given to the stream is noted instead: then these bytes, which tell it from all else, are.
    pub(super) fn notes<'a>(&self, bytes: impl IntoIterator<Item = &'a [u8]>) -> bool {
        let notes = matches!(self.within, Within::Note(..));
        if notes {
            let mut note = self.note();
            for bytes in bytes {
                note.extend(bytes.len().to_ne_bytes());
                note.extend(bytes);
            }
        }
        notes
    }
}
