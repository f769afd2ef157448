//! A large file that goes to the disk while more of it is written.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// Bytes after which what is written begins to go to the disk.
const PART: usize = 8 << 20;

/// A file under way.
pub(super) struct Flow<'a> {
    file: &'a File,
    /// Bytes since the thread that syncs had its last turn.
    behind: usize,
    turns: SyncSender<()>,
}

/// Runs `write`, and syncs what it has written beside it, so that the sync behind it finds little to do: writing and the
/// disk take their time at once, not one after the other.
pub(super) fn through<T>(file: &File, write: impl FnOnce(&mut Flow<'_>) -> io::Result<T>) -> io::Result<T> {
    thread::scope(|scope| {
        let (turns, taken) = sync_channel(1);
        let sync = move || taken.iter().try_for_each(|()| file.sync_data());
        // Without a thread, the sync behind it does it all.
        let syncing = thread::Builder::new().name(String::from("remat-sync")).spawn_scoped(scope, sync);
        let written = write(&mut Flow { file, behind: 0, turns });
        // What it could not write is told once, here and not to the sync behind it.
        let synced = syncing.map_or(Ok(Ok(())), thread::ScopedJoinHandle::join);
        let synced = synced.unwrap_or_else(|_| Err(io::Error::other("the thread that syncs has panicked")));
        written.and_then(|value| synced.map(|()| value))
    })
}

impl Write for Flow<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.behind += written;
        // A thread that is at it still will find more when its next turn comes.
        if self.behind >= PART && self.turns.try_send(()).is_ok() {
            self.behind = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
