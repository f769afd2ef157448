//! What a step did, for those who look: see [`testing::watch`](crate::testing::watch); and where it left the finite
//! numbers.

use std::any::TypeId;
use std::time::{Duration, Instant};

use crate::device::{Device, Element, Real, Span};
use crate::error::Error;
use crate::model::{Trainable, Workspace};

/// Watches the calls of a program.
#[derive(Debug)]
pub(crate) struct Probe {
    last: Instant,
    seen: Seen,
    /// What each kernel call took, but for those that recompute, if that is wanted.
    calls: Option<Vec<Duration>>,
    /// Where the step leaves the finite numbers, if that is wanted.
    finite: Option<Finite>,
}

/// Looks at what each copy of an input and each kernel call was given.
#[derive(Debug, Default)]
struct Finite {
    /// What the one that runs was given, and of which type.
    given: Vec<(Span, TypeId)>,
    /// Copies and calls before it.
    ran: usize,
    /// The first after which something was not finite.
    first: Option<usize>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How long its kernel calls took, on the thread that called.
    pub all: Duration,
    /// How long those among them took that compute again what forward had computed.
    pub recompute: Duration,
    /// The end of the highest buffer of the workspace that a call was given, in bytes.
    pub highest_byte: usize,
}

impl Probe {
    pub(crate) fn new() -> Self {
        Self { last: Instant::now(), seen: Seen::default(), calls: None, finite: None }
    }

    /// Also looks at each call by itself.
    pub(crate) fn of_each_call() -> Self {
        Self { calls: Some(Vec::new()), ..Self::new() }
    }

    pub(crate) fn into_calls(self) -> Vec<Duration> {
        self.calls.unwrap_or_default()
    }

    /// A program begins.
    pub(crate) fn begin(&mut self) {
        self.last = Instant::now();
    }

    /// A call is given numbers of a buffer that ends there.
    pub(crate) fn given<T: Element>(&mut self, span: Span, end: usize) {
        self.uses(end);
        if let Some(finite) = &mut self.finite {
            finite.given.push((span, TypeId::of::<T>()));
        }
    }

    /// A call is given a buffer that ends there.
    pub(crate) fn uses(&mut self, end: usize) {
        self.seen.highest_byte = self.seen.highest_byte.max(end);
    }

    /// What was given since the last time is written.
    pub(crate) fn filled<D: Device>(&mut self, device: &D, arena: &D::Buf) -> Result<(), Error> {
        let Some(finite) = &mut self.finite else { return Ok(()) };
        for (span, of) in finite.given.drain(..) {
            if finite.first.is_none() && !all_finite(device, arena, span, of)? {
                finite.first = Some(finite.ran);
            }
        }
        finite.ran += 1;
        Ok(())
    }

    /// A row of the program has run: a kernel's call, or what is built in.
    pub(crate) fn ran(&mut self, recompute: bool, built_in: bool) {
        let now = Instant::now();
        let took = now - self.last;
        self.last = now;
        self.seen.all += took;
        if recompute {
            self.seen.recompute += took;
        }
        if let Some(calls) = self.calls.as_mut().filter(|_| !recompute && !built_in) {
            calls.push(took);
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }
}

/// Whether all of these numbers are; those of types that only have finite ones, and those in half the bytes, whose
/// readers are looked at, count as such.
fn all_finite<D: Device>(device: &D, arena: &D::Buf, span: Span, of: TypeId) -> Result<bool, Error> {
    // A multiple of a line of every device.
    const CHUNK: usize = 1024;
    let mut scalars = [D::Scalar::default(); CHUNK];
    let mut params = [D::Param::default(); CHUNK];
    let bytes = if of == TypeId::of::<D::Elem>() {
        size_of::<D::Elem>()
    } else if of == TypeId::of::<D::Scalar>() {
        size_of::<D::Scalar>()
    } else if of == TypeId::of::<D::Param>() {
        size_of::<D::Param>()
    } else {
        return Ok(true);
    };
    for start in (span.start..span.end()).step_by(CHUNK * bytes) {
        let part = Span { start, bytes: (span.end() - start).min(CHUNK * bytes) };
        let (region, len) = (D::region(arena, part)?, part.bytes / bytes);
        let finite = if of == TypeId::of::<D::Elem>() {
            device.download_elems(&mut scalars[..len], D::view(region))?;
            are_finite(&scalars[..len])
        } else if of == TypeId::of::<D::Scalar>() {
            device.download(&mut scalars[..len], D::view(region))?;
            are_finite(&scalars[..len])
        } else {
            device.download(&mut params[..len], D::view(region))?;
            are_finite(&params[..len])
        };
        if !finite {
            return Ok(false);
        }
    }
    Ok(true)
}

fn are_finite<T: Real>(numbers: &[T]) -> bool {
    numbers.iter().all(|x| x.to_f64().is_finite())
}

/// Takes the last training step of `model`, which was on `batch`, again, and says in words what in it is not finite
/// first: a parameter, an input, or what a layer gives. A kernel writes all of what it is given to write, so that nothing
/// of other steps is looked at. The model is as before; the workspace holds the same gradients.
pub(crate) fn first_not_finite<M: Trainable>(
    model: &mut M,
    ws: &mut Workspace<M>,
    batch: &M::Batch,
) -> Result<Option<String>, Error> {
    let core = model.core();
    for spec in M::PARAMS {
        let of = TypeId::of::<<M::Device as Device>::Param>();
        if !all_finite(&core.device, &core.params, spec.span::<<M::Device as Device>::Param>(), of)? {
            return Ok(Some(format!("the parameter `{}`", spec.path)));
        }
    }
    let steps = model.core().steps;
    model.core_mut().steps = steps.saturating_sub(1);
    ws.probe = Some(Probe { finite: Some(Finite::default()), ..Probe::new() });
    let result = model.train_batch(ws, batch);
    let first = ws.probe.take().and_then(|probe| probe.finite?.first);
    model.core_mut().steps = steps;
    result?;
    let plan = const { &M::PLAN };
    Ok(first.and_then(|first| Some(plan.ran.call(first)?.to_string())))
}
