//! The `[store]` section: an embedded database, or a PostgreSQL.

use std::path::{Path, PathBuf};
use std::time::Duration;

use acteon_config::{Key, Kind, SectionReader};
use acteon_gateway::LeaseTimes;

/// Keys of the section.
pub(super) const KEYS: &[Key] = &[
    Key::optional(
        "data_dir",
        Kind::Text,
        "Folder of the embedded database. Default $XDG_DATA_HOME/acteon or ~/.local/share/acteon.",
    ),
    Key::optional(
        "url",
        Kind::Secret,
        "A PostgreSQL in its place, shared by many gateways: postgres://user@host:5432/database.",
    ),
    Key::optional(
        "password",
        Kind::Secret,
        "Its password, where the URL has none: \"${PGPASSWORD}\" or \"${file:/run/secrets/acteon}\".",
    ),
    Key::optional(
        "ca_file",
        Kind::Text,
        "Certificates in PEM to trust in place of the system's, as seen from this file.",
    ),
    Key::optional(
        "schema",
        Kind::Text,
        "Schema that holds the tables; made if it is not there. Default acteon.",
    ),
    Key::optional(
        "pool_size",
        Kind::Integer,
        "Connections beside the eleven that write, claim, listen and keep the lease. Default 8.",
    ),
    Key::optional(
        "notify",
        Kind::Flag,
        "Have gateways wake each other with NOTIFY; without it they look around every few seconds. Default true.",
    ),
    Key::optional(
        "lease_seconds",
        Kind::Integer,
        "After so long without a sign of life a gateway's work goes to the others; the same for all. Default 15.",
    ),
];

/// Kind and place of the store.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// Embedded database in this folder; `None` for the default folder.
    Embedded(Option<PathBuf>),
    /// PostgreSQL with these options.
    #[cfg(feature = "postgres")]
    Postgres(acteon_store::postgres::PostgresOptions),
}

/// Keys of the section that only a shared database has.
const SHARED: [&str; 6] = [
    "password",
    "ca_file",
    "schema",
    "pool_size",
    "notify",
    "lease_seconds",
];

/// Kind and place of the store, and how long a lease lasts. `base` is the folder of the file.
pub(crate) fn read(reader: &mut SectionReader<'_>, base: &Path) -> (StoreConfig, LeaseTimes) {
    let settings = reader.settings();
    if settings.has("url") {
        if settings.has("data_dir") {
            reader.wrong(
                "data_dir",
                "is the embedded database's, and `url` names another: keep one of the two",
            );
        }
        return postgres(reader, base);
    }
    // What is wrong with the URL is told already; the rest belongs to it.
    if settings.is_given("url") {
        return (StoreConfig::Embedded(None), LeaseTimes::default());
    }
    for key in SHARED.into_iter().filter(|key| settings.has(key)) {
        reader.wrong(
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
fn postgres(reader: &mut SectionReader<'_>, base: &Path) -> (StoreConfig, LeaseTimes) {
    use acteon_crypto::ExposeSecret as _;
    use acteon_store::postgres::PostgresOptions;

    let settings = reader.settings();
    let url = settings
        .secret("url")
        .map(|url| url.expose_secret().to_owned())
        .unwrap_or_default();
    let pool = reader.integer("pool_size", 8, 2..=200);
    let lease = reader.integer("lease_seconds", 15, 3..=600);
    let schema = settings.text("schema").unwrap_or("acteon").to_owned();
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if schema.is_empty() || schema.len() > 40 || !schema.chars().all(plain) {
        reader.wrong("schema", "must be 1 to 40 of a-z, 0-9 and _");
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
        reader.wrong(key, message);
    }
    (
        StoreConfig::Postgres(options),
        LeaseTimes::lasting(Duration::from_secs(lease.unsigned_abs())),
    )
}

#[cfg(not(feature = "postgres"))]
fn postgres(reader: &mut SectionReader<'_>, _base: &Path) -> (StoreConfig, LeaseTimes) {
    let message = "needs the cargo feature \"postgres\", which this binary was built without: build it with \
         `cargo build -p acteon-server --features postgres`";
    reader.wrong("url", message);
    (
        StoreConfig::Embedded(None),
        LeaseTimes::lasting(Duration::from_mins(1)),
    )
}
