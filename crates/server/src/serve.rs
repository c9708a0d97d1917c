//! A running server: store, gateway and HTTP in one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::SystemEntropy;
use acteon_core::limits::{
    MAX_ASIDE, MAX_ASIDE_WAITING, MAX_BODIES_BYTES, MAX_READS, MAX_REPLAYS, SLOW_BODY,
};
use acteon_gateway::{Gateway, Observer, Parts, Registry, StoredInterval};
use acteon_store::{DocumentKind, StoreError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::auth::Auth;
use crate::budget::Budget;
use crate::config::{Config, ConfigError};
use crate::http::{AppState, Asides, Front, Site, Turns};
use crate::listen::{self, Answers, Listening};
use crate::metrics::Metrics;
use crate::rules::{RulesError, RulesLoader};
use crate::sign_in::SignIns;
use crate::store::{self, Opened};
#[cfg(feature = "wechat")]
use crate::tokens;

/// A server that runs until it is stopped.
pub struct Server {
    address: SocketAddr,
    place: String,
    gateway: Gateway,
    reload: Arc<Notify>,
    limit: Duration,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    watching: Vec<JoinHandle<()>>,
}

/// A server that could not start.
#[derive(Debug)]
pub enum StartError {
    /// The data folder cannot be made.
    DataDir(PathBuf, std::io::Error),
    /// The store cannot be opened.
    Store(String, StoreError),
    /// The address cannot be listened on.
    Listen(String, std::io::Error),
    /// The host is none of this machine's.
    Host(String, std::io::Error),
    /// The rules are wrong.
    Rules(RulesError),
    /// The file of the API keys is wrong.
    Auth(ConfigError),
    /// It would listen beyond this machine without asking callers who they are.
    Public(String),
    /// Two providers have one name.
    Registry(acteon_gateway::RegistryError),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DataDir(path, error) => {
                write!(
                    f,
                    "cannot make the data folder {}: {error}; choose another with --data-dir",
                    path.display()
                )
            }
            Self::Store(path, error) => write!(f, "cannot open the database {path}: {error}"),
            Self::Listen(address, error) => write!(
                f,
                "cannot listen on {address}: {error}; choose another port with --port"
            ),
            Self::Host(host, error) => {
                write!(
                    f,
                    "cannot listen on {host}: {error}; use an address of this machine, or 0.0.0.0 or [::] for all of them"
                )
            }
            Self::Rules(error) => write!(f, "{error}"),
            Self::Auth(error) => write!(f, "{error}"),
            Self::Public(host) => write!(
                f,
                "will not listen on {host} without API keys: anybody who can reach it could send. Set `enabled = true` in [auth], and make a \
                 key with `acteon-server api-key NAME`; or listen on 127.0.0.1"
            ),
            Self::Registry(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl Server {
    /// Opens the store, in `data_dir` if it is an embedded one, starts the gateway, and listens.
    pub async fn start(config: Config, data_dir: &Path) -> Result<Self, StartError> {
        refuse_public(&config)?;
        let auth = Arc::new(
            Auth::load(config.auth.clone(), config.keys.clone())
                .await
                .map_err(StartError::Auth)?,
        );
        let Opened {
            store,
            clock,
            place,
        } = store::open(&config.store, data_dir).await?;
        let store_error = |error| StartError::Store(place.clone(), error);
        let site = Site::new(
            &config.host,
            is_loopback(&config.host),
            &config.hosts,
            &config.origins,
        );
        let address = format!("{}:{}", bracketed(&config.host), config.port);
        let listener = TcpListener::bind(&address)
            .await
            .map_err(|error| StartError::Listen(address.clone(), error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Listen(address, error))?;
        let mut registry = Registry::default();
        for provider in config.providers {
            registry
                .add(provider.name, provider.provider)
                .map_err(StartError::Registry)?;
        }
        let metrics = Metrics::new(&registry.names().cloned().collect::<Vec<_>>());
        let intervals = store
            .documents(DocumentKind::TimeInterval)
            .await
            .map_err(store_error)?;
        let intervals = intervals
            .iter()
            .filter_map(|document| StoredInterval::name_in(&document.body))
            .collect();
        let files = Arc::new(RulesLoader::new(config.rules));
        let rules = files.load(intervals).await.map_err(StartError::Rules)?;
        let entropy = Arc::new(SystemEntropy::default());
        #[cfg(feature = "wechat")]
        if !config.keys.is_empty() {
            let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
            config
                .shared
                .share_tokens(Arc::new(tokens::StoredTokens::new(
                    store,
                    clock,
                    &*entropy,
                    config.keys.clone(),
                )));
        }
        let parts = Parts {
            store,
            clock: Arc::clone(&clock),
            entropy: Arc::<SystemEntropy>::clone(&entropy),
            observer: Arc::clone(&metrics) as Arc<dyn Observer>,
            registry,
            rules,
            options: config.gateway,
        };
        let gateway = listen::answering(&listener, Gateway::start(parts))
            .await
            .map_err(store_error)?;
        let reload = Arc::new(Notify::new());
        let watching = watch_files(&files, &auth, &gateway, &reload);
        let (stop, stopped) = watch::channel(false);
        let answers = Answers::new();
        let state = AppState {
            gateway: gateway.clone(),
            metrics,
            clock,
            entropy,
            rules: Arc::clone(&files),
            auth: Arc::clone(&auth),
            sign_ins: SignIns::default(),
            reads: Turns::new(MAX_READS),
            replays: Turns::new(MAX_REPLAYS),
            asides: Asides::new(MAX_ASIDE, MAX_ASIDE_WAITING),
            answers: Arc::clone(&answers.of_looks),
            stopped: stopped.clone(),
            bodies: Budget::new(MAX_BODIES_BYTES, SLOW_BODY),
        };
        let listening = Listening::new(Front::new(state, site), answers, listen::connections());
        let accepting =
            tokio::spawn(listening.accept(listener, stopped, config.shutdown_timeout / 2));
        Ok(Self {
            address,
            place,
            gateway,
            reload,
            limit: config.shutdown_timeout,
            stop,
            accepting,
            watching,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its database is, in words.
    pub fn database(&self) -> &str {
        &self.place
    }

    /// Resolves when the store can do nothing any more and will not recover: the process should end, so that another can begin.
    pub async fn store_ended(&self) -> StoreError {
        self.gateway.store_ended().await
    }

    /// How many rules are in force.
    pub fn rules(&self) -> usize {
        self.gateway.rules().len()
    }

    /// Has the rules and the file of the API keys read anew; where anything is wrong, what was before stays in force, and the log says why.
    ///
    /// Waits for nothing: a file may hang. What is asked for meanwhile is done once, after.
    pub fn reload(&self) {
        self.reload.notify_one();
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

/// Tasks that read rules and API keys anew: when a file changes, and when they are told to.
fn watch_files(
    files: &Arc<RulesLoader>,
    auth: &Arc<Auth>,
    gateway: &Gateway,
    told: &Arc<Notify>,
) -> Vec<JoinHandle<()>> {
    let changes = [
        tokio::spawn(Arc::clone(files).watch(gateway.clone())),
        tokio::spawn(Arc::clone(auth).watch()),
    ];
    let (files, auth, gateway, told) = (
        Arc::clone(files),
        Arc::clone(auth),
        gateway.clone(),
        Arc::clone(told),
    );
    let when_told = tokio::spawn(async move {
        loop {
            told.notified().await;
            let auth = Arc::clone(&auth);
            // What is wrong is logged, counted, and shown by /ready.
            drop(tokio::task::spawn_blocking(move || auth.reload()).await);
            drop(files.reload(&gateway).await);
        }
    });
    changes.into_iter().chain([when_told]).collect()
}

fn refuse_public(config: &Config) -> Result<(), StartError> {
    if config.auth.is_none() && !is_loopback(&config.host) {
        return Err(StartError::Public(config.host.clone()));
    }
    Ok(())
}

/// Why a server with this configuration would not listen, whatever the port.
pub fn check_host(config: &Config) -> Result<(), StartError> {
    refuse_public(config)?;
    let address = format!("{}:0", bracketed(&config.host));
    std::net::TcpListener::bind(&address)
        .map(drop)
        .map_err(|error| StartError::Host(config.host.clone(), error))
}

/// Whether only this machine can reach an address.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// IPv6 addresses stand in brackets before a port.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}
