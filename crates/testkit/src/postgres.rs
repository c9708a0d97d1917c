//! PostgreSQL for tests, in which each test has a schema of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use acteon_store::postgres::{PostgresOptions, PostgresStore};

/// Environment variable with the database's URL. Its user must be allowed to make schemas.
const VARIABLE: &str = "ACTEON_TEST_POSTGRES";
/// URL that is tried where the variable is not set.
const USUAL: &str = "postgres://postgres@127.0.0.1:5432/test";

/// Schema of a test, with the store's tables. It is removed when it is dropped.
pub struct TestDatabase {
    options: PostgresOptions,
}

impl TestDatabase {
    /// Makes a schema; `None`, and a message, when there is no PostgreSQL.
    ///
    /// # Panics
    /// When there is none although `CI` is set: a test that is skipped there fails.
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

    /// Options of a store on this schema.
    pub fn options(&self) -> &PostgresOptions {
        &self.options
    }

    /// Runs SQL statements in the schema, past the store.
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

    /// Number that a query returns, such as a count of rows.
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
