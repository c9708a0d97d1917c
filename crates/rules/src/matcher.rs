//! Matchers: what a silence looks at. A name is a label, or a path such as `action.payload.service`.

use acteon_core::limits::{MAX_LABEL_BYTES, MAX_PATTERN_BYTES, MAX_PATTERN_PROGRAM_BYTES};
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::cel_syntax::one_line;
use crate::facts::{Facts, Zone};
use crate::path::{Path, Root};
use crate::value::Val;

/// A matcher as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatcherSpec {
    /// A label, or a path that begins with `action.`.
    pub name: String,
    /// What to compare with.
    pub value: String,
    /// How.
    #[serde(default)]
    pub op: MatchOp,
}

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchOp {
    /// The text is the same.
    #[default]
    Equal,
    /// The text differs, or there is none.
    NotEqual,
    /// The pattern matches the whole text.
    Regex,
    /// The pattern does not match the whole text, or there is none.
    NotRegex,
}

/// A compiled matcher.
#[derive(Clone, Debug)]
pub struct Matcher {
    path: Path,
    test: Test,
    negated: bool,
}

#[derive(Clone, Debug)]
enum Test {
    Equal(String),
    Pattern(Regex),
}

/// A matcher that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MatcherError(String);

impl Matcher {
    /// Compiles a matcher.
    pub fn compile(spec: &MatcherSpec) -> Result<Self, MatcherError> {
        let fault = |message: String| Err(MatcherError(message));
        if spec.name.trim().is_empty() || spec.name.len() > MAX_LABEL_BYTES || spec.value.len() > MAX_LABEL_BYTES {
            return fault(format!("name must not be empty, name and value at most {MAX_LABEL_BYTES} bytes"));
        }
        let path = if spec.name.starts_with("action.") {
            Path::parse(&spec.name).map_err(MatcherError)?
        } else {
            Path { root: Root::Metadata, keys: vec![spec.name.as_str().into()] }
        };
        let test = match spec.op {
            MatchOp::Equal | MatchOp::NotEqual => Test::Equal(spec.value.clone()),
            MatchOp::Regex | MatchOp::NotRegex => {
                if spec.value.len() > MAX_PATTERN_BYTES {
                    return fault(format!("the pattern is {} bytes long, at most {MAX_PATTERN_BYTES} are allowed", spec.value.len()));
                }
                let anchored = format!("^(?:{})$", spec.value);
                let built = regex::RegexBuilder::new(&anchored).size_limit(MAX_PATTERN_PROGRAM_BYTES).nest_limit(32).build();
                match built {
                    Ok(pattern) => Test::Pattern(pattern),
                    Err(error) => {
                        let why = one_line(&error.to_string());
                        return fault(format!("the pattern {:?} is not a regular expression: {why}", spec.value));
                    }
                }
            }
        };
        Ok(Self { path, test, negated: matches!(spec.op, MatchOp::NotEqual | MatchOp::NotRegex) })
    }

    /// Whether an action matches. What is no text is compared as JSON writes it.
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        let holds = |text: &str| match &self.test {
            Test::Equal(value) => text == value,
            Test::Pattern(pattern) => pattern.is_match(text),
        };
        let holds = match facts.get(&self.path, &Zone::utc()) {
            None => false,
            Some(Val::Text(text)) => holds(&text),
            Some(other) => holds(&other.to_json().to_string()),
        };
        holds != self.negated
    }
}
