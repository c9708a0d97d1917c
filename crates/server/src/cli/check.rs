//! `acteon-server check`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use acteon_gateway::{Registry, StoredInterval};
use acteon_rules::RuleSet;
use acteon_server::config::{AuthTable, Config, ConfiguredProvider, NamedFiles, StoreConfig};
use acteon_store::{DocumentKind, SqliteOptions, SqliteStore};
use clap::Args;

use super::ConfigFile;
use super::store::Which;

#[derive(Args)]
pub(super) struct Check {
    /// Also call each provider's health check
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    which: Which,
}

/// What the store knows of time intervals.
enum Known {
    Names(Vec<String>),
    /// Nothing, for this reason.
    Not(String),
}

impl Check {
    /// The same with a folder that was named before the command.
    pub(super) fn or(self, before: Option<PathBuf>) -> anyhow::Result<Self> {
        Ok(Self {
            which: self.which.or(before)?,
            ..self
        })
    }

    /// Checks everything, and tells all that is wrong in one go.
    pub(super) fn run(self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        let name = file
            .path()
            .map_or("the default configuration".to_owned(), |path| {
                path.display().to_string()
            });
        let (config, named) = file.load_with_files()?;
        let known = config.as_ref().map_or_else(
            |_| Known::Not(String::new()),
            |config| self.which.intervals(config),
        );
        let mut wrong = Vec::new();
        let files = named.or_else(|| {
            config.as_ref().ok().map(|config| NamedFiles {
                rules: config.rules.clone(),
                auth: config.auth.clone(),
            })
        });
        let keys = acteon_server::config::Env::new(&super::variable)?.keys;
        let auth = files
            .as_ref()
            .and_then(|files| files.auth.as_deref())
            .map(|path| AuthTable::load(path, &keys))
            .transpose();
        let mut rules_config = files.map(|files| files.rules);
        if let (Err(_), Some(rules)) = (&config, &mut rules_config) {
            // A provider that is wrong is not there, and a rule that names it need not be wrong.
            rules.context.providers = None;
            rules.directory = rules
                .directory
                .take()
                .filter(|directory| directory.is_dir());
        }
        let intervals = match &known {
            Known::Names(intervals) => Some(intervals.clone()),
            Known::Not(_) => None,
        };
        let rules = rules_config
            .map(|rules| {
                acteon_server::rules::load(rules.directory.as_deref(), &rules.context, intervals)
            })
            .transpose();
        wrong.extend(config.as_ref().err().map(ToString::to_string));
        wrong.extend(
            config
                .as_ref()
                .ok()
                .and_then(|config| host_trouble(&name, config)),
        );
        wrong.extend(auth.as_ref().err().map(ToString::to_string));
        wrong.extend(rules.as_ref().err().map(ToString::to_string));
        let (Ok(config), Ok(auth), Ok(rules), true) = (config, auth, rules, wrong.is_empty())
        else {
            anyhow::bail!(wrong.join("\nerror: "))
        };
        let mut registry = Registry::default();
        for ConfiguredProvider { name, provider, .. } in &config.providers {
            registry.add(name.clone(), std::sync::Arc::clone(provider))?;
        }
        say!("{name} is valid");
        if let (Some(directory), Some(rules)) = (&config.rules.directory, &rules) {
            say!(
                "  {} rule(s) from {}",
                rules.rules.len(),
                directory.display()
            );
            for text in &rules.left_out {
                say!("  warning: {text}");
            }
            let named = elsewhere(&rules.rules);
            if let (Known::Not(why), false) = (&known, named.is_empty()) {
                say!(
                    "  time intervals of the store were not looked at: {why}; the rules name {}",
                    named.join(", ")
                );
            }
        }
        if let Some(auth) = &auth {
            say!("  {} API key(s)", auth.len());
        }
        for ConfiguredProvider {
            name, type_name, ..
        } in &config.providers
        {
            say!("  provider {name} ({type_name})");
        }
        if config.providers.is_empty() {
            say!(
                "  warning: it has no [[providers]]; every action will fail with PROVIDER_NOT_FOUND"
            );
        }
        if !self.live {
            return Ok(ExitCode::SUCCESS);
        }
        let runtime = super::runtime()?;
        let store = runtime.block_on(live_store(&config.store))?;
        let providers = runtime.block_on(live(&config.providers))?;
        Ok(if store && providers {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Time intervals that rules name and their files do not have.
fn elsewhere(rules: &RuleSet) -> Vec<String> {
    let named = rules
        .rules()
        .flat_map(|(rule, _)| rule.mute_intervals().iter().chain(rule.active_intervals()));
    let unknown: BTreeSet<&str> = named
        .map(|name| &**name)
        .filter(|name| rules.interval(name).is_none())
        .collect();
    unknown
        .into_iter()
        .map(|name| format!("{name:?}"))
        .collect()
}

/// Why a server would not listen with this configuration, with the line that says where.
fn host_trouble(file: &str, config: &Config) -> Option<String> {
    let error = acteon_server::check_host(config).err()?;
    let place = config
        .host_place
        .map(|place| format!("{file}:{}:{}: server: host: ", place.line, place.column))
        .unwrap_or_default();
    Some(format!("{place}{error}"))
}

impl Which {
    /// The names of the time intervals that the store has.
    fn intervals(&self, config: &Config) -> Known {
        match &config.store {
            store @ StoreConfig::Embedded(_) => match self.path(store) {
                Ok(path) => {
                    let options = SqliteOptions {
                        path,
                        ..SqliteOptions::default()
                    };
                    match SqliteStore::look_at_documents(&options, DocumentKind::TimeInterval) {
                        Ok(Some(documents)) => Known::Names(
                            documents
                                .iter()
                                .filter_map(|document| StoredInterval::name_in(&document.body))
                                .collect(),
                        ),
                        Ok(None) => Known::Not(format!(
                            "there is no database at {} yet",
                            options.path.display()
                        )),
                        Err(error) => Known::Not(format!("{}: {error}", options.path.display())),
                    }
                }
                Err(error) => Known::Not(error.to_string()),
            },
            #[cfg(feature = "postgres")]
            StoreConfig::Postgres(_) => {
                Known::Not("they are in a PostgreSQL, which is not asked".into())
            }
        }
    }
}

/// Whether a database that is shared can be used as it is configured.
#[cfg_attr(
    not(feature = "postgres"),
    expect(
        clippy::unused_async,
        reason = "the embedded database is only used by its server"
    )
)]
async fn live_store(store: &StoreConfig) -> anyhow::Result<bool> {
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
                        say!("  store: of [store] url: {error}");
                        false
                    }
                },
            )
        }
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
