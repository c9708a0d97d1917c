//! `acteon-server encrypt`, `keygen` and `api-key`: secrets for the configuration.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use acteon_core::{InvalidName, Namespace, Tenant};
use acteon_crypto::{Envelope, KeyRing, SecretString};
use acteon_server::config::Env;
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use zeroize::Zeroizing;

use super::arguments::variable;

/// Longest secret that is read from a pipe, in bytes, with the end of its line.
const MAX_SECRET_BYTES: usize = 64 * 1024;

pub(super) fn encrypt() -> anyhow::Result<ExitCode> {
    let keys = Env::new(&variable)?.keys;
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
    if Envelope::is_claimed_by(secret) {
        bail!("it is an envelope already: give the secret itself, or use the envelope as it is");
    }
    say!("{}", Envelope::seal(&SecretString::from(secret), &keys)?);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn keygen() -> anyhow::Result<ExitCode> {
    say!("{}", *KeyRing::generate()?);
    Ok(ExitCode::SUCCESS)
}

/// Secret from standard input: from a terminal without echo, from a pipe as it comes.
fn read_secret() -> anyhow::Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Secret (not shown): ")
            .map(Zeroizing::new)
            .context("cannot read from the terminal");
    }
    let mut secret = Zeroizing::new(Vec::with_capacity(MAX_SECRET_BYTES + 1));
    std::io::stdin()
        .take(MAX_SECRET_BYTES as u64 + 1)
        .read_to_end(&mut secret)
        .context("cannot read the secret from standard input")?;
    ensure!(
        secret.len() <= MAX_SECRET_BYTES,
        "the secret is longer than {MAX_SECRET_BYTES} bytes, the most that is encrypted; give only the secret on standard input"
    );
    let secret =
        std::str::from_utf8(&secret).context("the secret on standard input is not UTF-8")?;
    Ok(Zeroizing::new(secret.to_owned()))
}

/// A fresh API key.
#[derive(Args)]
pub(super) struct ApiKey {
    /// Who the caller is
    #[arg(value_parser = caller)]
    name: String,
    /// admin, operator or viewer
    #[arg(long, default_value = "operator", value_parser = ["admin", "operator", "viewer"])]
    role: String,
    /// The only tenant, with those below it [default: all]
    #[arg(long, default_value = "*", value_parser = tenant)]
    tenant: String,
    /// The only namespace [default: all]
    #[arg(long, default_value = "*", value_parser = namespace)]
    namespace: String,
}

fn caller(text: &str) -> Result<String, String> {
    named(
        text,
        |text| Namespace::parse_new(text).map(drop),
        "the name of who calls, such as ci",
    )
}

fn tenant(text: &str) -> Result<String, String> {
    granted(text)?;
    named(
        text,
        |text| Tenant::parse_new(text).map(drop),
        "a tenant, or leave the flag out for all",
    )
}

fn namespace(text: &str) -> Result<String, String> {
    granted(text)?;
    named(
        text,
        |text| Namespace::parse_new(text).map(drop),
        "a namespace, or leave the flag out for all",
    )
}

/// Refuses a name that the file of the API keys would not take in a grant.
fn granted(text: &str) -> Result<(), String> {
    if text.contains('*') && text != "*" {
        return Err("it has a * within, which stands for all only where it stands alone".into());
    }
    Ok(())
}

/// Parses a name. `expected` is what to write in place of a blank one.
fn named(
    text: &str,
    check: fn(&str) -> Result<(), InvalidName>,
    expected: &str,
) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err(format!("it is blank: write {expected}"));
    }
    check(text)
        .map(|()| text.to_owned())
        .map_err(|error| format!("it {error}"))
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
