//! Slices cut into parts that tasks write at the same time: the one place that makes disjoint
//! exclusive borrows for the [`Pool`].
//!
//! ```text
//! pool.run_parts((chunks(y, 4096), chunks(mean, 64)), |task, (y, mean), lane| …)
//! ```
//! calls the closure once per task, with that task's own parts. A cut depends on sizes alone, never
//! on the number of threads.

use std::marker::PhantomData;

use super::pool::{Lane, Pool};
use crate::error::Error;

/// One or several slices, cut: task i gets part i of each.
///
/// # Safety
/// Parts of different tasks must not overlap, and each must lie within what `self` borrows.
pub(crate) unsafe trait Cut: Sync {
    /// What a task is given.
    type Part;

    /// How many parts there are.
    fn tasks(&self) -> Tasks;

    /// The part of `task`.
    ///
    /// # Safety
    /// `task` is below [`tasks`](Self::tasks), and its part is made once.
    unsafe fn part(&self, task: usize) -> Self::Part;
}

/// For how many tasks something is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tasks {
    /// For any number: nothing is there.
    Any,
    /// For this many.
    Exactly(usize),
    /// Slices that go together are not cut into equally many parts.
    Unequal,
}

impl Tasks {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, tasks) | (tasks, Self::Any) => tasks,
            (a, b) if a == b => a,
            _ => Self::Unequal,
        }
    }
}

impl Pool {
    /// Runs `work(task, part, lane)` for each part, on any thread and in any order; as [`Pool::run`].
    /// Where there is nothing at all to cut, nothing is run.
    pub(crate) fn run_parts<C: Cut>(
        &self,
        cut: C,
        work: impl Fn(usize, C::Part, &mut Lane<'_>) + Sync,
    ) -> Result<(), Error> {
        let tasks = match cut.tasks() {
            Tasks::Any => return Ok(()),
            Tasks::Exactly(tasks) => tasks,
            Tasks::Unequal => return Err(Error::internal("slices not cut into equally many parts")),
        };
        self.run(tasks, &|task, lane| {
            // SAFETY: `run` calls this once for each task below `tasks`.
            work(task, unsafe { cut.part(task) }, lane);
        })
    }
}

/// A slice cut into runs of `size` elements, the last one shorter.
pub(crate) struct Chunks<'a, T> {
    start: *mut T,
    len: usize,
    size: usize,
    slice: PhantomData<&'a mut [T]>,
}

/// Cuts `slice` into runs of `size` elements, the last one shorter.
pub(crate) fn chunks<T>(slice: &mut [T], size: usize) -> Chunks<'_, T> {
    Chunks { start: slice.as_mut_ptr(), len: slice.len(), size: size.max(1), slice: PhantomData }
}

// SAFETY: it stands for an exclusive slice, whose parts go one to a task.
unsafe impl<T: Send> Sync for Chunks<'_, T> {}

// SAFETY: part i is [i * size, (i + 1) * size), cut off at the end of the slice.
unsafe impl<'a, T: Send> Cut for Chunks<'a, T> {
    type Part = &'a mut [T];

    fn tasks(&self) -> Tasks {
        Tasks::Exactly(self.len.div_ceil(self.size))
    }

    unsafe fn part(&self, task: usize) -> &'a mut [T] {
        let first = task * self.size;
        // SAFETY: inside the slice, since `task` is below `tasks`, and this task's alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(first), self.size.min(self.len - first)) }
    }
}

/// How a slice is a stack of matrices, [groups, rows, columns], and how these are cut into tiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Rows of a matrix.
    pub(crate) rows: usize,
    /// Columns of a matrix.
    pub(crate) columns: usize,
    /// Rows of a tile; the last of a matrix may have fewer.
    pub(crate) tile_rows: usize,
    /// Columns of a tile; the last of a matrix may have fewer.
    pub(crate) tile_columns: usize,
}

impl Grid {
    /// Tiles along the rows and along the columns of a matrix.
    fn counts(&self) -> (usize, usize) {
        (self.rows.div_ceil(self.tile_rows.max(1)), self.columns.div_ceil(self.tile_columns.max(1)))
    }
}

/// A slice cut into tiles, numbered (group, tile column, tile row), the last running fastest.
pub(crate) struct Tiles<'a, T> {
    start: *mut T,
    groups: usize,
    grid: Grid,
    slice: PhantomData<&'a mut [T]>,
}

/// Cuts `slice`, a stack of matrices, into tiles numbered (group, tile column, tile row), the last
/// running fastest. Elements after the last whole matrix are in no tile.
pub(crate) fn tiles<T>(slice: &mut [T], grid: Grid) -> Tiles<'_, T> {
    let groups = slice.len().checked_div(grid.rows * grid.columns).unwrap_or(0);
    Tiles { start: slice.as_mut_ptr(), groups, grid, slice: PhantomData }
}

// SAFETY: it stands for an exclusive slice, whose tiles go one to a task.
unsafe impl<T: Send> Sync for Tiles<'_, T> {}

// SAFETY: a tile is the rectangle of its number, cut off at its matrix's end.
unsafe impl<'a, T: Send> Cut for Tiles<'a, T> {
    type Part = Tile<'a, T>;

    fn tasks(&self) -> Tasks {
        let (down, across) = self.grid.counts();
        Tasks::Exactly(self.groups * down * across)
    }

    unsafe fn part(&self, task: usize) -> Tile<'a, T> {
        let Grid { rows, columns, tile_rows, tile_columns } = self.grid;
        let (down, across) = self.grid.counts();
        let (row, column) = (task % down * tile_rows, task / down % across * tile_columns);
        let first = (task / (down * across) * rows + row) * columns + column;
        Tile {
            // SAFETY: inside the slice, since `task` is below `tasks`.
            start: unsafe { self.start.add(first) },
            rows: tile_rows.min(rows - row),
            columns: tile_columns.min(columns - column),
            stride: columns,
            slice: PhantomData,
        }
    }
}

/// A rectangle of a matrix.
pub(crate) struct Tile<'a, T> {
    start: *mut T,
    rows: usize,
    columns: usize,
    stride: usize,
    slice: PhantomData<&'a mut [T]>,
}

impl<T> Tile<'_, T> {
    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Row `i` of the tile.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    pub(crate) fn row(&mut self, i: usize) -> &mut [T] {
        assert!(i < self.rows);
        // SAFETY: row i is `columns` elements inside the matrix, in this tile alone, and borrowed
        // from it exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(i * self.stride), self.columns) }
    }
}

// SAFETY: no part where there is no slice, else that of the slice.
unsafe impl<C: Cut> Cut for Option<C> {
    type Part = Option<C::Part>;

    fn tasks(&self) -> Tasks {
        self.as_ref().map_or(Tasks::Any, C::tasks)
    }

    unsafe fn part(&self, task: usize) -> Self::Part {
        // SAFETY: as the caller promises.
        self.as_ref().map(|cut| unsafe { cut.part(task) })
    }
}

macro_rules! cut_tuple {
    ($($name:ident $i:tt),+) => {
        // SAFETY: part i is the parts i of each, and the slices are exclusive, so they do not overlap.
        unsafe impl<$($name: Cut),+> Cut for ($($name,)+) {
            type Part = ($($name::Part,)+);

            fn tasks(&self) -> Tasks {
                Tasks::Any$(.and(self.$i.tasks()))+
            }

            unsafe fn part(&self, task: usize) -> Self::Part {
                // SAFETY: as the caller promises; `run_parts` runs only what all are cut for.
                ($(unsafe { self.$i.part(task) },)+)
            }
        }
    };
}
cut_tuple!(A 0, B 1);
cut_tuple!(A 0, B 1, C 2);
cut_tuple!(A 0, B 1, C 2, D 3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_belongs_to_one_chunk_and_the_last_is_shorter() {
        let pool = Pool::new(2).unwrap();
        let (mut x, mut y) = ([0; 10], [0; 3]);
        pool.run_parts((chunks(&mut x, 4), Some(chunks(&mut y, 1))), |task, (x, y), _| {
            x.iter_mut().for_each(|x| *x += task + 1);
            y.unwrap()[0] += x.len();
        })
        .unwrap();
        assert_eq!(x, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
        assert_eq!(y, [4, 4, 2]);
    }

    #[test]
    fn each_element_of_a_stack_of_matrices_belongs_to_one_tile() {
        let pool = Pool::new(2).unwrap();
        let mut x = [0; 2 * 3 * 5 + 1];
        let grid = Grid { rows: 3, columns: 5, tile_rows: 2, tile_columns: 3 };
        pool.run_parts(tiles(&mut x, grid), |task, mut tile, _| {
            (0..tile.rows()).for_each(|i| tile.row(i).iter_mut().for_each(|x| *x += task + 1));
        })
        .unwrap();
        let first = [1, 1, 1, 3, 3, 1, 1, 1, 3, 3, 2, 2, 2, 4, 4];
        assert_eq!(x[..15], first);
        assert_eq!(x[15..30], first.map(|task| task + 4));
        assert_eq!(x[30], 0, "no whole matrix");
    }

    #[test]
    fn slices_cut_differently_are_refused_and_nothing_cut_runs_nothing() {
        let pool = Pool::new(1).unwrap();
        let (mut x, mut y) = ([0; 10], [0; 3]);
        let unequal = pool.run_parts((chunks(&mut x, 4), chunks(&mut y, 2)), |_, _, _| {});
        assert!(matches!(unequal, Err(Error::Internal { .. })));
        let none: (Option<Chunks<u8>>, Option<Tiles<u8>>) = (None, None);
        pool.run_parts(none, |_, _, _| unreachable!()).unwrap();
        let grid = Grid { rows: 0, columns: 4, tile_rows: 0, tile_columns: 0 };
        pool.run_parts(tiles(&mut x, grid), |_, _, _| unreachable!()).unwrap();
    }
}
