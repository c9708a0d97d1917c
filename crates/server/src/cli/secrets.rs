//! `acteon-server encrypt` and `acteon-server keygen`.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use acteon_crypto::{Envelope, KeyRing, SecretString};
use acteon_server::config::Surroundings;
use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

/// Longest secret that is read.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

pub(super) fn encrypt() -> anyhow::Result<ExitCode> {
    let keys = Surroundings::new(&super::variable)?.keys;
    if keys.is_empty() {
        bail!("there is no key: make one with `acteon-server keygen` and set it as ACTEON_AUTH_KEY");
    }
    let secret = read_secret()?;
    let secret = secret.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        bail!("the secret is empty");
    }
    println!("{}", Envelope::seal(&SecretString::from(secret), &keys)?);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn keygen() -> anyhow::Result<ExitCode> {
    println!("{}", *KeyRing::generate()?);
    Ok(ExitCode::SUCCESS)
}

/// From a terminal without echo, from a pipe as it comes.
fn read_secret() -> anyhow::Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Secret (not shown): ").map(Zeroizing::new).context("cannot read from the terminal");
    }
    let mut secret = Zeroizing::new(String::new());
    std::io::stdin().take(MAX_SECRET_BYTES).read_to_string(&mut secret).context("cannot read the secret from standard input")?;
    Ok(secret)
}
