//! Lines that end alike.

use std::io::{self, Read};

/// A text all of whose lines end with `\n`, the last too, whatever they ended with: so the number of those that have been
/// read is the number of lines.
pub(super) struct Lines<R> {
    text: R,
    /// Whether `\r` has come, which `\n` may follow.
    returned: bool,
    ended: bool,
    /// Whether more was asked for behind the end: a line that ends where it should does not ask.
    asked_behind: bool,
}

impl<R> Lines<R> {
    pub(super) fn new(text: R) -> Self {
        Self { text, returned: false, ended: false, asked_behind: false }
    }

    /// Whether what was read last goes on to the end of the text, as behind a quote that nothing closes.
    pub(super) fn ran_out(&self) -> bool {
        self.asked_behind
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            let count = self.text.read(buffer)?;
            if count == 0 {
                self.ended = true;
                buffer[0] = b'\n';
                return Ok(1);
            }
            let mut kept = 0;
            for at in 0..count {
                let byte = buffer[at];
                if !(byte == b'\n' && self.returned) {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
                self.returned = byte == b'\r';
            }
            // None is left of a `\n` that came alone.
            if kept > 0 {
                return Ok(kept);
            }
        }
        self.asked_behind = !buffer.is_empty();
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a few bytes at a time.
    struct Few<'a>(&'a [u8], usize);

    impl Read for Few<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }

    #[test]
    fn every_end_of_a_line_becomes_one_wherever_reads_end() {
        for few in 1..6 {
            let text = b"a\r\nb\nc\r\r\n\n\rd";
            let mut lines = String::new();
            Lines::new(Few(text, few)).read_to_string(&mut lines).unwrap();
            assert_eq!(lines, "a\nb\nc\n\n\n\nd\n");
        }
    }
}
