//! Reading of files that a configuration names: only regular files, and up to a limit.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

use acteon_core::regular_file;
pub use acteon_core::regular_file::described;

/// Largest configuration or file of API keys, in bytes: enough for fifty thousand keys.
pub const MAX_CONFIG_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a text file of at most `most` bytes. Errors when it is no regular file, too long, or not UTF-8.
///
/// The kind of file is checked before it is opened: opening a named pipe waits for its writer, and a device may never end.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    regular_file::check(path)?;
    read(path, most)
}

/// Reads a text file that a person named on the command line, which may be a pipe, such as a shell's `<(...)`. Errors as [`read_text`], and for
/// directories.
pub fn read_given(path: &Path, most: u64) -> Result<String> {
    if std::fs::metadata(path)?.is_dir() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "it is a directory, and must be a file",
        ));
    }
    read(path, most)
}

fn read(path: &Path, most: u64) -> Result<String> {
    let mut bytes = Vec::new();
    // The length of a pipe is unknown, and a file may grow meanwhile.
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::new(
            ErrorKind::FileTooLarge,
            format!("it is longer than {most} bytes, which is the most allowed"),
        ));
    }
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is no UTF-8"))
}
