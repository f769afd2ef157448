//! A device whose buffers are handles, as a GPU's are: views hold an id and a range, never a pointer.
//!
//! Its kernels are naive loops that share no code with the CPU's. It exists to show that a device joins
//! from outside, through the public traits alone.

#[cfg(feature = "cuda")]
mod narrow;
mod optim;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use remat::Error;
use remat::arena::{bytes_of, bytes_of_mut};
use remat::device::{Device, Element, Grad, Layout, Span};
use remat::ndarray::{ArrayView, Dimension};
use remat::ops::{activation, linear, mse};

#[cfg(feature = "cuda")]
pub use narrow::Narrow;

type Memory = BTreeMap<u64, Vec<u8>>;

/// The device: a table of memories, reached by id.
#[derive(Clone, Default)]
pub struct Remote {
    memories: Arc<Mutex<Memory>>,
    /// Calls of `Linear` up to one that fails; 0 if none does.
    failing: Arc<AtomicUsize>,
}

/// Owned memory on the device.
pub struct Handle {
    id: u64,
    bytes: usize,
    memories: Arc<Mutex<Memory>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.memories).remove(&self.id);
    }
}

/// Bytes of a handle.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    id: u64,
    span: Span,
    lifetime: PhantomData<&'a ()>,
}

/// Elements of a handle.
#[derive(Clone, Copy)]
pub struct View<'a, T> {
    place: Place<'a>,
    element: PhantomData<T>,
}

/// Exclusive elements of a handle.
pub struct ViewMut<'a, T>(View<'a, T>);

/// Memory of the host, and copies that are under way: they are done when they are waited for, as late as may be.
#[derive(Default)]
pub struct Host {
    bytes: Vec<u8>,
    copies: Vec<Copy>,
}

/// A copy between the host and a handle.
struct Copy {
    out: bool,
    on_host: Span,
    id: u64,
    span: Span,
}

/// Bytes that are neither there yet nor any more.
const SPOILT: u8 = 0xff;

fn lock(memories: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memories.lock().unwrap_or_else(PoisonError::into_inner)
}

fn outside() -> Error {
    Error::Internal { message: String::from("a place outside of its handle") }
}

impl Handle {
    fn place(&self, span: Span) -> Result<Place<'_>, Error> {
        let inside = span.start.checked_add(span.bytes).is_some_and(|end| end <= self.bytes);
        if inside { Ok(Place { id: self.id, span, lifetime: PhantomData }) } else { Err(outside()) }
    }
}

impl Remote {
    /// How many memories there are.
    pub fn handles(&self) -> usize {
        lock(&self.memories).len()
    }

    /// Has this call of `Linear` fail, the first being 1.
    pub fn fail_at(&self, call: usize) {
        self.failing.store(call, Relaxed);
    }

    fn call(&self) -> Result<(), Error> {
        match self.failing.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(1) => Err(Error::Internal { message: String::from("a call that is to fail") }),
            _ => Ok(()),
        }
    }

    fn read<T: Element>(&self, view: View<'_, T>) -> Vec<T> {
        let span = view.place.span;
        let mut values = vec![T::default(); span.bytes / size_of::<T>()];
        let bytes = bytes_of_mut(&mut values);
        let end = span.start + bytes.len();
        bytes.copy_from_slice(&lock(&self.memories)[&view.place.id][span.start..end]);
        values
    }

    fn write<T: Element>(&self, view: &ViewMut<'_, T>, values: &[T]) {
        let Place { id, span, .. } = view.0.place;
        if let Some(memory) = lock(&self.memories).get_mut(&id) {
            let bytes = bytes_of(values);
            memory[span.start..span.start + bytes.len()].copy_from_slice(bytes);
        }
    }

    fn begin_copy(&self, host: &mut Host, out: bool, on_host: Span, place: Place<'_>) -> Result<(), Error> {
        let Place { id, span, .. } = place;
        let under_way =
            |copy: &Copy| copy.on_host.start < on_host.end() && on_host.start < copy.on_host.end();
        if on_host.end() > host.bytes.len()
            || on_host.bytes != span.bytes
            || host.copies.iter().any(under_way)
        {
            return Err(outside());
        }
        if out {
            host.bytes[on_host.start..on_host.end()].fill(SPOILT);
        } else if let Some(memory) = lock(&self.memories).get_mut(&id) {
            memory[span.start..span.end()].fill(SPOILT);
        }
        host.copies.push(Copy { out, on_host, id, span });
        Ok(())
    }

    fn end_copy(&self, host: &mut Host, start: usize) -> Result<(), Error> {
        let at = host.copies.iter().position(|copy| copy.on_host.start == start).ok_or_else(outside)?;
        let Copy { out, on_host, id, span } = host.copies.remove(at);
        let mut memories = lock(&self.memories);
        let device = &mut memories.get_mut(&id).ok_or_else(outside)?[span.start..span.end()];
        let on_host = &mut host.bytes[on_host.start..on_host.end()];
        if out {
            on_host.copy_from_slice(device);
        } else {
            device.copy_from_slice(on_host);
            on_host.fill(SPOILT);
        }
        Ok(())
    }

    fn grad(&self, grad: Option<Grad<ViewMut<'_, f32>>>, values: impl FnOnce() -> Vec<f32>) {
        let Some(Grad { to, add }) = grad else { return };
        let mut values = values();
        if add {
            let old = self.read(to.0);
            values.iter_mut().zip(old).for_each(|(v, o)| *v += o);
        }
        self.write(&to, &values);
    }
}

impl Device for Remote {
    type Elem = f32;
    type Param = f32;
    type Scalar = f32;
    type Buf = Handle;
    type Region<'a> = Place<'a>;
    type RegionMut<'a> = Place<'a>;
    type View<'a, T: Element> = View<'a, T>;
    type ViewMut<'a, T: Element> = ViewMut<'a, T>;
    type Graphs = ();
    type Host = Host;

    const LAYOUT: Layout = Layout { line: 64, elem: 4, scalar: 4 };

    fn bytes(&self) -> usize {
        0
    }

    fn alloc(&self, bytes: usize) -> Result<Handle, Error> {
        let mut memories = lock(&self.memories);
        let id = memories.last_key_value().map_or(0, |(id, _)| id + 1);
        memories.insert(id, vec![0; bytes]);
        Ok(Handle { id, bytes, memories: Arc::clone(&self.memories) })
    }

    fn region(buf: &Handle, span: Span) -> Result<Place<'_>, Error> {
        buf.place(span)
    }

    fn split<const R: usize, const W: usize>(
        buf: &mut Handle,
        reads: [Span; R],
        writes: [Span; W],
    ) -> Result<([Place<'_>; R], [Place<'_>; W]), Error> {
        for span in reads.iter().chain(&writes) {
            buf.place(*span)?;
        }
        for (i, own) in writes.iter().enumerate() {
            let apart = |other: &Span| own.end() <= other.start || other.end() <= own.start;
            if !reads.iter().chain(&writes[..i]).all(apart) {
                return Err(Error::Internal { message: format!("{own:?} is written and used otherwise") });
            }
        }
        let buf = &*buf;
        let place = |span| Place { id: buf.id, span, lifetime: PhantomData };
        Ok((reads.map(place), writes.map(place)))
    }

    fn view<T: Element>(region: Self::Region<'_>) -> Self::View<'_, T> {
        View { place: region, element: PhantomData }
    }

    fn view_mut<T: Element>(region: Self::RegionMut<'_>) -> Self::ViewMut<'_, T> {
        ViewMut(View { place: region, element: PhantomData })
    }

    fn len<T: Element>(view: View<'_, T>) -> usize {
        view.place.span.bytes / size_of::<T>()
    }

    fn upload<T: Element, I: Dimension>(
        &self,
        to: ViewMut<'_, T>,
        from: ArrayView<'_, T, I>,
    ) -> Result<(), Error> {
        self.write(&to, &from.iter().copied().collect::<Vec<T>>());
        Ok(())
    }

    fn fill<T: Element>(&self, to: ViewMut<'_, T>, number: T) -> Result<(), Error> {
        let len = to.0.place.span.bytes / size_of::<T>();
        self.write(&to, &vec![number; len]);
        Ok(())
    }

    fn upload_elems<I: Dimension>(
        &self,
        to: ViewMut<'_, f32>,
        from: ArrayView<'_, f32, I>,
    ) -> Result<(), Error> {
        self.upload(to, from)
    }

    fn download<T: Element>(&self, to: &mut [T], from: View<'_, T>) -> Result<(), Error> {
        to.copy_from_slice(&self.read(from));
        Ok(())
    }

    fn download_elems(&self, to: &mut [f32], from: View<'_, f32>) -> Result<(), Error> {
        self.download(to, from)
    }

    fn discard(&self, buf: &mut Handle, span: Span) -> Result<(), Error> {
        if let Some(memory) = lock(&self.memories).get_mut(&buf.id) {
            memory[span.start..span.end()].fill(SPOILT);
        }
        Ok(())
    }

    fn host(&self, bytes: usize) -> Result<Host, Error> {
        Ok(Host { bytes: vec![SPOILT; bytes], copies: vec![] })
    }

    fn copy_out(&self, host: &mut Host, to: Span, from: View<'_, u8>) -> Result<(), Error> {
        self.begin_copy(host, true, to, from.place)
    }

    fn copy_back(&self, host: &mut Host, to: ViewMut<'_, u8>, from: Span) -> Result<(), Error> {
        self.begin_copy(host, false, from, to.0.place)
    }

    fn wait_for_copy(&self, host: &mut Host, start: usize) -> Result<(), Error> {
        self.end_copy(host, start)
    }

    fn settle(&self, host: &mut Host) -> Result<(), Error> {
        host.copies.clear();
        Ok(())
    }
}

impl linear::Kernel for Remote {
    fn forward(&self, s: &linear::Spec, _: usize, args: linear::Forward<'_, Self>) -> Result<(), Error> {
        self.call()?;
        let (x, w) = (self.read(args.x), self.read(args.weight));
        let bias = args.bias.map_or_else(|| vec![0.0; s.outputs], |b| self.read(b));
        let rows = x.chunks_exact(s.inputs);
        let dot = |x: &[f32], w: &[f32]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f32>();
        let row = |x| w.chunks_exact(s.inputs).zip(&bias).map(move |(w, b)| dot(x, w) + b);
        let y: Vec<f32> = rows.flat_map(row).collect();
        if let (Some(z), Some(activation)) = (args.z, s.activation) {
            self.write(&z, &y.iter().map(|x| activate(activation, *x)).collect::<Vec<_>>());
        }
        if let Some(to) = args.y {
            self.write(&to, &y);
        }
        Ok(())
    }

    fn backward(&self, s: &linear::Spec, _: usize, args: linear::Backward<'_, Self>) -> Result<(), Error> {
        self.call()?;
        let (dy, w) = (self.read(args.dy), self.read(args.weight));
        let held = || args.dx.as_ref().filter(|dx| !dx.add).map(|dx| dx.to.0);
        let x = args.dweight.as_ref().and_then(|_| args.x.or_else(held)).map(|x| self.read(x));
        let columns =
            |dy: &[f32], j: usize| dy.iter().skip(j).step_by(s.outputs).copied().collect::<Vec<_>>();
        self.grad(args.dx, || {
            let row = |dy: &[f32]| -> Vec<f32> {
                (0..s.inputs).map(|k| (0..s.outputs).map(|j| dy[j] * w[j * s.inputs + k]).sum()).collect()
            };
            dy.chunks_exact(s.outputs).flat_map(row).collect()
        });
        if let Some(x) = x {
            self.grad(args.dweight, || {
                let mut dw = vec![0.0; w.len()];
                for (x, dy) in x.chunks_exact(s.inputs).zip(dy.chunks_exact(s.outputs)) {
                    for (j, dy) in dy.iter().enumerate() {
                        for (k, x) in x.iter().enumerate() {
                            dw[j * s.inputs + k] += dy * x;
                        }
                    }
                }
                dw
            });
        }
        self.grad(args.dbias, || (0..s.outputs).map(|j| columns(&dy, j).iter().sum()).collect());
        Ok(())
    }
}

/// Only `Tanh` and `Relu` are here: a device need not have every function.
fn activate(activation: activation::Activation, x: f32) -> f32 {
    match activation {
        activation::Activation::Relu => x.max(0.0),
        activation::Activation::Tanh => x.tanh(),
        _ => f32::NAN,
    }
}

impl activation::Kernel for Remote {
    fn forward(
        &self,
        s: &activation::Spec,
        _: usize,
        args: activation::Forward<'_, Self>,
    ) -> Result<(), Error> {
        let y: Vec<f32> = self.read(args.x).iter().map(|x| activate(s.activation, *x)).collect();
        self.write(&args.y, &y);
        Ok(())
    }

    fn backward(
        &self,
        s: &activation::Spec,
        _: usize,
        args: activation::Backward<'_, Self>,
    ) -> Result<(), Error> {
        // Without dy, dx holds it.
        let held = || args.dx.as_ref().map(|dx| dx.to.0);
        let Some(dy) = args.dy.or_else(held) else { return Ok(()) };
        let (dy, y) = (self.read(dy), self.read(args.saved));
        let slope = |y: f32| match s.activation {
            activation::Activation::Relu => f32::from(y > 0.0),
            activation::Activation::Tanh => 1.0 - y * y,
            _ => f32::NAN,
        };
        let dx: Vec<f32> = dy.iter().zip(&y).map(|(dy, y)| dy * slope(*y)).collect();
        self.grad(args.dx, || dx.clone());
        if let Some(dbias) = args.dbias {
            let outputs = Self::len(dbias.to.0);
            let sum = |j: usize| dx.iter().skip(j).step_by(outputs).sum();
            self.grad(Some(dbias), || (0..outputs).map(sum).collect());
        }
        Ok(())
    }
}

impl mse::Kernel for Remote {
    fn forward(&self, _: &mse::Spec, _: usize, args: mse::Forward<'_, Self>) -> Result<(), Error> {
        let (x, t) = (self.read(args.x), self.read(args.target));
        let sum: f32 = x.iter().zip(&t).map(|(x, t)| (x - t) * (x - t)).sum();
        self.write(&args.loss, &[sum / x.len() as f32]);
        Ok(())
    }

    fn backward(&self, _: &mse::Spec, _: usize, args: mse::Backward<'_, Self>) -> Result<(), Error> {
        // Without x, the last gradient holds it.
        let held = || args.dtarget.as_ref().or(args.dx.as_ref()).map(|last| last.to.0);
        let Some(x) = args.x.or_else(held) else { return Ok(()) };
        let (x, t) = (self.read(x), self.read(args.target));
        let scale = 2.0 * self.read(args.dloss)[0] / x.len() as f32;
        let dx = || x.iter().zip(&t).map(|(x, t)| scale * (x - t)).collect::<Vec<f32>>();
        self.grad(args.dx, dx);
        self.grad(args.dtarget, || dx().iter().map(|d| -d).collect());
        Ok(())
    }
}
