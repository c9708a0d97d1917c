//! Time intervals of a file, with all that is wrong in them. A time interval says the first thing that is wrong with it; what else is wrong is found
//! by asking of each of its parts alone.

use acteon_config::Place;
use acteon_schedule::CN_HOLIDAYS;
use serde_json::{Value, json};

use crate::interval::TimeInterval;
use crate::reader::Reader;
use crate::yaml::{Node, NodeKind, subject};
use crate::zone::Zone;

impl Reader<'_> {
    /// Reads time intervals; of each name there is one. Where they name no location the zone of rules that name none is theirs.
    pub(crate) fn read_intervals(&mut self, list: Option<&Node>) {
        let list = self.list(list);
        // A zone that is none is told of with the rules.
        let zone = if list.is_empty() {
            None
        } else {
            self.default_zone()
        };
        let zone = zone.unwrap_or_else(Zone::utc);
        for (index, node) in list.into_iter().enumerate() {
            self.subject = subject("time_intervals", index, node);
            match TimeInterval::in_zone(&node.to_json(), &zone.tz) {
                Ok(interval) if !self.interval_names.insert(interval.name().to_owned()) => {
                    self.fault::<()>(node.place, "another time interval has this name".into());
                }
                Ok(interval) => {
                    if let Some(name) = interval.unknown_calendar(&self.context.calendars) {
                        let message = self.context.calendars.unknown(name);
                        self.fault::<()>(place_of_calendar(node, name), message);
                    }
                    self.intervals.push(interval);
                }
                Err(error) => {
                    let mut found = of_parts(node);
                    if found.is_empty() {
                        found.push((node.place, error.to_string()));
                    }
                    for (place, message) in found {
                        self.fault::<()>(place, message);
                    }
                }
            }
        }
    }
}

/// Place at which a range of a time interval names a calendar.
fn place_of_calendar(interval: &Node, name: &str) -> Place {
    let value = |node: &Node, key: &str| match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .find(|(known, ..)| known == key)
            .map(|(.., value)| value.clone()),
        _ => None,
    };
    let ranges = value(interval, "time_ranges").map(|node| node.kind);
    let Some(NodeKind::List(ranges)) = ranges else {
        return interval.place;
    };
    let mut calendars = ranges.iter().filter_map(|range| value(range, "calendar"));
    calendars
        .find(|node| matches!(&node.kind, NodeKind::Text(text) if text == name))
        .map_or(interval.place, |node| node.place)
}

/// Complaints about each part of a time interval, alone.
fn of_parts(node: &Node) -> Vec<(Place, String)> {
    let NodeKind::Map(entries) = &node.kind else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for key in ["name", "time_ranges"] {
        if !entries.iter().any(|(known, ..)| known == key) {
            found.push((node.place, format!("{key} is missing")));
        }
    }
    for (key, place, value) in entries {
        match &value.kind {
            NodeKind::List(ranges) if key == "time_ranges" => {
                let before = found.len();
                ranges
                    .iter()
                    .enumerate()
                    .for_each(|(at, range)| found.extend(of_range(at, range)));
                if found.len() == before {
                    found.extend(wrong(key, value.to_json()).map(|message| (value.place, message)));
                }
            }
            _ => found.extend(wrong(key, value.to_json()).map(|message| (*place, message))),
        }
    }
    found
}

fn of_range(at: usize, range: &Node) -> Vec<(Place, String)> {
    let alone = |range: Value| {
        let message = wrong("time_ranges", json!([range]))?;
        Some(message.replacen("time_ranges[0]", &format!("time_ranges[{at}]"), 1))
    };
    let mut found = Vec::new();
    if let NodeKind::Map(entries) = &range.kind {
        for (key, place, value) in entries {
            // Of the two that need each other, the other one is right.
            let other = match key.as_str() {
                "calendar" => Some(("on".to_owned(), json!("workday"))),
                "on" => Some(("calendar".to_owned(), json!(CN_HOLIDAYS))),
                _ => None,
            };
            let with = |value: Value| {
                let fields = other.clone().into_iter().chain([(key.clone(), value)]);
                Value::Object(fields.collect())
            };
            match &value.kind {
                NodeKind::List(spans) if !spans.is_empty() => {
                    for (index, span) in spans.iter().enumerate() {
                        let message = alone(with(json!([span.to_json()])));
                        found.extend(message.map(|message| {
                            (
                                span.place,
                                message.replacen(
                                    &format!("{key}[0]"),
                                    &format!("{key}[{index}]"),
                                    1,
                                ),
                            )
                        }));
                    }
                }
                NodeKind::List(_) => {}
                _ => found.extend(alone(with(value.to_json())).map(|message| (*place, message))),
            }
        }
    }
    if found.is_empty() {
        found.extend(alone(range.to_json()).map(|message| (range.place, message)));
    }
    found
}

/// Complaint about a time interval whose other fields are right.
fn wrong(key: &str, value: Value) -> Option<String> {
    let mut interval =
        json!({ "name": "other", "time_ranges": [{ "months": [{ "start": 1, "end": 12 }] }] });
    interval[key] = value;
    TimeInterval::from_json(&interval)
        .err()
        .map(|error| error.to_string())
}
