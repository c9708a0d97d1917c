//! The limit on open files, and how many connections it allows.

use acteon_core::limits::{MAX_CONNECTIONS, RESERVED_CONNECTIONS, RESERVED_FILES};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Number of files that is enough for all connections and everything else.
const ENOUGH: usize = MAX_CONNECTIONS + RESERVED_CONNECTIONS + RESERVED_FILES;

/// Raises the soft limit on open files as far as is useful and allowed, and says so in the log. Shells leave it at 1,024.
pub fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let enough = ENOUGH as u64;
    let Some(before) = current.filter(|current| *current < enough) else {
        return;
    };
    let wanted = maximum.map_or(enough, |maximum| maximum.min(enough));
    match setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(wanted),
            maximum,
        },
    ) {
        Ok(()) => tracing::info!(
            before,
            now = wanted,
            connections = connections(),
            "limit on open files raised"
        ),
        Err(error) => {
            tracing::warn!(%error, limit = before, connections = connections(), "the limit on open files could not be raised");
        }
    }
    if connections() < MAX_CONNECTIONS {
        tracing::warn!(
            limit = wanted,
            connections = connections(),
            "few files may be open, and so few connections; raise the hard limit"
        );
    }
}

/// Number of connections that the limit on open files allows.
pub(crate) fn connections() -> usize {
    let files = getrlimit(Resource::Nofile)
        .current
        .and_then(|files| usize::try_from(files).ok())
        .unwrap_or(ENOUGH);
    files
        .saturating_sub(RESERVED_CONNECTIONS + RESERVED_FILES)
        .clamp(files / 4 + 1, MAX_CONNECTIONS.max(files / 4 + 1))
        .min(MAX_CONNECTIONS)
}
