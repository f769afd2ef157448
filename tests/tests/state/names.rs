//! Paths that are odd: what is no file is not replaced, links are written through, and any name is a name.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use remat::prelude::*;
use remat::state::{self, Progress};
use remat_tests::states::Folder;

model! {
    Net {
        input x: f32[3];
        target y: f32[3];
        fc: Linear(3);
        loss: Mse <- (fc, y);
    }
}

fn net() -> Net {
    Net::new(&Cpu::with_threads(1).unwrap(), 1).unwrap()
}

fn text(error: Error, path: &Path) -> String {
    error.to_string().replace(&path.display().to_string(), "PATH")
}

#[test]
fn what_is_no_file_is_neither_replaced_nor_read() {
    let folder = Folder::new("names");
    let inner = folder.path("a folder");
    fs::create_dir(&inner).unwrap();
    let refused = "could not write PATH: it is there and is no file -- choose a file that can be written";
    for path in [inner.as_path(), Path::new("/dev/null")] {
        assert_eq!(text(state::save_model(path, &net()).unwrap_err(), path), refused);
    }
    let read = |path: &Path| text(state::load_model(path, &mut net()).unwrap_err(), path);
    let expected = "could not read PATH: Is a directory (os error 21) -- choose a file that can be read";
    assert_eq!(read(&inner), expected);
    let expected = "PATH is no state of a model: it begins with nothing: it is empty -- load a file that `state::save` wrote";
    assert_eq!(read(Path::new("/dev/null")), expected);
    assert_eq!(folder.names(), ["a folder"]);
}

#[test]
fn a_link_is_written_through_even_to_what_is_not_there_yet() {
    let folder = Folder::new("names");
    let (link, target) = (folder.path("latest"), folder.path("state"));
    symlink("state", &link).unwrap();
    for _ in 0..2 {
        state::save_model(&link, &net()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        state::load_model(&target, &mut net()).unwrap();
        assert_eq!(folder.names(), ["latest", "state"]);
    }
    // Where the folder that it leads to is missing, nothing is made.
    fs::remove_file(&link).unwrap();
    symlink("missing/state", &link).unwrap();
    let error = state::save_model(&link, &net()).unwrap_err();
    assert!(matches!(error, Error::File { action: "write", .. }), "{error}");
    assert_eq!(folder.names(), ["latest", "state"]);
}

#[test]
fn a_name_needs_no_letters() {
    let folder = Folder::new("names");
    let names: [&[u8]; 5] = [b"\xff\xfe\x80 state", b" ", b"-", b"a\nb", &[0xb1; 255]];
    for name in names {
        let path = folder.0.join(OsStr::from_bytes(name));
        for _ in 0..2 {
            state::save_model(&path, &net()).unwrap();
        }
        assert_eq!(state::load_model(&path, &mut net()).unwrap(), Progress::default());
        assert_eq!(folder.names(), [OsStr::from_bytes(name)]);
        fs::remove_file(path).unwrap();
    }
}
