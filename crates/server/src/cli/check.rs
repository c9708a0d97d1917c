//! `acteon-server check`.

use std::process::ExitCode;

use acteon_gateway::Registry;
use acteon_server::config::{AuthTable, ConfiguredProvider};
use anyhow::Context as _;
use clap::Args;

use super::ConfigFile;

#[derive(Args)]
pub(super) struct Check {
    /// Also call each provider's health check
    #[arg(long)]
    live: bool,
}

impl Check {
    pub(super) fn run(&self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        let config = file.load()?;
        let name = file.path().map_or("the default configuration".to_owned(), |path| path.display().to_string());
        let mut registry = Registry::default();
        for ConfiguredProvider { name, provider, .. } in &config.providers {
            registry.add(name.clone(), std::sync::Arc::clone(provider))?;
        }
        let auth = config.auth.as_deref().map(|path| AuthTable::load(path, &config.keys)).transpose()?;
        // The time intervals of the store are not known here.
        let rules = acteon_server::rules::load(config.rules.directory.as_deref(), &config.rules.context, None)?;
        say!("{name} is valid");
        if let Some(directory) = &config.rules.directory {
            say!("  {} rule(s) from {}", rules.len(), directory.display());
        }
        if let Some(auth) = &auth {
            say!("  {} API key(s)", auth.len());
        }
        for ConfiguredProvider { name, type_name, .. } in &config.providers {
            say!("  provider {name} ({type_name})");
        }
        if config.providers.is_empty() {
            say!("  warning: it has no [[providers]]; every action will fail with PROVIDER_NOT_FOUND");
        }
        if !self.live {
            return Ok(ExitCode::SUCCESS);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
        Ok(if runtime.block_on(live(&config.providers))? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn live(providers: &[ConfiguredProvider]) -> anyhow::Result<bool> {
    let mut all_healthy = true;
    for ConfiguredProvider { name, provider, .. } in providers {
        match provider.health().await {
            Ok(health) => say!("  {name}: healthy {}", health.notes.join(", ")),
            Err(error) => {
                all_healthy = false;
                say!("  {name}: {} {error}", error.kind().code());
            }
        }
    }
    Ok(all_healthy)
}
