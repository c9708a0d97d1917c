//! Settings of a PostgreSQL store.

use std::path::PathBuf;
use std::sync::Arc;

/// Settings of a PostgreSQL store.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user@host:port/database?sslmode=require`; several hosts are tried until one takes writes.
    pub url: String,
    /// The password, where the URL has none.
    pub password: Option<Arc<secrecy::SecretString>>,
    /// Certificates to trust, in PEM, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Schema of the tables. It is made if it is not there.
    pub schema: String,
    /// Most connections for what is not written in batches.
    pub pool: usize,
    /// Whether to be told of other processes' work, and to tell them. Without it everything is found by looking around.
    pub notify: bool,
}

impl PostgresOptions {
    /// The defaults for a URL.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            password: None,
            ca_file: None,
            schema: "acteon".into(),
            pool: 8,
            notify: true,
        }
    }
}

impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("schema", &self.schema)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
