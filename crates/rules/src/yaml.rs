//! YAML with the place of every node. Keys that come twice, aliases and deep nesting are refused: they hide what a file says.

use std::borrow::Cow;

use acteon_config::Place;
use acteon_core::json::head;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::quote::quoted;

/// Deepest nesting of a file.
const MAX_DEPTH: usize = 40;

/// Node of a file, with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Place of its beginning.
    pub place: Place,
    /// Value.
    pub kind: NodeKind,
}

/// Value of a node.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Integer of 64 bits.
    Int(i64),
    /// Number that is no integer of 64 bits, as JSON would write it.
    Number(String),
    /// Text.
    Text(String),
    /// Nodes in a row.
    List(Vec<Node>),
    /// Nodes by their names, each with the place of its name.
    Map(Vec<(String, Place, Node)>),
}

impl Node {
    /// Kind of a node as messages describe it: "is ...".
    pub fn described(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "empty",
            NodeKind::Bool(_) => "true or false",
            NodeKind::Int(_) => "a whole number",
            NodeKind::Number(_) => "a number",
            NodeKind::Text(_) => "text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a mapping",
        }
    }

    /// Value as messages show it.
    pub fn shown(&self) -> String {
        match &self.kind {
            NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => self.described().to_owned(),
            NodeKind::Bool(flag) => flag.to_string(),
            NodeKind::Int(number) => number.to_string(),
            NodeKind::Number(text) => text.clone(),
            NodeKind::Text(text) => format!("the text {:?}", head(text, 64)),
        }
    }

    /// JSON of the value, numbers as they are written.
    pub fn to_text(&self) -> String {
        match &self.kind {
            NodeKind::Number(text) => text.clone(),
            NodeKind::List(items) => format!(
                "[{}]",
                items
                    .iter()
                    .map(Self::to_text)
                    .collect::<Vec<_>>()
                    .join(",")
            ),
            NodeKind::Map(entries) => {
                let member = |(key, _, node): &(String, Place, Self)| {
                    format!("{}:{}", quoted(key), node.to_text())
                };
                format!(
                    "{{{}}}",
                    entries.iter().map(member).collect::<Vec<_>>().join(",")
                )
            }
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Int(_) | NodeKind::Text(_) => {
                self.to_json().to_string()
            }
        }
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(flag) => Value::Bool(*flag),
            NodeKind::Int(number) => Value::from(*number),
            NodeKind::Number(text) => text.parse::<f64>().map_or(Value::Null, Value::from),
            NodeKind::Text(text) => Value::String(text.clone()),
            NodeKind::List(items) => items.iter().map(Self::to_json).collect(),
            NodeKind::Map(entries) => entries
                .iter()
                .map(|(key, _, node)| (key.clone(), node.to_json()))
                .collect(),
        }
    }
}

/// Place in a YAML text, and what is wrong there.
pub(crate) type YamlError = (Place, String);

/// Root node of `text`, which must be one document; `None` when it is empty.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, YamlError> {
    let mut reader = NodeReader {
        text,
        parser: Parser::new_from_str(text),
    };
    let mut document = None;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(document),
            (
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing,
                _,
            ) => {}
            (_, span) if document.is_some() => {
                return Err((place(span), "a file holds one document".into()));
            }
            (event, span) => document = Some(reader.node(event, span, 0)?),
        }
    }
}

struct NodeReader<'a> {
    text: &'a str,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> NodeReader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, Span::default())),
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let marker = error.marker();
                let place = Place {
                    line: marker.line(),
                    column: marker.col() + 1,
                };
                Err((
                    place,
                    format!("not YAML: {}{}", error.info(), self.hint(place.line)),
                ))
            }
        }
    }

    /// Advice about a line that is not YAML, where it is a condition that YAML reads otherwise than
    /// it is meant.
    fn hint(&self, line: usize) -> &'static str {
        let near = self.text.lines().skip(line.saturating_sub(2)).take(2);
        let is_bare = |line: &str| {
            line.split_once("condition:").is_some_and(|(_, value)| {
                value
                    .trim_start()
                    .starts_with(['"', '\'', '!', '*', '&', '[', '('])
            })
        };
        if near.into_iter().any(is_bare) {
            "; put the whole condition in quotes, such as condition: '...'"
        } else {
            ""
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let place = place(span);
        if depth > MAX_DEPTH {
            return Err((place, format!("nests deeper than {MAX_DEPTH} levels")));
        }
        let kind = match event {
            Event::Scalar(text, style, _, None) => scalar(text, style),
            Event::SequenceStart(_, None) => self.list(depth)?,
            Event::MappingStart(_, None) => self.map(depth)?,
            Event::Alias(_) => {
                return Err((place, "aliases are not taken: write the value out".into()));
            }
            Event::Scalar(text, _, _, Some(tag)) => {
                return Err((
                    place,
                    tagged(&format!("{}{} {text}", tag.handle, tag.suffix)),
                ));
            }
            Event::SequenceStart(_, Some(tag)) | Event::MappingStart(_, Some(tag)) => {
                return Err((place, tagged(&format!("{}{}", tag.handle, tag.suffix))));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                return Err((place, "a value is missing".into()));
            }
        };
        Ok(Node { place, kind })
    }

    fn list(&mut self, depth: usize) -> Result<NodeKind, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(NodeKind::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<NodeKind, YamlError> {
        let mut entries: Vec<(String, Place, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        loop {
            let (key, at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(NodeKind::Map(entries)),
                (Event::Scalar(text, ..), span) => (text.into_owned(), place(span)),
                (_, span) => return Err((place(span), "a key must be text".into())),
            };
            if !seen.insert(key.clone()) {
                return Err((at, format!("the key {key:?} is given twice")));
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            entries.push((key, at, node));
        }
    }
}

/// Message for a tag. Conditions that begin with a negation are taken for one.
fn tagged(tag: &str) -> String {
    let tag = tag.trim();
    if tag.starts_with("!!") || tag.starts_with("tag:") {
        return "tags are not taken".into();
    }
    format!(
        "a value that begins with ! is a tag in YAML, and tags are not taken: put it in quotes, such as '{}'",
        head(tag, 64)
    )
}

fn place(span: Span) -> Place {
    Place {
        line: span.start.line().max(1),
        column: span.start.col() + 1,
    }
}

/// Value of a scalar by YAML 1.2's core schema: only `true` and `false` are flags, so `no` and
/// `off` are text.
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> NodeKind {
    if style != ScalarStyle::Plain {
        return NodeKind::Text(text.into_owned());
    }
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeKind::Null,
        "true" | "True" | "TRUE" => return NodeKind::Bool(true),
        "false" | "False" | "FALSE" => return NodeKind::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return NodeKind::Int(number);
    }
    number(&text).map_or_else(|| NodeKind::Text(text.into_owned()), NodeKind::Number)
}

/// Number as JSON writes it, without a digit less: YAML also takes `+1`, `.5`, `5.` and `007.5`.
fn number(text: &str) -> Option<String> {
    let is_numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    if !is_numeric || !text.parse::<f64>().is_ok_and(f64::is_finite) {
        return None;
    }
    let (sign, rest) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let rest = rest.trim_start_matches('+');
    let (digits, exponent) = rest
        .find(['e', 'E'])
        .map_or((rest, ""), |at| rest.split_at(at));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}{exponent}"))
}

/// Subject of messages about an item of a list: its position, and its name if it has one.
pub fn subject(list: &str, index: usize, node: &Node) -> String {
    let name = match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .find(|(key, ..)| key == "name")
            .map(|(_, _, node)| node),
        _ => None,
    };
    match name.map(|node| &node.kind) {
        Some(NodeKind::Text(name)) => format!("{list}[{index}] ({name})"),
        _ => format!("{list}[{index}]"),
    }
}
