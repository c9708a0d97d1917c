//! The database that the nodes of a simulation share: an embedded one in a temporary folder, or, with `ACTEON_TEST_STORE=postgres`, PostgreSQL.

use std::sync::Arc;

use acteon_store::{SqliteOptions, SqliteStore, Store};

use super::failure::Failure;

/// Folder or database that is deleted when the simulation is dropped.
pub(super) enum Database {
    Embedded {
        _folder: tempfile::TempDir,
    },
    #[cfg(feature = "postgres")]
    Postgres {
        _schema: acteon_testkit::postgres::TestDatabase,
    },
}

pub(super) async fn open() -> Result<(Arc<dyn Store>, Database), Failure> {
    #[cfg(feature = "postgres")]
    if std::env::var("ACTEON_TEST_STORE").is_ok_and(|engine| engine == "postgres") {
        let schema = acteon_testkit::postgres::TestDatabase::find()
            .await
            .ok_or("there is no PostgreSQL to simulate on")?;
        let store = acteon_store::postgres::PostgresStore::open(schema.options()).await?;
        return Ok((Arc::new(store), Database::Postgres { _schema: schema }));
    }
    let folder = tempfile::tempdir()?;
    let options = SqliteOptions {
        path: folder.path().join("simulation.db"),
        ..SqliteOptions::default()
    };
    Ok((
        Arc::new(SqliteStore::open(&options)?),
        Database::Embedded { _folder: folder },
    ))
}
