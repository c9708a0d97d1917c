//! What may be looked at: an action, the instant, and what follows from them. Payload and calendar are read when something asks.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use acteon_core::limits::{MAX_MATCHED_FIELD_BYTES, MAX_MATCHED_LABEL_BYTES};
use acteon_core::{Action, ProviderName, Timestamp};
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::expr::Expr;
use crate::path::{Path, Root};
use crate::pattern::Steps;
use crate::value::Val;

/// An action at an instant.
pub struct Facts<'a> {
    action: &'a Action,
    provider: &'a ProviderName,
    now: Timestamp,
    payload: OnceCell<Json>,
    fields: OnceCell<Option<Fields<'a>>>,
    calendars: RefCell<Vec<(u16, DateTime)>>,
    steps: Steps,
}

/// A time zone that rules share.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) index: u16,
    pub(crate) name: std::sync::Arc<str>,
    pub(crate) tz: TimeZone,
}

impl Zone {
    /// The zone that every set of rules has first.
    pub(crate) fn utc() -> Self {
        Self { index: 0, name: "UTC".into(), tz: TimeZone::UTC }
    }
}

impl<'a> Facts<'a> {
    /// The facts of `action` at `now`.
    pub fn new(action: &'a Action, now: Timestamp) -> Self {
        Self::through(action, &action.provider, now)
    }

    /// The same, when it goes through another provider than the one asked for.
    pub fn through(action: &'a Action, provider: &'a ProviderName, now: Timestamp) -> Self {
        Self {
            action,
            provider,
            now,
            payload: OnceCell::new(),
            fields: OnceCell::new(),
            calendars: RefCell::default(),
            steps: Steps::default(),
        }
    }

    /// The action.
    pub fn action(&self) -> &'a Action {
        self.action
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The whole payload, parsed at the first call.
    pub fn payload(&self) -> &Json {
        // The payload was JSON when it was accepted.
        self.payload.get_or_init(|| serde_json::from_str(self.action.payload.get()).unwrap_or(Json::Null))
    }

    /// Steps that are left for expensive searches.
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// What of `text`, the value of `of`, is searched.
    pub(crate) fn matched<'t>(of: &Expr, text: &'t str) -> &'t str {
        let is_label = matches!(of, Expr::Field(path) if path.root == Root::Metadata);
        beginning(text, if is_label { MAX_MATCHED_LABEL_BYTES } else { MAX_MATCHED_FIELD_BYTES })
    }

    /// The value of a field as text, as far as it is searched. What is no text is written as JSON.
    pub(crate) fn text(&self, path: &Path) -> Option<Cow<'_, str>> {
        let limit = if path.root == Root::Metadata { MAX_MATCHED_LABEL_BYTES } else { MAX_MATCHED_FIELD_BYTES };
        Some(match self.get(path, &Zone::utc())? {
            Val::Text(Cow::Borrowed(text)) => Cow::Borrowed(beginning(text, limit)),
            Val::Text(Cow::Owned(text)) => Cow::Owned(beginning(&text, limit).to_owned()),
            Val::Json(json) => Cow::Owned(json_beginning(json, limit)),
            other => Cow::Owned(beginning(&other.to_json().to_string(), limit).to_owned()),
        })
    }

    /// The value of a field; `None` when it is not there.
    pub(crate) fn get<'f>(&'f self, path: &Path, zone: &Zone) -> Option<Val<'f>> {
        let text = |text: &'f str| Some(Val::Text(Cow::Borrowed(text)));
        let maybe = |text: &'f Option<String>| text.as_deref().map(|text| Val::Text(Cow::Borrowed(text)));
        let time = |time: Option<Timestamp>| time.map(|time| Val::Text(Cow::Owned(time.to_string())));
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
            Root::Payload => self.within_payload(&path.keys),
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

    /// What lies at `keys` of the payload. Only the fields that are asked for are parsed.
    fn within_payload(&self, keys: &[Box<str>]) -> Option<Val<'_>> {
        let Some((first, rest)) = keys.split_first() else { return Some(Val::of_json(self.payload())) };
        let fields = self.fields.get_or_init(|| serde_json::from_str(self.action.payload.get()).ok());
        // Of a name that comes twice the last counts, as for everybody who parses the whole.
        let Field { raw, value, .. } = fields.as_ref()?.0.iter().rfind(|field| *field.name == **first)?;
        let value = value.get_or_init(|| serde_json::from_str(raw.get()).unwrap_or(Json::Null));
        within(value, rest).map(Val::of_json)
    }

    /// The wall clock in a zone.
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

/// The fields of a payload that is an object, not parsed until somebody looks.
struct Fields<'a>(Vec<Field<'a>>);

struct Field<'a> {
    name: Cow<'a, str>,
    raw: &'a RawValue,
    value: OnceCell<Json>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(Name(name)) = map.next_key()? {
                    fields.push(Field { name, raw: map.next_value()?, value: OnceCell::new() });
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// A name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The beginning of a text, cut between characters.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// The beginning of a value written as JSON, which is not written further.
fn json_beginning(json: &Json, limit: usize) -> String {
    struct Room(Vec<u8>, usize);
    impl std::io::Write for Room {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let room = self.1 - self.0.len();
            self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if bytes.len() > room { Err(std::io::ErrorKind::WriteZero.into()) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut room = Room(Vec::new(), limit);
    // It fails where the room ends, and what is there is what is wanted.
    drop(serde_json::to_writer(&mut room, json));
    let whole = room.0.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    room.0.truncate(whole);
    String::from_utf8(room.0).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The wall clock of an instant in a zone.
pub(crate) fn civil(now: Timestamp, zone: &TimeZone) -> DateTime {
    // Timestamps are held within what the calendar can write.
    let instant = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    zone.to_datetime(instant)
}

fn within<'f>(json: &'f Json, keys: &[Box<str>]) -> Option<&'f Json> {
    keys.iter().try_fold(json, |json, key| json.as_object()?.get(&**key))
}

fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
