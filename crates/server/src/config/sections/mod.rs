//! The sections of the configuration beside `[[providers]]`: the keys of each, and what their values come to.

pub(super) mod audit;
pub(super) mod auth;
pub(super) mod circuit_breaker;
pub(super) mod directory;
pub(super) mod log;
pub(super) mod retry;
mod rules;
mod server;
pub(super) mod store;

use acteon_config::Section;

pub use directory::PeopleFile;
pub use rules::RulesConfig;
pub use server::ServerConfig;
pub use store::StoreConfig;

/// All sections beside `[[providers]]`.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "server",
        keys: server::KEYS,
    },
    Section {
        name: "store",
        keys: store::KEYS,
    },
    Section {
        name: "retry",
        keys: retry::KEYS,
    },
    Section {
        name: "circuit_breaker",
        keys: circuit_breaker::KEYS,
    },
    Section {
        name: "rules",
        keys: rules::KEYS,
    },
    Section {
        name: "audit",
        keys: audit::KEYS,
    },
    Section {
        name: "auth",
        keys: auth::KEYS,
    },
    Section {
        name: "directory",
        keys: directory::KEYS,
    },
    Section {
        name: "log",
        keys: log::KEYS,
    },
];

/// Section and key of values that a reload puts in force, beside the keys of providers. All others
/// wait for the next start.
pub(super) const READ_ANEW: &[(&str, &str)] = &[("log", "level")];
