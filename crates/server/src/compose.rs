//! A running server: store, gateway and HTTP API put together.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "wechat")]
use acteon_core::Clock;
use acteon_core::SystemEntropy;
use acteon_core::limits::{
    MAX_ASIDE, MAX_ASIDE_WAITING, MAX_BODIES_BYTES, MAX_IDENTIFYING, MAX_READS, MAX_REPLAYS,
    SLOW_BODY,
};
#[cfg(feature = "wechat")]
use acteon_crypto::KeyRing;
use acteon_gateway::{
    ApprovalOptions, Gateway, GatewayOptions, KeyNames, Observer, Parts, Registry,
};
use acteon_rules::RuleSet;
#[cfg(feature = "wechat")]
use acteon_store::Store;
use acteon_store::StoreError;
use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::Auth;
use crate::budget::Budget;
use crate::calendars::warn_of_calendars;
use crate::config::{Config, ConfiguredProvider, PeopleFile, RulesConfig, ServerConfig};
use crate::configuration::ConfigurationLoader;
use crate::http::{AppState, Asides, Front, Site, Turns};
use crate::listen::{self, Answers, Listening};
use crate::metrics::Metrics;
use crate::people::{PeopleLoader, warn_of_people};
use crate::rereading::{Files, watch_files};
use crate::rules::RulesLoader;
use crate::sign_in::SignIns;
use crate::start_error::StartError;
use crate::store::{self, Opened};
use crate::stored_names::StoredNames;
#[cfg(feature = "wechat")]
use crate::tokens;

/// A server that runs until it is stopped.
pub struct Server {
    address: SocketAddr,
    place: String,
    gateway: Gateway,
    reload: watch::Sender<()>,
    limit: Duration,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    watching: Vec<JoinHandle<()>>,
}

impl Server {
    /// Opens the store, in `data_dir` if it is an embedded one, starts the gateway, and listens.
    pub async fn start(config: Config, data_dir: &Path) -> Result<Self, StartError> {
        refuse_public(&config)?;
        let keys = Arc::new(ArcSwap::from_pointee(config.keys.clone()));
        let auth = Auth::load(config.auth.clone(), Arc::clone(&keys)).await;
        let auth = Arc::new(auth.map_err(StartError::Auth)?);
        let Opened {
            store,
            clock,
            place,
        } = store::open(&config.store, data_dir).await?;
        let store_error = |error| StartError::Store(place.clone(), error);
        let site = site(&config);
        let (listener, address) = bind(&config).await?;
        let registry = registry(config.providers)?;
        let metrics = Metrics::new(&registry.names().cloned().collect::<Vec<_>>());
        let (people, options) = with_people(config.people, config.gateway).await?;
        let stored = StoredNames::read(&*store).await.map_err(store_error)?;
        let (rules, rule_set) = with_rules(config.rules, stored).await?;
        let entropy = Arc::new(SystemEntropy::default());
        #[cfg(feature = "wechat")]
        share_tokens(&config.shared, &keys, &store, &clock, &entropy);
        let parts = Parts {
            store,
            clock: Arc::clone(&clock),
            entropy: Arc::<SystemEntropy>::clone(&entropy),
            observer: Arc::clone(&metrics) as Arc<dyn Observer>,
            registry,
            rules: rule_set,
            options: with_approvals(options, &config.server, &auth, address),
        };
        let gateway = started(&listener, parts).await.map_err(store_error)?;
        let loader = ConfigurationLoader::new(config.reread, config.shared, keys, config.said);
        let files = Files::new(loader, auth, rules, people);
        let (reload, told) = watch::channel(());
        let watching = watch_files(&files, &gateway, &told);
        let (stop, stopped) = watch::channel(false);
        let answers = Answers::new();
        let state = AppState {
            gateway: gateway.clone(),
            metrics,
            clock,
            entropy,
            rules: files.rules,
            configuration: files.configuration,
            auth: files.auth,
            people: files.people,
            sign_ins: SignIns::default(),
            reads: Turns::new(MAX_READS),
            replays: Turns::new(MAX_REPLAYS),
            identifying: Turns::new(MAX_IDENTIFYING),
            streams: Arc::default(),
            asides: Asides::new(MAX_ASIDE, MAX_ASIDE_WAITING),
            answers: Arc::clone(&answers.of_looks),
            stopped: stopped.clone(),
            bodies: Budget::new(MAX_BODIES_BYTES, SLOW_BODY),
        };
        let listening = Listening::new(Front::new(state, site), answers, listen::connections());
        let accepting =
            tokio::spawn(listening.accept(listener, stopped, config.server.shutdown_timeout / 2));
        Ok(Self {
            address,
            place,
            gateway,
            reload,
            limit: config.server.shutdown_timeout,
            stop,
            accepting,
            watching,
        })
    }

    /// Address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Place of its database, in words: a path, or a PostgreSQL's host and database.
    pub fn database(&self) -> &str {
        &self.place
    }

    /// Resolves when the store can do nothing any more and will not recover: the process should end, so that another can begin.
    pub async fn store_ended(&self) -> StoreError {
        self.gateway.store_ended().await
    }

    /// Number of rules in force.
    pub fn rules(&self) -> usize {
        self.gateway.rules().len()
    }

    /// Has the configuration, the rules and the file of the API keys read anew; where anything is wrong with one of them, what was before stays in
    /// force, and the log says why.
    ///
    /// Waits for nothing: a file may hang, which holds up none of the others. What is asked for meanwhile is done once, after.
    pub fn reload(&self) {
        self.reload.send_replace(());
    }

    /// Stops accepting, finishes what is in flight within the configured limit, and leaves the rest for the next start.
    ///
    /// Says whether all that was in flight ended in time.
    pub async fn stop(self) -> bool {
        // Whoever waits for a turn is told at once what becomes of it; sends in flight go on.
        self.gateway.release();
        self.stop.send_replace(true);
        for task in &self.watching {
            task.abort();
        }
        // Requests under way are answered before the gateway refuses any.
        let began = tokio::time::Instant::now();
        drop(self.accepting.await);
        self.gateway
            .stop(self.limit.saturating_sub(began.elapsed()))
            .await
    }
}

/// Adds the settings of approvals: links lead to where people reach the server, and decisions are passed on to keys that are there.
fn with_approvals(
    options: GatewayOptions,
    server: &ServerConfig,
    auth: &Arc<Auth>,
    address: SocketAddr,
) -> GatewayOptions {
    let external_url = server.external_url.clone();
    let auth = Arc::clone(auth);
    GatewayOptions {
        approvals: ApprovalOptions {
            external_url: external_url.unwrap_or_else(|| format!("http://{address}")),
            keys: server.approval_keys.clone(),
            callers_are_known: options.approvals.callers_are_known,
            key_names: KeyNames::new(move |name| auth.has_name(name)),
        },
        ..options
    }
}

fn site(config: &Config) -> Site {
    Site::new(
        &config.server.host,
        is_loopback(&config.server.host),
        &config.server.hosts,
        &config.server.origins,
        config.server.external_url.as_deref(),
    )
}

/// Listens on the configured address, and returns it with the actual port: the configured one may
/// be 0.
async fn bind(config: &Config) -> Result<(TcpListener, SocketAddr), StartError> {
    let address = format!("{}:{}", bracketed(&config.server.host), config.server.port);
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| StartError::Listen(address.clone(), error))?;
    let address = listener
        .local_addr()
        .map_err(|error| StartError::Listen(address, error))?;
    Ok((listener, address))
}

/// Starts the gateway, while requests are told that it is starting.
async fn started(listener: &TcpListener, parts: Parts) -> Result<Gateway, StoreError> {
    let gateway = listen::answering(listener, Gateway::start(parts)).await?;
    warn_of_calendars(&gateway).await;
    warn_of_people(&gateway).await;
    for text in gateway.unfit_chains() {
        tracing::warn!("{text}");
    }
    Ok(gateway)
}

fn registry(providers: Vec<ConfiguredProvider>) -> Result<Registry, StartError> {
    let mut registry = Registry::default();
    for provider in providers {
        registry
            .add(provider.name, provider.provider)
            .map_err(StartError::Registry)?;
    }
    Ok(registry)
}

/// Loads the rules to start with.
async fn with_rules(
    config: RulesConfig,
    stored: StoredNames,
) -> Result<(Arc<RulesLoader>, RuleSet), StartError> {
    let loader = Arc::new(RulesLoader::new(config));
    let rules = loader.load(stored).await.map_err(StartError::Rules)?;
    Ok((loader, rules))
}

/// Loads the file of people, if they have one, and adds them to the options of the gateway.
async fn with_people(
    file: Option<PeopleFile>,
    mut options: GatewayOptions,
) -> Result<(Arc<PeopleLoader>, GatewayOptions), StartError> {
    let loader = Arc::new(PeopleLoader::new(file));
    if let Some(roster) = loader.load().await.map_err(StartError::People)? {
        options.people = Arc::new(roster);
    }
    Ok((loader, options))
}

/// Keeps access tokens in the store, for all gateways that share it, while there is a key to
/// encrypt them with.
#[cfg(feature = "wechat")]
fn share_tokens(
    shared: &acteon_providers::Context,
    keys: &Arc<ArcSwap<KeyRing>>,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    entropy: &SystemEntropy,
) {
    shared.share_tokens(Arc::new(tokens::StoredTokens::new(
        Arc::clone(store),
        Arc::clone(clock),
        entropy,
        Arc::clone(keys),
    )));
}

fn refuse_public(config: &Config) -> Result<(), StartError> {
    if config.auth.is_none() && !is_loopback(&config.server.host) {
        return Err(StartError::Public(config.server.host.clone()));
    }
    Ok(())
}

/// Checks that a server with this configuration could listen, whatever its port.
pub fn check_host(config: &Config) -> Result<(), StartError> {
    refuse_public(config)?;
    let address = format!("{}:0", bracketed(&config.server.host));
    std::net::TcpListener::bind(&address)
        .map(drop)
        .map_err(|error| StartError::Host(config.server.host.clone(), error))
}

/// Whether only this machine can reach an address.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Host as it stands before a port: IPv6 addresses get brackets.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}
