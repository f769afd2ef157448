//! What generated code runs in: one program's buffers in a workspace, at one batch.

use std::fmt;

use crate::device::{Device, Element, Repeat, Report, Span, Work};
use crate::error::Error;
use crate::model::Probe;
use crate::plan::Program;
use crate::rng::Key;
use crate::tables::{BUILT_IN, COPIED, COPY_BACK, COPY_OUT, FREE_FIXED, FREE_SAMPLE, Numbers, RECOMPUTE};

/// A running program.
pub struct Frame<'a, D: Device> {
    /// Where it runs.
    pub device: &'a D,
    /// The workspace.
    pub arena: &'a mut D::Buf,
    /// All parameters.
    pub params: &'a D::Buf,
    /// Samples.
    pub batch: usize,
    /// The model's seed.
    pub seed: u64,
    /// Training calls before this one.
    pub step: u64,
    /// The program's buffers.
    pub program: &'static Program,
    /// Where each parameter's gradient starts, in lines.
    pub gradients: Numbers,
    /// Where the program's fixed buffers start, in bytes.
    pub fixed_start: usize,
    /// Where the program's buffers of all samples start, in bytes.
    pub sample_start: usize,
    /// The memory of the host for what waits there.
    pub host: &'a mut D::Host,
    /// What the device keeps of the programs that ran, unless someone looks at each call.
    pub(crate) graphs: Option<&'a mut D::Graphs>,
    /// What watches the calls, if anyone looks.
    pub(crate) probe: Option<&'a mut Probe>,
}

/// Numbers, not the buffers.
impl<D: Device> fmt::Debug for Frame<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch, seed, step, .. } = self;
        let mut frame = f.debug_struct("Frame");
        frame.field("batch", batch).field("seed", seed).field("step", step).finish_non_exhaustive()
    }
}

/// A program that runs in a frame.
struct Running<'r, 'a, D: Device, B> {
    frame: &'r mut Frame<'a, D>,
    body: B,
}

impl<D: Device, B: FnMut(&mut Frame<'_, D>) -> Result<(), Error>> Work<D> for Running<'_, '_, D, B> {
    fn params(&self) -> &D::Buf {
        self.frame.params
    }

    fn program(&mut self, device: &D) -> Result<(), Error> {
        (self.body)(&mut self.frame.on(device))
    }

    fn given_up(&mut self, device: &D) -> Result<(), Error> {
        device.settle(self.frame.host)
    }
}

/// What a program came to. If it has failed, what it has begun to copy does not come into what runs next.
pub(super) fn settled<D: Device>(
    device: &D,
    host: &mut D::Host,
    result: Result<(), Error>,
) -> Result<(), Error> {
    if result.is_err() {
        // Its own error is the one to be told.
        let _ = device.settle(host);
    }
    result
}

/// A span outside of every buffer: [`Device::split`] refuses it.
const NOWHERE: Span = Span { start: usize::MAX, bytes: usize::MAX };

/// Where the gradient of a parameter starts, in bytes; nowhere if it is frozen.
pub(crate) fn gradient_start<D: Device>(starts: Numbers, param: usize) -> Option<usize> {
    let line = starts.get(param).filter(|&line| line != u32::MAX)?;
    Some(line as usize * D::LAYOUT.line)
}

impl<'a, D: Device> Frame<'a, D> {
    fn buffer(&self, buffer: u32) -> Option<(usize, usize)> {
        let at = |number: usize| Some(self.program.buffers.get(number)? as usize * D::LAYOUT.line);
        Some((at(2 * buffer as usize)?, at(2 * buffer as usize + 1)?))
    }

    /// `len` elements of `T` for each sample.
    pub fn sample<T: Element>(&mut self, buffer: u32, len: usize) -> Span {
        let Some((offset, lines)) = self.buffer(buffer) else { return NOWHERE };
        let start = self.sample_start + offset * self.batch;
        let span = Span::of::<T>(start, len * self.batch);
        self.given::<T>(span, start + lines * self.batch);
        span
    }

    /// `len` elements of `T` whatever the batch.
    pub fn fixed<T: Element>(&mut self, buffer: u32, len: usize) -> Span {
        let Some((offset, lines)) = self.buffer(buffer) else { return NOWHERE };
        let start = self.fixed_start + offset;
        let span = Span::of::<T>(start, len);
        self.given::<T>(span, start + lines);
        span
    }

    /// Where a number of the program is, as a loss, which no call is given by this.
    pub(super) fn scalar(&self, buffer: u32) -> Span {
        let Some((offset, _)) = self.buffer(buffer) else { return NOWHERE };
        Span::of::<D::Scalar>(self.fixed_start + offset, 1)
    }

    /// `len` elements for parameters that a kernel rounds to activations; none where these are no narrower.
    pub fn rounded(&mut self, buffer: u32, len: usize) -> Span {
        if D::LAYOUT.elem >= D::LAYOUT.scalar {
            return Self::nothing();
        }
        let Some((offset, lines)) = self.buffer(buffer) else { return NOWHERE };
        let start = self.fixed_start + offset;
        // Between the parameters there may be what no kernel writes, so that no one looks at these numbers.
        if let Some(probe) = &mut self.probe {
            probe.uses(start + lines);
        }
        Span::of::<D::Elem>(start, len)
    }

    /// No elements.
    pub const fn nothing() -> Span {
        Span { start: 0, bytes: 0 }
    }

    /// The gradient of a parameter of `len` elements.
    pub fn gradient(&mut self, param: u32, len: usize) -> Span {
        let Some(start) = gradient_start::<D>(self.gradients, param as usize) else { return NOWHERE };
        let span = Span::of::<D::Param>(start, len);
        self.given::<D::Param>(span, span.end().next_multiple_of(D::LAYOUT.line));
        span
    }

    fn given<T: Element>(&mut self, span: Span, end: usize) {
        if let Some(probe) = &mut self.probe {
            probe.given::<T>(span, end);
        }
    }

    /// Runs the program by `body`, or what the device has kept of it since it ran before.
    ///
    /// # Errors
    /// Those of `body`, and the device's own.
    pub fn run(&mut self, body: impl FnMut(&mut Frame<'_, D>) -> Result<(), Error>) -> Result<(), Error> {
        let (device, program) = (self.device, self.repeat());
        let mut graphs = self.graphs.take();
        let mut running = Running { frame: self, body };
        let result = device.repeat(graphs.as_deref_mut(), &program, &mut Report::default(), &mut running);
        self.graphs = graphs;
        settled(device, self.host, result)
    }

    /// What tells this run of the program from others.
    pub(super) fn repeat(&self) -> Repeat {
        let Self { batch, seed, step, program, .. } = *self;
        Repeat { id: std::ptr::from_ref(program).addr(), batch, seed, step }
    }

    /// The same, for another handle to the device.
    fn on<'b>(&'b mut self, device: &'b D) -> Frame<'b, D> {
        let Self { params, batch, seed, step, program, gradients, fixed_start, sample_start, .. } = *self;
        Frame {
            device,
            arena: self.arena,
            params,
            batch,
            seed,
            step,
            program,
            gradients,
            fixed_start,
            sample_start,
            host: self.host,
            graphs: None,
            probe: self.probe.as_deref_mut(),
        }
    }

    /// The parameter of `len` elements that starts at `offset` times 64 elements.
    pub fn param(&self, offset: u32, len: usize) -> Result<D::View<'a, D::Param>, Error> {
        let span = Span::of::<D::Param>(offset as usize * 64 * size_of::<D::Param>(), len);
        Ok(D::view(D::region(self.params, span)?))
    }

    /// The key of a random layer.
    pub fn key(&self, node: u32) -> Key {
        Key { seed: self.seed, step: self.step, node }
    }

    /// Does what a row says that calls no kernel; gives the rows behind it.
    ///
    /// # Errors
    /// Those of the device; [`Error::Internal`] if there is no such row.
    pub fn built_in(&mut self, number: u32, row: Numbers) -> Result<Numbers, Error> {
        match number {
            FREE_SAMPLE | FREE_FIXED => {
                let ([buffer], rest) = row.take().ok_or_else(Self::truncated)?;
                let span = if number == FREE_FIXED {
                    let (offset, bytes) = self.buffer(buffer).ok_or_else(Self::truncated)?;
                    Span { start: self.fixed_start + offset, bytes }
                } else {
                    self.of_samples(self.sample_start, buffer)?
                };
                self.device.discard(self.arena, span)?;
                Ok(rest)
            }
            COPY_OUT | COPY_BACK => {
                let ([buffer, on_host], rest) = row.take().ok_or_else(Self::truncated)?;
                let (span, on_host) =
                    (self.of_samples(self.sample_start, buffer)?, self.of_samples(0, on_host)?);
                if let Some(probe) = &mut self.probe {
                    probe.uses(span.end());
                }
                if number == COPY_OUT {
                    let from = D::region(self.arena, span)?;
                    self.device.copy_out(self.host, on_host, D::view(from))?;
                } else {
                    let ([], [to]) = D::split(self.arena, [], [span])?;
                    self.device.copy_back(self.host, D::view_mut(to), on_host)?;
                }
                Ok(rest)
            }
            COPIED => {
                let ([on_host], rest) = row.take().ok_or_else(Self::truncated)?;
                let Span { start, .. } = self.of_samples(0, on_host)?;
                self.device.wait_for_copy(self.host, start)?;
                Ok(rest)
            }
            _ => Err(Self::truncated()),
        }
    }

    /// All of a buffer that grows with the batch; these start at `start`.
    fn of_samples(&self, start: usize, buffer: u32) -> Result<Span, Error> {
        let (offset, bytes) = self.buffer(buffer).ok_or_else(Self::truncated)?;
        Ok(Span { start: start + offset * self.batch, bytes: bytes * self.batch })
    }

    /// Says that the call of this number, as it stands in the program, has run.
    ///
    /// # Errors
    /// Those of the device, if someone looks at what the call was given.
    pub fn ran(&mut self, number: u32) -> Result<(), Error> {
        let Some(probe) = &mut self.probe else { return Ok(()) };
        let built_in = number < BUILT_IN;
        probe.ran(number & RECOMPUTE != 0, built_in);
        if built_in { Ok(()) } else { self.filled() }
    }

    /// Says that what was given has been written.
    pub(crate) fn filled(&mut self) -> Result<(), Error> {
        self.probe.as_mut().map_or(Ok(()), |probe| probe.filled(self.device, self.arena))
    }

    /// A program that ends inside a step.
    pub fn truncated() -> Error {
        Error::internal("a program ends inside a step, or names a call that there is not")
    }
}
