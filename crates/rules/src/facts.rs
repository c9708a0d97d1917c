//! Facts that conditions may look at: an action, the instant, and what follows from them. Payload
//! and calendar are read when something asks.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write;

use acteon_core::json::{Tree, items, members};
use acteon_core::limits::{MAX_MATCHED_FIELD_BYTES, MAX_MATCHED_LABEL_BYTES};
use acteon_core::{Action, ProviderName, Timestamp};
use jiff::civil::{DateTime, Weekday};

use crate::expr::Expr;
use crate::path::{Path, Root, position};
use crate::pattern::Steps;
use crate::value::Val;
use crate::zone::{Zone, civil};

/// Facts about an action at an instant.
pub struct Facts<'a> {
    action: &'a Action,
    provider: &'a ProviderName,
    now: Timestamp,
    payload: OnceCell<Option<Tree<'a>>>,
    fields: OnceCell<Option<Vec<PayloadField<'a>>>>,
    calendars: RefCell<Vec<(u16, DateTime)>>,
    /// Beginnings of values that are no text, as JSON writes them.
    beginnings: RefCell<BTreeMap<Path, String>>,
    steps: Steps,
}

/// Reason why a field has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The field is not there.
    Absent,
    /// The field is there, and cannot be read: it holds a number that is too large. Such payloads
    /// are not accepted any more; older versions stored some.
    Unreadable,
}

impl<'a> Facts<'a> {
    /// Facts of `action` at `now`.
    pub fn new(action: &'a Action, now: Timestamp) -> Self {
        Self::through(action, &action.provider, now)
    }

    /// Facts of `action` at `now`, when it goes through `provider` and not the one asked for.
    pub fn through(action: &'a Action, provider: &'a ProviderName, now: Timestamp) -> Self {
        Self {
            action,
            provider,
            now,
            payload: OnceCell::new(),
            fields: OnceCell::new(),
            calendars: RefCell::default(),
            beginnings: RefCell::default(),
            steps: Steps::default(),
        }
    }

    /// Action that the facts are about.
    pub fn action(&self) -> &'a Action {
        self.action
    }

    /// Instant that `now` and the calendar stand for.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Payload as a tree, parsed at the first call; `None` where it cannot be read.
    fn payload(&self) -> Option<&Tree<'a>> {
        self.payload
            .get_or_init(|| read(self.action.payload.get()))
            .as_ref()
    }

    /// Steps that are left for expensive searches.
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Part of `text`, the value of `of`, that is searched.
    pub(crate) fn matched<'t>(of: &Expr, text: &'t str) -> &'t str {
        let is_label = matches!(of, Expr::Field(path) if path.root == Root::Metadata);
        beginning(
            text,
            if is_label {
                MAX_MATCHED_LABEL_BYTES
            } else {
                MAX_MATCHED_FIELD_BYTES
            },
        )
    }

    /// Value of a field as text, as far as it is searched. What is no text is written as JSON, and
    /// what cannot be read as it stands.
    pub(crate) fn text(&self, path: &Path) -> Option<Cow<'_, str>> {
        let limit = if path.root == Root::Metadata {
            MAX_MATCHED_LABEL_BYTES
        } else {
            MAX_MATCHED_FIELD_BYTES
        };
        let value = match self.get(path, &Zone::utc()) {
            Ok(value) => value,
            Err(Missing::Absent) => return None,
            Err(Missing::Unreadable) => {
                return self
                    .written(&path.keys)
                    .map(|text| Cow::Borrowed(beginning(text, limit)));
            }
        };
        Some(match value {
            Val::Text(Cow::Borrowed(text)) => Cow::Borrowed(beginning(text, limit)),
            Val::Text(Cow::Owned(text)) => Cow::Owned(beginning(&text, limit).to_owned()),
            Val::Time(time) => Cow::Owned(time.to_string()),
            Val::Json(json) => {
                let mut beginnings = self.beginnings.borrow_mut();
                let text = beginnings
                    .entry(path.clone())
                    .or_insert_with(|| json_beginning(json, limit));
                Cow::Owned(text.clone())
            }
            other => Cow::Owned(beginning(&other.to_json(), limit).to_owned()),
        })
    }

    /// JSON of what lies at `keys` of the payload, as it is written.
    fn written(&self, keys: &[Box<str>]) -> Option<&'a str> {
        let mut json = self.action.payload.get();
        for key in keys {
            json = match members(json) {
                Some(members) => {
                    members
                        .into_iter()
                        .rfind(|member| *member.name() == **key)?
                        .value
                }
                None => items(json)?.into_iter().nth(position(key)?)?,
            };
        }
        Some(json)
    }

    /// Value of a field, or why it has none.
    pub(crate) fn get<'f>(&'f self, path: &Path, zone: &Zone) -> Result<Val<'f>, Missing> {
        if path.root == Root::Payload {
            return self.within_payload(&path.keys);
        }
        self.beside_payload(path, zone).ok_or(Missing::Absent)
    }

    /// Value of a field that is not in the payload; `None` when it is not there.
    fn beside_payload<'f>(&'f self, path: &Path, zone: &Zone) -> Option<Val<'f>> {
        let text = |text: &'f str| Some(Val::Text(Cow::Borrowed(text)));
        let maybe =
            |text: &'f Option<String>| text.as_deref().map(|text| Val::Text(Cow::Borrowed(text)));
        let time = |time: Option<Timestamp>| time.map(Val::Time);
        let int = |number: i8| Some(Val::Int(number.into()));
        let action = self.action;
        match path.root {
            Root::Id => text(action.id.as_str()),
            Root::Namespace => text(action.namespace.as_str()),
            Root::Tenant => text(action.tenant.as_str()),
            Root::Provider => text(self.provider.as_str()),
            Root::ActionType => text(action.action_type.as_str()),
            Root::DedupKey => maybe(&action.dedup_key),
            Root::Status => maybe(&action.status),
            Root::Fingerprint => maybe(&action.fingerprint),
            Root::StartsAt => time(action.starts_at),
            Root::EndsAt => time(action.ends_at),
            Root::CreatedAt => time(Some(action.created_at)),
            Root::ExpiresAt => time(action.expires_at),
            Root::Metadata => match path.keys.first() {
                Some(label) => action.metadata.get(&**label).and_then(|value| text(value)),
                None => Some(Val::Labels(&action.metadata)),
            },
            Root::Payload => None,
            Root::Now | Root::UnixTime => Some(Val::Int(self.now.as_millis().div_euclid(1000))),
            Root::Hour => int(self.calendar(zone).hour()),
            Root::Minute => int(self.calendar(zone).minute()),
            Root::Second => int(self.calendar(zone).second()),
            Root::Day => int(self.calendar(zone).day()),
            Root::Month => int(self.calendar(zone).month()),
            Root::Year => Some(Val::Int(self.calendar(zone).year().into())),
            Root::Weekday => text(weekday_name(self.calendar(zone).weekday())),
            Root::WeekdayNumber => int(self.calendar(zone).weekday().to_monday_one_offset()),
        }
    }

    /// Value at `keys` of the payload. Only the fields that are asked for are parsed.
    fn within_payload(&self, keys: &[Box<str>]) -> Result<Val<'_>, Missing> {
        let Some((first, rest)) = keys.split_first() else {
            return self.payload().map(Val::of_tree).ok_or(Missing::Unreadable);
        };
        let fields = self
            .fields
            .get_or_init(|| fields(self.action.payload.get()))
            .as_ref()
            .ok_or(Missing::Absent)?;
        // Of a name that comes twice the last counts, as for everybody who parses the whole. Such payloads are not accepted any more.
        let after = fields.partition_point(|field| *field.name <= **first);
        let found = fields[..after]
            .last()
            .filter(|field| *field.name == **first);
        let PayloadField { json, value, .. } = found.ok_or(Missing::Absent)?;
        let value = value
            .get_or_init(|| read(json))
            .as_ref()
            .ok_or(Missing::Unreadable)?;
        within(value, rest).map(Val::of_tree).ok_or(Missing::Absent)
    }

    /// Wall clock in a zone.
    pub(crate) fn calendar(&self, zone: &Zone) -> DateTime {
        let mut calendars = self.calendars.borrow_mut();
        if let Some((_, calendar)) = calendars.iter().find(|(index, _)| *index == zone.index) {
            return *calendar;
        }
        let calendar = civil(self.now, &zone.tz);
        calendars.push((zone.index, calendar));
        calendar
    }
}

/// Field of a payload that is an object, not parsed until somebody looks.
struct PayloadField<'a> {
    name: Cow<'a, str>,
    json: &'a str,
    value: OnceCell<Option<Tree<'a>>>,
}

/// Fields of a payload that is an object, in the order of their names; of equal ones the last comes
/// last. Of one that is a list, its items by their positions.
fn fields(payload: &str) -> Option<Vec<PayloadField<'_>>> {
    let field = |name, json| PayloadField {
        name,
        json,
        value: OnceCell::new(),
    };
    let mut fields: Vec<_> = match members(payload) {
        Some(members) => members
            .into_iter()
            .map(|member| field(member.name(), member.value))
            .collect(),
        None => items(payload)?
            .into_iter()
            .enumerate()
            .map(|(at, item)| field(Cow::Owned(at.to_string()), item))
            .collect(),
    };
    fields.sort_by(|left, right| left.name.cmp(&right.name));
    Some(fields)
}

/// Value that a JSON text stands for, unless it holds a number that is larger than any double. A
/// half of a surrogate pair, which older versions accepted, is U+FFFD.
fn read(json: &str) -> Option<Tree<'_>> {
    Tree::parse(json).filter(|tree| tree.all_words(is_readable))
}

/// Digits beyond which a number may be larger than any double.
const LONG: usize = 300;

fn is_readable(word: &str) -> bool {
    (word.len() < LONG && !word.contains(['e', 'E']))
        || word.parse::<f64>().is_ok_and(f64::is_finite)
        || matches!(word, "true" | "false")
}

/// Beginning of a text, of `limit` bytes at most, cut between characters.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Beginning of a value written as JSON, which is not written further.
fn json_beginning(json: &Tree<'_>, limit: usize) -> String {
    struct Room(String, usize);
    impl Write for Room {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let part = beginning(text, self.1 - self.0.len());
            self.0.push_str(part);
            if part.len() < text.len() {
                Err(std::fmt::Error)
            } else {
                Ok(())
            }
        }
    }
    let mut room = Room(String::new(), limit);
    // It fails where the room ends, and what is there is what is wanted.
    write!(room, "{json}").ok();
    room.0
}

fn within<'f, 'a>(json: &'f Tree<'a>, keys: &[Box<str>]) -> Option<&'f Tree<'a>> {
    keys.iter().try_fold(json, |json, key| match json {
        Tree::Object(_) => json.member(key),
        Tree::List(items) => items.get(position(key)?),
        Tree::Word(_) | Tree::Text(_) => None,
    })
}

/// Days of a week, as `time.weekday` names them.
pub(crate) const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

fn weekday_name(weekday: Weekday) -> &'static str {
    WEEKDAYS[usize::from(weekday.to_monday_zero_offset().unsigned_abs())]
}
