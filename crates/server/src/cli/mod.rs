//! The command line: its grammar, and which command runs.

#[macro_use]
mod output;

mod action;
mod arguments;
mod audit;
mod call;
mod cases;
mod chains;
mod check;
mod client;
mod dead_letters;
mod filters;
mod known;
mod matchers;
mod rules;
mod screen;
mod secrets;
mod serve;
mod silences;
mod store;
mod when;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use arguments::{Usage, usage};

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
    /// Try chains against fixture files
    #[command(subcommand)]
    Chains(chains::Chains),
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

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        match self.dispatch() {
            Ok(code) => code,
            // Whoever reads what is printed has read enough.
            Err(error) if output::is_broken_pipe(&error) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error:#}");
                exit_code(&error)
            }
        }
    }
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
            Command::Chains(chains) => chains.run(file),
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

/// Inputs that a command reads, which tells which flags have an effect on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Uses {
    /// Neither configuration nor store.
    Nothing,
    /// The configuration, and not the store.
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
            Self::Rules(_) | Self::Chains(_) => Uses::Configuration,
            Self::Check(_)
            | Self::Migrate(_)
            | Self::Backup(_)
            | Self::Export(_)
            | Self::Import(_) => Uses::Store,
        }
    }
}
