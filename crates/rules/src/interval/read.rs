//! Reading a time interval from JSON. What is wrong is said in the words of who wrote it.

use acteon_core::json::head;
use acteon_core::limits::MAX_TIME_RANGES;
use acteon_core::similar::nearest;
use acteon_schedule::{CN_HOLIDAYS, DayKind};
use serde_json::{Map, Value};

use super::range::{CalendarDays, Span, TimeRange, Times};
use super::spec::Spec;
use crate::on_mute::OnMute;

const KEYS: &[&str] = &["name", "location", "description", "on_mute", "time_ranges"];
const RANGE_KEYS: &[&str] = &[
    "times",
    "weekdays",
    "days_of_month",
    "months",
    "years",
    "calendar",
    "on",
];
const SPAN_KEYS: &[&str] = &["start", "end"];

pub(super) fn spec(json: &Value) -> Result<Spec, String> {
    let fields = object(json, "a time interval", KEYS)?;
    let text = |key: &str| text(fields, key, key);
    let on_mute =
        match text("on_mute")?.as_deref() {
            None => None,
            Some(word) => Some(OnMute::parse(word).ok_or_else(|| {
                format!("on_mute must be drop or postpone, is {:?}", head(word, 64))
            })?),
        };
    let ranges = match fields.get("time_ranges") {
        None | Some(Value::Null) => {
            return Err("time_ranges is missing: a list such as [{\"weekdays\": [{\"start\": 1, \"end\": 5}]}]".into());
        }
        Some(ranges) => list(ranges, "time_ranges")?,
    };
    let name = text("name")?.ok_or("name is missing")?;
    let range = |(index, json): (usize, &Value)| range(json, &format!("time_ranges[{index}]"));
    // One more than there may be, so that it is told; no more, so that a long list costs nothing.
    let time_ranges = ranges
        .iter()
        .take(MAX_TIME_RANGES + 1)
        .enumerate()
        .map(range)
        .collect::<Result<_, _>>()?;
    Ok(Spec {
        name,
        location: text("location")?,
        description: text("description")?,
        on_mute,
        time_ranges,
    })
}

fn range(json: &Value, path: &str) -> Result<TimeRange, String> {
    let fields = object(json, path, RANGE_KEYS)?;
    let spans = |key: &str| parts(fields, path, key, span);
    Ok(TimeRange {
        times: parts(fields, path, "times", times)?,
        weekdays: spans("weekdays")?,
        days_of_month: spans("days_of_month")?,
        months: spans("months")?,
        years: spans("years")?,
        days: days(fields, path)?,
    })
}

/// Days of a calendar: its name, and which kind of days.
fn days(fields: &Map<String, Value>, path: &str) -> Result<Option<CalendarDays>, String> {
    let of = |key: &str| text(fields, key, &format!("{path}.{key}"));
    let example = format!("{{\"calendar\": \"{CN_HOLIDAYS}\", \"on\": \"workday\"}}");
    match (of("calendar")?, of("on")?) {
        (None, None) => Ok(None),
        (Some(calendar), Some(word)) => match DayKind::parse(&word) {
            Some(on) => Ok(Some(CalendarDays { calendar, on })),
            None => Err(format!(
                "{path}.on must be workday or holiday, is {:?}",
                head(&word, 64)
            )),
        },
        (Some(_), None) => Err(format!(
            "{path}.calendar needs on: workday or holiday, as in {example}"
        )),
        (None, Some(_)) => Err(format!("{path}.on needs a calendar, as in {example}")),
    }
}

fn parts<T>(
    fields: &Map<String, Value>,
    path: &str,
    key: &str,
    read: impl Fn(&Value, &str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let Some(json) = fields.get(key).filter(|json| !json.is_null()) else {
        return Ok(Vec::new());
    };
    let path = format!("{path}.{key}");
    let items = list(json, &path)?;
    items
        .iter()
        .enumerate()
        .map(|(index, json)| read(json, &format!("{path}[{index}]")))
        .collect()
}

fn times(json: &Value, path: &str) -> Result<Times, String> {
    let fields = object(json, path, SPAN_KEYS)?;
    let time = |key: &str| match fields.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        found => Err(format!(
            "{path}.{key} must be a time of day in quotes such as \"09:00\", is {}",
            found.map_or("missing".into(), described)
        )),
    };
    Ok(Times {
        start: time("start")?,
        end: time("end")?,
    })
}

fn span(json: &Value, path: &str) -> Result<Span, String> {
    let fields = object(json, path, SPAN_KEYS)?;
    let number = |key: &str| {
        let found = fields.get(key);
        let number = found
            .and_then(Value::as_i64)
            .and_then(|number| i16::try_from(number).ok());
        number.ok_or_else(|| {
            let days = if path.contains("weekdays") {
                ", where 1 is Monday and 7 Sunday"
            } else {
                ""
            };
            format!(
                "{path}.{key} must be a whole number{days}, is {}",
                found.map_or("missing".into(), described)
            )
        })
    };
    Ok(Span {
        start: number("start")?,
        end: number("end")?,
    })
}

fn object<'j>(
    json: &'j Value,
    path: &str,
    known: &[&str],
) -> Result<&'j Map<String, Value>, String> {
    let Value::Object(fields) = json else {
        return Err(format!(
            "{path} must be an object with {}, is {}",
            known.join(", "),
            described(json)
        ));
    };
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(fields),
        Some(key) => {
            let hint = nearest(key, known.iter().copied())
                .map_or(String::new(), |near| format!("; did you mean {near}?"));
            Err(format!(
                "{path} has an unknown field {:?}{hint}; known are: {}",
                head(key, 64),
                known.join(", ")
            ))
        }
    }
}

/// Text that may be left out.
fn text(fields: &Map<String, Value>, key: &str, path: &str) -> Result<Option<String>, String> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{path} must be text, is {}", described(other))),
    }
}

fn list<'j>(json: &'j Value, path: &str) -> Result<&'j Vec<Value>, String> {
    json.as_array()
        .ok_or_else(|| format!("{path} must be a list, is {}", described(json)))
}

fn described(json: &Value) -> String {
    match json {
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("the text {:?}", head(text, 64)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
