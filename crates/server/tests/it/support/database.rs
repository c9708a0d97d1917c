//! Which engine the tests run on: the embedded one, or with `ACTEON_TEST_STORE=postgres` the PostgreSQL that `ACTEON_TEST_POSTGRES` names.

use std::path::Path;

/// The URL of the PostgreSQL that the tests run on, if they do.
fn url() -> Option<String> {
    let wanted = std::env::var("ACTEON_TEST_STORE").is_ok_and(|engine| engine == "postgres");
    wanted.then(|| std::env::var("ACTEON_TEST_POSTGRES").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".into()))
}

/// The schema that a data folder stands for.
fn schema(folder: &Path) -> String {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("it_{}_{name}", std::process::id())
}

/// The lines of a configuration that choose the engine.
pub(crate) fn store_lines(folder: &Path) -> String {
    let Some(url) = url() else { return String::new() };
    format!("store.url = {url:?}\nstore.schema = {:?}\nstore.pool_size = 3\nstore.lease_seconds = 10\n", schema(folder))
}

/// Whether the lease of the store is too short for a provider whose calls may take 25 seconds.
pub(crate) fn has_short_lease() -> bool {
    url().is_some()
}

/// Everything that the shared database keeps for a data folder; `None` where there is none.
#[cfg(feature = "wechat")]
pub(crate) async fn dump(folder: &Path) -> Option<String> {
    let (client, connection) = tokio_postgres::connect(&url()?, tokio_postgres::NoTls).await.expect("the database");
    tokio::spawn(connection);
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = $1";
    let mut dump = String::new();
    for table in client.query(tables, &[&schema(folder)]).await.expect("the tables") {
        let select = format!("SELECT to_json(t)::text FROM {}.{} t", schema(folder), table.get::<_, &str>(0));
        for row in client.query(&select, &[]).await.expect("rows") {
            dump += row.get(0);
        }
    }
    assert!(!dump.is_empty());
    Some(dump)
}
