//! `${VAR}` and `${file:/path}` in texts. `$${` stands for a literal `${`.

use std::path::Path;

use acteon_crypto::{Envelope, EnvelopeError};
use acteon_crypto::{ExposeSecret, KeyRing, SecretString};

use crate::files::read_text;

/// Largest file that is taken into a value.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A text that cannot be used: what is wrong, and what to do.
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Fault {
    fn new(message: String, hint: &str) -> Self {
        Self {
            message,
            hint: Some(hint.to_owned()),
        }
    }
}

pub(super) fn expand(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Fault> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('$') {
            result.push_str(&rest[..start - 1]);
            result.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        result.push_str(&rest[..start]);
        let inner = &rest[start + 2..];
        let end = inner.find('}').ok_or_else(|| {
            Fault::new(
                "the closing } of ${ is missing".into(),
                "write $${ for a literal ${",
            )
        })?;
        result.push_str(&value_of(&inner[..end], variable)?);
        rest = &inner[end + 1..];
    }
    result.push_str(rest);
    Ok(result)
}

fn value_of(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, Fault> {
    if let Some(path) = name.strip_prefix("file:") {
        let fault = |why: String| {
            Fault::new(
                format!("cannot read {path:?}: {why}"),
                "check the path, and that this user may read it",
            )
        };
        let text =
            read_text(Path::new(path), MAX_FILE_BYTES).map_err(|error| fault(error.to_string()))?;
        return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
    }
    variable(name).ok_or_else(|| {
        Fault::new(
            format!("the environment variable {name:?} is not set"),
            "set it, or write the value itself",
        )
    })
}

/// What to do about an envelope that does not open.
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

/// A secret: plain, or out of its envelope.
pub(super) fn secret(text: String, keys: &KeyRing) -> Result<SecretString, Fault> {
    let text = SecretString::from(text);
    if !Envelope::is_claimed_by(text.expose_secret()) {
        return Ok(text);
    }
    let opened = Envelope::parse(text.expose_secret()).and_then(|envelope| envelope.open(keys));
    opened.map_err(|error| Fault::new(error.to_string(), to_do(&error)))
}
