//! The configuration: one TOML file, walked against one table of keys, so that everything that is wrong comes out at once.
//!
//! Each section has a file in `sections`, with its keys and what its values come to; `[[providers]]`, `[[calendars]]`, `[[people]]` and the file of the API
//! keys have theirs here. `acteon-config` walks, and knows none of them.

mod api_keys;
mod calendars;
mod changes;
mod env;
mod people;
mod providers;
mod sections;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use acteon_config::Walker;
pub use acteon_config::{ConfigError, Diagnostic, Place, Section};
use acteon_core::ProviderName;
use acteon_crypto::KeyRing;
use acteon_gateway::{ApprovalOptions, FlowKinds, GatewayOptions};
use zeroize::Zeroizing;

pub use api_keys::{AuthTable, KeyOf};
pub use calendars::CALENDAR;
pub use changes::{Changes, Said};
pub use env::Env;
pub use people::{PEOPLE_GROUP, PERSON, load_people, parse_people};
pub use providers::ConfiguredProvider;
pub use sections::{PeopleFile, RulesConfig, SECTIONS, ServerConfig, StoreConfig};
use sections::{audit, auth, circuit_breaker, directory, log, retry, store};

use crate::files;

/// Names of blocks that may come several times.
const BLOCKS: &[&str] = &["providers", "calendars", "people", "people_groups"];

/// Configuration that was read and has no errors.
pub struct Config {
    /// Address to listen on, and how much may wait.
    pub server: ServerConfig,
    /// Place in the file that names the address to listen on.
    pub host_place: Option<Place>,
    /// Kind and place of the store.
    pub store: StoreConfig,
    /// Options of the gateway.
    pub gateway: GatewayOptions,
    /// Providers in the order of the file.
    pub providers: Vec<ConfiguredProvider>,
    /// Things that the providers share, such as connections.
    pub shared: Arc<acteon_providers::Context>,
    /// Folder of the rules, and what they may refer to.
    pub rules: RulesConfig,
    /// File of the API keys, if callers are asked for one.
    pub auth: Option<PathBuf>,
    /// File of people and groups, if they have one of their own.
    pub people: Option<PeopleFile>,
    /// Key ring that opens `ENC[...]` values in the file of the API keys.
    pub keys: KeyRing,
    /// Directives of the log, as in `RUST_LOG`, if the file has any.
    pub log_level: Option<String>,
    /// Values of the file, to be compared with those of a reload.
    pub said: Said,
    /// Reads the file again; `None` where there is no file.
    pub reread: Option<Reread>,
}

/// Reads a configuration again, for providers that share what those in force do. May wait for a
/// file.
pub type Reread =
    Arc<dyn Fn(&Arc<acteon_providers::Context>) -> Result<Config, ConfigError> + Send + Sync>;

/// Files that a configuration names.
#[derive(Clone, Debug)]
pub struct NamedFiles {
    /// Folder of the rules, and what they may refer to.
    pub rules: RulesConfig,
    /// File of the API keys, if callers are asked for one.
    pub auth: Option<PathBuf>,
    /// File of people and groups, if they have one of their own.
    pub people: Option<PathBuf>,
}

impl Config {
    /// Configuration without a file: everything at its default, and one `log` provider named `log`.
    pub fn without_file() -> Result<Self, ConfigError> {
        let none = |_: &str| None;
        let env = Env {
            variable: &none,
            keys: KeyRing::default(),
            shared: None,
        };
        Self::parse(
            "the default configuration",
            "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
            &env,
        )
    }

    /// Reads and checks a file.
    pub fn load(path: &Path, env: &Env<'_>) -> Result<Self, ConfigError> {
        Self::load_with_files(path, env)?.0
    }

    /// Reads and checks a file again. A pipe, which was read to its end, has no configuration any
    /// more.
    pub fn load_anew(path: &Path, env: &Env<'_>) -> Result<Self, ConfigError> {
        let text = files::read_text(path, files::MAX_CONFIG_BYTES).map(Zeroizing::new);
        let text = text.map_err(|error| {
            ConfigError::Unreadable(format!(
                "the configuration file {} cannot be read anew: {error}",
                path.display()
            ))
        })?;
        Self::parse(&path.display().to_string(), &text, env)
    }

    /// Reads and checks a file, and returns the files that it names, also where it has an error.
    pub fn load_with_files(
        path: &Path,
        env: &Env<'_>,
    ) -> Result<(Result<Self, ConfigError>, NamedFiles), ConfigError> {
        let text = files::read_given(path, files::MAX_CONFIG_BYTES).map(Zeroizing::new);
        let text = text.map_err(|error| {
            let advice =
                "name another with -c or ACTEON_CONFIG, or neither to start with the defaults";
            ConfigError::Unreadable(format!(
                "the configuration file {} cannot be read: {error}; {advice}",
                path.display()
            ))
        })?;
        Ok(Self::parse_with_files(
            &path.display().to_string(),
            &text,
            env,
        ))
    }

    /// Checks the text of a file. `file` is its name in messages.
    pub fn parse(file: &str, text: &str, env: &Env<'_>) -> Result<Self, ConfigError> {
        Self::parse_with_files(file, text, env).0
    }

    fn parse_with_files(
        file: &str,
        text: &str,
        env: &Env<'_>,
    ) -> (Result<Self, ConfigError>, NamedFiles) {
        let base = Path::new(file).parent().unwrap_or(Path::new(""));
        let mut walker = Walker::new(file, text, env);
        let config = Self::read(&mut walker, (file, base), env);
        let named = config.named_files();
        (walker.finish().map(|()| config), named)
    }

    /// Reads every section. A value with an error has its default; the walker has noted the error.
    /// `base` is the folder of the file.
    fn read(walker: &mut Walker<'_>, (file, base): (&str, &Path), env: &Env<'_>) -> Self {
        let sections = walker.sections(SECTIONS, BLOCKS);
        let of = |name| sections.get(name);
        let server = walker.check("server", of("server"), ServerConfig::read);
        let mut retry = walker.check("retry", of("retry"), retry::read);
        let (store, lease) = walker.check("store", of("store"), |store| store::read(store, base));
        let (retention, redaction) = walker.check("audit", of("audit"), audit::read);
        let auth = walker.check("auth", of("auth"), |auth| auth::read(auth, base));
        let log_level = walker.check("log", of("log"), log::read);
        let shared = match &env.shared {
            Some(in_force) => in_force.with_next_lease(lease.send_limit()),
            None => acteon_providers::Context::new(lease.send_limit()),
        };
        // What is wrong with it is told already.
        #[cfg(feature = "wechat")]
        let shared = shared.reached_at(of("server").text("external_url"));
        let shared = Arc::new(shared);
        let providers = providers::read(walker, &shared);
        let names: Vec<ProviderName> = providers
            .iter()
            .map(|provider| provider.name.clone())
            .collect();
        retry.on_repairable_of = providers
            .iter()
            .filter_map(|provider| Some((provider.name.clone(), provider.on_repairable?)))
            .collect();
        let breakers = walker.check("circuit_breaker", of("circuit_breaker"), |section| {
            circuit_breaker::read(section, &names)
        });
        let calendars = calendars::read(walker, base);
        let people_file = walker.check("directory", of("directory"), |directory| {
            directory::read(directory, base)
        });
        let people = people::read_beside(walker, file, of("directory").is_given("file"));
        let rules = walker.check("rules", of("rules"), |rules| {
            RulesConfig::read(rules, base, &names, &calendars)
        });
        let said = Said::new(sections, &providers, &calendars, &people);
        Self {
            gateway: GatewayOptions {
                approvals: ApprovalOptions {
                    callers_are_known: auth.is_some(),
                    ..ApprovalOptions::default()
                },
                retry,
                open: server.open,
                flow_limits: server.flow_limits,
                breakers,
                retention,
                redaction,
                lease,
                calendars,
                people,
                flows: FlowKinds::default(),
            },
            server,
            host_place: walker.place_of("server", "host"),
            store,
            said,
            providers,
            shared,
            rules,
            auth,
            people: people_file,
            keys: env.keys.clone(),
            log_level,
            reread: None,
        }
    }

    /// Files that the configuration names.
    pub fn named_files(&self) -> NamedFiles {
        NamedFiles {
            rules: self.rules.clone(),
            auth: self.auth.clone(),
            people: self.people.as_ref().map(|file| file.path.clone()),
        }
    }
}
