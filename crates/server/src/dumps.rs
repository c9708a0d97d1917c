//! Core dumps, which would hold the secrets of the providers.

/// Has this process leave no core dump, and lets no other process of its user read its memory. To be called before secrets are read.
pub fn forbid() {
    set(false);
}

/// Allows core dumps, and reading of memory, again.
pub fn allow() {
    set(true);
}

#[cfg(target_os = "linux")]
fn set(dumpable: bool) {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    let behavior = if dumpable {
        DumpableBehavior::Dumpable
    } else {
        DumpableBehavior::NotDumpable
    };
    if let Err(error) = set_dumpable_behavior(behavior) {
        eprintln!("warning: core dumps of this process cannot be forbidden: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn set(dumpable: bool) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    let current = if dumpable { maximum } else { Some(0) };
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current, maximum }) {
        eprintln!("warning: core dumps of this process cannot be forbidden: {error}");
    }
}
