//! Ctrl-C.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Interrupt;
use crate::error::Error;

/// Whether it was pressed since a run began to watch.
static CAME: AtomicBool = AtomicBool::new(false);

/// What a shell calls the exit of a process that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// How a run hears of it.
pub(super) const CTRL_C: Interrupt = Interrupt { watch, came };

/// From now on, the first Ctrl-C is noted, and the second ends the process.
fn watch() -> Result<(), Error> {
    static HANDLER: OnceLock<Result<(), String>> = OnceLock::new();
    CAME.store(false, Ordering::SeqCst);
    let handler = HANDLER.get_or_init(|| {
        let handler = || {
            if CAME.swap(true, Ordering::SeqCst) {
                std::process::exit(INTERRUPTED);
            }
        };
        ctrlc::set_handler(handler).map_err(|error| error.to_string())
    });
    let only = "the only handler of Ctrl-C in the process";
    handler.clone().map_err(|found| Error::argument("stop_on_ctrl_c", only, found))
}

/// Whether it was pressed.
fn came() -> bool {
    CAME.load(Ordering::SeqCst)
}
