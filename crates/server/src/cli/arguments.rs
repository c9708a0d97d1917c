//! Arguments that several commands take: the configuration file, paths and texts, and variables of
//! the environment.

use std::path::{Path, PathBuf};

use acteon_server::config::{Config, ConfigError, Env, NamedFiles};
use anyhow::Context as _;
use clap::Args;

/// Configuration file that a command reads.
#[derive(Args)]
pub(super) struct ConfigFile {
    /// Configuration file [default: ./acteon.toml where there is one]
    #[arg(short, long, value_name = "FILE", env = "ACTEON_CONFIG", global = true, value_parser = path)]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// Whether the file is named on the command line, and not in the environment only.
    pub(super) fn is_said(&self) -> bool {
        self.config.is_some()
            && self.config.as_deref() != std::env::var_os("ACTEON_CONFIG").as_deref().map(Path::new)
    }

    /// Whether a file is named, on the command line or in the environment.
    pub(super) fn is_named(&self) -> bool {
        self.config.is_some()
    }

    /// Path of the file to use, if there is one.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let default = PathBuf::from("acteon.toml");
        self.config
            .clone()
            // A link to nowhere or a folder is meant to be one, and is told.
            .or_else(|| default.symlink_metadata().is_ok().then_some(default))
    }

    /// The configuration, and the files that it names, also where the configuration has an error.
    pub(super) fn load_with_files(
        &self,
    ) -> Result<(Result<Config, ConfigError>, Option<NamedFiles>), ConfigError> {
        let Some(path) = self.path() else {
            return Ok((Config::without_file(), None));
        };
        let (config, named) = Config::load_with_files(&path, &Env::new(&variable)?)?;
        Ok((config, Some(named)))
    }

    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        let Some(path) = self.path() else {
            return Config::without_file();
        };
        Config::load(&path, &Env::new(&variable)?)
    }
}

/// Parses a path of the command line. A blank one, as of an empty variable, would be the current
/// folder.
pub(super) fn path(text: &str) -> Result<PathBuf, &'static str> {
    if text.trim().is_empty() {
        Err("it is blank: name a path, or leave the flag out")
    } else {
        Ok(text.into())
    }
}

/// Parses the path of a file that is read or written whole, and never standard input or output.
pub(super) fn file(text: &str) -> Result<PathBuf, &'static str> {
    if text == "-" {
        return Err("standard input and output are not taken: write ./- for a file of that name");
    }
    path(text)
}

/// Parses a text of the command line that is not blank.
pub(super) fn not_blank(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("it is blank: write a value, or leave the flag out")
    } else {
        Ok(text.to_owned())
    }
}

/// Error in a command line that its grammar allows. The exit code is 2, as for what the grammar
/// refuses.
#[derive(Debug)]
pub(super) struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

pub(super) fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// Value of an environment variable, where it is set and is UTF-8.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A runtime of one thread, for commands that wait for one thing at a time.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}
