//! The file system that SQLite is given: the real one, watched.
//!
//! A file of ours begins with SQLite's own header, names its watcher, and is followed in memory by the real file, to which every method passes
//! its arguments on. SQLite owns the memory and says when it is closed.

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, Once};

use rusqlite::ffi;

use crate::recording::{Operation, Recording};

/// The file system's name.
pub const NAME: &str = "recording";
const C_NAME: &CStr = c"recording";

/// Of every open file of ours; the real file follows.
#[repr(C)]
struct File {
    methods: *const ffi::sqlite3_io_methods,
    watcher: *mut Watcher,
}

/// Where a file's operations are noted.
struct Watcher {
    recording: Recording,
    name: Arc<str>,
}

/// Adds the file system to SQLite, once.
///
/// # Panics
/// When SQLite has no file system to pass things on to.
pub fn register() {
    static ONCE: Once = Once::new();
    // SAFETY: the real file system lives as long as the process, and so does its copy, which is leaked on purpose.
    ONCE.call_once(|| unsafe {
        let real = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!real.is_null(), "SQLite has a file system");
        let mut watched: ffi::sqlite3_vfs = *real;
        watched.szOsFile = (*real).szOsFile + size_of::<File>() as c_int;
        watched.zName = C_NAME.as_ptr();
        watched.pNext = std::ptr::null_mut();
        watched.pAppData = real.cast();
        watched.xOpen = Some(open);
        watched.xDelete = Some(delete);
        // The others take the file system as their first argument and use none of what was changed in the copy.
        assert_eq!(
            ffi::sqlite3_vfs_register(Box::leak(Box::new(watched)), 0),
            ffi::SQLITE_OK
        );
    });
}

unsafe fn real_vfs(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: set by `register` and never changed.
    unsafe { (*vfs).pAppData.cast() }
}

unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite allocated room for our header and the real file behind it.
    unsafe { file.cast::<File>().add(1).cast() }
}

unsafe fn path_of<'a>(name: *const c_char) -> Option<&'a Path> {
    // SAFETY: SQLite passes a string that ends, or null for a temporary file.
    (!name.is_null())
        .then(|| unsafe { Path::new(OsStr::from_bytes(CStr::from_ptr(name).to_bytes())) })
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: the arguments are SQLite's own; the real open gets memory of the size that it asked for.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let Some(real_open) = (*real_vfs(vfs)).xOpen else {
            return ffi::SQLITE_CANTOPEN;
        };
        let result = real_open(real_vfs(vfs), name, real(file), flags, out_flags);
        if (*real(file)).pMethods.is_null() {
            return result;
        }
        let watcher = path_of(name)
            .and_then(Recording::of)
            .map(|(recording, name)| Box::new(Watcher { recording, name }));
        let ours = file.cast::<File>();
        (*ours).watcher = watcher.map_or(std::ptr::null_mut(), Box::into_raw);
        (*ours).methods = &raw const METHODS;
        result
    }
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_dir: c_int,
) -> c_int {
    // SAFETY: the arguments are SQLite's own.
    unsafe {
        if let Some((recording, file)) = path_of(name).and_then(Recording::of) {
            recording.push(Operation::Delete { file });
        }
        (*real_vfs(vfs))
            .xDelete
            .map_or(ffi::SQLITE_IOERR, |real_delete| {
                real_delete(real_vfs(vfs), name, sync_dir)
            })
    }
}

unsafe fn note(file: *mut ffi::sqlite3_file, operation: impl FnOnce(Arc<str>) -> Operation) {
    // SAFETY: set by `open`, freed by `close` only.
    if let Some(watcher) = unsafe { (*file.cast::<File>()).watcher.as_ref() } {
        watcher.recording.push(operation(Arc::clone(&watcher.name)));
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once.
    unsafe {
        let watcher = (*file.cast::<File>()).watcher;
        if !watcher.is_null() {
            drop(Box::from_raw(watcher));
        }
        (*(*real(file)).pMethods)
            .xClose
            .map_or(ffi::SQLITE_IOERR, |call| call(real(file)))
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `bytes` holds `count` bytes, as SQLite promises.
    unsafe {
        let result = (*(*real(file)).pMethods)
            .xWrite
            .map_or(ffi::SQLITE_IOERR, |call| {
                call(real(file), bytes, count, offset)
            });
        if result == ffi::SQLITE_OK {
            let written = std::slice::from_raw_parts(bytes.cast::<u8>(), count as usize).to_vec();
            note(file, |file| Operation::Write {
                file,
                offset: offset as u64,
                bytes: written,
            });
        }
        result
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    // SAFETY: the arguments are SQLite's own.
    unsafe {
        note(file, |file| Operation::Truncate {
            file,
            length: length as u64,
        });
        (*(*real(file)).pMethods)
            .xTruncate
            .map_or(ffi::SQLITE_IOERR, |call| call(real(file), length))
    }
}

/// Not passed on: the recording is what counts, and a real sync only takes time.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: the arguments are SQLite's own.
    unsafe { note(file, |file| Operation::Sync { file }) };
    ffi::SQLITE_OK
}

/// Methods that only pass on.
macro_rules! pass_on {
    ($($name:ident = $method:ident ( $($argument:ident : $type:ty),* ) -> $result:ty, or $otherwise:expr;)*) => {
        $(unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> $result {
            // SAFETY: the arguments are SQLite's own, for the real file.
            unsafe { (*(*real(file)).pMethods).$method.map_or($otherwise, |call| call(real(file) $(, $argument)*)) }
        })*
    };
}

pass_on! {
    read = xRead(to: *mut c_void, count: c_int, offset: ffi::sqlite3_int64) -> c_int, or ffi::SQLITE_IOERR;
    file_size = xFileSize(size: *mut ffi::sqlite3_int64) -> c_int, or ffi::SQLITE_IOERR;
    lock = xLock(level: c_int) -> c_int, or ffi::SQLITE_IOERR;
    unlock = xUnlock(level: c_int) -> c_int, or ffi::SQLITE_IOERR;
    check_reserved_lock = xCheckReservedLock(held: *mut c_int) -> c_int, or ffi::SQLITE_IOERR;
    file_control = xFileControl(what: c_int, argument: *mut c_void) -> c_int, or ffi::SQLITE_NOTFOUND;
    sector_size = xSectorSize() -> c_int, or 512;
    device_characteristics = xDeviceCharacteristics() -> c_int, or 0;
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, to: *mut *mut c_void) -> c_int, or ffi::SQLITE_IOERR;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int, or ffi::SQLITE_IOERR;
    shm_unmap = xShmUnmap(delete: c_int) -> c_int, or ffi::SQLITE_IOERR;
    fetch = xFetch(offset: ffi::sqlite3_int64, count: c_int, to: *mut *mut c_void) -> c_int, or ffi::SQLITE_OK;
    unfetch = xUnfetch(offset: ffi::sqlite3_int64, page: *mut c_void) -> c_int, or ffi::SQLITE_OK;
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: the argument is SQLite's own.
    unsafe {
        if let Some(call) = (*(*real(file)).pMethods).xShmBarrier {
            call(real(file));
        }
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};
