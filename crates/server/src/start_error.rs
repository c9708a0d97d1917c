//! Why a server could not start.

use std::path::PathBuf;

use acteon_store::StoreError;

use crate::config::ConfigError;
use crate::rules::RulesError;

/// Error of a server that could not start.
#[derive(Debug)]
pub enum StartError {
    /// The data folder cannot be made.
    DataDir(PathBuf, std::io::Error),
    /// The store cannot be opened.
    Store(String, StoreError),
    /// The server cannot listen on the address.
    Listen(String, std::io::Error),
    /// The host is not an address or name of this machine.
    Host(String, std::io::Error),
    /// The rules have errors.
    Rules(RulesError),
    /// The file of the API keys has errors.
    Auth(ConfigError),
    /// The file of people and groups has errors.
    People(ConfigError),
    /// The server would listen beyond this machine without asking callers for keys.
    Public(String),
    /// Two providers have the same name.
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
            Self::Store(path, _) => write!(f, "cannot open the database {path}"),
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
            Self::Auth(error) | Self::People(error) => write!(f, "{error}"),
            Self::Public(host) => write!(
                f,
                "will not listen on {host} without API keys: anybody who can reach it could send. Set `enabled = true` in [auth], and make a \
                 key with `acteon-server api-key NAME`; or listen on 127.0.0.1"
            ),
            Self::Registry(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {
    // The others have their causes in the middle of their own sentences, before what to do.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(_, error) => Some(error),
            Self::DataDir(..)
            | Self::Listen(..)
            | Self::Host(..)
            | Self::Rules(_)
            | Self::Auth(_)
            | Self::People(_)
            | Self::Public(_)
            | Self::Registry(_) => None,
        }
    }
}
