//! Paths of the fields that a condition, a matcher or an index may read.

mod grammar;

use acteon_core::similar::nearest;

use crate::quote::quoted;

pub use grammar::path_parts;
pub(crate) use grammar::position;

/// Path of a field of an action or of the calendar, or of the clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Path {
    pub(crate) root: Root,
    /// Keys within payload or metadata. A position in a list is its digits.
    pub(crate) keys: Vec<Box<str>>,
}

/// Beginning of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Root {
    Id,
    Namespace,
    Tenant,
    Provider,
    ActionType,
    DedupKey,
    Status,
    Fingerprint,
    StartsAt,
    EndsAt,
    CreatedAt,
    ExpiresAt,
    Metadata,
    Payload,
    Now,
    Hour,
    Minute,
    Second,
    Day,
    Month,
    Year,
    Weekday,
    WeekdayNumber,
    UnixTime,
}

/// Type of a field, as far as it is known before any action is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldType {
    /// Any value, as a caller put it there.
    Any,
    Text,
    /// Name of a day of the week.
    Weekday,
    /// Whole number from one to another, both included.
    Whole(i64, i64),
    /// Instant, written as RFC 3339.
    Time,
    /// Map of all labels.
    Labels,
}

const ACTION: &[(&str, Root)] = &[
    ("id", Root::Id),
    ("namespace", Root::Namespace),
    ("tenant", Root::Tenant),
    ("provider", Root::Provider),
    ("action_type", Root::ActionType),
    ("payload", Root::Payload),
    ("metadata", Root::Metadata),
    ("dedup_key", Root::DedupKey),
    ("status", Root::Status),
    ("fingerprint", Root::Fingerprint),
    ("starts_at", Root::StartsAt),
    ("ends_at", Root::EndsAt),
    ("created_at", Root::CreatedAt),
    ("expires_at", Root::ExpiresAt),
];

const TIME: &[(&str, Root)] = &[
    ("hour", Root::Hour),
    ("minute", Root::Minute),
    ("second", Root::Second),
    ("day", Root::Day),
    ("month", Root::Month),
    ("year", Root::Year),
    ("weekday", Root::Weekday),
    ("weekday_num", Root::WeekdayNumber),
    ("timestamp", Root::UnixTime),
];

/// Member that labels may lie in within `metadata`, where they are labels all the same. A label
/// whose own name begins so is written in brackets.
const LABELS: &str = "labels";

impl Path {
    /// Path whose parts are `parts`, such as `["action", "payload", "severity"]`.
    pub(crate) fn of(parts: &[&str]) -> Result<Self, String> {
        let found = match parts {
            ["now"] => return Ok(Self { root: Root::Now, keys: Vec::new() }),
            ["now", ..] => return Err("now is a number of seconds and has no fields; time.hour and the like are the calendar".into()),
            ["action", field, ..] => lookup("action", ACTION, field)?,
            ["time", field, ..] => lookup("time", TIME, field)?,
            ["action"] => return Err(format!("a field of action is missing; known are: {}", known("action", ACTION))),
            ["time"] => return Err(format!("a field of time is missing; known are: {}", known("time", TIME))),
            _ => return Err(no_root(parts)),
        };
        let keys = match &parts[2..] {
            // As some clients send them.
            [LABELS, label @ ..] if found == Root::Metadata && !label.is_empty() => label,
            keys => keys,
        };
        let path = Self {
            root: found,
            keys: keys.iter().map(|key| Box::from(*key)).collect(),
        };
        match found {
            Root::Payload => Ok(path),
            Root::Metadata if keys.len() <= 1 => Ok(path),
            Root::Metadata => Err(format!(
                "a label has no fields; one with dots in its name is action.metadata[{}]",
                quoted(&keys.join("."))
            )),
            _ if keys.is_empty() => Ok(path),
            _ => Err(format!("{}.{} has no further fields", parts[0], parts[1])),
        }
    }

    /// Path of a text, as [`path_parts`] reads it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // Labels have dots in their names more often than they have parts.
        if let Some(label) = text.strip_prefix("action.metadata.")
            && !label.contains(['[', ']', '"', '\''])
            && !label.split('.').any(str::is_empty)
        {
            grammar::check_ends(text, label)?;
            let label = label.strip_prefix("labels.").unwrap_or(label);
            return Ok(Self {
                root: Root::Metadata,
                keys: vec![label.into()],
            });
        }
        let parts = path_parts(text)?;
        Self::of(&parts.iter().map(|part| &**part).collect::<Vec<_>>())
    }

    /// Name of the field that it begins with.
    pub(crate) fn root_name(&self) -> &'static str {
        ACTION
            .iter()
            .chain(TIME)
            .find(|(_, root)| *root == self.root)
            .map_or("now", |(name, _)| name)
    }

    /// Names of the fields of an action.
    pub(crate) fn action_fields() -> impl Iterator<Item = &'static str> {
        ACTION.iter().map(|(name, _)| *name)
    }

    /// Whether it is the path of one label.
    pub(crate) fn is_label(&self) -> bool {
        self.root == Root::Metadata && !self.keys.is_empty()
    }

    /// Type of the field.
    pub(crate) fn field_type(&self) -> FieldType {
        use Root as R;
        match self.root {
            R::Payload => FieldType::Any,
            R::Metadata if self.keys.is_empty() => FieldType::Labels,
            R::Metadata
            | R::Id
            | R::Namespace
            | R::Tenant
            | R::Provider
            | R::ActionType
            | R::DedupKey
            | R::Status
            | R::Fingerprint => FieldType::Text,
            R::StartsAt | R::EndsAt | R::CreatedAt | R::ExpiresAt => FieldType::Time,
            R::Now | R::UnixTime => FieldType::Whole(i64::MIN, i64::MAX),
            R::Hour => FieldType::Whole(0, 23),
            R::Minute | R::Second => FieldType::Whole(0, 59),
            R::Day => FieldType::Whole(1, 31),
            R::Month => FieldType::Whole(1, 12),
            R::Year => FieldType::Whole(1, 9999),
            R::Weekday => FieldType::Weekday,
            R::WeekdayNumber => FieldType::Whole(1, 7),
        }
    }

    /// Whether it can be read without parsing the payload.
    pub(crate) fn is_cheap(&self) -> bool {
        self.root != Root::Payload
    }
}

/// Whether an action has a field of this name.
pub fn is_action_field(name: &str) -> bool {
    ACTION.iter().any(|(field, _)| *field == name)
}

fn lookup(root: &str, table: &[(&str, Root)], field: &str) -> Result<Root, String> {
    let found = table.iter().find(|(name, _)| *name == field);
    found.map(|(_, root)| *root).ok_or_else(|| {
        let near = nearest(field, table.iter().map(|(name, _)| *name));
        let hint = near.map_or(String::new(), |near| {
            format!("; did you mean {root}.{near}?")
        });
        format!(
            "there is no field {root}.{field}{hint}; known are: {}",
            known(root, table)
        )
    })
}

/// Message for a path that begins with nothing known.
fn no_root(parts: &[&str]) -> String {
    let (first, rest) = parts
        .split_first()
        .map_or(("", parts), |(first, rest)| (*first, rest));
    let with = |root: &str, parts: &[&str]| {
        std::iter::once(&root)
            .chain(parts)
            .copied()
            .collect::<Vec<_>>()
            .join(".")
    };
    let is_field = |table: &[(&str, Root)], name: &str| {
        table
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    if first == "env" && rest.is_empty() {
        return "a name behind env is missing, such as env.STAGE; it must be in [rules.env] of the configuration".into();
    }
    let lower = first.to_lowercase();
    let meant = if let Some(near) = nearest(first, ["action", "time", "now", "env"]) {
        Some(with(near, rest))
    } else if is_field(ACTION, first) {
        Some(with(&with("action", &[&lower]), rest))
    } else if is_field(TIME, first) {
        Some(with("time", &[&lower]))
    } else if rest.is_empty() && !first.is_empty() {
        match nearest(first, ["true", "false", "null"]) {
            Some(near) => Some(near.to_owned()),
            None => Some(format!("action.payload.{first} or action.metadata.{first}")),
        }
    } else {
        None
    };
    let hint = meant.map_or(String::new(), |meant| format!("; did you mean {meant}?"));
    format!(
        "there is no {first:?}; a field begins with action, time, now or env, such as action.payload.severity{hint}"
    )
}

fn known(root: &str, table: &[(&str, Root)]) -> String {
    table
        .iter()
        .map(|(name, _)| format!("{root}.{name}"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = |table: &[(&'static str, Root)]| {
            table
                .iter()
                .find(|(_, root)| *root == self.root)
                .map(|(name, _)| *name)
        };
        match (named(ACTION), named(TIME)) {
            (Some(name), _) => write!(f, "action.{name}")?,
            (None, Some(name)) => write!(f, "time.{name}")?,
            (None, None) => f.write_str("now")?,
        }
        for key in &self.keys {
            if self.root == Root::Payload && position(key).is_some() {
                write!(f, "[{key}]")?;
                continue;
            }
            let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain {
                write!(f, ".{key}")?;
            } else {
                write!(f, "[{}]", quoted(key))?;
            }
        }
        Ok(())
    }
}
