//! The `[audit]` section: how long the journal is kept, and what of it is shown to nobody.

use std::time::Duration;

use acteon_config::{Key, Kind, SectionReader};
use acteon_core::Tenant;
use acteon_gateway::{Redaction, RetentionPolicy};

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "ttl_seconds",
        Kind::Integer,
        "How long the journal is kept. Default 2592000, thirty days.",
    ),
    Key::optional(
        "tenant_ttl_seconds",
        Kind::IntegerTable,
        "Other times for some tenants.",
    ),
    Key::optional(
        "redact",
        Kind::Texts,
        "Paths such as payload.password or metadata.token that are shown to nobody.",
    ),
];

/// Seconds that a journal may be kept: a minute to a hundred years.
const SECONDS: std::ops::RangeInclusive<i64> = 60..=3_153_600_000;

/// How long the journal is kept, and which parts of an action are shown to nobody.
pub(crate) fn read(reader: &mut SectionReader<'_>) -> (RetentionPolicy, Redaction) {
    let retention = retention(reader);
    let redaction = Redaction::new(reader.settings().texts("redact")).unwrap_or_else(|error| {
        reader.wrong("redact", error.to_string());
        Redaction::default()
    });
    (retention, redaction)
}

fn retention(reader: &mut SectionReader<'_>) -> RetentionPolicy {
    let default = RetentionPolicy::default().default.as_secs() as i64;
    let default = reader.integer("ttl_seconds", default, SECONDS);
    let tenants = reader.settings().integer_table("tenant_ttl_seconds");
    if !tenants.values().all(|seconds| SECONDS.contains(seconds)) {
        let message = format!(
            "must be numbers of seconds from {} to {}",
            SECONDS.start(),
            SECONDS.end()
        );
        reader.wrong("tenant_ttl_seconds", message);
    }
    for tenant in tenants.keys() {
        if let Err(error) = Tenant::parse_new(tenant) {
            reader.wrong(
                "tenant_ttl_seconds",
                format!("{tenant:?} can be no tenant: {error}"),
            );
        }
    }
    let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    RetentionPolicy {
        default: seconds(default),
        tenants: tenants
            .into_iter()
            .map(|(tenant, kept)| (tenant, seconds(kept)))
            .collect(),
    }
}
