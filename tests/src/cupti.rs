//! What a GPU ran, and when, by NVIDIA's CUPTI: kernels, copies and fills, those of a graph too.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use libloading::{Library, Symbol};

/// Something that a GPU ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The function of a kernel, or `copy` or `fill`.
    pub name: String,
    /// Nanoseconds, by a clock of CUPTI's.
    pub start: u64,
    /// When it had ended.
    pub end: u64,
}

/// As CUPTI_ACTIVITY_KIND_MEMCPY, _MEMSET and _CONCURRENT_KERNEL. Records of the second kind of kernels are of the first.
const COPY: c_int = 1;
const FILL: c_int = 2;
const SERIAL_KERNEL: c_int = 3;
const KERNEL: c_int = 10;

/// The start of a record of any of these kinds, as cupti_activity.h of CUDA 13 has it: what stands between the kind and
/// the times differs, and has as many bytes in all of them.
#[repr(C)]
struct Record {
    kind: c_int,
    other: [u32; 3],
    start: u64,
    end: u64,
}

/// A record of a kernel, up to its name.
#[repr(C)]
struct KernelRecord {
    record: Record,
    other: [u64; 9],
    name: *const c_char,
}

/// Bytes of a buffer for records, and how they are aligned.
const BUFFER: Layout = match Layout::from_size_align(4 << 20, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

type NextRecord = unsafe extern "C" fn(*mut u8, usize, *mut *mut Record) -> c_int;

/// What was found in buffers that were given back; how records are read; and what went wrong. CUPTI calls from a thread of
/// its own.
struct Found {
    ran: Vec<Ran>,
    next: Option<NextRecord>,
}

static FOUND: Mutex<Found> = Mutex::new(Found { ran: vec![], next: None });

extern "C" fn give_buffer(buffer: *mut *mut u8, size: *mut usize, most_records: *mut usize) {
    // SAFETY: the layout is not empty; all three are there to be written.
    unsafe {
        let memory = alloc(BUFFER);
        if memory.is_null() {
            handle_alloc_error(BUFFER);
        }
        (*buffer, *size, *most_records) = (memory, BUFFER.size(), 0);
    }
}

extern "C" fn take_buffer(_: *mut c_void, _: u32, buffer: *mut u8, _: usize, filled: usize) {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let mut record = std::ptr::null_mut();
    // SAFETY: the buffer is one of `give_buffer`, and what it is filled with are records; it is not used afterwards.
    unsafe {
        while let Some(next) = found.next
            && next(buffer, filled, &raw mut record) == 0
        {
            let Record { kind, start, end, .. } = *record;
            let name = match kind {
                KERNEL | SERIAL_KERNEL => {
                    let name = (*record.cast::<KernelRecord>()).name;
                    if name.is_null() { "".into() } else { CStr::from_ptr(name).to_string_lossy() }
                }
                COPY => "copy".into(),
                FILL => "fill".into(),
                _ => continue,
            };
            found.ran.push(Ran { name: name.into_owned(), start, end });
        }
        dealloc(buffer, BUFFER);
    }
}

/// CUPTI, which notes what is run from when it was started on.
pub struct Tracer {
    /// It stays: that of CUDA 13.0 is called by the driver when the process ends, also if it is closed by then.
    library: ManuallyDrop<Library>,
}

impl Tracer {
    /// Loads it, from the folder that `REMAT_CUDA_LIB_DIR` names or where the system looks, and has it note.
    ///
    /// # Errors
    /// If there is none, or it refuses.
    pub fn start() -> Result<Self, Box<dyn Error>> {
        const NAME: &str = "libcupti.so.13";
        let path = env::var_os("REMAT_CUDA_LIB_DIR").map(|folder| Path::new(&folder).join(NAME));
        let path = path.filter(|path| path.exists()).unwrap_or_else(|| NAME.into());
        // SAFETY: what it runs when it is loaded is NVIDIA's.
        let library =
            unsafe { Library::new(&path) }.map_err(|error| format!("{}: {error}", path.display()))?;
        let this = Self { library: ManuallyDrop::new(library) };
        // SAFETY: these are the types that cupti_activity.h declares.
        unsafe {
            let next: Symbol<'_, NextRecord> = this.library.get(b"cuptiActivityGetNextRecord")?;
            FOUND.lock().unwrap_or_else(PoisonError::into_inner).next = Some(*next);
            type Give = extern "C" fn(*mut *mut u8, *mut usize, *mut usize);
            type Take = extern "C" fn(*mut c_void, u32, *mut u8, usize, usize);
            let register: Symbol<'_, unsafe extern "C" fn(Give, Take) -> c_int> =
                this.library.get(b"cuptiActivityRegisterCallbacks")?;
            said("cuptiActivityRegisterCallbacks", register(give_buffer, take_buffer))?;
        }
        for kind in [KERNEL, COPY, FILL] {
            this.call("cuptiActivityEnable", kind)?;
        }
        Ok(this)
    }

    /// A function of one number.
    fn call(&self, name: &str, argument: c_int) -> Result<(), Box<dyn Error>> {
        // SAFETY: both that are called so take a whole number of four bytes.
        unsafe {
            let function: Symbol<'_, unsafe extern "C" fn(c_int) -> c_int> =
                self.library.get(name.as_bytes())?;
            said(name, function(argument))
        }
    }

    /// What has run since the start or the last time, by its start; nothing may be running.
    ///
    /// # Errors
    /// If CUPTI refuses.
    pub fn take(&self) -> Result<Vec<Ran>, Box<dyn Error>> {
        // 1: also of buffers that are not full.
        self.call("cuptiActivityFlushAll", 1)?;
        let mut ran = std::mem::take(&mut FOUND.lock().unwrap_or_else(PoisonError::into_inner).ran);
        ran.sort_by_key(|ran| (ran.start, ran.end));
        Ok(ran)
    }
}

fn said(call: &str, result: c_int) -> Result<(), Box<dyn Error>> {
    if result == 0 { Ok(()) } else { Err(format!("{call} says {result}").into()) }
}

/// Time in which nothing ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Nanoseconds.
    pub length: u64,
    /// What had ended last, and what came next.
    pub between: [String; 2],
}

/// The gaps between what ran, the longest first.
pub fn gaps(ran: &[Ran]) -> Vec<Gap> {
    let mut gaps = vec![];
    let mut last: Option<&Ran> = None;
    for next in ran {
        if let Some(last) = last
            && next.start > last.end
        {
            let between = [last, next].map(|ran| ran.name.clone());
            gaps.push(Gap { length: next.start - last.end, between });
        }
        last = last.into_iter().chain([next]).max_by_key(|ran| ran.end);
    }
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.length));
    gaps
}

/// How often each name ran, and for how many nanoseconds, the longest first.
pub fn by_name(ran: &[Ran]) -> Vec<(&str, usize, u64)> {
    let mut all: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for Ran { name, start, end } in ran {
        let (count, time) = all.entry(name).or_default();
        *count += 1;
        *time += end.saturating_sub(*start);
    }
    let mut all: Vec<_> = all.into_iter().map(|(name, (count, time))| (name, count, time)).collect();
    all.sort_by_key(|(_, _, time)| std::cmp::Reverse(*time));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(name: &str, start: u64, end: u64) -> Ran {
        Ran { name: name.to_owned(), start, end }
    }

    #[test]
    fn a_gap_is_where_nothing_runs() {
        // `b` runs beside `a` and ends before it; `c` begins when `a` ends.
        let all = [ran("a", 0, 10), ran("b", 2, 5), ran("c", 10, 20), ran("a", 23, 30), ran("b", 37, 38)];
        let gap = |length, before: &str, after: &str| Gap { length, between: [before.into(), after.into()] };
        assert_eq!(gaps(&all), [gap(7, "a", "b"), gap(3, "c", "a")]);
        assert_eq!(by_name(&all), [("a", 2, 17), ("c", 1, 10), ("b", 2, 4)]);
        assert_eq!((gaps(&[]), by_name(&[])), (vec![], vec![]));
    }
}
