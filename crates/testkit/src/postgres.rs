//! A PostgreSQL for tests: a schema of its own for each, dropped with it.

use std::sync::atomic::{AtomicU64, Ordering};

use acteon_store::postgres::{PostgresOptions, PostgresStore};

/// Names the database to use. It needs the right to make schemas.
const VARIABLE: &str = "ACTEON_TEST_POSTGRES";
/// Looked for where the variable names none.
const USUAL: &str = "postgres://postgres@127.0.0.1:5432/test";

/// A fresh schema of a database that is there.
pub struct TestDatabase {
    options: PostgresOptions,
}

impl TestDatabase {
    /// A fresh schema; `None`, and a word about it, where there is no PostgreSQL.
    ///
    /// # Panics
    /// When there is none although `CI` is set: there, a test that is skipped is a test that fails.
    pub async fn find() -> Option<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let url = std::env::var(VARIABLE).unwrap_or_else(|_| USUAL.to_owned());
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let options = PostgresOptions {
            schema: format!("test_{number}_{}", uuid::Uuid::new_v4().simple()),
            pool: 4,
            ..PostgresOptions::new(&url)
        };
        match PostgresStore::migrate(&options).await {
            Ok(_) => Some(Self { options }),
            Err(error) => {
                crate::skipped(&format!(
                    "no PostgreSQL to test on ({error:?}); {VARIABLE} may name one"
                ));
                None
            }
        }
    }

    /// How to connect.
    pub fn options(&self) -> &PostgresOptions {
        &self.options
    }

    /// Does something in the schema behind the store's back.
    pub async fn execute(&self, statements: &str) -> Result<(), tokio_postgres::Error> {
        let PostgresOptions { url, schema, .. } = &self.options;
        execute(
            url,
            &format!(
                "SET client_min_messages = error; SET search_path TO \"{schema}\"; {statements}"
            ),
        )
        .await
    }

    /// A number out of the schema.
    pub async fn count(&self, select: &str) -> Result<i64, tokio_postgres::Error> {
        let PostgresOptions { url, schema, .. } = &self.options;
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        client
            .batch_execute(&format!("SET search_path TO \"{schema}\""))
            .await?;
        client.query_one(select, &[]).await?.try_get(0)
    }
}

async fn execute(url: &str, statements: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(statements).await
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let PostgresOptions { url, schema, .. } = self.options.clone();
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let drop_schema = format!(
                "SET client_min_messages = error; DROP SCHEMA IF EXISTS \"{schema}\" CASCADE"
            );
            runtime
                .block_on(execute(&url, &drop_schema))
                .map_err(std::io::Error::other)
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the schema {} could not be dropped", self.options.schema);
        }
    }
}
