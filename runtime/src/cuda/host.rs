//! Activations that wait in the memory of the host, and their copies there and back, on a stream of their own.
//!
//! A copy begins behind what was given to the compute stream before it, and that stream goes on without it until it is to
//! wait. Both by events, so that in a capture the copies' stream becomes part of the graph, and its copies branches of it.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaEvent, DriverError, sys};

use super::pinned::Pinned;
use super::{Gpu, failed};
use crate::arena;
use crate::device::{Span, same_length};
use crate::error::Error;

/// Memory of the host, and the copies to it and from it that are under way.
#[derive(Debug)]
pub struct Host {
    memory: Pinned,
    context: Arc<CudaContext>,
    /// Behind what was given to the compute stream when the last copy began.
    ready: Option<CudaEvent>,
    /// Where in the memory each copy begins that nobody waits for yet, and what is behind it.
    under_way: Vec<(usize, CudaEvent)>,
    /// Events of copies that were waited for.
    idle: Vec<CudaEvent>,
}

/// What the driver says of a copy.
fn told(error: DriverError) -> Error {
    failed("to copy between the GPU and the host behind its work", &error)
}

impl Host {
    pub(super) fn new(gpu: &Gpu, bytes: usize) -> Result<Self, Error> {
        // A graph with copies is given to the compute stream.
        let memory = Pinned::new([&gpu.stream, &gpu.copies], bytes)?;
        let (ready, under_way, idle) = Default::default();
        Ok(Self { memory, context: Arc::clone(&gpu.common.context), ready, under_way, idle })
    }

    /// Where the bytes of a span are.
    fn place(&self, span: Span) -> Result<*mut std::ffi::c_void, Error> {
        arena::check(span, self.memory.bytes())?;
        // SAFETY: that is inside.
        Ok(unsafe { self.memory.start().byte_add(span.start) }.as_ptr())
    }

    fn event(&mut self) -> Result<CudaEvent, Error> {
        self.idle.pop().map_or_else(|| self.context.new_event(None).map_err(told), Ok)
    }

    /// Gives the copies' stream what `copy` calls the driver for: behind what was given to the compute stream.
    fn begin(
        &mut self,
        gpu: &Gpu,
        start: usize,
        copy: impl FnOnce(sys::CUstream) -> sys::CUresult,
    ) -> Result<(), Error> {
        if gpu.notes([]) {
            return Err(Error::internal("a copy to or from the host behind a program"));
        }
        if self.under_way.iter().any(|(other, _)| *other == start) {
            return Err(Error::internal(format!("a copy at {start} begins before the last is waited for")));
        }
        let ready = self.ready.take().map_or_else(|| self.event(), Ok)?;
        let behind = self.event()?;
        ready.record(&gpu.stream).map_err(told)?;
        gpu.copies.wait(&ready).map_err(told)?;
        self.ready = Some(ready);
        copy(gpu.copies.cu_stream()).result().map_err(told)?;
        behind.record(&gpu.copies).map_err(told)?;
        self.under_way.push((start, behind));
        Ok(())
    }

    /// See [`Device::copy_out`](crate::device::Device::copy_out).
    ///
    /// # Safety
    /// So many bytes must be there to be read from.
    pub(super) unsafe fn copy_out(&mut self, gpu: &Gpu, to: Span, from: (u64, usize)) -> Result<(), Error> {
        same_length(to.bytes, from.1)?;
        let at = self.place(to)?;
        // SAFETY: as many bytes are at both, and the host's are touched by nobody but copies in their order.
        self.begin(gpu, to.start, |stream| unsafe { sys::cuMemcpyDtoHAsync_v2(at, from.0, from.1, stream) })
    }

    /// See [`Device::copy_back`](crate::device::Device::copy_back).
    ///
    /// # Safety
    /// So many bytes must be there to be written to.
    pub(super) unsafe fn copy_back(&mut self, gpu: &Gpu, to: (u64, usize), from: Span) -> Result<(), Error> {
        same_length(to.1, from.bytes)?;
        let at = self.place(from)?;
        // SAFETY: as many bytes are at both, and the host's are touched by nobody but copies in their order.
        self.begin(gpu, from.start, |stream| unsafe { sys::cuMemcpyHtoDAsync_v2(to.0, at, to.1, stream) })
    }

    /// See [`Device::wait_for_copy`](crate::device::Device::wait_for_copy).
    pub(super) fn wait(&mut self, gpu: &Gpu, start: usize) -> Result<(), Error> {
        let at = self.under_way.iter().position(|(other, _)| *other == start);
        let at = at.ok_or_else(|| Error::internal(format!("no copy at {start} is under way")))?;
        let (_, behind) = self.under_way.swap_remove(at);
        gpu.stream.wait(&behind).map_err(told)?;
        self.idle.push(behind);
        Ok(())
    }

    /// See [`Device::settle`](crate::device::Device::settle).
    pub(super) fn settle(&mut self, gpu: &Gpu) -> Result<(), Error> {
        self.idle.extend(self.under_way.drain(..).map(|(_, event)| event));
        // A copy may have begun that came into no list.
        if self.memory.bytes() > 0 { gpu.copies.synchronize().map_err(told) } else { Ok(()) }
    }
}
