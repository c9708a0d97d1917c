//! Environment of a configuration: variables that it refers to, and the keys for its secrets.

use std::path::Path;
use std::sync::Arc;

use acteon_config::{ConfigError, InvalidInput, Lookup};
use acteon_crypto::{
    Envelope, EnvelopeError, ExposeSecret as _, KeyRing, KeyRingError, SecretString,
};
use zeroize::Zeroizing;

use crate::files;

/// Largest file of a key ring, in bytes.
const MAX_KEY_RING_BYTES: u64 = 1024 * 1024;

/// Environment of a configuration: variables that it refers to, and the keys for its secrets.
pub struct Env<'a> {
    /// Looks an environment variable up by its name.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Key ring that opens `ENC[...]` values.
    pub keys: KeyRing,
    /// Things that providers of a reload share with those in force; `None` at the start.
    pub shared: Option<Arc<acteon_providers::Context>>,
}

/// Looks up no variable, for an environment without any.
pub(super) fn variable_less(_name: &str) -> Option<String> {
    None
}

impl<'a> Env<'a> {
    /// Reads the keys from `ACTEON_AUTH_KEY` or the file that `ACTEON_AUTH_KEY_FILE` names.
    pub fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let keys = read_keys(variable)?;
        Ok(Self {
            variable,
            keys,
            shared: None,
        })
    }
}

impl Lookup for Env<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name)
    }

    fn is_encrypted(&self, text: &str) -> bool {
        Envelope::is_claimed_by(text)
    }

    fn decrypt(&self, text: &SecretString) -> Result<SecretString, InvalidInput> {
        Envelope::parse(text.expose_secret())
            .and_then(|envelope| envelope.open(&self.keys))
            .map_err(|error| InvalidInput::new(error.to_string(), to_do(&error)))
    }
}

/// Advice about an envelope that does not open.
fn to_do(error: &EnvelopeError) -> &'static str {
    match error {
        EnvelopeError::Malformed(_) => {
            "make a real one: set ACTEON_AUTH_KEY to the output of `acteon-server keygen`, then run `acteon-server encrypt`"
        }
        EnvelopeError::NoKey => {
            "set it to the key that this was encrypted with; with another key, encrypt the secret anew"
        }
        EnvelopeError::UnknownKey(_) | EnvelopeError::WrongKey => {
            "the key that this was encrypted with is needed: add it behind the new one, ACTEON_AUTH_KEY=\"new:KEY,old:KEY\"; where it is lost, \
             encrypt the secret anew with `acteon-server encrypt`"
        }
        EnvelopeError::NotText | EnvelopeError::Cipher => {
            "encrypt the secret anew with `acteon-server encrypt`"
        }
    }
}

fn read_keys(variable: &dyn Fn(&str) -> Option<String>) -> Result<KeyRing, ConfigError> {
    let parse = |source: &str, text: &str| {
        KeyRing::parse(text)
            .map_err(|error: KeyRingError| ConfigError::Unreadable(format!("{source}: {error}")))
    };
    if let Some(text) = variable("ACTEON_AUTH_KEY").map(Zeroizing::new) {
        if variable("ACTEON_AUTH_KEY_FILE").is_some() {
            let message =
                "ACTEON_AUTH_KEY_FILE has no effect beside ACTEON_AUTH_KEY: set one of the two";
            return Err(ConfigError::Unreadable(message.into()));
        }
        return parse("ACTEON_AUTH_KEY", &text);
    }
    let Some(path) = variable("ACTEON_AUTH_KEY_FILE") else {
        return Ok(KeyRing::default());
    };
    let source = format!("ACTEON_AUTH_KEY_FILE: {path}");
    let text = files::read_text(Path::new(&path), MAX_KEY_RING_BYTES).map(Zeroizing::new);
    let text = text.map_err(|error| ConfigError::Unreadable(format!("{source}: {error}")))?;
    parse(&source, &text)
}
