//! Host memory in lines of 64 bytes, and the one place where bytes become numbers.

use std::alloc::{Layout as MemLayout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use crate::device::{Element, Span};
use crate::error::Error;

/// Bytes of a line: a cache line, and a vector of AVX-512.
pub const LINE: usize = 64;

/// Owned, zeroed bytes, aligned to a [`LINE`].
#[derive(Debug)]
pub struct Buffer {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the buffer owns its bytes, which are plain data.
unsafe impl Send for Buffer {}
// SAFETY: shared access only reads.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// `bytes` zeroed bytes; `what` names them in the error.
    pub(crate) fn new(bytes: usize, what: &'static str) -> Result<Self, Error> {
        if bytes == 0 {
            return Ok(Self { start: NonNull::dangling(), bytes });
        }
        let layout =
            MemLayout::from_size_align(bytes, LINE).map_err(|_| Error::OutOfMemory { bytes, what })?;
        // SAFETY: the layout's size is not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) });
        Ok(Self { start: start.ok_or(Error::OutOfMemory { bytes, what })?, bytes })
    }

    /// All of it.
    pub(crate) fn all_mut(&mut self) -> RegionMut<'_> {
        // SAFETY: the bytes are owned, initialised, and borrowed exclusively.
        RegionMut(unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) })
    }

    fn all(&self) -> &[u8] {
        // SAFETY: the bytes are owned, initialised, and borrowed shared.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }

    /// The bytes of `span`.
    pub(crate) fn region(&self, span: Span) -> Result<Region<'_>, Error> {
        check(span, self.bytes)?;
        Ok(Region(&self.all()[span.start..span.end()]))
    }

    /// Disjoint parts: see [`Device::split`](crate::device::Device::split).
    #[allow(clippy::type_complexity)]
    pub(crate) fn split<const R: usize, const W: usize>(
        &mut self,
        reads: [Span; R],
        writes: [Span; W],
    ) -> Result<([Region<'_>; R], [RegionMut<'_>; W]), Error> {
        check_split(self.bytes, &reads, &writes)?;
        let base = self.start.as_ptr();
        // SAFETY: every span was checked to lie inside the buffer, each write overlaps no other span,
        // and the borrow of `self` is exclusive for as long as the regions live.
        unsafe {
            Ok((
                reads.map(|s| Region(std::slice::from_raw_parts(base.add(s.start), s.bytes))),
                writes.map(|s| RegionMut(std::slice::from_raw_parts_mut(base.add(s.start), s.bytes))),
            ))
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes > 0 {
            // SAFETY: allocated in `new` with this very layout, which was valid there.
            unsafe {
                dealloc(self.start.as_ptr(), MemLayout::from_size_align_unchecked(self.bytes, LINE));
            }
        }
    }
}

/// That every span is inside a buffer of `bytes`, and each write overlaps no other.
pub(crate) fn check_split(bytes: usize, reads: &[Span], writes: &[Span]) -> Result<(), Error> {
    for (i, w) in writes.iter().enumerate() {
        check(*w, bytes)?;
        for other in reads.iter().chain(&writes[..i]) {
            if overlap(*w, *other) {
                return Err(Error::internal(format!("a step writes {w:?} and uses {other:?}")));
            }
        }
    }
    reads.iter().try_for_each(|r| check(*r, bytes))
}

/// That a span is inside a buffer of `bytes`, and starts on a line.
pub(crate) fn check(span: Span, bytes: usize) -> Result<(), Error> {
    let inside = span.start.checked_add(span.bytes).is_some_and(|end| end <= bytes);
    if inside && span.start.is_multiple_of(LINE) {
        Ok(())
    } else {
        Err(Error::internal(format!("{span:?} is not a run of lines in a buffer of {bytes} bytes")))
    }
}

fn overlap(a: Span, b: Span) -> bool {
    a.bytes > 0 && b.bytes > 0 && a.start < b.end() && b.start < a.end()
}

/// Shared bytes that start on a line.
#[derive(Clone, Copy, Debug)]
pub struct Region<'a>(&'a [u8]);

/// Exclusive bytes that start on a line.
#[derive(Debug)]
pub struct RegionMut<'a>(&'a mut [u8]);

impl<'a> Region<'a> {
    /// As many elements as fit.
    pub(crate) fn elements<T: Element>(self) -> &'a [T] {
        debug_assert!(self.0.is_empty() || self.0.as_ptr().cast::<T>().is_aligned());
        // SAFETY: regions start on a line (checked by `check`; an empty buffer's dangling pointer is
        // replaced below), which is aligned for every element; elements accept any bytes.
        unsafe {
            if self.0.is_empty() {
                return &[];
            }
            std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() / size_of::<T>())
        }
    }
}

impl<'a> RegionMut<'a> {
    /// As many elements as fit.
    pub(crate) fn elements<T: Element>(self) -> &'a mut [T] {
        // SAFETY: as in `Region::elements`, and the bytes are exclusive.
        unsafe {
            if self.0.is_empty() {
                return &mut [];
            }
            std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() / size_of::<T>())
        }
    }
}

/// The bytes of elements, as they lie in memory.
pub fn bytes_of<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY: elements have no padding, so every byte is initialised.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

/// The bytes of elements, to be overwritten.
pub fn bytes_of_mut<T: Element>(elements: &mut [T]) -> &mut [u8] {
    // SAFETY: as in `bytes_of`, and elements accept any bytes.
    unsafe { std::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), size_of_val(elements)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, bytes: usize) -> Span {
        Span { start, bytes }
    }

    #[test]
    fn parts_are_zeroed_typed_and_disjoint() {
        let mut buffer = Buffer::new(256, "a test").unwrap();
        let ([a, b], [c]) = buffer.split([span(0, 64), span(0, 8)], [span(64, 128)]).expect("disjoint");
        assert_eq!(a.elements::<f32>(), [0.0; 16]);
        assert_eq!(b.elements::<f64>(), [0.0]);
        c.elements::<u32>().fill(7);
        assert_eq!(buffer.region(span(64, 8)).unwrap().elements::<u32>(), [7, 7]);
    }

    #[test]
    fn overlapping_outlying_and_unaligned_parts_are_refused() {
        let mut buffer = Buffer::new(256, "a test").unwrap();
        assert!(buffer.split([span(0, 65)], [span(64, 4)]).is_err());
        assert!(buffer.split([], [span(0, 64), span(0, 4)]).is_err());
        assert!(buffer.split([span(192, 65)], []).is_err());
        assert!(buffer.split([], [span(4, 4)]).is_err());
        assert!(buffer.split([span(usize::MAX - 63, 128)], []).is_err());
        assert!(buffer.split([span(0, 0)], [span(0, 64)]).is_ok());
        assert!(buffer.region(span(256, 4)).is_err());
    }

    #[test]
    fn memory_that_cannot_be_had_is_an_error() {
        for bytes in [isize::MAX as usize, usize::MAX] {
            assert_eq!(
                Buffer::new(bytes, "a test").unwrap_err(),
                Error::OutOfMemory { bytes, what: "a test" }
            );
        }
        assert!(Buffer::new(0, "a test").unwrap().region(span(0, 0)).unwrap().elements::<f64>().is_empty());
    }
}
