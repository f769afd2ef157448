//! Handles whose activations are narrower than parameters. Nothing is computed: what kernels are given is looked at.

use super::*;

/// A [`Remote`] with activations of two bytes, the upper half of an f32's.
#[derive(Clone, Default)]
pub struct Narrow {
    remote: Remote,
    rounded: Arc<Mutex<Vec<usize>>>,
}

impl Narrow {
    /// How many elements each call of Linear was given for parameters that are rounded, since the last time.
    pub fn rounded(&self) -> Vec<usize> {
        std::mem::take(&mut *self.rounded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A kernel may spoil its scratch.
    fn spoil(&self, rounded: &ViewMut<'_, u16>) {
        let len = Self::len(rounded.0);
        self.remote.write(rounded, &vec![u16::MAX; len]);
        self.rounded.lock().unwrap_or_else(PoisonError::into_inner).push(len);
    }
}

impl Device for Narrow {
    type Elem = u16;
    type Param = f32;
    type Scalar = f32;
    type Buf = Handle;
    type Region<'a> = Place<'a>;
    type RegionMut<'a> = Place<'a>;
    type View<'a, T: Element> = View<'a, T>;
    type ViewMut<'a, T: Element> = ViewMut<'a, T>;
    type Graphs = ();
    type Host = Host;

    const LAYOUT: Layout = Layout { line: 64, elem: 2, scalar: 4 };

    fn bytes(&self) -> usize {
        self.remote.bytes()
    }

    fn alloc(&self, bytes: usize) -> Result<Handle, Error> {
        self.remote.alloc(bytes)
    }

    fn region(buf: &Handle, span: Span) -> Result<Place<'_>, Error> {
        Remote::region(buf, span)
    }

    fn split<const R: usize, const W: usize>(
        buf: &mut Handle,
        reads: [Span; R],
        writes: [Span; W],
    ) -> Result<([Place<'_>; R], [Place<'_>; W]), Error> {
        Remote::split(buf, reads, writes)
    }

    fn view<T: Element>(region: Self::Region<'_>) -> Self::View<'_, T> {
        Remote::view(region)
    }

    fn view_mut<T: Element>(region: Self::RegionMut<'_>) -> Self::ViewMut<'_, T> {
        Remote::view_mut(region)
    }

    fn len<T: Element>(view: View<'_, T>) -> usize {
        Remote::len(view)
    }

    fn upload<T: Element, I: Dimension>(
        &self,
        to: ViewMut<'_, T>,
        from: ArrayView<'_, T, I>,
    ) -> Result<(), Error> {
        self.remote.upload(to, from)
    }

    fn fill<T: Element>(&self, to: ViewMut<'_, T>, number: T) -> Result<(), Error> {
        self.remote.fill(to, number)
    }

    fn upload_elems<I: Dimension>(
        &self,
        to: ViewMut<'_, u16>,
        from: ArrayView<'_, f32, I>,
    ) -> Result<(), Error> {
        self.upload(to, from.map(|x| (x.to_bits() >> 16) as u16).view())
    }

    fn download<T: Element>(&self, to: &mut [T], from: View<'_, T>) -> Result<(), Error> {
        self.remote.download(to, from)
    }

    fn download_elems(&self, to: &mut [f32], from: View<'_, u16>) -> Result<(), Error> {
        let widened = |x: u16| f32::from_bits(u32::from(x) << 16);
        to.iter_mut().zip(self.remote.read(from)).for_each(|(to, x)| *to = widened(x));
        Ok(())
    }

    fn host(&self, bytes: usize) -> Result<Host, Error> {
        self.remote.host(bytes)
    }

    fn copy_out(&self, host: &mut Host, to: Span, from: View<'_, u8>) -> Result<(), Error> {
        self.remote.copy_out(host, to, from)
    }

    fn copy_back(&self, host: &mut Host, to: ViewMut<'_, u8>, from: Span) -> Result<(), Error> {
        self.remote.copy_back(host, to, from)
    }

    fn wait_for_copy(&self, host: &mut Host, start: usize) -> Result<(), Error> {
        self.remote.wait_for_copy(host, start)
    }
}

impl linear::Kernel for Narrow {
    fn forward(&self, _: &linear::Spec, _: usize, args: linear::Forward<'_, Self>) -> Result<(), Error> {
        self.spoil(&args.rounded);
        Ok(())
    }

    fn backward(&self, _: &linear::Spec, _: usize, args: linear::Backward<'_, Self>) -> Result<(), Error> {
        self.spoil(&args.rounded);
        Ok(())
    }
}

impl mse::Kernel for Narrow {
    fn forward(&self, _: &mse::Spec, _: usize, args: mse::Forward<'_, Self>) -> Result<(), Error> {
        self.remote.write(&args.loss, &[0.0]);
        Ok(())
    }

    fn backward(&self, _: &mse::Spec, _: usize, _: mse::Backward<'_, Self>) -> Result<(), Error> {
        Ok(())
    }
}
