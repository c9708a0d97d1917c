//! `${VAR}` and `${file:/path}` in texts. `$${` stands for a literal `${`.

use std::path::Path;

use secrecy::SecretString;

use crate::diagnostic::Fault;
use crate::files::read_text;

/// Largest file that is taken into a value.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// What texts of a file refer to: environment variables, and the keys of encrypted values.
///
/// Keys are asked for and not held, so that whoever only wants diagnostics needs no cryptography.
pub trait Lookup {
    /// The environment variable of a name.
    fn variable(&self, name: &str) -> Option<String>;

    /// Whether a text says that it is encrypted, be it whole or damaged.
    fn is_encrypted(&self, text: &str) -> bool;

    /// Opens a text that says that it is encrypted.
    fn decrypt(&self, text: &SecretString) -> Result<SecretString, Fault>;
}

/// A text with what it refers to in place of the references.
pub(crate) fn expand(text: &str, lookup: &dyn Lookup) -> Result<String, Fault> {
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
                "the closing } of ${ is missing",
                "write $${ for a literal ${",
            )
        })?;
        result.push_str(&value_of(&inner[..end], lookup)?);
        rest = &inner[end + 1..];
    }
    result.push_str(rest);
    Ok(result)
}

fn value_of(name: &str, lookup: &dyn Lookup) -> Result<String, Fault> {
    if let Some(path) = name.strip_prefix("file:") {
        let text = read_text(Path::new(path), MAX_FILE_BYTES).map_err(|error| {
            Fault::new(
                format!("cannot read {path:?}: {error}"),
                "check the path, and that this user may read it",
            )
        })?;
        return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
    }
    lookup.variable(name).ok_or_else(|| {
        Fault::new(
            format!("the environment variable {name:?} is not set"),
            "set it, or write the value itself",
        )
    })
}
