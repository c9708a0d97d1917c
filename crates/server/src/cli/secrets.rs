//! `acteon-server encrypt`, `keygen` and `api-key`.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use acteon_crypto::{Envelope, KeyRing, SecretString};
use acteon_server::config::Surroundings;
use anyhow::{Context as _, bail};
use clap::Args;
use zeroize::Zeroizing;

/// Longest secret that is read.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

pub(super) fn encrypt() -> anyhow::Result<ExitCode> {
    let keys = Surroundings::new(&super::variable)?.keys;
    if keys.is_empty() {
        bail!(
            "there is no key: make one with `acteon-server keygen` and set it as ACTEON_AUTH_KEY"
        );
    }
    let secret = read_secret()?;
    let secret = secret.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        bail!("the secret is empty");
    }
    say!("{}", Envelope::seal(&SecretString::from(secret), &keys)?);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn keygen() -> anyhow::Result<ExitCode> {
    say!("{}", *KeyRing::generate()?);
    Ok(ExitCode::SUCCESS)
}

/// From a terminal without echo, from a pipe as it comes.
fn read_secret() -> anyhow::Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Secret (not shown): ")
            .map(Zeroizing::new)
            .context("cannot read from the terminal");
    }
    let mut secret = Zeroizing::new(String::new());
    std::io::stdin()
        .take(MAX_SECRET_BYTES)
        .read_to_string(&mut secret)
        .context("cannot read the secret from standard input")?;
    Ok(secret)
}

/// A fresh API key.
#[derive(Args)]
pub(super) struct ApiKey {
    /// Who the caller is
    name: String,
    /// admin, operator or viewer
    #[arg(long, default_value = "operator", value_parser = ["admin", "operator", "viewer"])]
    role: String,
    /// The only tenant, with those below it [default: all]
    #[arg(long, default_value = "*")]
    tenant: String,
    /// The only namespace [default: all]
    #[arg(long, default_value = "*")]
    namespace: String,
}

impl ApiKey {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        use std::fmt::Write as _;
        let key = KeyRing::generate()?;
        let mut hash = String::new();
        for byte in acteon_crypto::sha256(key.as_bytes()) {
            write!(hash, "{byte:02x}")?;
        }
        let Self {
            name,
            role,
            tenant,
            namespace,
        } = self;
        // On standard error, so that `>> auth.toml` keeps only the hash.
        eprintln!(
            "The key, shown only now. Callers send it as `Authorization: Bearer KEY`.\n\n{}\n",
            key.as_str()
        );
        say!(
            "[[api_keys]]\nname = {name:?}\nkey_hash = \"{hash}\"\nrole = {role:?}\n[[api_keys.grants]]\ntenants = [{tenant:?}]\nnamespaces = [{namespace:?}]"
        );
        Ok(ExitCode::SUCCESS)
    }
}
