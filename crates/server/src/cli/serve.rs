//! Runs the server until a signal ends it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use acteon_server::config::{Config, Env, Reread, StoreConfig};
use acteon_server::{Server, default_data_dir, dumps, logging};
use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::{ConfigFile, not_blank, path, variable};

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) config: ConfigFile,
    /// Folder of the database [default: acteon in the XDG data folder]
    #[arg(long, value_name = "DIR", value_parser = path)]
    pub(super) data_dir: Option<PathBuf>,
    /// Address to listen on, in place of the configured one
    #[arg(long, value_parser = not_blank)]
    pub(super) host: Option<String>,
    /// Port to listen on, in place of the configured one
    #[arg(long)]
    pub(super) port: Option<u16>,
}

/// Time that threads which still read files have to end, once the server has stopped.
const LINGER: Duration = Duration::from_secs(1);

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        logging::start(variable("RUST_LOG").as_deref()).map_err(anyhow::Error::msg)?;
        acteon_server::raise_open_files();
        let path = self.config.path();
        let mut config = self.config.load()?;
        if !logging::follow(config.log_level.as_deref()) && config.log_level.is_some() {
            tracing::warn!("log.level has no effect: RUST_LOG is set, and wins");
        }
        // A pipe has given all that it had.
        config.reread = path.filter(|path| path.is_file()).map(reread);
        if config.server.core_dumps {
            dumps::allow();
        }
        if let Some(host) = self.host {
            config.server.host = host;
        }
        if let Some(port) = self.port {
            config.server.port = port;
        }
        #[cfg(feature = "postgres")]
        if self.data_dir.is_some() && matches!(config.store, StoreConfig::Postgres(_)) {
            tracing::warn!("--data-dir has no effect: the store is a PostgreSQL");
        }
        let data_dir = data_dir(self.data_dir, &config.store)?;
        let source = self
            .config
            .path()
            .map_or("none: everything at its default".to_owned(), |path| {
                path.display().to_string()
            });
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime
            .worker_threads(workers())
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let ended = runtime.block_on(run(config, data_dir, source));
        // A file that hangs on open must not keep the process: all that counts has ended by now.
        runtime.shutdown_timeout(LINGER);
        ended
    }
}

/// Function that reads the configuration file again for a reload.
fn reread(path: PathBuf) -> Reread {
    Arc::new(move |shared| {
        let env = Env {
            shared: Some(Arc::clone(shared)),
            ..Env::new(&variable)?
        };
        Config::load_anew(&path, &env)
    })
}

/// Folder of the embedded database: the one of the command line, else the configured one, else the
/// default. Empty for a PostgreSQL.
pub(super) fn data_dir(asked: Option<PathBuf>, store: &StoreConfig) -> anyhow::Result<PathBuf> {
    let configured = match store {
        StoreConfig::Embedded(configured) => configured.clone(),
        #[cfg(feature = "postgres")]
        StoreConfig::Postgres(_) => return Ok(PathBuf::new()),
    };
    let found = asked.or(configured).or_else(|| default_data_dir(&variable));
    found.context("there is no home folder for the database: name one with --data-dir")
}

/// Number of worker threads, half the cores: the store's writer and the kernel's network work need
/// the rest, and more workers mostly wake each other. Measured on four cores, two workers carry a
/// quarter more than four.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| (cores.get() / 2).max(2))
}

async fn run(config: Config, data_dir: PathBuf, source: String) -> anyhow::Result<ExitCode> {
    let providers: Vec<String> = config
        .providers
        .iter()
        .map(|provider| format!("{} ({})", provider.name, provider.type_name))
        .collect();
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    // A limit on the size of files is an error of the write, as on a full disk, and not the end of the process.
    let _file_size = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))
        .context("cannot listen for SIGXFSZ")?;
    // Scripts that rotate logs send these to any server. Nothing is to be done, and by default they end a process.
    let _unheeded = (
        signal(SignalKind::user_defined1()).context("cannot listen for SIGUSR1")?,
        signal(SignalKind::user_defined2()).context("cannot listen for SIGUSR2")?,
    );
    let (rules, keys) = (config.rules.directory.clone(), config.auth.clone());
    let server = tokio::select! {
        started = Server::start(config, &data_dir) => started?,
        _ = terminate.recv() => return Ok(stopped_early()),
        _ = interrupt.recv() => return Ok(stopped_early()),
    };
    let rules = rules.map_or("none".to_owned(), |directory| {
        format!("{} from {}", server.rules(), directory.display())
    });
    let screen = screen(
        &server,
        &Shown {
            source,
            providers,
            rules,
            keys,
        },
    );
    if let Err(error) = std::io::stdout().write_all(screen.as_bytes()) {
        tracing::warn!(%error, address = %server.address(), "running; standard output cannot be written");
    }
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => {
                tracing::info!("SIGHUP: reading the configuration, rules, people and API keys anew");
                server.reload();
            }
            // Nothing that is in flight could be recorded. Whoever supervises the process starts another.
            error = server.store_ended() => return Err(error).context("the store has ended, and with it the server"),
        }
    }
    tracing::info!("stopping: finishing what is in flight");
    if server.stop().await {
        tracing::info!("stopped; everything in flight ended");
        return Ok(ExitCode::SUCCESS);
    }
    tracing::warn!(
        "stopped with sends in flight; the next start takes them over, marked possible_duplicate"
    );
    Ok(ExitCode::SUCCESS)
}

/// Ends a server that was told to stop before it had started.
fn stopped_early() -> ExitCode {
    tracing::info!("stopped before the start was over; nothing was taken");
    ExitCode::SUCCESS
}

/// Parts of the configuration that a started server shows.
struct Shown {
    source: String,
    providers: Vec<String>,
    rules: String,
    keys: Option<PathBuf>,
}

/// Text that a started server prints: its address, what it uses, and a request to try.
fn screen(server: &Server, shown: &Shown) -> String {
    let Shown {
        source,
        providers,
        rules,
        keys,
    } = shown;
    let address = server.address();
    let access = keys
        .as_ref()
        .map_or("everybody on this machine".to_owned(), |path| {
            format!("API keys of {}", path.display())
        });
    let header = if keys.is_some() {
        " -H \"authorization: Bearer $KEY\""
    } else {
        ""
    };
    let first = providers
        .first()
        .and_then(|provider| provider.split(' ').next())
        .unwrap_or("log");
    let listed = if providers.is_empty() {
        "none: add [[providers]] to the configuration".to_owned()
    } else {
        providers.join(", ")
    };
    let example = format!(
        r#"{{"namespace":"demo","tenant":"me","provider":"{first}","action_type":"hello","payload":{{"content":"Hello from Acteon"}}}}"#
    );
    format!(
        "Acteon {version} is running.\n\n  \
         API        http://{address}\n  \
         Config     {source}\n  \
         Database   {database}\n  \
         Providers  {listed}\n  \
         Rules      {rules}\n  \
         Access     {access}\n  \
         Health     http://{address}/ready, /v1/providers/health, /metrics\n\n  \
         Try it     curl -s http://{address}/v1/dispatch -H 'content-type: application/json'{header} -d '{example}'\n\n",
        version = env!("CARGO_PKG_VERSION"),
        database = server.database(),
    )
}
