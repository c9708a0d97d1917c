//! `--live`: asks what the configuration names whether it would work, without sending.

#[cfg(feature = "postgres")]
use acteon_core::with_causes;
use acteon_server::config::{ConfiguredProvider, StoreConfig};

/// Whether a shared database can be used as it is configured. Prints what it finds.
pub(super) async fn live_store(store: &StoreConfig) -> anyhow::Result<bool> {
    match store {
        StoreConfig::Embedded(_) => Ok(true),
        #[cfg(feature = "postgres")]
        StoreConfig::Postgres(options) => {
            Ok(
                match acteon_store::postgres::PostgresStore::look_at(options).await {
                    Ok((place, 0)) => {
                        say!(
                            "  store: PostgreSQL {place}: there; the schema {} is made by the first server",
                            options.schema
                        );
                        true
                    }
                    Ok((place, version)) => {
                        say!(
                            "  store: PostgreSQL {place}: there, with version {version} of the schema {}",
                            options.schema
                        );
                        true
                    }
                    Err(error) => {
                        say!("  store: of [store] url: {}", with_causes(&error));
                        false
                    }
                },
            )
        }
    }
}

pub(super) async fn live(providers: &[ConfiguredProvider]) -> anyhow::Result<bool> {
    let mut all_healthy = true;
    for ConfiguredProvider { name, provider, .. } in providers {
        match provider.health().await {
            Ok(health) => say!("  {name}: healthy {}", health.remarks.join(", ")),
            Err(error) => {
                all_healthy = false;
                say!("  {name}: {} {error}", error.kind().code());
            }
        }
    }
    Ok(all_healthy)
}
