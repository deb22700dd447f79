//! Writes down, in their order, the calls by which this process changes the files of one folder.
//!
//! The functions here bear the names of the C library's, so that the standard library's and the engine's
//! calls arrive at them; each does what is asked by the system call itself.

// It is what stands in for a disk: nothing but calls by their C names can be put in its place.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use libc::{mode_t, off64_t, size_t, ssize_t};

use super::tape::{Call, encode};

struct Recorder {
    folder: PathBuf,
    /// The descriptor of the tape, and how many calls for the disk there were.
    tape: Mutex<(c_int, u64)>,
}

static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// From now on what happens to files in the folder is written to the tape, as is what is said.
pub fn record(folder: &Path, tape: &Path) {
    let path = std::ffi::CString::new(tape.as_os_str().as_bytes()).unwrap();
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND;
    // SAFETY: the path ends with a zero and lives until the call is over.
    let opened = unsafe { libc::syscall(libc::SYS_open, path.as_ptr(), flags, 0o600) };
    let tape = c_int::try_from(opened).unwrap();
    assert!(tape >= 0, "no tape");
    let recorder = Recorder {
        folder: folder.canonicalize().unwrap(),
        tape: Mutex::new((tape, 0)),
    };
    assert!(RECORDER.set(recorder).is_ok(), "it records already");
}

impl Recorder {
    /// The file's name in the folder.
    fn name(&self, file: c_int) -> Option<String> {
        let link = format!("/proc/self/fd/{file}\0");
        let mut path = [0_u8; 4096];
        // SAFETY: the link's name ends with a zero, and the kernel writes at most what there is room for.
        let length = unsafe {
            libc::syscall(
                libc::SYS_readlink,
                link.as_ptr(),
                path.as_mut_ptr(),
                path.len(),
            )
        };
        let length = usize::try_from(length).ok()?;
        self.inside(Path::new(std::ffi::OsStr::from_bytes(path.get(..length)?)))
    }

    fn inside(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.folder).ok()?;
        name.to_str().map(str::to_owned)
    }

    /// Does something and writes it down, so that the tape has the order of what was done.
    fn doing<T>(&self, call: impl FnOnce(u64) -> Call, act: impl FnOnce() -> T) -> T {
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.1 += 1;
        let bytes = encode(&call(tape.1));
        // SAFETY: the buffer is as long as is said.
        let written =
            unsafe { libc::syscall(libc::SYS_write, tape.0, bytes.as_ptr(), bytes.len()) };
        assert_eq!(
            usize::try_from(written),
            Ok(bytes.len()),
            "the tape is full"
        );
        act()
    }
}

fn path(name: *const c_char) -> PathBuf {
    // SAFETY: the caller's contract is the C library's: a name that ends with a zero.
    let name = unsafe { CStr::from_ptr(name) };
    PathBuf::from(std::ffi::OsStr::from_bytes(name.to_bytes()))
}

macro_rules! system {
    ($number:expr $(, $argument:expr)*) => {
        // SAFETY: the arguments are the caller's own, by the contract of the call of this name. The
        // wrapper `syscall` sets the error number as the C library does.
        unsafe { libc::syscall($number $(, $argument)*) }
    };
}

/// `write`.
#[unsafe(no_mangle)]
pub extern "C" fn write(file: c_int, from: *const c_void, count: size_t) -> ssize_t {
    let act = || ssize_t::try_from(system!(libc::SYS_write, file, from, count)).unwrap_or(-1);
    let Some(recorder) = RECORDER.get() else {
        return act();
    };
    // SAFETY: the caller's buffer is as long as is said.
    let data = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) }.to_vec();
    if file == libc::STDOUT_FILENO {
        let said = String::from_utf8_lossy(&data).into_owned();
        return recorder.doing(|_| Call::Said(said), act);
    }
    let Some(name) = recorder.name(file) else {
        return act();
    };
    let at = system!(libc::SYS_lseek, file, 0, libc::SEEK_CUR);
    let at = u64::try_from(at).unwrap_or_default();
    recorder.doing(|_| Call::Write(name, at, data), act)
}

/// `pwrite64`.
#[unsafe(no_mangle)]
pub extern "C" fn pwrite64(
    file: c_int,
    from: *const c_void,
    count: size_t,
    at: off64_t,
) -> ssize_t {
    let act =
        || ssize_t::try_from(system!(libc::SYS_pwrite64, file, from, count, at)).unwrap_or(-1);
    match RECORDER.get().and_then(|r| Some((r, r.name(file)?))) {
        Some((recorder, name)) => {
            // SAFETY: the caller's buffer is as long as is said.
            let data = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) }.to_vec();
            let at = u64::try_from(at).unwrap_or_default();
            recorder.doing(|_| Call::Write(name, at, data), act)
        }
        None => act(),
    }
}

/// `ftruncate64`.
#[unsafe(no_mangle)]
pub extern "C" fn ftruncate64(file: c_int, length: off64_t) -> c_int {
    let act = || c_int::try_from(system!(libc::SYS_ftruncate, file, length)).unwrap_or(-1);
    match RECORDER.get().and_then(|r| Some((r, r.name(file)?))) {
        Some((recorder, name)) => {
            let length = u64::try_from(length).unwrap_or_default();
            recorder.doing(|_| Call::Length(name, length), act)
        }
        None => act(),
    }
}

fn synchronize(number: i64, file: c_int) -> c_int {
    let act = || c_int::try_from(system!(number, file)).unwrap_or(-1);
    let Some((recorder, name)) = RECORDER.get().and_then(|r| Some((r, r.name(file)?))) else {
        return act();
    };
    // What is written while the disk is at it may be on it or not.
    let mut begun = 0;
    recorder.doing(
        |number| {
            begun = number;
            Call::Begun(name, number)
        },
        || (),
    );
    let done = act();
    if done == 0 {
        recorder.doing(|_| Call::Synchronized(begun), || ());
    }
    done
}

/// `fsync`.
#[unsafe(no_mangle)]
pub extern "C" fn fsync(file: c_int) -> c_int {
    synchronize(libc::SYS_fsync, file)
}

/// `fdatasync`.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(file: c_int) -> c_int {
    synchronize(libc::SYS_fdatasync, file)
}

/// `open64`.
#[unsafe(no_mangle)]
pub extern "C" fn open64(name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let act = || c_int::try_from(system!(libc::SYS_open, name, flags, mode)).unwrap_or(-1);
    let inside = RECORDER.get().and_then(|recorder| {
        let name = recorder.inside(&path(name))?;
        Some((recorder, name))
    });
    match inside {
        Some((recorder, name)) if flags & (libc::O_CREAT | libc::O_TRUNC) != 0 => {
            let empties = flags & libc::O_TRUNC != 0;
            recorder.doing(|_| Call::Opened(name, empties), act)
        }
        _ => act(),
    }
}

/// `rename`.
#[unsafe(no_mangle)]
pub extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let act = || c_int::try_from(system!(libc::SYS_rename, from, to)).unwrap_or(-1);
    let inside = RECORDER.get().and_then(|recorder| {
        let from = recorder.inside(&path(from))?;
        Some((recorder, from, recorder.inside(&path(to))?))
    });
    match inside {
        Some((recorder, from, to)) => recorder.doing(|_| Call::Renamed(from, to), act),
        None => act(),
    }
}

/// `unlink`.
#[unsafe(no_mangle)]
pub extern "C" fn unlink(name: *const c_char) -> c_int {
    let act = || c_int::try_from(system!(libc::SYS_unlink, name)).unwrap_or(-1);
    let inside = RECORDER.get().and_then(|recorder| {
        let name = recorder.inside(&path(name))?;
        Some((recorder, name))
    });
    match inside {
        Some((recorder, name)) => recorder.doing(|_| Call::Removed(name), act),
        None => act(),
    }
}
