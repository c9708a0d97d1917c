//! The engines that the tests run on, each opened as often as a test likes.

use std::sync::Arc;

#[cfg(feature = "postgres")]
use acteon_store::postgres::PostgresStore;
use acteon_store::{MemoryStore, SqliteOptions, SqliteStore, Store};
#[cfg(feature = "postgres")]
use acteon_testkit::postgres::TestDatabase;

/// A database that a test opens, and opens again.
pub(crate) enum Engine {
    Sqlite(tempfile::TempDir),
    Memory(Arc<MemoryStore>),
    #[cfg(feature = "postgres")]
    Postgres(TestDatabase),
}

pub(crate) fn sqlite() -> Engine {
    Engine::Sqlite(tempfile::tempdir().expect("a folder"))
}

pub(crate) fn memory() -> Engine {
    Engine::Memory(Arc::default())
}

impl Engine {
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(folder) => {
                let options = SqliteOptions {
                    path: folder.path().join("test.db"),
                    ..SqliteOptions::default()
                };
                Arc::new(SqliteStore::open(&options).expect("a store"))
            }
            Self::Memory(store) => Arc::clone(store) as Arc<dyn Store>,
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => Arc::new(
                PostgresStore::open(database.options())
                    .await
                    .expect("a store"),
            ),
        }
    }
}

impl Engine {
    /// How many rows some tables have; `None` where there are no tables.
    pub(crate) async fn rows(&self, tables: &[&str]) -> Option<usize> {
        let counts: Vec<String> = tables
            .iter()
            .map(|table| format!("(SELECT COUNT(*) FROM {table})"))
            .collect();
        let select = format!("SELECT {}", counts.join(" + "));
        match self {
            Self::Sqlite(folder) => {
                let connection = rusqlite::Connection::open(folder.path().join("test.db"))
                    .expect("a connection");
                Some(
                    connection
                        .query_row(&select, [], |row| row.get::<_, i64>(0))
                        .expect("a count")
                        .unsigned_abs() as usize,
                )
            }
            Self::Memory(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => Some(
                database
                    .count(&select)
                    .await
                    .expect("a count")
                    .unsigned_abs() as usize,
            ),
        }
    }
}

/// `None`, and a word about it, where there is no PostgreSQL.
#[cfg(feature = "postgres")]
pub(crate) async fn postgres() -> Option<Engine> {
    TestDatabase::find().await.map(Engine::Postgres)
}
