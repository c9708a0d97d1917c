//! Values while a condition is evaluated. What comes out of an action is borrowed from it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use acteon_core::Timestamp;
use serde_json::Value as Json;

/// A value. Arrays and objects of the payload stay where they are.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'a, str>),
    /// An instant. Beside one, text is read as RFC 3339 and a number as seconds since 1970.
    Time(Timestamp),
    /// An array or object.
    Json(&'a Json),
    /// A list that an expression built.
    List(Rc<Vec<Val<'a>>>),
    /// The labels.
    Labels(&'a std::collections::BTreeMap<String, String>),
}

impl<'a> Val<'a> {
    pub(crate) fn of_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => number.as_i64().map_or_else(
                || Self::Double(number.as_f64().unwrap_or(f64::NAN)),
                Self::Int,
            ),
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(_) | Json::Object(_) => Self::Json(json),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Double(_) => "a number",
            Self::Text(_) => "text",
            Self::Time(_) => "a time",
            Self::Json(Json::Array(_)) | Self::List(_) => "a list",
            Self::Json(_) | Self::Labels(_) => "an object",
        }
    }

    /// Whether two values are equal. Numbers compare by what they are worth; values of different kinds differ.
    pub(crate) fn equals(&self, other: &Val<'_>) -> bool {
        match (self, other) {
            (Self::Null, Val::Null) => true,
            (Self::Bool(left), Val::Bool(right)) => left == right,
            (Self::Text(left), Val::Text(right)) => left == right,
            (Self::Time(_), _)
            | (_, Val::Time(_))
            | (Self::Int(_) | Self::Double(_), Val::Int(_) | Val::Double(_)) => {
                self.compare(other) == Some(Ordering::Equal)
            }
            (
                Self::Labels(_) | Self::Json(Json::Object(_)),
                Val::Labels(_) | Val::Json(Json::Object(_)),
            ) => self.to_json() == other.to_json(),
            _ => match (self.len(), other.len()) {
                (Some(left), Some(right)) => {
                    let same = |at: usize| matches!((self.item(at), other.item(at)), (Some(left), Some(right)) if left.equals(&right));
                    left == right && (0..left).all(same)
                }
                _ => false,
            },
        }
    }

    /// The order of two values of one kind that has an order.
    pub(crate) fn compare(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Val::Int(right)) => Some(left.cmp(right)),
            (Self::Int(left), Val::Double(right)) => compare_mixed(*left, *right),
            (Self::Double(left), Val::Int(right)) => {
                compare_mixed(*right, *left).map(Ordering::reverse)
            }
            (Self::Double(left), Val::Double(right)) => left.partial_cmp(right),
            (Self::Text(left), Val::Text(right)) => Some(left.cmp(right)),
            (Self::Time(_), _) | (_, Val::Time(_)) => Some(self.instant()?.cmp(&other.instant()?)),
            (Self::Bool(left), Val::Bool(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// The instant that a value stands for beside one.
    fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(*time),
            Self::Text(text) => Timestamp::parse(text),
            Self::Int(seconds) => Some(Timestamp::from_millis(seconds.saturating_mul(1000))),
            Self::Double(seconds) => Some(Timestamp::from_millis((seconds * 1000.0) as i64)),
            Self::Null | Self::Bool(_) | Self::Json(_) | Self::List(_) | Self::Labels(_) => None,
        }
    }

    /// How many items a list has.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Self::Json(Json::Array(items)) => Some(items.len()),
            Self::List(items) => Some(items.len()),
            _ => None,
        }
    }

    /// The item of a list at `position`.
    pub(crate) fn item(&self, position: usize) -> Option<Val<'a>> {
        match self {
            Self::Json(Json::Array(items)) => items.get(position).map(Val::of_json),
            Self::List(items) => items.get(position).cloned(),
            _ => None,
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> Option<Vec<Val<'a>>> {
        match self {
            Self::Json(Json::Array(items)) => Some(items.iter().map(Val::of_json).collect()),
            Self::List(items) => Some(items.to_vec()),
            _ => None,
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::Bool(*flag),
            Self::Int(number) => Json::from(*number),
            Self::Double(number) => Json::from(*number),
            Self::Text(text) => Json::String(text.clone().into_owned()),
            Self::Time(time) => Json::String(time.to_string()),
            Self::Json(json) => (*json).clone(),
            Self::List(items) => items.iter().map(Val::to_json).collect(),
            Self::Labels(labels) => labels
                .iter()
                .map(|(name, value)| (name.clone(), Json::String(value.clone())))
                .collect(),
        }
    }

    /// As it would be written into a text.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone().into_owned(),
            Self::Time(time) => time.to_string(),
            Self::Null => String::new(),
            other => other.to_json().to_string(),
        }
    }
}

/// Compares without rounding: an integer near the edge is not what its nearest double is.
fn compare_mixed(int: i64, double: f64) -> Option<Ordering> {
    const EDGE: f64 = 9_223_372_036_854_775_808.0;
    if double.is_nan() {
        return None;
    }
    if double >= EDGE {
        return Some(Ordering::Less);
    }
    if double < -EDGE {
        return Some(Ordering::Greater);
    }
    let whole = double.trunc();
    let order = int.cmp(&(whole as i64));
    Some(order.then_with(|| {
        0.0_f64
            .partial_cmp(&(double - whole))
            .unwrap_or(Ordering::Equal)
    }))
}
