//! What a run holds.

use std::fmt;

use crate::plan::Size;

/// The bytes that a run holds, each in one place; printed, it is a table. Batches and the process itself come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The workspace: [`Plan::peak_bytes`](crate::Plan::peak_bytes) of the batch.
    pub workspace: usize,
    /// What of it waits in the memory of the host: [`Plan::host_bytes`](crate::Plan::host_bytes) of the batch.
    pub host: usize,
    /// The sum of the gradients of several batches; none without accumulation.
    pub accumulated: usize,
    /// The parameters.
    pub parameters: usize,
    /// The optimizer's moments.
    pub optimizer: usize,
    /// The device's own, as [`Device::bytes`](crate::Device::bytes) says.
    pub device: usize,
}

impl Memory {
    /// All of it.
    pub fn total(&self) -> usize {
        let Self { workspace, host, accumulated, parameters, optimizer, device } = *self;
        workspace + host + accumulated + parameters + optimizer + device
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("workspace", self.workspace),
            ("memory of the host", self.host),
            ("accumulated gradients", self.accumulated),
            ("parameters", self.parameters),
            ("optimizer", self.optimizer),
            ("device", self.device),
        ];
        for (name, bytes) in lines.into_iter().filter(|(_, bytes)| *bytes > 0) {
            writeln!(f, "{name:<24} {:>12}", Size(bytes))?;
        }
        write!(f, "{:<24} {:>12}", "together", Size(self.total()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_that_is_there_and_their_sum() {
        let memory = Memory {
            workspace: 12 << 20,
            host: 0,
            accumulated: 0,
            parameters: 3 << 19,
            optimizer: 3 << 20,
            device: 64,
        };
        assert_eq!(
            memory.to_string(),
            "workspace                    12.0 MiB
parameters                    1.5 MiB
optimizer                     3.0 MiB
device                           64 B
together                     16.5 MiB"
        );
    }
}
