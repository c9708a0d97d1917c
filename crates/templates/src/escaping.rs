//! What values are escaped for.

use minijinja::value::ValueKind;
use minijinja::{Error, Output, State, Value};

use crate::value;

/// What the values in a template are escaped for: the markup of the text that it becomes part of. What the template itself writes stays as it is, and so does a
/// value with `| safe`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escaping {
    /// Values stand as they are.
    #[default]
    None,
    /// Values stand as JSON, texts in quotes.
    Json,
    /// `<`, `>`, `&` and quotes are written as entities.
    Html,
}

impl Escaping {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Json, Self::Html];

    /// Name, as it is written in templates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// `text` in which nothing is markup.
    pub fn escape(self, text: &str) -> String {
        match self {
            Self::None => text.to_owned(),
            Self::Json => serde_json::Value::from(text).to_string(),
            Self::Html => html(text),
        }
    }
}

fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Name of the variable by which a rendering says what it escapes for. No template can write it.
pub(crate) const VARIABLE: &str = " escaping";

/// Name of the place in which a rendering keeps the value that it wrote last.
pub(crate) const LAST_VALUE: &str = "value";

/// Writes a value into a template's text.
pub(crate) fn format(output: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    state.set_temp(LAST_VALUE, value.clone());
    let is_on = !matches!(state.auto_escape(), minijinja::AutoEscape::None);
    let escaping = state
        .lookup(VARIABLE)
        .and_then(|name| Escaping::from_name(name.as_str()?))
        .filter(|_| is_on && !value.is_safe())
        .unwrap_or_default();
    let text = match value.kind() {
        ValueKind::Undefined => return Err(minijinja::ErrorKind::UndefinedError.into()),
        ValueKind::String | ValueKind::Number if escaping != Escaping::Json => {
            escaping.escape(&value.to_string())
        }
        ValueKind::None if escaping != Escaping::Json => String::new(),
        _ => {
            let json = value::to_json(value)?;
            if escaping == Escaping::Json {
                json
            } else {
                escaping.escape(&json)
            }
        }
    };
    output.write_str(&text).map_err(Error::from)
}
