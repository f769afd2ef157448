//! Files that are there whole or not at all.
//!
//! What is new is written beside the old, synced, and renamed over it; then the folder is synced. So whatever ends
//! the process, the path holds the old file or the new one. What a process that was killed has left beside it is
//! removed by the next that writes the same file, or another of its [`Folder`](super::Folder): nobody holds its lock any
//! more.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What stands behind the name of a file while it is written.
const SUFFIX: &str = ".remat-new";

/// Tells the files apart that one process writes at once.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// How many links are followed from one to the next, as in Linux.
const LINKS: usize = 40;

/// Bytes of a name beyond which only a part of it stands in the name of what is written, which may have 255.
const LONG: usize = 180;

/// Replaces the file at `path` by what `write` writes; if that fails, the old one stays.
///
/// What is there must be a file that may be written, as if it were written in place: a folder, a device or what is
/// write-protected is not replaced. The new file has the old one's permissions.
pub(crate) fn replace<T>(path: &Path, write: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
    let target = followed(path)?;
    let name = target.file_name().ok_or_else(|| invalid("the path names no file"))?;
    let old = permissions(&target)?;
    let folder = Folder::open(folder(&target))?;
    remove_leftovers_of(&folder.path, name);
    let (mut file, beside) = create(&folder.path, name)?;
    // Before anything is in it that others may not read.
    let allowed = old.map_or(Ok(()), |old| file.set_permissions(old));
    let written = allowed.and_then(|()| write(&mut file)).and_then(|value| {
        file.sync_all()?;
        fs::rename(&beside, &target)?;
        Ok(value)
    });
    match written {
        Ok(value) => folder.sync().map(|()| value),
        Err(error) => {
            // What is left of it is of no use to anyone.
            let _ = fs::remove_file(&beside);
            Err(error)
        }
    }
}

/// That the file at `path` can be replaced, as far as that is known beforehand. Nothing is changed.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let target = followed(path)?;
    let name = target.file_name().ok_or_else(|| invalid("the path names no file"))?;
    permissions(&target)?;
    // Its lock is held until it is removed.
    let (_file, beside) = create(&Folder::open(folder(&target))?.path, name)?;
    fs::remove_file(beside)
}

/// Where a path leads: a link is written through, as everywhere else, and keeps standing. It may lead to what is not
/// there yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(to) => path = folder(&path).join(to),
            // It is no link, or is not there.
            Err(_) => return Ok(path),
        }
    }
    Err(invalid("the path is a link that leads to itself"))
}

/// The permissions of the file that is there, if there is one, which must be one that may be written.
fn permissions(target: &Path) -> io::Result<Option<fs::Permissions>> {
    match fs::metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(old) if !old.is_file() => Err(invalid("it is there and is no file")),
        Ok(old) => OpenOptions::new().write(true).open(target).map(|_| Some(old.permissions())),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
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
    if name.len() <= LONG {
        prefix.push(name);
    } else {
        // Files whose names begin alike may share it: what nobody locks is a leftover, whosever it was.
        prefix.push(name.to_string_lossy().chars().take(LONG / 4).collect::<String>());
    }
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
fn remove_leftovers_of(folder: &Path, name: &OsStr) {
    let prefix = prefix(name);
    remove(folder, |leftover| leftover.starts_with(prefix.as_encoded_bytes()));
}

/// Removes what processes that are gone have left in a folder of files that `is_own` knows: it is given a file's name, and
/// behind a dot what tells it from others of that name.
pub(super) fn remove_leftovers(folder: &Path, is_own: impl Fn(&str) -> bool) {
    remove(folder, |leftover| {
        let name = leftover.strip_prefix(b".").and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
        name.and_then(|name| std::str::from_utf8(name).ok()).is_some_and(&is_own)
    });
}

/// Removes leftovers whose names are such.
fn remove(folder: &Path, is_such: impl Fn(&[u8]) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if !(name.ends_with(SUFFIX.as_bytes()) && is_such(name)) {
            continue;
        }
        // Whoever still writes it holds its lock.
        let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A folder, opened before anything in it changes, so that the names in it can be synced in the end.
struct Folder {
    path: PathBuf,
    #[cfg(unix)]
    file: File,
}

#[cfg(unix)]
impl Folder {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = File::open(&path)?;
        Ok(Self { path, file })
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// Elsewhere a folder can't be opened, and a rename is synced with its file.
#[cfg(not(unix))]
impl Folder {
    fn open(path: PathBuf) -> io::Result<Self> {
        Ok(Self { path })
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
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
    fn a_check_changes_nothing() {
        let folder = Temporary::new();
        let path = folder.0.join("a file");
        check(&path).unwrap();
        assert_eq!(folder.names(), [] as [OsString; 0]);
        fs::write(&path, b"old").unwrap();
        check(&path).unwrap();
        assert_eq!((fs::read(&path).unwrap(), folder.names()), (b"old".to_vec(), vec!["a file".into()]));
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

    #[cfg(unix)]
    #[test]
    fn a_link_to_what_is_not_there_yet_is_written_through_and_one_to_itself_is_an_error() {
        use std::os::unix::fs::symlink;
        let folder = Temporary::new();
        fs::create_dir(folder.0.join("elsewhere")).unwrap();
        symlink("elsewhere/another", folder.0.join("a link")).unwrap();
        symlink("../a file", folder.0.join("elsewhere/another")).unwrap();
        replace(&folder.0.join("a link"), |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(folder.0.join("a file")).unwrap(), b"new");
        for link in ["a link", "elsewhere/another"] {
            assert!(fs::symlink_metadata(folder.0.join(link)).unwrap().is_symlink());
        }
        symlink("round", folder.0.join("round")).unwrap();
        let error = replace(&folder.0.join("round"), |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "the path is a link that leads to itself");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Temporary::new();
        let path = folder.0.join("a file");
        fs::write(&path, b"old").unwrap();
        for mode in [0o600, 0o640, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            replace(&path, |file| {
                assert_eq!(file.metadata()?.permissions().mode() & 0o777, mode, "from the start");
                file.write_all(b"new")
            })
            .unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        // To root nothing is write-protected.
        if OpenOptions::new().write(true).open(&path).is_err() {
            let error = replace(&path, |file| file.write_all(b"newer")).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
        assert_eq!(folder.names(), ["a file"]);
    }

    #[test]
    fn a_name_may_be_as_long_as_the_file_system_allows() {
        let folder = Temporary::new();
        for name in ["n".repeat(255), "\u{fc}".repeat(127)] {
            replace(&folder.0.join(&name), |file| file.write_all(b"new")).unwrap();
            assert_eq!(fs::read(folder.0.join(&name)).unwrap(), b"new");
        }
        assert_eq!(folder.names().len(), 2);
    }

    #[test]
    fn a_path_that_is_no_file_is_an_error() {
        let folder = Temporary::new();
        let never = |_: &mut File| -> io::Result<()> { panic!("nothing is written first") };
        for path in [Path::new(""), Path::new("/"), &folder.0, &folder.0.join("none").join("file")] {
            assert!(replace(path, never).is_err(), "{}", path.display());
            assert!(check(path).is_err(), "{}", path.display());
        }
        // Renamed over, there would be no such device any more.
        #[cfg(unix)]
        assert_eq!(
            replace(Path::new("/dev/null"), never).unwrap_err().to_string(),
            "it is there and is no file"
        );
        assert_eq!(folder.names(), [] as [OsString; 0]);
    }
}
