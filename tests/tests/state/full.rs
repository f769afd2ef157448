//! Where a state can't be written, saving is an error, the old state stays whole, and nothing is left beside it.
//!
//! A disk is full in two ways: by a limit on the size of files, and by a file system of a few MiB, which only root
//! can mount. What can't be tested is said in the output (`-- --nocapture`), and passes.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use remat_tests::states::{Folder, Whole};

use super::CHILD;

/// Saves the state of seed 2 to `path` in a child, behind `before` in its shell.
fn save(before: &str, path: &Path) -> Output {
    let script = format!("{before} exec \"$0\" save 2 \"$1\"");
    Command::new("sh").args(["-c", &script, CHILD]).arg(path).output().expect("a shell")
}

/// That a save which the system answered with `message` has changed nothing.
fn assert_unchanged(output: &Output, message: &str, folder: &Folder, path: &Path, names: &[&str]) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(3),
        "an `Error::File`: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expected =
        format!("could not write {}: {message} -- choose a file that can be written\n", path.display());
    assert_eq!(text, expected);
    assert_eq!(folder.names(), names.iter().map(OsString::from).collect::<Vec<_>>());
    if !names.is_empty() {
        assert_is_first(path);
    }
}

/// That the state of seed 1 is there, whole.
fn assert_is_first(path: &Path) {
    let mut loaded = Whole::new(3).unwrap();
    assert_eq!(loaded.load(path).unwrap(), 1);
    assert!(loaded.is_the_same(&Whole::new(1).unwrap()));
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A file system in memory, of some MiB, at a folder; unmounted in the end.
struct Mounted<'a>(&'a Folder);

impl<'a> Mounted<'a> {
    /// None, said loudly, if this process may not mount.
    fn new(folder: &'a Folder, mebibytes: usize) -> Option<Self> {
        let size = format!("size={mebibytes}m");
        let mut command = Command::new("mount");
        let output = command.args(["-t", "tmpfs", "-o", &size, "remat-test"]).arg(&folder.0).output();
        if output.is_ok_and(|output| output.status.success()) {
            Some(Self(folder))
        } else {
            println!("SKIPPED: this process may not mount a file system, which a test needs to fill it");
            None
        }
    }

    fn make_read_only(&self) {
        let mut command = Command::new("mount");
        let status = command.args(["-o", "remount,ro"]).arg(&self.0.0).status();
        assert!(status.expect("`mount`").success());
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0.0).status();
    }
}

#[test]
fn a_file_over_the_limit_is_an_error_wherever_it_is_cut_off() {
    let folder = Folder::new("full");
    let path = folder.path("state");
    Whole::new(1).unwrap().save(&path).unwrap();
    let length = fs::metadata(&path).unwrap().len();
    // In units of 512 or of 1024 bytes, as the shell has it.
    for limit in [0, 1, 2, length / 4096, length / 2048, (length - 1) / 1024] {
        let output = save(&format!("trap '' XFSZ; ulimit -f {limit};"), &path);
        assert_unchanged(&output, "File too large (os error 27)", &folder, &path, &["state"]);
    }
    let new = folder.path("another");
    let output = save("trap '' XFSZ; ulimit -f 100;", &new);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(folder.names(), ["state"]);
    assert!(save("", &path).status.success());
}

#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::new("disk");
    let Some(_mounted) = Mounted::new(&folder, 9) else { return };
    let path = folder.path("state");
    let full = "No space left on device (os error 28)";
    // Room for one state of 6 MiB, not for the next beside it.
    Whole::new(1).unwrap().save(&path).unwrap();
    assert_unchanged(&save("", &path), full, &folder, &path, &["state"]);
    // Room for nothing, not even a name that is not there.
    let _ = fs::write(folder.path("rest"), vec![0; 9 << 20]);
    assert_unchanged(&save("", &path), full, &folder, &path, &["rest", "state"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let folder = Folder::new("read-only");
    let path = folder.path("state");
    if is_root() {
        let Some(mounted) = Mounted::new(&folder, 9) else { return };
        Whole::new(1).unwrap().save(&path).unwrap();
        mounted.make_read_only();
        let message = "Read-only file system (os error 30)";
        assert_unchanged(&save("", &path), message, &folder, &path, &["state"]);
    } else {
        Whole::new(1).unwrap().save(&path).unwrap();
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o555)).unwrap();
        let output = save("", &path);
        assert_unchanged(&output, "Permission denied (os error 13)", &folder, &path, &["state"]);
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// As a write in place would be: whoever protects a state means it, though its folder may be written.
#[test]
fn a_write_protected_state_is_not_replaced() {
    let folder = Folder::new("protected");
    let path = folder.path("state");
    Whole::new(1).unwrap().save(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let output = save("", &path);
    if is_root() {
        println!("SKIPPED: to root no file is write-protected");
        assert!(output.status.success());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o444, "but it stays so to others");
    } else {
        assert_unchanged(&output, "Permission denied (os error 13)", &folder, &path, &["state"]);
    }
}
