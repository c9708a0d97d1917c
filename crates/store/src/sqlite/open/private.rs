//! Files that others on the machine cannot read.

use std::fs::{File, OpenOptions};
use std::path::Path;

/// A file that others on the machine cannot read, whatever the folder, and also where it was there before.
pub(in crate::sqlite) fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    let file = options.open(path)?;
    make_private(path)?;
    Ok(file)
}

/// Read and write for the owner, nothing for others.
pub(in crate::sqlite) const PRIVATE: u32 = 0o600;

#[cfg_attr(
    not(unix),
    expect(clippy::unnecessary_wraps, reason = "files have modes on Unix only")
)]
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if path.metadata()?.permissions().mode() & 0o777 != PRIVATE {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(PRIVATE))?;
        }
    }
    Ok(())
}
