//! Values while a condition is evaluated. What comes out of an action is borrowed from it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use acteon_core::Timestamp;
use acteon_core::json::{Tree, order};

use crate::quote::quoted;

/// Value. Arrays and objects of the payload stay where they are.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Number that was calculated.
    Double(f64),
    /// Number that was sent, or stands in a rule, and is no integer of 64 bits: as JSON writes it,
    /// so that no digit is lost.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    /// Instant. Beside one, text is read as RFC 3339 and a number as seconds since 1970.
    Time(Timestamp),
    /// Array or object of the action.
    Json(&'a Tree<'a>),
    /// List that an expression built.
    List(Rc<Vec<Val<'a>>>),
    /// Labels of the action, a text by name.
    Labels(&'a std::collections::BTreeMap<String, String>),
}

impl<'a> Val<'a> {
    pub(crate) fn of_tree(tree: &'a Tree<'_>) -> Self {
        match tree {
            Tree::Word("null") => Self::Null,
            Tree::Word("true") => Self::Bool(true),
            Tree::Word("false") => Self::Bool(false),
            // "-0" is none of the integers, though it is worth 0.
            Tree::Word(number) => match number.parse() {
                Ok(int) if *number != "-0" => Self::Int(int),
                _ => Self::Number(Cow::Borrowed(number)),
            },
            Tree::Text(text) => Self::Text(Cow::Borrowed(text)),
            Tree::List(_) | Tree::Object(_) => Self::Json(tree),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Double(_) | Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Time(_) => "a time",
            Self::Json(Tree::List(_)) | Self::List(_) => "a list",
            Self::Json(_) | Self::Labels(_) => "an object",
        }
    }

    /// Whether two values are equal. Numbers compare by what they are worth; values of different kinds differ. Adds to `looked_at` how many members
    /// and items were compared.
    pub(crate) fn equals(&self, other: &Val<'_>, looked_at: &mut usize) -> bool {
        match (self, other) {
            (Self::Null, Val::Null) => true,
            (Self::Bool(left), Val::Bool(right)) => left == right,
            (Self::Text(left), Val::Text(right)) => left == right,
            (Self::Time(_), _)
            | (_, Val::Time(_))
            | (
                Self::Int(_) | Self::Double(_) | Self::Number(_),
                Val::Int(_) | Val::Double(_) | Val::Number(_),
            ) => self.compare(other) == Some(Ordering::Equal),
            (
                Self::Labels(_) | Self::Json(Tree::Object(_)),
                Val::Labels(_) | Val::Json(Tree::Object(_)),
            ) => {
                // Before any list of them is made, which takes as long as they are many.
                if self.member_count() != other.member_count() {
                    return false;
                }
                let (left, right) = (self.members(), other.members());
                *looked_at += left.len();
                left.iter()
                    .zip(&right)
                    .all(|((left, one), (right, other))| {
                        left == right && one.equals(other, looked_at)
                    })
            }
            _ => match (self.len(), other.len()) {
                (Some(left), Some(right)) if left == right => (0..left).all(|at| {
                    *looked_at += 1;
                    match (self.item(at), other.item(at)) {
                        (Some(left), Some(right)) => left.equals(&right, looked_at),
                        (None, _) | (_, None) => false,
                    }
                }),
                _ => false,
            },
        }
    }

    /// Order of two values of one kind that has an order; `None` of others.
    pub(crate) fn compare(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Val::Int(right)) => Some(left.cmp(right)),
            (Self::Double(left), Val::Double(right)) => left.partial_cmp(right),
            (Self::Double(double), Val::Int(_) | Val::Number(_)) => {
                beside(*double, &other.written()?)
            }
            (Self::Int(_) | Self::Number(_), Val::Double(double)) => {
                beside(*double, &self.written()?).map(Ordering::reverse)
            }
            (Self::Number(_), Val::Int(_) | Val::Number(_)) | (Self::Int(_), Val::Number(_)) => {
                Some(order(&self.written()?, &other.written()?))
            }
            (Self::Text(left), Val::Text(right)) => Some(left.cmp(right)),
            (Self::Time(_), _) | (_, Val::Time(_)) => Some(self.instant()?.cmp(&other.instant()?)),
            (Self::Bool(left), Val::Bool(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// Instant that a value stands for beside another.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(*time),
            Self::Text(text) => Timestamp::parse(text),
            Self::Int(seconds) => Some(Timestamp::from_millis(seconds.saturating_mul(1000))),
            Self::Double(_) | Self::Number(_) => {
                Some(Timestamp::from_millis((self.double()? * 1000.0) as i64))
            }
            Self::Null | Self::Bool(_) | Self::Json(_) | Self::List(_) | Self::Labels(_) => None,
        }
    }

    /// Number as a double, to calculate with.
    pub(crate) fn double(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Number as it is written.
    fn written(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Int(number) => Some(Cow::Owned(number.to_string())),
            Self::Number(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// Members of an object, in the order of their names.
    pub(crate) fn members(&self) -> Vec<(&str, Val<'_>)> {
        match self {
            Self::Json(Tree::Object(members)) => members
                .iter()
                .map(|(name, value)| (&**name, Val::of_tree(value)))
                .collect(),
            Self::Labels(labels) => labels
                .iter()
                .map(|(name, value)| (name.as_str(), Val::Text(Cow::Borrowed(value.as_str()))))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Number of members of an object.
    fn member_count(&self) -> usize {
        match self {
            Self::Json(Tree::Object(members)) => members.len(),
            Self::Labels(labels) => labels.len(),
            _ => 0,
        }
    }

    /// Number of items of a list.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Self::Json(Tree::List(items)) => Some(items.len()),
            Self::List(items) => Some(items.len()),
            _ => None,
        }
    }

    /// Item of a list at `position`.
    pub(crate) fn item(&self, position: usize) -> Option<Val<'a>> {
        match self {
            Self::Json(Tree::List(items)) => items.get(position).map(Val::of_tree),
            Self::List(items) => items.get(position).cloned(),
            _ => None,
        }
    }

    /// Items of a list.
    pub(crate) fn items(&self) -> Option<Vec<Val<'a>>> {
        match self {
            Self::Json(Tree::List(items)) => Some(items.iter().map(Val::of_tree).collect()),
            Self::List(items) => Some(items.to_vec()),
            _ => None,
        }
    }

    /// JSON of the value, numbers as they were written.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(flag) => flag.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Double(number) => serde_json::Value::from(*number).to_string(),
            Self::Number(text) => text.clone().into_owned(),
            Self::Text(text) => quoted(text),
            Self::Time(time) => quoted(&time.to_string()),
            Self::Json(tree) => tree.to_string(),
            Self::List(items) => format!(
                "[{}]",
                items.iter().map(Val::to_json).collect::<Vec<_>>().join(",")
            ),
            Self::Labels(_) => {
                let member = |(name, value): &(&str, Val<'_>)| {
                    format!("{}:{}", quoted(name), value.to_json())
                };
                format!(
                    "{{{}}}",
                    self.members()
                        .iter()
                        .map(member)
                        .collect::<Vec<_>>()
                        .join(",")
                )
            }
        }
    }

    /// Text of the value, as it stands within another text.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone().into_owned(),
            Self::Time(time) => time.to_string(),
            Self::Null => String::new(),
            other => other.to_json(),
        }
    }
}

/// Order of what was calculated and a number as it is written. Integers are compared by every
/// digit; what has a point or an exponent is rounded to 64 bits too, so that a calculated 0.1 is
/// 0.1.
fn beside(calculated: f64, written: &str) -> Option<Ordering> {
    if !calculated.is_finite() || written.contains(['.', 'e', 'E']) {
        return calculated.partial_cmp(&written.parse().ok()?);
    }
    Some(
        order(&format!("{:.0}", calculated.trunc()), written)
            .then(calculated.fract().partial_cmp(&0.0)?),
    )
}
