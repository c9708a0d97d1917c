//! The `[store]` section: an embedded database, or a PostgreSQL.

use std::path::Path;
use std::time::Duration;

use acteon_config::Settings;
use acteon_gateway::LeaseTimes;

use super::StoreConfig;
use super::walk::Walker;

/// Keys that only a shared database has.
const SHARED: [&str; 6] = [
    "password",
    "ca_file",
    "schema",
    "pool_size",
    "notify",
    "lease_seconds",
];

pub(super) fn read(
    walker: &mut Walker<'_>,
    settings: &Settings,
    base: &Path,
) -> (StoreConfig, LeaseTimes) {
    if settings.has("url") {
        if settings.has("data_dir") {
            walker.trouble(
                "store",
                "data_dir",
                "is the embedded database's, and `url` names another: keep one of the two",
            );
        }
        return postgres(walker, settings, base);
    }
    // What is wrong with the URL is told already; the rest belongs to it.
    if walker.is_given("store", "url") {
        return (StoreConfig::Embedded(None), LeaseTimes::default());
    }
    for key in SHARED.into_iter().filter(|key| settings.has(key)) {
        walker.trouble(
            "store",
            key,
            "needs `url`: the embedded database has no such setting",
        );
    }
    (
        StoreConfig::Embedded(settings.text("data_dir").map(Into::into)),
        LeaseTimes::default(),
    )
}

#[cfg(feature = "postgres")]
fn postgres(
    walker: &mut Walker<'_>,
    settings: &Settings,
    base: &Path,
) -> (StoreConfig, LeaseTimes) {
    use acteon_crypto::ExposeSecret as _;
    use acteon_store::postgres::PostgresOptions;

    let url = settings
        .secret("url")
        .map(|url| url.expose_secret().to_owned())
        .unwrap_or_default();
    let pool = walker.ranged(settings, "store", "pool_size", 8, 2..=200);
    let lease = walker.ranged(settings, "store", "lease_seconds", 15, 3..=600);
    let schema = settings.text("schema").unwrap_or("acteon").to_owned();
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if schema.is_empty() || schema.len() > 40 || !schema.chars().all(plain) {
        walker.trouble("store", "schema", "must be 1 to 40 of a-z, 0-9 and _");
    }
    let options = PostgresOptions {
        password: settings
            .secret("password")
            .map(|password| std::sync::Arc::new(password.clone())),
        ca_file: settings.text("ca_file").map(|path| base.join(path)),
        schema,
        pool: usize::try_from(pool).unwrap_or(8),
        notify: settings.flag_or("notify", true),
        ..PostgresOptions::new(&url)
    };
    if let Err((key, message)) = options.check() {
        walker.trouble("store", key, &message);
    }
    (
        StoreConfig::Postgres(options),
        LeaseTimes::lasting(Duration::from_secs(lease.unsigned_abs())),
    )
}

#[cfg(not(feature = "postgres"))]
fn postgres(
    walker: &mut Walker<'_>,
    _settings: &Settings,
    _base: &Path,
) -> (StoreConfig, LeaseTimes) {
    let message = "needs the cargo feature \"postgres\", which this binary was built without: build it with \
         `cargo build -p acteon-server --features postgres`";
    walker.trouble("store", "url", message);
    (
        StoreConfig::Embedded(None),
        LeaseTimes::lasting(Duration::from_mins(1)),
    )
}
