//! The configuration: one TOML file, walked against one table of keys, so that everything that is wrong comes out at once.

mod auth;
mod changes;
mod env;
mod expand;
mod problems;
mod providers;
mod schema;
mod store;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use acteon_config::{Key, Settings};
use acteon_core::{Provider, ProviderName};
use acteon_crypto::KeyRing;
use acteon_gateway::{
    BreakerPolicy, Breakers, GatewayOptions, OnRepairable, OpenLimits, Retention, RetryPolicy,
};
use zeroize::Zeroizing;

pub use auth::{AuthTable, KeyOf};
pub use changes::{Changes, Said};
pub use env::Env;
pub use problems::{ConfigError, Place, Trouble};
pub use schema::{SECTIONS, Section};
use walk::Walker;

use crate::files;

/// A provider of the configuration.
pub struct ConfiguredProvider {
    /// The name that actions use.
    pub name: ProviderName,
    /// Its type.
    pub type_name: String,
    /// The provider itself.
    pub provider: Arc<dyn Provider>,
    /// What becomes of its actions when people must repair it, where that is not as for all others.
    pub on_repairable: Option<OnRepairable>,
    /// The keys of its type.
    pub keys: &'static [Key],
    /// What the file says of it.
    pub settings: Settings,
}

/// A checked configuration.
pub struct Config {
    /// Address to listen on.
    pub host: String,
    /// Where the file says so.
    pub host_place: Option<Place>,
    /// Port to listen on; 0 for any free one.
    pub port: u16,
    /// Names that it goes by beside localhost and its addresses.
    pub hosts: Vec<String>,
    /// Web pages of other sites that may call it.
    pub origins: Vec<String>,
    /// How long a stop may take.
    pub shutdown_timeout: Duration,
    /// Whether the process may be dumped, with its secrets.
    pub core_dumps: bool,
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

/// Where the data are.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// In an embedded database, in this folder; `None` for the default place.
    Embedded(Option<PathBuf>),
    /// In a PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(acteon_store::postgres::PostgresOptions),
}

/// Where rules come from.
#[derive(Clone, Debug)]
pub struct RulesConfig {
    /// The folder of their files.
    pub directory: Option<PathBuf>,
    /// Whether to load them anew when a file changes.
    pub watch: bool,
    /// What they may refer to.
    pub context: acteon_rules::Context,
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
        let mut walker = Walker::new(text, env);
        let sections = walker.sections();
        let server = sections.get("server");
        let host = server.text("host").unwrap_or("127.0.0.1").to_owned();
        if !is_host(&host) {
            let message = format!(
                "must be an address or a name without scheme, port and path, such as 127.0.0.1; {host:?} is none"
            );
            walker.trouble("server", "host", &message);
        }
        let host_place = walker.place_of("server", "host");
        let port = walker.ranged(server, "server", "port", 8080, 0..=65535);
        let hosts = names(
            &mut walker,
            server,
            "hosts",
            is_host,
            "names without scheme, port and path, such as acteon.example.com",
        );
        let origins = names(
            &mut walker,
            server,
            "origins",
            is_origin,
            "origins such as https://ops.example.com",
        );
        let stop_limit = walker.ranged(server, "server", "shutdown_timeout_seconds", 30, 0..=3600);
        let open = open_limits(&mut walker, server);
        let mut retry = retry(&mut walker, sections.get("retry"));
        let base = Path::new(file)
            .parent()
            .map(Path::to_owned)
            .unwrap_or_default();
        let (store, lease) = store::read(&mut walker, sections.get("store"), &base);
        let retention = retention(&mut walker, sections.get("audit"));
        let redaction = acteon_gateway::Redaction::new(sections.get("audit").texts("redact"))
            .unwrap_or_else(|error| {
                walker.trouble("audit", "redact", &error.to_string());
                acteon_gateway::Redaction::default()
            });
        let auth = sections.get("auth");
        // Who says `enabled = false` knows that the rest is off.
        if !auth.has("enabled") {
            walker.without_effect(auth, "auth", &["config_path"], "enabled = true");
        }
        let auth = auth
            .flag("enabled")
            .then(|| base.join(auth.text("config_path").unwrap_or("auth.toml")));
        let log_level = log_level(&mut walker, sections.get("log"));
        let shared = env
            .shared
            .clone()
            .unwrap_or_else(|| Arc::new(acteon_providers::Context::new(lease.send_limit())));
        let providers = providers::build(&mut walker, &shared);
        let of_providers = providers
            .iter()
            .filter_map(|provider| Some((provider.name.clone(), provider.on_repairable?)));
        retry.on_repairable_of = of_providers.collect();
        let breakers = breakers(&mut walker, sections.get("circuit_breaker"), &providers);
        let rules = rules(&mut walker, sections.get("rules"), &base, &providers);
        let named = NamedFiles {
            rules: rules.clone(),
            auth: auth.clone(),
        };
        if let Err(wrong) = walker.finish(file) {
            return (Err(wrong), named);
        }
        let core_dumps = server.flag("core_dumps");
        let config = Self {
            host,
            host_place,
            port: u16::try_from(port).unwrap_or_default(),
            hosts,
            origins,
            shutdown_timeout: Duration::from_secs(stop_limit.unsigned_abs()),
            core_dumps,
            store,
            gateway: GatewayOptions {
                retry,
                open,
                breakers,
                retention,
                redaction,
                lease,
            },
            said: Said::new(sections, &providers),
            providers,
            shared,
            rules,
            auth,
            keys: env.keys.clone(),
            log_level,
            reread: None,
        };
        (Ok(config), named)
    }
}

fn open_limits(walker: &mut Walker<'_>, settings: &Settings) -> OpenLimits {
    let total = walker
        .ranged(
            settings,
            "server",
            "max_open_actions",
            OpenLimits::default().total as i64,
            1..=100_000_000,
        )
        .max(1);
    let number = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
    let half = OpenLimits::of(number(total));
    let mut share = |key: &str, default: usize| {
        number(walker.ranged(settings, "server", key, default as i64, 1..=total))
    };
    OpenLimits {
        total: half.total,
        per_provider: share("max_open_per_provider", half.per_provider),
        per_tenant: share("max_open_per_tenant", half.per_tenant),
    }
}

fn log_level(walker: &mut Walker<'_>, settings: &Settings) -> Option<String> {
    let level = settings.text("level")?;
    if let Err(message) = crate::logging::check(level) {
        walker.trouble("log", "level", &message);
    }
    Some(level.to_owned())
}

/// A list of names, each of which must be of a kind.
fn names(
    walker: &mut Walker<'_>,
    settings: &Settings,
    key: &str,
    fits: fn(&str) -> bool,
    expected: &str,
) -> Vec<String> {
    let names = settings.texts(key);
    if let Some(wrong) = names.iter().find(|name| !fits(name)) {
        walker.trouble(
            "server",
            key,
            &format!("must be {expected}; {wrong:?} is none"),
        );
    }
    names.to_vec()
}

fn is_host(text: &str) -> bool {
    let is_v6 = text
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::Ipv6Addr>()
        .is_ok();
    is_v6
        || (!text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')))
}

fn is_origin(text: &str) -> bool {
    let authority = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    authority.is_some_and(|rest| {
        !rest.is_empty()
            && !rest
                .trim_end_matches('/')
                .contains(['/', '@', '?', '#', ' ', '*'])
    })
}

fn retry(walker: &mut Walker<'_>, settings: &Settings) -> RetryPolicy {
    let default = RetryPolicy::default();
    let max_quick = walker.ranged(
        settings,
        "retry",
        "max_retries",
        default.max_quick.into(),
        0..=10,
    );
    let max_age = walker.ranged(
        settings,
        "retry",
        "max_age_seconds",
        default.max_age.as_secs() as i64,
        1..=2_592_000,
    );
    let delays = match settings.integers("delays_seconds") {
        None => default.delays.clone(),
        Some(seconds)
            if !seconds.is_empty()
                && seconds.len() <= 100
                && seconds.iter().all(|delay| (1..=86400).contains(delay)) =>
        {
            seconds
                .iter()
                .map(|delay| Duration::from_secs(delay.unsigned_abs()))
                .collect()
        }
        Some(_) => {
            walker.trouble(
                "retry",
                "delays_seconds",
                "must be a list of 1 to 100 numbers from 1 to 86400",
            );
            Vec::new()
        }
    };
    let durable = settings.flag_or("durable", default.durable);
    let on_repairable = on_repairable(walker, "retry", settings).unwrap_or_default();
    if on_repairable == OnRepairable::Hold && !durable {
        walker.trouble(
            "retry",
            "on_repairable",
            "\"hold\" has no effect with durable = false: nothing goes on in the store then",
        );
    }
    RetryPolicy {
        max_quick: u32::try_from(max_quick).unwrap_or_default(),
        durable,
        delays,
        max_age: Duration::from_secs(max_age.unsigned_abs()),
        on_repairable,
        ..default
    }
}

/// What becomes of actions whose provider is to be repaired, if that is said.
fn on_repairable(
    walker: &mut Walker<'_>,
    section: &str,
    settings: &Settings,
) -> Option<OnRepairable> {
    match settings.text("on_repairable")? {
        "fail" => Some(OnRepairable::Fail),
        "hold" => Some(OnRepairable::Hold),
        other => {
            walker.trouble(
                section,
                "on_repairable",
                &format!("must be \"fail\" or \"hold\", is {other:?}"),
            );
            None
        }
    }
}

fn breakers(
    walker: &mut Walker<'_>,
    settings: &Settings,
    providers: &[ConfiguredProvider],
) -> Breakers {
    let BreakerPolicy {
        failure_threshold,
        success_threshold,
        recovery,
    } = BreakerPolicy::default();
    if !settings.has("enabled") {
        let needing = [
            "failure_threshold",
            "success_threshold",
            "recovery_timeout_seconds",
            "fallbacks",
        ];
        walker.without_effect(settings, "circuit_breaker", &needing, "enabled = true");
    }
    let mut number = |key: &str, default: u64, most: i64| {
        let value = walker.ranged(settings, "circuit_breaker", key, default as i64, 1..=most);
        u32::try_from(value).unwrap_or(1)
    };
    let policy = BreakerPolicy {
        failure_threshold: number("failure_threshold", failure_threshold.into(), 1000),
        success_threshold: number("success_threshold", success_threshold.into(), 1000),
        recovery: Duration::from_secs(
            number("recovery_timeout_seconds", recovery.as_secs(), 86_400).into(),
        ),
    };
    let mut fallbacks = BTreeMap::new();
    let names = || providers.iter().map(|provider| provider.name.as_str());
    for (from, to) in settings.text_table("fallbacks") {
        let find = |name: &str| {
            providers
                .iter()
                .map(|provider| &provider.name)
                .find(|known| known.as_str() == name)
                .cloned()
        };
        match (find(&from), find(&to)) {
            (Some(from), Some(to)) if from != to => drop(fallbacks.insert(from, to)),
            (known_from, _) => {
                let unknown = if known_from.is_none() { &from } else { &to };
                let meant =
                    crate::similar::nearest(unknown, names()).filter(|near| near != unknown);
                let meant = meant
                    .map(|near| format!("; did you mean {near:?} in the place of {unknown:?}?"))
                    .unwrap_or_default();
                let message =
                    format!("{from:?} = {to:?} must name two providers that are configured{meant}");
                walker.trouble("circuit_breaker", "fallbacks", &message);
            }
        }
    }
    Breakers {
        policy: settings.flag("enabled").then_some(policy),
        fallbacks,
    }
}

fn retention(walker: &mut Walker<'_>, settings: &Settings) -> Retention {
    let default = walker.ranged(
        settings,
        "audit",
        "ttl_seconds",
        Retention::default().default.as_secs() as i64,
        60..=3_153_600_000,
    );
    let tenants = settings.integer_table("tenant_ttl_seconds");
    if tenants
        .values()
        .any(|seconds| !(60..=3_153_600_000).contains(seconds))
    {
        walker.trouble(
            "audit",
            "tenant_ttl_seconds",
            "must be numbers of seconds from 60 to 3153600000",
        );
    }
    for tenant in tenants.keys() {
        if let Err(error) = acteon_core::Tenant::parse_new(tenant) {
            walker.trouble(
                "audit",
                "tenant_ttl_seconds",
                &format!("{tenant:?} can be no tenant: {error}"),
            );
        }
    }
    let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    Retention {
        default: seconds(default),
        tenants: tenants
            .into_iter()
            .map(|(tenant, kept)| (tenant, seconds(kept)))
            .collect(),
    }
}

fn rules(
    walker: &mut Walker<'_>,
    settings: &Settings,
    base: &Path,
    providers: &[ConfiguredProvider],
) -> RulesConfig {
    let context = acteon_rules::Context {
        providers: Some(
            providers
                .iter()
                .map(|provider| provider.name.clone())
                .collect(),
        ),
        intervals: Some(BTreeSet::new()),
        default_timezone: settings
            .text("default_timezone")
            .unwrap_or("UTC")
            .to_owned(),
        env: settings.text_table("env"),
    };
    let directory = settings
        .text("directory")
        .map(|directory| base.join(directory));
    if let Some(error) = directory
        .as_ref()
        .and_then(|directory| std::fs::read_dir(directory).err())
    {
        let shown = directory.as_deref().unwrap_or(base).display();
        walker.trouble(
            "rules",
            "directory",
            &format!("{shown} cannot be read as a folder: {error}; make it, or name another"),
        );
    }
    if !acteon_rules::is_time_zone(&context.default_timezone) {
        let message = format!(
            "there is no time zone {:?}; use a name such as Asia/Shanghai",
            context.default_timezone
        );
        walker.trouble("rules", "default_timezone", &message);
    }
    // What is wrong with a directory is told already.
    if directory.is_none() && !walker.is_given("rules", "directory") {
        walker.without_effect(
            settings,
            "rules",
            &["default_timezone", "watch", "env"],
            "directory",
        );
    }
    RulesConfig {
        directory,
        watch: settings.flag_or("watch", true),
        context,
    }
}
