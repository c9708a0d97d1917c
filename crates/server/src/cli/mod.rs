//! The command line.

/// Prints a line, and returns early where that is not possible: a panic would tell nobody anything.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::print(format_args!($($text)*))?
    };
}

mod action;
mod audit;
mod call;
mod check;
mod client;
mod dead_letters;
mod filters;
mod matchers;
mod rules;
mod screen;
mod secrets;
mod serve;
mod silences;
mod store;
mod when;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acteon_server::config::{Config, ConfigError, Env, NamedFiles};
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

/// Acteon, the action gateway: takes actions over HTTP, keeps them safe, and delivers them.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Without a configuration file it starts with an embedded database and a provider named \"log\"."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Check the configuration without starting
    Check(check::Check),
    /// Try rules against fixture files
    #[command(subcommand)]
    Rules(rules::Rules),
    /// List, make and end silences of a running gateway
    Silences(silences::Silences),
    /// Look back at what a running gateway did
    Audit(audit::Audit),
    /// List, show, send again and discard dead letters of a running gateway
    #[command(visible_alias = "dlq")]
    DeadLetters(Box<dead_letters::DeadLetters>),
    /// Bring the schema of the store up to date
    Migrate(store::Which),
    /// Copy the embedded database into a file, also while the server runs
    Backup(store::ToFile),
    /// Write everything that the store keeps into a file, as lines of JSON
    Export(store::ToFile),
    /// Read what `export` wrote into an empty store, of either engine
    Import(store::FromFile),
    /// Print a fresh API key, and the lines for auth.toml
    ApiKey(secrets::ApiKey),
    /// Read a secret from standard input and print its ENC[...] envelope
    Encrypt,
    /// Print a fresh key for `ACTEON_AUTH_KEY`
    Keygen,
}

/// Which configuration.
#[derive(Args)]
struct ConfigFile {
    /// Configuration file [default: ./acteon.toml where there is one]
    #[arg(short, long, value_name = "FILE", env = "ACTEON_CONFIG", global = true, value_parser = path)]
    config: Option<PathBuf>,
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        match self.dispatch() {
            Ok(code) => code,
            // Whoever reads what is printed has read enough.
            Err(error) if is_broken_pipe(&error) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error:#}");
                exit_code(&error)
            }
        }
    }
}

/// What is wrong with a command line that its grammar allows.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<client::NoAnswer>() {
        ExitCode::from(client::TRY_AGAIN)
    } else if error.is::<Usage>() {
        // As for what the grammar refuses.
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

/// Prints a line on standard output.
fn print(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output cannot be written")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

impl Cli {
    fn dispatch(mut self) -> anyhow::Result<ExitCode> {
        let Some(command) = self.command.take() else {
            return self.serve.run();
        };
        let uses = command.uses();
        // A flag may stand before its command. One that the command knows nothing of must not be taken as if it did.
        let data_dir = self.serve.data_dir.take();
        let unused = [
            ("--host", self.serve.host.is_some()),
            ("--port", self.serve.port.is_some()),
            ("--data-dir", data_dir.is_some() && uses != Uses::Store),
            (
                "--config",
                self.serve.config.is_said() && uses == Uses::Nothing,
            ),
        ];
        if let Some((flag, _)) = unused.into_iter().find(|(_, is_unused)| *is_unused) {
            return Err(usage(format!(
                "{flag} has no effect on this command: leave it out"
            )));
        }
        let file = &self.serve.config;
        match command {
            Command::Check(check) => check.or(data_dir)?.run(file),
            Command::Rules(rules) => rules.run(file),
            Command::Silences(silences) => silences.run(),
            Command::Audit(audit) => audit.run(),
            Command::DeadLetters(letters) => letters.run(),
            Command::Migrate(which) => which.or(data_dir)?.migrate(file),
            Command::Backup(to) => to.or(data_dir)?.backup(file),
            Command::Export(to) => to.or(data_dir)?.export(file),
            Command::Import(from) => from.or(data_dir)?.import(file),
            Command::ApiKey(key) => key.run(),
            Command::Encrypt => secrets::encrypt(),
            Command::Keygen => secrets::keygen(),
        }
    }
}

/// What a command looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Uses {
    /// Neither configuration nor store.
    Nothing,
    /// The configuration alone.
    Configuration,
    /// The configuration, and the store that it names.
    Store,
}

impl Command {
    const fn uses(&self) -> Uses {
        match self {
            Self::Silences(_)
            | Self::Audit(_)
            | Self::DeadLetters(_)
            | Self::ApiKey(_)
            | Self::Encrypt
            | Self::Keygen => Uses::Nothing,
            Self::Rules(_) => Uses::Configuration,
            Self::Check(_)
            | Self::Migrate(_)
            | Self::Backup(_)
            | Self::Export(_)
            | Self::Import(_) => Uses::Store,
        }
    }
}

impl ConfigFile {
    /// Whether it stands on the command line, and not in the environment only.
    fn is_said(&self) -> bool {
        self.config.is_some()
            && self.config.as_deref() != std::env::var_os("ACTEON_CONFIG").as_deref().map(Path::new)
    }

    /// Whether a file was named, here or in the environment.
    fn is_named(&self) -> bool {
        self.config.is_some()
    }

    /// The file to use, if there is one.
    fn path(&self) -> Option<PathBuf> {
        let default = PathBuf::from("acteon.toml");
        self.config
            .clone()
            // A link to nowhere or a folder is meant to be one, and is told.
            .or_else(|| default.symlink_metadata().is_ok().then_some(default))
    }

    /// The configuration, and the files that it names also where something is wrong with it.
    fn load_with_files(
        &self,
    ) -> Result<(Result<Config, ConfigError>, Option<NamedFiles>), ConfigError> {
        let Some(path) = self.path() else {
            return Ok((Config::without_file(), None));
        };
        let (config, named) = Config::load_with_files(&path, &Env::new(&variable)?)?;
        Ok((config, Some(named)))
    }

    fn load(&self) -> Result<Config, ConfigError> {
        let Some(path) = self.path() else {
            return Config::without_file();
        };
        Config::load(&path, &Env::new(&variable)?)
    }
}

/// A path of the command line. A blank one, as of an empty variable, would be the current folder.
fn path(text: &str) -> Result<PathBuf, &'static str> {
    if text.trim().is_empty() {
        Err("it is blank: name a path, or leave the flag out")
    } else {
        Ok(text.into())
    }
}

/// The path of a file that is read or written whole, and never standard input or output.
fn file(text: &str) -> Result<PathBuf, &'static str> {
    if text == "-" {
        return Err("standard input and output are not taken: write ./- for a file of that name");
    }
    path(text)
}

/// A text of the command line that is not blank.
fn not_blank(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("it is blank: write a value, or leave the flag out")
    } else {
        Ok(text.to_owned())
    }
}

/// For commands that wait for one thing at a time.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
