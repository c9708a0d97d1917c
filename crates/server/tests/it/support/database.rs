//! Which engine the tests run on: the embedded one, or with `ACTEON_TEST_STORE=postgres` the PostgreSQL that `ACTEON_TEST_POSTGRES` names.

use std::path::Path;

/// The line of a provider whose calls may take long: a gateway that dies is taken over later then, where gateways share a store.
pub(crate) const LONG_CALLS: &str = "timeout_seconds = 25\n";

/// The URL of the PostgreSQL that the tests run on, if they do.
fn url() -> Option<String> {
    let wanted = std::env::var("ACTEON_TEST_STORE").is_ok_and(|engine| engine == "postgres");
    wanted.then(|| {
        std::env::var("ACTEON_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".into())
    })
}

/// Whether the tests run on the embedded engine, whose data is in a folder.
pub(crate) fn is_embedded() -> bool {
    url().is_none()
}

/// The schema that a data folder stands for.
fn schema(folder: &Path) -> String {
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("it_{}_{name}", std::process::id())
}

/// The lines of a configuration that choose the engine.
pub(crate) fn store_lines(folder: &Path) -> String {
    lines(folder, 10)
}

/// A configuration with the lines that choose the engine, and there with a lease that the calls of its providers fit into.
pub(crate) fn with_store(folder: &Path, configuration: &str) -> String {
    let lease = if configuration.contains(LONG_CALLS) {
        38
    } else {
        10
    };
    lines(folder, lease) + configuration
}

fn lines(folder: &Path, lease_seconds: u64) -> String {
    let Some(url) = url() else {
        return String::new();
    };
    let schema = schema(folder);
    format!(
        "store.url = {url:?}\nstore.schema = {schema:?}\nstore.pool_size = 3\nstore.lease_seconds = {lease_seconds}\n"
    )
}

/// Everything that the shared database keeps for a data folder; `None` where there is none.
#[cfg(feature = "wechat")]
pub(crate) async fn dump(folder: &Path) -> Option<String> {
    let (client, connection) = tokio_postgres::connect(&url()?, tokio_postgres::NoTls)
        .await
        .expect("the database");
    tokio::spawn(connection);
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = $1";
    let mut dump = String::new();
    for table in client
        .query(tables, &[&schema(folder)])
        .await
        .expect("the tables")
    {
        let select = format!(
            "SELECT to_json(t)::text FROM {}.{} t",
            schema(folder),
            table.get::<_, &str>(0)
        );
        for row in client.query(&select, &[]).await.expect("rows") {
            dump += row.get(0);
        }
    }
    assert!(!dump.is_empty());
    Some(dump)
}
