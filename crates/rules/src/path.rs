//! The fields that a condition, a matcher or an index may read.

/// A field of an action, of the calendar, or the clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Path {
    pub(crate) root: Root,
    /// Further keys, within payload or metadata.
    pub(crate) keys: Vec<Box<str>>,
}

/// Where a path begins.
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

impl Path {
    /// The path whose parts are `parts`, such as `["action", "payload", "severity"]`.
    pub(crate) fn of(parts: &[&str]) -> Result<Self, String> {
        let found = match parts {
            ["now"] => return Ok(Self { root: Root::Now, keys: Vec::new() }),
            ["action", field, ..] => lookup("action", ACTION, field)?,
            ["time", field, ..] => lookup("time", TIME, field)?,
            ["action"] => return Err(format!("a field of action is missing; known are: {}", known("action", ACTION))),
            ["time"] => return Err(format!("a field of time is missing; known are: {}", known("time", TIME))),
            _ => {
                let first = parts.first().copied().unwrap_or_default();
                return Err(format!(
                    "there is no {first:?}; a field begins with action, time, now or env, such as action.payload.severity"
                ));
            }
        };
        let keys: Vec<Box<str>> = parts[2..].iter().map(|key| Box::from(*key)).collect();
        match found {
            Root::Payload => Ok(Self { root: found, keys }),
            Root::Metadata if keys.len() <= 1 => Ok(Self { root: found, keys }),
            _ if keys.is_empty() => Ok(Self { root: found, keys }),
            _ => Err(format!("{}.{} has no further fields", parts[0], parts[1])),
        }
    }

    /// The path of a dotted name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!("{text:?} is not a field such as action.payload.severity"));
        }
        if let ["action", "metadata", rest, _, ..] = &parts[..] {
            // Labels have dots in their names more often than they have parts.
            let label = &text["action.metadata.".len()..];
            debug_assert!(label.starts_with(rest));
            return Ok(Self { root: Root::Metadata, keys: vec![label.into()] });
        }
        Self::of(&parts)
    }

    /// The name of the field that it begins with.
    pub(crate) fn root_name(&self) -> &'static str {
        ACTION.iter().chain(TIME).find(|(_, root)| *root == self.root).map_or("now", |(name, _)| name)
    }

    /// How dear it is to read: the payload must be parsed first.
    pub(crate) fn is_cheap(&self) -> bool {
        self.root != Root::Payload
    }
}

fn lookup(root: &str, table: &[(&str, Root)], field: &str) -> Result<Root, String> {
    let found = table.iter().find(|(name, _)| *name == field);
    found.map(|(_, root)| *root).ok_or_else(|| format!("there is no field {root}.{field}; known are: {}", known(root, table)))
}

fn known(root: &str, table: &[(&str, Root)]) -> String {
    table.iter().map(|(name, _)| format!("{root}.{name}")).collect::<Vec<_>>().join(", ")
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = |table: &[(&'static str, Root)]| table.iter().find(|(_, root)| *root == self.root).map(|(name, _)| *name);
        match (named(ACTION), named(TIME)) {
            (Some(name), _) => write!(f, "action.{name}")?,
            (None, Some(name)) => write!(f, "time.{name}")?,
            (None, None) => f.write_str("now")?,
        }
        for key in &self.keys {
            let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain {
                write!(f, ".{key}")?;
            } else {
                write!(f, "[{key:?}]")?;
            }
        }
        Ok(())
    }
}
