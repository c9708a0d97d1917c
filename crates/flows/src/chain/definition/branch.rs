//! Branches: which step is next, by what a step came to.

use std::cmp::Ordering;
use std::fmt;

use acteon_core::json::{items, members, order, same, text};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use super::node::Node;
use super::problem::Problems;

/// Names of the operators, in the order in which messages list them.
const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Eq),
    ("neq", Operator::Neq),
    ("contains", Operator::Contains),
    ("exists", Operator::Exists),
    ("gt", Operator::Gt),
    ("lt", Operator::Lt),
    ("gte", Operator::Gte),
    ("lte", Operator::Lte),
];

/// Branch: where the condition is true, the target is next.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// What of the step's result is looked at.
    pub field: Field,
    /// How it is compared.
    pub operator: Operator,
    /// JSON that it is compared with; absent with `exists`, or whether it must be there.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub value: Option<Box<RawValue>>,
    /// Name of the step that is next.
    pub target: String,
}

/// What of a step's result a branch looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Whether the step succeeded.
    Success,
    /// Value in its body, by the names that lead to it.
    Body(Vec<String>),
}

/// How a branch compares. Nothing is true of a field that is not there, but that it does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// The same value.
    Eq,
    /// Another value.
    Neq,
    /// A text with this part, a list with this item, an object with this name.
    Contains,
    /// It is there, or, with the value `false`, it is not.
    Exists,
    /// A greater number, or a later text.
    Gt,
    /// A smaller number, or an earlier text.
    Lt,
    /// A number or text that is not smaller.
    Gte,
    /// A number or text that is not greater.
    Lte,
}

impl Branch {
    pub(super) fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Self> {
        let keys = ["field", "operator", "value", "target"];
        let object = node.object(&keys, problems)?;
        let field = object
            .need("field", "success, body or body.NAME", problems)
            .and_then(|node| node.name(Field::parse, problems));
        let operator = object
            .need("operator", "such as eq", problems)
            .and_then(|node| node.word(OPERATORS, problems));
        let value = match operator {
            Some(Operator::Exists) => object.get("value"),
            _ => object.written("value"),
        };
        if let Some(operator) = operator {
            operator.check_value(value.as_ref(), &object.path_to("value"), problems);
        }
        let target = object
            .need("target", "the name of a step", problems)
            .and_then(|node| node.text(problems));
        Some(Self {
            field: field?,
            operator: operator?,
            value: match value {
                Some(value) => Some(RawValue::from_string(value.json.to_owned()).ok()?),
                None => None,
            },
            target: target?,
        })
    }

    /// Whether it is true of a step that came to this.
    pub(crate) fn is_true(&self, success: bool, body: Option<&str>) -> bool {
        let found = match &self.field {
            Field::Success => Some(if success { "true" } else { "false" }),
            Field::Body(_) => self.found(body),
        };
        let value = self.value.as_ref().map(|value| value.get());
        match (self.operator, found) {
            (Operator::Exists, found) => found.is_some() == (value != Some("false")),
            (_, None) => false,
            (operator, Some(found)) => value.is_some_and(|value| operator.compare(found, value)),
        }
    }

    /// Whether what it reads of a body is there.
    pub(crate) fn finds(&self, body: Option<&str>) -> bool {
        self.found(body).is_some()
    }

    /// What it reads of a body.
    fn found<'b>(&self, body: Option<&'b str>) -> Option<&'b str> {
        match &self.field {
            Field::Success => None,
            Field::Body(names) => at(body?, names),
        }
    }
}

impl Operator {
    fn check_value(self, value: Option<&Node<'_>>, path: &str, problems: &mut Problems) {
        if self == Self::Exists {
            value.and_then(|value| value.yes_or_no(problems));
            return;
        }
        match (self, value) {
            (_, None) => problems.add(
                path,
                "is not there, expected what the field is compared with",
            ),
            (Self::Gt | Self::Lt | Self::Gte | Self::Lte, Some(value)) => {
                if !is_number(value.json) && text(value.json).is_none() {
                    value.expected("a number or a text", problems);
                }
            }
            (Self::Eq | Self::Neq | Self::Contains | Self::Exists, Some(_)) => {}
        }
    }

    fn compare(self, found: &str, value: &str) -> bool {
        let is = |wanted: fn(Ordering) -> bool| compare(found, value).is_some_and(wanted);
        match self {
            Self::Eq => is_equal(found, value),
            Self::Neq => !is_equal(found, value),
            Self::Contains => contains(found, value),
            Self::Exists => true,
            Self::Gt => is(Ordering::is_gt),
            Self::Lt => is(Ordering::is_lt),
            Self::Gte => is(Ordering::is_ge),
            Self::Lte => is(Ordering::is_le),
        }
    }
}

impl Field {
    /// Reads `success`, `body` or `body.NAME.NAME`.
    fn parse(field: &str) -> Result<Self, &'static str> {
        let mut parts = field.split('.');
        let root = parts.next();
        let names: Vec<String> = parts.map(str::to_owned).collect();
        match root {
            Some("success") if names.is_empty() => Ok(Self::Success),
            Some("body") if names.iter().all(|name| !name.is_empty()) => Ok(Self::Body(names)),
            _ => Err("expected success, body or body.NAME, such as body.errcode"),
        }
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = OPERATORS.iter().find(|(_, known)| *known == self.operator);
        let operator = operator.map_or("", |(name, _)| name);
        write!(f, "{} {operator}", self.field)?;
        match &self.value {
            Some(value) => write!(f, " {}", value.get()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Body(names) => {
                f.write_str("body")?;
                names.iter().try_for_each(|name| write!(f, ".{name}"))
            }
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Value that is there, null too: a field may be compared with it.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// Value at the end of a path of names; a number is the place in a list.
fn at<'a>(json: &'a str, names: &[String]) -> Option<&'a str> {
    let mut json = json.trim();
    for name in names {
        json = if let Some(items) = items(json) {
            items.get(name.parse::<usize>().ok()?)?.trim()
        } else {
            let members = members(json)?;
            let last = members
                .iter()
                .rev()
                .find(|member| member.name() == **name)?;
            last.value
        };
    }
    Some(json)
}

fn is_equal(left: &str, right: &str) -> bool {
    // Numbers by their values: 1 is 1.0.
    compare(left, right).map_or_else(|| same(left, right), Ordering::is_eq)
}

/// Order of two numbers or two texts.
fn compare(left: &str, right: &str) -> Option<Ordering> {
    if is_number(left) && is_number(right) {
        return Some(order(left, right));
    }
    Some(text(left)?.cmp(&text(right)?))
}

fn contains(found: &str, value: &str) -> bool {
    if let Some(items) = items(found) {
        return items.iter().any(|item| is_equal(item.trim(), value));
    }
    let Some(part) = text(value) else {
        return false;
    };
    match members(found) {
        Some(members) => members.iter().any(|member| member.name() == part),
        None => text(found).is_some_and(|found| found.contains(&*part)),
    }
}

fn is_number(json: &str) -> bool {
    json.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
}
