//! `acteon-server migrate`, `backup`, `export` and `import`: the store by hand.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acteon_server::config::StoreConfig;
use acteon_server::logging;
use acteon_server::{embedded_database, make_private_dir};
use acteon_store::{SqliteOptions, SqliteStore};
use anyhow::Context as _;
use clap::Args;

use super::arguments::{ConfigFile, file, path, usage, variable};

/// The store that the configuration names, or the embedded one of a folder.
#[derive(Args)]
pub(super) struct Which {
    /// Folder of the embedded database, in place of the configured one
    #[arg(long, value_name = "DIR", value_parser = path)]
    data_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct ToFile {
    #[command(flatten)]
    which: Which,
    /// The file to write; it must not be there yet
    #[arg(value_parser = file)]
    file: PathBuf,
}

#[derive(Args)]
pub(super) struct FromFile {
    #[command(flatten)]
    which: Which,
    /// The file that `export` wrote
    #[arg(value_parser = file)]
    file: PathBuf,
}

impl Which {
    /// Adds the data folder that was named before the command.
    pub(super) fn or(self, before: Option<PathBuf>) -> anyhow::Result<Self> {
        match (self.data_dir, before) {
            (Some(one), Some(other)) if one != other => Err(usage(format!(
                "--data-dir is given twice, as {} and {}: leave one out",
                other.display(),
                one.display()
            ))),
            (named, before) => Ok(Self {
                data_dir: named.or(before),
            }),
        }
    }

    /// Refuses a data folder, which a PostgreSQL does not have.
    #[cfg(feature = "postgres")]
    fn refuse_folder(&self) -> anyhow::Result<()> {
        match self.data_dir {
            Some(_) => Err(usage(
                "--data-dir has no effect: the store of this configuration is a PostgreSQL; leave it out",
            )),
            None => Ok(()),
        }
    }

    /// Brings the schema up to date.
    pub(super) fn migrate(self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        match file.load()?.store {
            store @ StoreConfig::Embedded(_) => {
                let path = self.embedded(&store)?;
                make_private_dir(path.parent().unwrap_or(Path::new(".")))
                    .context("the folder of the database cannot be made")?;
                drop(SqliteStore::open(&sqlite(&path))?);
                say!("{} has the schema of this version", path.display());
            }
            #[cfg(feature = "postgres")]
            StoreConfig::Postgres(options) => {
                self.refuse_folder()?;
                let (from, to) = super::arguments::runtime()?
                    .block_on(acteon_store::postgres::PostgresStore::migrate(&options))?;
                say!("schema {}: version {from} before, {to} now", options.schema);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn embedded(self, store: &StoreConfig) -> anyhow::Result<PathBuf> {
        self.path(store)
    }

    /// Path of the embedded database.
    pub(super) fn path(&self, store: &StoreConfig) -> anyhow::Result<PathBuf> {
        Ok(embedded_database(&super::serve::data_dir(
            self.data_dir.clone(),
            store,
        )?))
    }
}

impl ToFile {
    /// Adds the data folder that was named before the command.
    pub(super) fn or(self, before: Option<PathBuf>) -> anyhow::Result<Self> {
        Ok(Self {
            which: self.which.or(before)?,
            file: self.file,
        })
    }

    /// Copies the embedded database, also while the server runs.
    pub(super) fn backup(self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        let store = file.load()?.store;
        #[cfg(feature = "postgres")]
        if matches!(store, StoreConfig::Postgres(_)) {
            anyhow::bail!(
                "the store is a PostgreSQL: back it up with its own tools, such as pg_basebackup, or write it out with `export`"
            );
        }
        let database = self.which.embedded(&store)?;
        SqliteStore::backup(&sqlite(&database), &self.file)?;
        say!(
            "{} is a checked copy of {}",
            self.file.display(),
            database.display()
        );
        Ok(ExitCode::SUCCESS)
    }

    /// Writes everything that the store keeps as lines of JSON.
    pub(super) fn export(self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        logging::start(variable("RUST_LOG").as_deref()).map_err(anyhow::Error::msg)?;
        let store = file.load()?.store;
        #[cfg(feature = "postgres")]
        if matches!(store, StoreConfig::Postgres(_)) {
            self.which.refuse_folder()?;
        }
        let to = BufWriter::new(Steady {
            file: create(&self.file)?,
            unsynced: 0,
        });
        let rows = self.write_out(store, to).inspect_err(|_| {
            // What is not whole is of no use, and the next try would refuse to write over it.
            drop(std::fs::remove_file(&self.file));
        })?;
        say!(
            "{rows} rows in {}. What is accepted from now on is not in it: stop the server before you move.",
            self.file.display()
        );
        Ok(ExitCode::SUCCESS)
    }

    fn write_out(&self, store: StoreConfig, mut to: BufWriter<Steady>) -> anyhow::Result<u64> {
        let rows = match store {
            store @ StoreConfig::Embedded(_) => {
                SqliteStore::export(&sqlite(&self.which.path(&store)?), &mut to)?
            }
            #[cfg(feature = "postgres")]
            StoreConfig::Postgres(options) => super::arguments::runtime()?.block_on(
                acteon_store::postgres::PostgresStore::export(&options, &mut to),
            )?,
        };
        let written = to
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|to| to.file.sync_all());
        written.context("the file cannot be written")?;
        Ok(rows)
    }
}

impl FromFile {
    /// Adds the data folder that was named before the command.
    pub(super) fn or(self, before: Option<PathBuf>) -> anyhow::Result<Self> {
        Ok(Self {
            which: self.which.or(before)?,
            file: self.file,
        })
    }

    /// Reads what `export` wrote into an empty store.
    pub(super) fn import(self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        let config = file.load()?;
        let has_link_keys = !config.server.approval_keys.is_empty();
        let store = config.store;
        #[cfg(feature = "postgres")]
        if matches!(store, StoreConfig::Postgres(_)) {
            self.which.refuse_folder()?;
        }
        let opened = File::open(&self.file)
            .with_context(|| format!("{} cannot be read", self.file.display()))?;
        let mut from = BufReader::new(opened);
        self.refuse_database(&mut from, &store)?;
        let failed = || format!("{} was not imported", self.file.display());
        let rows = match store {
            store @ StoreConfig::Embedded(_) => {
                let path = self.which.embedded(&store)?;
                make_private_dir(path.parent().unwrap_or(Path::new(".")))
                    .context("the folder of the database cannot be made")?;
                SqliteStore::import(&sqlite(&path), &mut from).with_context(failed)?
            }
            #[cfg(feature = "postgres")]
            StoreConfig::Postgres(options) => super::arguments::runtime()?
                .block_on(acteon_store::postgres::PostgresStore::import(
                    &options, &mut from,
                ))
                .with_context(failed)?,
        };
        say!("{rows} rows of {} are in the store", self.file.display());
        if !has_link_keys {
            say!(
                "links to approvals that were sent before are not good here, since the key that signed them is not in the file: remind those who decide, with POST /v1/approvals/{{id}}/remind; with approval_secret in [server], here and there, links outlive the next move"
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl FromFile {
    /// Refuses a database, such as a backup: it is copied, and not imported.
    fn refuse_database(
        &self,
        from: &mut BufReader<File>,
        store: &StoreConfig,
    ) -> anyhow::Result<()> {
        let begins = from
            .fill_buf()
            .with_context(|| format!("{} cannot be read", self.file.display()))?;
        if !begins.starts_with(DATABASE) {
            return Ok(());
        }
        let file = self.file.display();
        let what_to_do = match store {
            StoreConfig::Embedded(_) => {
                let path = self.which.path(store)?;
                let path = path.display();
                format!(
                    "to use it, stop the server, move {path}-wal and {path}-shm away if they are there, which belong to the database before, and copy it to {path}"
                )
            }
            #[cfg(feature = "postgres")]
            StoreConfig::Postgres(_) => {
                "copy it to acteon.db in a folder, write that out with `export --data-dir`, and import what it wrote".into()
            }
        };
        anyhow::bail!(
            "{file} is a database, such as `backup` writes, and not what `export` wrote: {what_to_do}"
        )
    }
}

/// First bytes of a file of SQLite.
const DATABASE: &[u8] = b"SQLite format 3\0";

fn sqlite(path: &Path) -> SqliteOptions {
    SqliteOptions {
        path: path.to_owned(),
        ..SqliteOptions::default()
    }
}

/// Creates a file that only its owner can read: payloads lie in it.
fn create(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            anyhow::anyhow!(
                "{} is there already, and an export overwrites nothing: name another file, or move that one away",
                path.display()
            )
        }
        _ => anyhow::anyhow!("{} cannot be made: {error}", path.display()),
    })
}

/// File that is synced as it grows: a large write at the end would hold up every commit on the same
/// disk.
struct Steady {
    file: File,
    unsynced: usize,
}

/// Bytes written between two syncs.
const SYNC_EVERY: usize = 4 << 20;

impl std::io::Write for Steady {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        if self.unsynced >= SYNC_EVERY {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
