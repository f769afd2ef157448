//! Files that are there whole or not at all.
//!
//! What is new is written beside the old, synced, and renamed over it; then the folder is synced. So whatever ends
//! the process, the path holds the old file or the new one. What a process that was killed has left beside it is
//! removed by the next that writes the same file: nobody holds its lock any more.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What stands behind the name of a file while it is written.
const SUFFIX: &str = ".remat-new";

/// Tells the files apart that one process writes at once.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Replaces the file at `path` by what `write` writes; if that fails, the old one stays.
pub(crate) fn replace<T>(path: &Path, write: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    // A link is written through, as everywhere else, and keeps standing.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (folder, name) = (folder(&target), target.file_name().unwrap_or(name).to_owned());
    remove_leftovers(&folder, &name);
    let (mut file, beside) = create(&folder, &name)?;
    let written = write(&mut file).and_then(|value| {
        file.sync_all()?;
        fs::rename(&beside, &target)?;
        Ok(value)
    });
    match written {
        Ok(value) => sync(&folder).map(|()| value),
        Err(error) => {
            // What is left of it is of no use to anyone.
            let _ = fs::remove_file(&beside);
            Err(error)
        }
    }
}

/// The folder that a path stands in.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The beginning of the names of all files that become `name`.
fn prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}

/// A new file beside `name`, locked while it is written.
fn create(folder: &Path, name: &OsStr) -> io::Result<(File, PathBuf)> {
    loop {
        let mut beside = prefix(name);
        beside.push(format!("{}-{}{SUFFIX}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let beside = folder.join(beside);
        let file = match OpenOptions::new().write(true).create_new(true).open(&beside) {
            // That of another process of this number, in another container.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened?,
        };
        match file.try_lock() {
            // Between creation and lock, another may have taken it for a leftover.
            Ok(()) if beside.exists() => return Ok((file, beside)),
            Ok(()) | Err(fs::TryLockError::WouldBlock) => {}
            // A file system without locks: nothing is taken for a leftover there either.
            Err(fs::TryLockError::Error(_)) => return Ok((file, beside)),
        }
    }
}

/// Removes what processes that are gone have left of `name`.
fn remove_leftovers(folder: &Path, name: &OsStr) {
    let prefix = prefix(name);
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if !(name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(SUFFIX.as_bytes())) {
            continue;
        }
        // Whoever still writes it holds its lock.
        let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the names in a folder last.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder can't be opened, and a rename is synced with its file.
#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A folder of its own that is removed in the end.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new() -> Self {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("remat-atomic-{}-{number}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<OsString> {
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name()).collect()
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_beside_it() {
        let folder = Temporary::new();
        let path = folder.0.join("a file");
        replace(&path, |file| file.write_all(b"old")).unwrap();
        let failed = replace(&path, |file| {
            file.write_all(b"new")?;
            Err::<(), _>(io::Error::other("no room"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no room");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(folder.names(), ["a file"]);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_being_written_is_not() {
        let folder = Temporary::new();
        let path = folder.0.join("a file");
        for name in [".a file.1-0.remat-new", ".another.1-0.remat-new", ".a file.old"] {
            fs::write(folder.0.join(name), b"half").unwrap();
        }
        replace(&path, |file| {
            // While this one is written another is too, and is the last to be there.
            replace(&path, |file| file.write_all(b"inner"))?;
            file.write_all(b"outer")
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"outer");
        let mut names = folder.names();
        names.sort();
        assert_eq!(names, [".a file.old", ".another.1-0.remat-new", "a file"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_written_through() {
        let folder = Temporary::new();
        let (path, link) = (folder.0.join("a file"), folder.0.join("a link"));
        fs::write(&path, b"old").unwrap();
        std::os::unix::fs::symlink("a file", &link).unwrap();
        replace(&link, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn a_path_that_is_no_file_is_an_error() {
        let folder = Temporary::new();
        for path in [Path::new(""), Path::new("/"), &folder.0, &folder.0.join("none").join("file")] {
            assert!(replace(path, |_| Ok(())).is_err(), "{}", path.display());
        }
        assert_eq!(folder.names(), [] as [OsString; 0]);
    }
}
