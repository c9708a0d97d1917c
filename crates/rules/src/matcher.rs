//! Matchers: what a silence looks at. A name is a label, or a path such as `action.payload.service`.

use acteon_core::Timestamp;
use acteon_core::limits::MAX_LABEL_BYTES;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::path::{FieldType, Path, Root};
use crate::pattern::{Pattern, Reach, Steps};
use crate::quote::quoted;

/// Matcher as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatcherSpec {
    /// Label, or a path that begins with `action.`.
    pub name: String,
    /// Text or pattern to compare with.
    pub value: String,
    /// Comparison that is made.
    #[serde(default)]
    pub op: MatchOp,
}

/// Comparison of a matcher.
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

/// Matcher, compiled and ready to be held against actions.
#[derive(Clone, Debug)]
pub struct Matcher {
    pub(crate) path: Path,
    test: Test,
    negated: bool,
}

#[derive(Clone, Debug)]
enum Test {
    /// One text, the only one that matches.
    Equal([Box<str>; 1]),
    Pattern(Pattern),
}

/// Message about a matcher that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MatcherError(String);

impl Matcher {
    /// Compiles a matcher; the error says what is wrong with its name or its value.
    pub fn compile(spec: &MatcherSpec) -> Result<Self, MatcherError> {
        Self::compile_with(spec, &mut |_| None)
    }

    /// Compiles a matcher. `known` may have another matcher's pattern of that text: equal ones are
    /// shared.
    pub fn compile_with(
        spec: &MatcherSpec,
        known: &mut dyn FnMut(&str) -> Option<Self>,
    ) -> Result<Self, MatcherError> {
        if spec.name.trim().is_empty()
            || spec.name.len() > MAX_LABEL_BYTES
            || spec.value.len() > MAX_LABEL_BYTES
        {
            return Err(MatcherError(format!(
                "name must not be empty, name and value at most {MAX_LABEL_BYTES} bytes"
            )));
        }
        let path = path_of(&spec.name).map_err(MatcherError)?;
        let test = match spec.op {
            MatchOp::Equal | MatchOp::NotEqual => {
                Test::Equal([canonical(&path, &spec.value)?.into()])
            }
            MatchOp::Regex | MatchOp::NotRegex => match known(&spec.value) {
                Some(Self {
                    test: Test::Pattern(pattern),
                    ..
                }) => Test::Pattern(pattern),
                _ => Test::Pattern(
                    Pattern::compile(&spec.value, Reach::Whole).map_err(MatcherError)?,
                ),
            },
        };
        Ok(Self {
            path,
            test,
            negated: matches!(spec.op, MatchOp::NotEqual | MatchOp::NotRegex),
        })
    }

    /// Whether the action has anything at the name of this matcher.
    pub fn is_on(&self, facts: &Facts<'_>) -> bool {
        facts.text(&self.path).is_some()
    }

    /// Whether it asks that the field differs, and so matches where there is none.
    pub const fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether an action matches. What is no text is compared as JSON writes it; of a long text the beginning is looked at. `None` when that
    /// would take more steps than a decision has.
    pub fn matches(&self, facts: &Facts<'_>) -> Option<bool> {
        self.matches_within(facts, facts.steps())
    }

    /// Whether an action matches, with steps that are not the decision's own; `None` beyond them.
    pub fn matches_within(&self, facts: &Facts<'_>, steps: &Steps) -> Option<bool> {
        let holds = match facts.text(&self.path) {
            None => false,
            Some(text) => self.holds(&text, steps)?,
        };
        Some(holds != self.negated)
    }

    fn holds(&self, text: &str, steps: &Steps) -> Option<bool> {
        match &self.test {
            Test::Equal([value]) => Some(text == &**value),
            Test::Pattern(pattern) => pattern.matches(text, steps),
        }
    }

    /// Whether an action could match whose field `field`, such as `provider`, is `value`: always, if the matcher looks at another field.
    pub fn admits(&self, field: &str, value: &str) -> bool {
        let (looked_at, keys) = self.field();
        looked_at != field
            || !keys.is_empty()
            || self
                .holds(value, &Steps::default())
                .is_none_or(|holds| holds != self.negated)
    }

    /// Texts of which an action's field must have one to match, where they are known.
    pub fn values(&self) -> Option<&[Box<str>]> {
        match &self.test {
            _ if self.negated => None,
            Test::Equal(value) => Some(value),
            Test::Pattern(pattern) => pattern.literals(),
        }
    }

    /// Field of the action that it looks at, such as `payload`, and the keys within.
    pub fn field(&self) -> (&'static str, &[Box<str>]) {
        (self.path.root_name(), &self.path.keys)
    }

    /// Whether it has a pattern that stands for more than a few texts.
    pub(crate) fn is_searched(&self) -> bool {
        matches!(&self.test, Test::Pattern(pattern) if pattern.literals().is_none())
    }

    /// Pattern and the bytes that it takes compiled, if it has one.
    pub fn pattern(&self) -> Option<(&str, usize)> {
        match &self.test {
            Test::Equal(_) => None,
            Test::Pattern(pattern) => Some((pattern.text(), pattern.bytes())),
        }
    }
}

/// Field that a name stands for: a path that begins with `action`, or else a label.
fn path_of(name: &str) -> Result<Path, String> {
    let begins_with = |root: &str| {
        name.strip_prefix(root)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    if begins_with("action") {
        return Path::parse(name);
    }
    // A label could be called so; nobody's is, and a silence that never holds is found out when it is too late.
    let first = name.split(['.', '[']).next().unwrap_or_default();
    if name.len() > first.len() && first.eq_ignore_ascii_case("action") {
        let rest = &name[first.len()..];
        return Err(format!(
            "there is no {first:?}; did you mean action{rest}? A label of this name is action.metadata[{}]",
            quoted(name)
        ));
    }
    Ok(Path {
        root: Root::Metadata,
        keys: vec![name.into()],
    })
}

/// Value as the field is written: an instant has many spellings.
fn canonical(path: &Path, value: &str) -> Result<String, MatcherError> {
    match (path.field_type(), Timestamp::parse(value)) {
        (FieldType::Time, Some(time)) => Ok(time.to_string()),
        (FieldType::Time, None) => Err(MatcherError(format!(
            "{path} is a time, and {value:?} is none: write RFC 3339 such as 2026-01-31T09:00:00+08:00"
        ))),
        _ => Ok(value.to_owned()),
    }
}
