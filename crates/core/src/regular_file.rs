//! A check of files before they are opened: opening a named pipe waits for whoever writes, and a device may never end.

use std::fs::FileType;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Checks, without opening it, that a path leads to a regular file.
///
/// # Errors
/// `InvalidInput` for anything else, with a message such as "it is a named pipe, and must be a regular file"; and what the system says of a path that
/// cannot be looked at, such as `NotFound`.
pub fn check(path: &Path) -> Result<()> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() {
        return Ok(());
    }
    let message = format!(
        "it is {}, and must be a regular file",
        described(metadata.file_type())
    );
    Err(Error::new(ErrorKind::InvalidInput, message))
}

/// Name of a kind of file that is not regular, for messages: "it is ...".
#[cfg(unix)]
pub fn described(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Name of a kind of file that is not regular, for messages: "it is ...".
#[cfg(not(unix))]
pub fn described(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else {
        "no file"
    }
}
