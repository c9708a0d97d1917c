//! Connections: how they are made, how they begin, and when they are thrown away.

use std::ops::Deref;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use acteon_core::{regular_file, with_causes};
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Failure, PostgresError};
use super::options::PostgresOptions;
use crate::{Cause, StoreError};

/// Longest that making a connection, or waiting for a free one, may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Longest that the server works on one statement.
const STATEMENT_LIMIT: Duration = Duration::from_secs(8);
/// Longest that is waited for an answer: longer than the server's limit, so that its word comes first.
const ANSWER_LIMIT: Duration = Duration::from_secs(12);
/// Longest that the server keeps the locks of a transaction whose client says nothing: it may have been stopped.
const IDLE_IN_TRANSACTION_LIMIT: Duration = Duration::from_secs(5);

/// Checked settings for connections.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: MakeRustlsConnect,
    begin: Arc<str>,
}

/// Description of the database, without secrets: name, hosts and port.
pub(super) fn place(config: &tokio_postgres::Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!(
        "{} on {}, port {port}",
        config
            .get_dbname()
            .or(config.get_user())
            .unwrap_or("postgres"),
        hosts.join(", ")
    )
}

fn invalid(cause: impl Into<Cause>) -> StoreError {
    StoreError::Engine(Cause::with_context("the store's settings", cause))
}

impl PostgresOptions {
    /// Settings of the URL with the password, or what is wrong with the URL.
    fn parse(&self) -> Result<tokio_postgres::Config, String> {
        use secrecy::ExposeSecret as _;
        let expected = "expected postgres://user@host:5432/database";
        let mut config = tokio_postgres::Config::from_str(&self.url)
            .map_err(|error| format!("{}; {expected}", PostgresError::from(&error)))?;
        if let Some(password) = &self.password {
            config.password(password.expose_secret());
        }
        if config.get_hosts().is_empty() {
            return Err(format!("names no host; {expected}"));
        }
        Ok(config)
    }

    /// Checks the settings without opening anything; an error is the name of the setting and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let config = self.parse().map_err(|message| ("url", message))?;
        let in_url = tokio_postgres::Config::from_str(&self.url)
            .is_ok_and(|config| config.get_password().is_some());
        if self.password.is_some() && in_url {
            return Err((
                "password",
                "has no effect where the URL has a password: leave one of the two out".into(),
            ));
        }
        if self.ca_file.is_some() && self.ssl_mode(&config) == SslMode::Disable {
            let message = "has no effect without TLS, which a database on this machine is asked for only by `?sslmode=require` in the URL";
            return Err(("ca_file", message.into()));
        }
        let certificates = self.ca_file.as_deref().map(certificates).transpose();
        certificates
            .map(drop)
            .map_err(|message| ("ca_file", message))
    }

    /// Whether the connection is encrypted: as the URL says, and otherwise where it leaves this machine.
    fn ssl_mode(&self, config: &tokio_postgres::Config) -> SslMode {
        let here = config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.is_loopback())
            }
            Host::Unix(_) => true,
        });
        match (self.url.contains("sslmode="), here) {
            (true, _) => config.get_ssl_mode(),
            (false, true) => SslMode::Disable,
            (false, false) => SslMode::Require,
        }
    }
}

impl Connector {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self, StoreError> {
        let mut config = options.parse().map_err(invalid)?;
        config.ssl_mode(options.ssl_mode(&config));
        if config.get_application_name().is_none() {
            config.application_name("acteon");
        }
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(CONNECT_LIMIT);
        config.tcp_user_timeout(ANSWER_LIMIT);
        config.keepalives_idle(Duration::from_secs(10));
        let begin = format!(
            "SET search_path TO \"{}\"; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
             SET default_transaction_isolation = 'read committed'; SET client_min_messages = 'warning'",
            options.schema.replace('"', "\"\""),
            STATEMENT_LIMIT.as_millis(),
            IDLE_IN_TRANSACTION_LIMIT.as_millis(),
        );
        Ok(Self {
            config,
            tls: tls(options)?,
            begin: begin.into(),
        })
    }

    /// A pool of at most `size` connections.
    pub(super) fn pool(&self, size: usize) -> Result<Pool, StoreError> {
        self.build(size, &[])
    }

    /// Two pools of at most `size` connections together: for the gateway itself, which must go on whatever callers ask for, and for callers.
    pub(super) fn pools(&self, size: usize) -> Result<(Pool, Pool), StoreError> {
        let own = (size / 3).clamp(1, 4);
        Ok((self.pool(own)?, self.pool(size.saturating_sub(own).max(1))?))
    }

    /// A pool of at most `size` connections for batches.
    pub(super) fn writers(&self, size: usize) -> Result<Pool, StoreError> {
        self.build(size, &BY_KEY)
    }

    fn build(&self, size: usize, plans: &'static [&'static str]) -> Result<Pool, StoreError> {
        let manager_config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), manager_config);
        let begin = Arc::clone(&self.begin);
        let first = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let begin = Arc::clone(&begin);
            Box::pin(async move {
                let result = begin_session(client, &begin, plans).await;
                result.map_err(|failure| {
                    HookError::message(with_causes(&failure.into_store()).to_string())
                })
            })
        });
        Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_LIMIT))
            .create_timeout(Some(CONNECT_LIMIT))
            .recycle_timeout(Some(CONNECT_LIMIT))
            .post_create(first)
            .build()
            .map_err(|error| StoreError::Engine(error.into()))
    }
}

/// Batches look rows up by their keys. A plan that was made while a table was empty would read the whole of it ever after.
const BY_KEY: [&str; 2] = ["SET enable_seqscan = off", "SET enable_mergejoin = off"];

/// Limits and search path; and a commit must be on disk, whatever the database's default says.
async fn begin_session(
    client: &tokio_postgres::Client,
    begin: &str,
    plans: &[&str],
) -> Result<(), Failure> {
    client.batch_execute(begin).await?;
    for setting in plans {
        match client.batch_execute(setting).await {
            // An engine that has no such setting plans in its own way.
            Err(error) if error.as_db_error().is_none() => return Err(error.into()),
            _ => {}
        }
    }
    let row = client
        .query_one("SELECT current_setting('synchronous_commit')", &[])
        .await?;
    if matches!(row.try_get(0)?, "off" | "local") {
        client.batch_execute("SET synchronous_commit = on").await?;
    }
    Ok(())
}

fn tls(options: &PostgresOptions) -> Result<MakeRustlsConnect, StoreError> {
    let config = match &options.ca_file {
        None => rustls::ClientConfig::with_platform_verifier()
            .map_err(|error| invalid(Cause::with_context("the system's certificates", error)))?,
        Some(path) => {
            let roots =
                certificates(path).map_err(|message| invalid(format!("ca_file {message}")))?;
            rustls::ClientConfig::builder()
                .with_root_certificates(roots)
                .with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

/// The certificates of a file, or what is wrong with it.
fn certificates(path: &Path) -> Result<rustls::RootCertStore, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    regular_file::check(path).map_err(|error| unreadable(&error))?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if roots.is_empty() {
        return Err(unreadable(&"it holds no certificate in PEM"));
    }
    Ok(roots)
}

/// A connection out of the pool. It goes back only through [`Conn::done`]: one that was left in the middle of something is closed.
pub(super) struct Conn(Option<Object>);

impl Conn {
    pub(super) async fn of(pool: &Pool) -> Result<Self, Failure> {
        match pool.get().await {
            Ok(object) => Ok(Self(Some(object))),
            Err(PoolError::Backend(error)) => {
                Err(Failure::Away(PostgresError::from(&error).into()))
            }
            Err(PoolError::Timeout(_)) => Err(Failure::Away(
                format!("no connection within {} s", CONNECT_LIMIT.as_secs()).into(),
            )),
            Err(PoolError::Closed) => Err(Failure::Refused(StoreError::Closed)),
            Err(error @ (PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_))) => {
                // Not the error itself: a hook's may hold the driver's.
                Err(Failure::Away(error.to_string().into()))
            }
        }
    }

    /// Rolls back after a failure. The connection goes back to the pool if it answers to that.
    pub(super) async fn undone(self, failure: &Failure) {
        let usable = matches!(failure, Failure::Conflict | Failure::Refused(_));
        if usable
            && in_time(async { Ok(self.batch_execute("ROLLBACK").await?) })
                .await
                .is_ok()
        {
            self.done();
        }
    }

    pub(super) fn done(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

impl Deref for Conn {
    type Target = Object;

    #[expect(
        clippy::expect_used,
        reason = "only `done` and `drop` take it, and both end it"
    )]
    fn deref(&self) -> &Object {
        self.0.as_ref().expect("a connection until it is done")
    }
}

/// Waits for an answer for as long as [`ANSWER_LIMIT`].
pub(super) async fn in_time<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWER_LIMIT, work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Unknown(
            format!("no answer within {} s", ANSWER_LIMIT.as_secs()).into(),
        )),
    }
}
