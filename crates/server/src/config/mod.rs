//! The configuration: one TOML file, walked against one table of keys, so that everything that is wrong comes out at once.
//!
//! Each section has a file in `sections`, with its keys and what its values come to; `[[providers]]` and the file of the API keys have theirs
//! here. `acteon-config` walks, and knows none of them.

mod api_keys;
mod changes;
mod env;
mod providers;
mod sections;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use acteon_config::Walker;
pub use acteon_config::{ConfigError, Diagnostic, Place, Section};
use acteon_core::ProviderName;
use acteon_crypto::KeyRing;
use acteon_gateway::GatewayOptions;
use zeroize::Zeroizing;

pub use api_keys::{AuthTable, KeyOf};
pub use changes::{Changes, Said};
pub use env::Env;
pub use providers::ConfiguredProvider;
pub use sections::{RulesConfig, SECTIONS, ServerConfig, StoreConfig};
use sections::{audit, auth, circuit_breaker, log, retry, store};

use crate::files;

/// A checked configuration.
pub struct Config {
    /// Where it listens, and how much may wait.
    pub server: ServerConfig,
    /// Where the file names the address to listen on.
    pub host_place: Option<Place>,
    /// Where the data are.
    pub store: StoreConfig,
    /// Settings of the gateway.
    pub gateway: GatewayOptions,
    /// The providers.
    pub providers: Vec<ConfiguredProvider>,
    /// What the providers share.
    pub shared: Arc<acteon_providers::Context>,
    /// Where rules come from.
    pub rules: RulesConfig,
    /// The file of the API keys, if callers are asked for one.
    pub auth: Option<PathBuf>,
    /// Keys for `ENC[...]` values of the file of the API keys.
    pub keys: KeyRing,
    /// What is logged, as in `RUST_LOG`, if it says so.
    pub log_level: Option<String>,
    /// All that it says.
    pub said: Said,
    /// How it is read anew; `None` where it is from no file.
    pub reread: Option<Reread>,
}

/// Reads a configuration anew, for providers that share what those in force do. May wait for a file.
pub type Reread =
    Arc<dyn Fn(&Arc<acteon_providers::Context>) -> Result<Config, ConfigError> + Send + Sync>;

/// Files that a configuration names.
#[derive(Clone, Debug)]
pub struct NamedFiles {
    /// Where rules come from.
    pub rules: RulesConfig,
    /// The file of the API keys, if callers are asked for one.
    pub auth: Option<PathBuf>,
}

impl Config {
    /// What runs without a file: everything at its default, and one `log` provider named `log`.
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

    /// Reads and checks a file once more. What was read to its end, such as a pipe, is no configuration any more.
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

    /// Reads and checks a file, and says which others it names, also where something is wrong with it.
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
        let config = Self::read(&mut walker, base, env);
        let named = config.named_files();
        (walker.finish().map(|()| config), named)
    }

    /// Reads every section, with defaults in place of what is wrong; the walker has noted that. `base` is the folder of the file.
    fn read(walker: &mut Walker<'_>, base: &Path, env: &Env<'_>) -> Self {
        let sections = walker.sections(SECTIONS, &["providers"]);
        let of = |name| sections.get(name);
        let server = walker.check("server", of("server"), ServerConfig::read);
        let mut retry = walker.check("retry", of("retry"), retry::read);
        let (store, lease) = walker.check("store", of("store"), |store| store::read(store, base));
        let (retention, redaction) = walker.check("audit", of("audit"), audit::read);
        let auth = walker.check("auth", of("auth"), |auth| auth::read(auth, base));
        let log_level = walker.check("log", of("log"), log::read);
        let shared = Arc::new(match &env.shared {
            Some(in_force) => in_force.with_next_lease(lease.send_limit()),
            None => acteon_providers::Context::new(lease.send_limit()),
        });
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
        let rules = walker.check("rules", of("rules"), |rules| {
            RulesConfig::read(rules, base, &names)
        });
        Self {
            gateway: GatewayOptions {
                retry,
                open: server.open,
                breakers,
                retention,
                redaction,
                lease,
            },
            server,
            host_place: walker.place_of("server", "host"),
            store,
            said: Said::new(sections, &providers),
            providers,
            shared,
            rules,
            auth,
            keys: env.keys.clone(),
            log_level,
            reread: None,
        }
    }

    /// Files that it names.
    pub fn named_files(&self) -> NamedFiles {
        NamedFiles {
            rules: self.rules.clone(),
            auth: self.auth.clone(),
        }
    }
}
