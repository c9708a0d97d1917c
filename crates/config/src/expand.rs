//! References in values: `${VAR}` is an environment variable, `${file:/path}` the text of a file, and `$${` a literal `${`.

use std::path::Path;

use secrecy::SecretString;

use crate::diagnostic::InvalidInput;
use crate::files::read_text;

/// Largest file that a value may refer to.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Source of what values refer to: environment variables, and the plain text of encrypted values.
///
/// It is a trait so that this crate, and programs that only check files, need no cryptography.
pub trait Lookup {
    /// Value of an environment variable; `None` when it is not set.
    fn variable(&self, name: &str) -> Option<String>;

    /// Whether a text is marked as encrypted, even if it is damaged.
    fn is_encrypted(&self, text: &str) -> bool;

    /// Decrypts a text that is marked as encrypted. Errors when it is damaged, or no key fits.
    fn decrypt(&self, text: &SecretString) -> Result<SecretString, InvalidInput>;
}

/// Text with its references replaced. Errors when a variable is not set, a file cannot be read, or a reference does not end.
pub(crate) fn expand(text: &str, lookup: &dyn Lookup) -> Result<String, InvalidInput> {
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
            InvalidInput::new(
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

/// Value of the reference between `${` and `}`. Line breaks at a file's end are dropped.
fn value_of(name: &str, lookup: &dyn Lookup) -> Result<String, InvalidInput> {
    if let Some(path) = name.strip_prefix("file:") {
        not_of_a_shell(path)?;
        let text = read_text(Path::new(path), MAX_FILE_BYTES).map_err(|error| {
            InvalidInput::new(
                format!("cannot read {path:?}: {error}"),
                "check the path, and that this user may read it",
            )
        })?;
        return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
    }
    if name.is_empty() {
        return Err(InvalidInput::new(
            "a name is missing between ${ and }",
            "write ${NAME} for an environment variable, ${file:/path} for a file, or $${ for a literal ${",
        ));
    }
    lookup.variable(name).ok_or_else(|| {
        InvalidInput::new(
            format!("the environment variable {name:?} is not set"),
            what_to_write(name),
        )
    })
}

/// Hint for a variable that is not set, which may be written as other programs write references.
fn what_to_write(name: &str) -> String {
    let plain = name.trim();
    if let Some((plain, _)) = name.split_once(":-") {
        return format!("a default behind :- is not taken: set {plain}, or write the value itself");
    }
    let variable = ["env:", "ENV:", "env."]
        .iter()
        .find_map(|before| plain.strip_prefix(before));
    if let Some(variable) = variable {
        return format!("write ${{{variable}}}");
    }
    if let Some(path) = plain
        .strip_prefix("FILE:")
        .or_else(|| plain.strip_prefix("file:"))
    {
        return format!("write ${{file:{path}}}");
    }
    if plain != name {
        return format!("write ${{{plain}}}, without blanks");
    }
    "set it, or write the value itself".into()
}

/// Refuses a path that begins with `~`, which only a shell expands: a folder of that name would be looked for, or made.
pub(crate) fn not_of_a_shell(path: &str) -> Result<(), InvalidInput> {
    let Some(rest) = path
        .strip_prefix('~')
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    else {
        return Ok(());
    };
    Err(InvalidInput::new(
        format!("{path:?} begins with ~, which only a shell takes for the home folder"),
        format!("write the whole path, or ${{HOME}}{rest}"),
    ))
}

/// Refuses a placeholder such as `$NAME`, `{{ name }}` or `<name>`, which only other programs replace. As a secret it would be refused much later, by
/// the service that gets it.
pub(crate) fn no_placeholder(text: &str) -> Result<(), InvalidInput> {
    let text = text.trim();
    let within = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    let is_name = |name: &str| {
        let letters = name.trim();
        letters.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && letters
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
    };
    let is_variable = |name: &str| {
        is_name(name) && !name.contains(['-', '.', ' ']) && name == name.to_ascii_uppercase()
    };
    let is_placeholder = text.strip_prefix('$').is_some_and(is_variable)
        || within("%", "%").is_some_and(is_variable)
        || within("{{", "}}").is_some_and(is_name)
        || within("<", ">").is_some_and(is_name);
    if is_placeholder {
        return Err(InvalidInput::new(
            "what is written here stands for a value, and is none",
            "write ${NAME} for the environment variable NAME, ${file:/path} for a file, or the value itself",
        ));
    }
    Ok(())
}
