//! The command line.

mod check;
mod rules;
mod secrets;
mod serve;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

use acteon_server::config::{Config, ConfigError, Surroundings};
use clap::{Args, Parser, Subcommand};

/// Acteon, the action gateway: takes actions over HTTP, keeps them safe, and delivers them.
#[derive(Parser)]
#[command(version, about, after_help = "Without a configuration file it starts with an embedded database and a provider named \"log\".")]
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
    #[arg(short, long, value_name = "FILE", env = "ACTEON_CONFIG", global = true)]
    config: Option<PathBuf>,
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        let result = match self.command {
            None => self.serve.run(),
            Some(Command::Check(check)) => check.run(&self.serve.config),
            Some(Command::Rules(rules)) => rules.run(&self.serve.config),
            Some(Command::Migrate(which)) => which.migrate(&self.serve.config),
            Some(Command::Backup(to)) => to.backup(&self.serve.config),
            Some(Command::Export(to)) => to.export(&self.serve.config),
            Some(Command::Import(from)) => from.import(&self.serve.config),
            Some(Command::ApiKey(key)) => key.run(),
            Some(Command::Encrypt) => secrets::encrypt(),
            Some(Command::Keygen) => secrets::keygen(),
        };
        match result {
            Ok(code) => code,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

impl ConfigFile {
    /// The file to use, if there is one.
    fn path(&self) -> Option<PathBuf> {
        let default = PathBuf::from("acteon.toml");
        self.config.clone().or_else(|| default.is_file().then_some(default))
    }

    fn load(&self) -> Result<Config, ConfigError> {
        let Some(path) = self.path() else { return Config::without_file() };
        Config::load(&path, &Surroundings::new(&variable)?)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
