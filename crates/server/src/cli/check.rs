//! `acteon-server check`: checks the configuration and the files that it names.

mod live;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use acteon_core::{Clock as _, SystemClock};
use acteon_flows::chain::Definition;
use acteon_gateway::{Registry, approval_warnings};
use acteon_people::Roster;
use acteon_rules::{ChainSource, RuleSet, calendar_warnings};
use acteon_server::config::{
    AuthTable, Config, ConfigError, ConfiguredProvider, Env, NamedFiles, RulesConfig, StoreConfig,
    load_people,
};
use acteon_server::rules::{Loaded, RulesError, load};
use clap::Args;

use super::arguments::{ConfigFile, runtime, variable};
use super::known::Known;
use super::store::Which;
use live::{live, live_store};

#[derive(Args)]
pub(super) struct Check {
    /// Also call each provider's health check
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    which: Which,
}

impl Check {
    /// Adds the data folder that was named before the command.
    pub(super) fn or(self, before: Option<PathBuf>) -> anyhow::Result<Self> {
        Ok(Self {
            which: self.which.or(before)?,
            ..self
        })
    }

    /// Checks everything, and reports all errors together.
    pub(super) fn run(self, file: &ConfigFile) -> anyhow::Result<ExitCode> {
        let checked = Found::read(file, &self.which)?.checked()?;
        let mut registry = Registry::default();
        for ConfiguredProvider { name, provider, .. } in &checked.config.providers {
            registry.add(name.clone(), Arc::clone(provider))?;
        }
        checked.say()?;
        if !self.live {
            return Ok(ExitCode::SUCCESS);
        }
        let runtime = runtime()?;
        let store = runtime.block_on(live_store(&checked.config.store))?;
        let providers = runtime.block_on(live(&checked.config.providers))?;
        Ok(if store && providers {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// The configuration and the files that it names, each of which may have an error.
struct Found {
    /// Name of the configuration in messages.
    name: String,
    config: Result<Config, ConfigError>,
    auth: Result<Option<AuthTable>, ConfigError>,
    rules: Result<Option<Loaded>, RulesError>,
    people: Result<Option<Roster>, ConfigError>,
    known: Known,
    /// Why a database could not be made in its folder.
    folder: Option<String>,
}

impl Found {
    fn read(file: &ConfigFile, which: &Which) -> anyhow::Result<Self> {
        let name = file
            .path()
            .map_or("the default configuration".to_owned(), |path| {
                path.display().to_string()
            });
        let (config, named) = file.load_with_files()?;
        let known = config.as_ref().map_or_else(
            |_| Known::Not(String::new()),
            |config| Known::of(config, which),
        );
        let folder = config
            .as_ref()
            .ok()
            .and_then(|config| which.folder_trouble(&config.store));
        let named = named.or_else(|| config.as_ref().ok().map(Config::named_files));
        let keys = Env::new(&variable)?.keys;
        let auth = named
            .as_ref()
            .and_then(|named| named.auth.as_deref())
            .map(|path| AuthTable::load(path, &keys))
            .transpose();
        let people = named
            .as_ref()
            .and_then(|named| named.people.as_deref())
            .map(load_people)
            .transpose();
        let rules = named
            .map(|NamedFiles { rules, .. }| match &config {
                Ok(_) => rules,
                Err(_) => of_wrong_configuration(rules),
            })
            .map(|rules| {
                let roster = match (&people, &config) {
                    (Ok(Some(roster)), _) => Some(roster),
                    (Ok(None), Ok(config)) => Some(&*config.gateway.people),
                    (Err(_), _) | (Ok(None), Err(_)) => None,
                };
                load(
                    rules.directory.as_deref(),
                    &rules.context,
                    known.names(roster),
                )
            })
            .transpose();
        Ok(Self {
            name,
            config,
            auth,
            rules,
            people,
            known,
            folder,
        })
    }

    /// The files, if none has an error; otherwise an error that lists all errors.
    fn checked(self) -> anyhow::Result<Checked> {
        let Self {
            name,
            config,
            auth,
            rules,
            people,
            known,
            folder,
        } = self;
        let host = config
            .as_ref()
            .ok()
            .and_then(|config| host_trouble(&name, config));
        let wrong: Vec<String> = [
            config.as_ref().err().map(ToString::to_string),
            host,
            folder,
            auth.as_ref().err().map(ToString::to_string),
            rules.as_ref().err().map(ToString::to_string),
            people.as_ref().err().map(ToString::to_string),
        ]
        .into_iter()
        .flatten()
        .collect();
        let (Ok(config), Ok(auth), Ok(rules), Ok(people), true) =
            (config, auth, rules, people, wrong.is_empty())
        else {
            anyhow::bail!(wrong.join("\nerror: "))
        };
        Ok(Checked {
            name,
            config,
            auth,
            rules,
            people,
            known,
        })
    }
}

/// Rules of a configuration that has an error. Its providers are not all known, so a rule may name
/// one that is missing here.
fn of_wrong_configuration(mut rules: RulesConfig) -> RulesConfig {
    rules.context.providers = None;
    rules.directory = rules.directory.filter(|directory| directory.is_dir());
    rules
}

/// Configuration and files without errors.
struct Checked {
    name: String,
    config: Config,
    auth: Option<AuthTable>,
    rules: Option<Loaded>,
    people: Option<Roster>,
    known: Known,
}

impl Checked {
    /// Prints what was found, with its warnings.
    fn say(&self) -> anyhow::Result<()> {
        say!("{} is valid", self.name);
        if let (Some(directory), Some(rules)) = (&self.config.rules.directory, &self.rules) {
            self.say_rules(directory, rules)?;
        }
        for text in self
            .calendar_warnings()
            .into_iter()
            .chain(self.approval_warnings())
        {
            say!("  warning: {text}");
        }
        if let Some(auth) = &self.auth {
            say!("  {} API key(s)", auth.len());
        }
        let people = self.people.as_ref();
        let (people, groups) = people.unwrap_or(&*self.config.gateway.people).counts();
        if people + groups > 0 {
            say!("  {people} people, in {groups} group(s)");
        }
        for ConfiguredProvider {
            name, type_name, ..
        } in &self.config.providers
        {
            say!("  provider {name} ({type_name})");
        }
        if self.config.providers.is_empty() {
            say!(
                "  warning: it has no [[providers]]; every action will fail with PROVIDER_NOT_FOUND"
            );
        }
        Ok(())
    }

    /// What should be known of the calendars that time intervals of the rules and of the store go by.
    fn calendar_warnings(&self) -> Vec<String> {
        let of_rules = self
            .rules
            .iter()
            .flat_map(|loaded| loaded.rules.intervals());
        let of_store = self.known.intervals();
        calendar_warnings(
            of_rules.chain(&of_store),
            &self.config.gateway.calendars,
            SystemClock::new().now(),
        )
    }

    /// What should be known of the rules and chains that ask people.
    fn approval_warnings(&self) -> Vec<String> {
        let Some(Loaded { rules, .. }) = &self.rules else {
            return Vec::new();
        };
        let of_files = rules.chains().iter();
        let of_files = of_files.filter_map(|source| Definition::read(source.json()).ok());
        let chains: Vec<Definition> = of_files.chain(self.known.chains()).collect();
        let roster = self.people.as_ref().unwrap_or(&*self.config.gateway.people);
        let directory = self.known.people(roster);
        approval_warnings(rules, chains.iter(), &directory, self.auth.is_some())
    }

    fn say_rules(
        &self,
        directory: &Path,
        Loaded { rules, left_out }: &Loaded,
    ) -> anyhow::Result<()> {
        say!("  {} rule(s) from {}", rules.len(), directory.display());
        if !rules.chains().is_empty() {
            let names: Vec<&str> = rules.chains().iter().map(ChainSource::name).collect();
            say!(
                "  {} chain(s) from there: {}",
                names.len(),
                names.join(", ")
            );
        }
        for text in left_out {
            say!("  warning: {text}");
        }
        let named = elsewhere(rules);
        if let (Known::Not(why), false) = (&self.known, named.is_empty()) {
            say!(
                "  warning: time intervals and chains of the store were not looked at: {why}; the files name {}, and a server whose store does not have them refuses the files",
                named.join(", ")
            );
        }
        Ok(())
    }
}

/// Names of time intervals and chains that rules and chains use and their files do not define, in quotes.
fn elsewhere(rules: &RuleSet) -> Vec<String> {
    let named = rules
        .rules()
        .flat_map(|(rule, _)| rule.mute_intervals().iter().chain(rule.active_intervals()));
    let unknown: BTreeSet<&str> = named
        .map(|name| &**name)
        .filter(|name| rules.interval(name).is_none())
        .collect();
    let within = rules.chains().iter().flat_map(|source| {
        let definition = Definition::read(source.json()).ok();
        definition.map_or_else(Vec::new, |definition| definition.references().chains)
    });
    let started = rules
        .rules()
        .filter_map(|(rule, _)| rule.verdict().chain())
        .map(ToString::to_string);
    let chains: BTreeSet<String> = started
        .chain(within.map(|(name, _)| name))
        .filter(|name| rules.chains().iter().all(|chain| chain.name() != name))
        .collect();
    unknown
        .into_iter()
        .map(str::to_owned)
        .chain(chains)
        .map(|name| format!("{name:?}"))
        .collect()
}

/// Error of a host that a server could not listen on, with its line and column in the
/// configuration.
fn host_trouble(file: &str, config: &Config) -> Option<String> {
    let error = acteon_server::check_host(config).err()?;
    let place = config
        .host_place
        .map(|place| format!("{file}:{}:{}: server: host: ", place.line, place.column))
        .unwrap_or_default();
    Some(format!("{place}{error}"))
}

impl Which {
    /// Error where the folder of the embedded database cannot be made, since a part of its path is
    /// no folder.
    fn folder_trouble(&self, store: &StoreConfig) -> Option<String> {
        match store {
            StoreConfig::Embedded(_) => {}
            #[cfg(feature = "postgres")]
            StoreConfig::Postgres(_) => return None,
        }
        let database = self.path(store).ok()?;
        let folder = database.parent()?;
        let there = folder
            .ancestors()
            .find(|part| part.symlink_metadata().is_ok())?;
        (!there.is_dir()).then(|| {
            format!(
                "cannot make the data folder {}: {} is there and is no folder; choose another with --data-dir",
                folder.display(),
                there.display()
            )
        })
    }
}
