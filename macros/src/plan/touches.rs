//! Which buffers each step of a program touches.

/// Some buffers, as indices, for each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touches {
    /// Those of all steps, one after another.
    all: Vec<usize>,
    /// Where each step's end.
    ends: Vec<usize>,
}

impl Touches {
    /// How many steps there are.
    pub(crate) fn steps(&self) -> usize {
        self.ends.len()
    }

    /// Those of a step; none if there is no such step.
    pub(crate) fn at(&self, step: usize) -> &[usize] {
        if step >= self.ends.len() {
            return &[];
        }
        let start = if step == 0 { 0 } else { self.ends[step - 1] };
        &self.all[start..self.ends[step]]
    }

    /// Adds one that the step that is being written does not have.
    pub(super) fn push(&mut self, buffer: usize) {
        self.all.push(buffer);
    }

    /// Adds one, unless the step has it.
    pub(super) fn add(&mut self, buffer: Option<usize>) {
        let start = self.ends.last().copied().unwrap_or(0);
        if let Some(buffer) = buffer
            && !self.all[start..].contains(&buffer)
        {
            self.all.push(buffer);
        }
    }

    /// The step is written; the next begins.
    pub(super) fn end(&mut self) {
        self.ends.push(self.all.len());
    }

    /// A list for each step, to change; for tests.
    #[cfg(test)]
    pub(crate) fn edit<T>(&mut self, change: impl FnOnce(&mut Vec<Vec<usize>>) -> T) -> T {
        let mut lists = (0..self.steps()).map(|step| self.at(step).to_vec()).collect();
        let result = change(&mut lists);
        *self = Self::default();
        for list in lists {
            self.all.extend(list);
            self.end();
        }
        result
    }
}
