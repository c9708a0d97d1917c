//! Opening the store that the configuration asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use acteon_core::{Clock, SystemClock};
#[cfg(debug_assertions)]
use acteon_store::{FaultPoint, StoreError};
use acteon_store::{Faults, SqliteOptions, SqliteStore, Store};

use crate::config::StoreConfig;
use crate::start_error::StartError;

/// Name of the embedded database in the data folder.
const DATABASE: &str = "acteon.db";

/// Store that was opened, with its clock.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    /// Clock of the store: the machine's, or the one that all gateways on the store share.
    pub(crate) clock: Arc<dyn Clock>,
    /// Place of the store, in words.
    pub(crate) place: String,
}

/// Path of the embedded database in a data folder.
pub fn embedded_database(data_dir: &Path) -> PathBuf {
    data_dir.join(DATABASE)
}

/// Opens the store. An embedded one is in `data_dir`.
#[cfg_attr(
    not(feature = "postgres"),
    expect(clippy::unused_async, reason = "only a shared database is waited for")
)]
pub(crate) async fn open(config: &StoreConfig, data_dir: &Path) -> Result<Opened, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    match config {
        StoreConfig::Embedded(_) => {
            make_private_dir(data_dir)
                .map_err(|error| StartError::DataDir(data_dir.to_owned(), error))?;
            let path = embedded_database(data_dir);
            let place = path.display().to_string();
            let options = SqliteOptions {
                path,
                faults: faults(),
                ..SqliteOptions::default()
            };
            let store = SqliteStore::open(&options)
                .map_err(|error| StartError::Store(place.clone(), error))?;
            Ok(Opened {
                store: Arc::new(store),
                clock,
                place,
            })
        }
        #[cfg(feature = "postgres")]
        StoreConfig::Postgres(options) => {
            use acteon_store::postgres::PostgresStore;

            let failed = |error| StartError::Store("of [store] url".into(), error);
            let store = Arc::new(PostgresStore::open(options).await.map_err(failed)?);
            let place = format!("PostgreSQL {}, schema {}", store.place(), options.schema);
            let clock = store.clock(clock).await.map_err(failed)?;
            Ok(Opened {
                store,
                clock,
                place,
            })
        }
    }
}

/// Faults of builds for tests: the store's writer panics once a file exists that a variable names,
/// or stands still while another one exists.
#[cfg(debug_assertions)]
fn faults() -> Option<Arc<dyn Faults>> {
    let file = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    let faults = FilesSayWhat {
        panic: file("ACTEON_TEST_PANIC_ONCE_THERE_IS"),
        hang: file("ACTEON_TEST_HANG_WHILE_THERE_IS"),
    };
    (faults.panic.is_some() || faults.hang.is_some()).then(|| Arc::new(faults) as Arc<dyn Faults>)
}

#[cfg(not(debug_assertions))]
const fn faults() -> Option<Arc<dyn Faults>> {
    None
}

#[cfg(debug_assertions)]
#[derive(Debug)]
struct FilesSayWhat {
    panic: Option<PathBuf>,
    hang: Option<PathBuf>,
}

#[cfg(debug_assertions)]
impl Faults for FilesSayWhat {
    fn meet(&self, point: FaultPoint) -> Result<(), StoreError> {
        let is_there = |file: &Option<PathBuf>| {
            point == FaultPoint::Commit && file.as_ref().is_some_and(|file| file.exists())
        };
        assert!(!is_there(&self.panic), "simulated");
        while is_there(&self.hang) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Ok(())
    }
}

/// Makes the folder of an embedded database, which only its owner can read: payloads lie in it.
pub fn make_private_dir(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
