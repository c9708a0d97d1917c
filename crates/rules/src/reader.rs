//! Reader of YAML nodes. Every problem is kept with its place, and nothing stops at the first.

use std::collections::{BTreeMap, HashMap, HashSet};

use acteon_config::{Diagnostic, InvalidInput, Place};
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::similar::nearest;
use jiff::tz::TimeZone;

use crate::chain_source::ChainSource;
use crate::context::Context;
use crate::diagnostic::LoadError;
use crate::interval::TimeInterval;
use crate::rule::Rule;
use crate::yaml::{Node, NodeKind};
use crate::zone::{Zone, no_zone};

/// Reader of rules files, and of others that are written like them: collects what is read, and diagnostics of what is wrong.
pub struct Reader<'a> {
    pub(crate) context: &'a Context,
    pub(crate) file: &'a str,
    /// Subject of what is being read, for messages.
    pub(crate) subject: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) intervals: Vec<TimeInterval>,
    /// Time intervals that rules name, to be looked up when all files are read.
    pub(crate) named: Vec<(Diagnostic, String)>,
    pub(crate) chains: Vec<ChainSource>,
    /// Chains that rules start, to be looked up when all files are read.
    pub(crate) started: Vec<(Diagnostic, String)>,
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) interval_names: HashSet<String>,
    zones: Vec<Zone>,
    /// Keys of this file by the places of their values.
    keys: HashMap<(usize, usize), String>,
}

impl<'a> Reader<'a> {
    /// Reader of files that may refer to these surroundings.
    pub fn new(context: &'a Context) -> Self {
        let utc = Zone::utc();
        Self {
            context,
            file: "",
            subject: String::new(),
            diagnostics: Vec::new(),
            rules: Vec::new(),
            intervals: Vec::new(),
            named: Vec::new(),
            chains: Vec::new(),
            started: Vec::new(),
            names: BTreeMap::new(),
            interval_names: HashSet::new(),
            zones: vec![utc],
            keys: HashMap::new(),
        }
    }

    /// Says what is read from now on, for messages.
    pub fn about(&mut self, subject: String) {
        self.subject = subject;
    }

    /// Everything that was wrong, where anything was.
    pub fn finish(self) -> Result<(), LoadError> {
        if self.diagnostics.is_empty() {
            Ok(())
        } else {
            Err(LoadError(self.diagnostics))
        }
    }

    pub(crate) fn env(&self) -> &'a BTreeMap<String, String> {
        &self.context.env
    }

    /// Reports what is wrong at a place; `None`, so that a parser can return it.
    pub fn fault<T>(&mut self, place: Place, message: String) -> Option<T> {
        self.diagnostics.push(self.diagnostic(place, message));
        None
    }

    /// Reports what is wrong at a place, and what to do about it.
    pub(crate) fn report(&mut self, place: Place, InvalidInput { message, hint }: InvalidInput) {
        let diagnostic = self.diagnostic(place, message);
        self.diagnostics.push(Diagnostic { hint, ..diagnostic });
    }

    pub(crate) fn diagnostic(&self, place: Place, message: String) -> Diagnostic {
        // What is said of a value alone says which one it is.
        let key = self
            .keys
            .get(&(place.line, place.column))
            .filter(|_| message.starts_with("must "));
        let message = match key.filter(|key| !self.subject.starts_with(key.as_str())) {
            Some(key) => format!("{key} {message}"),
            None => message,
        };
        Diagnostic {
            file: self.file.to_owned(),
            place,
            subject: self.subject.clone(),
            message,
            hint: None,
        }
    }

    /// Forgets the keys of the file before.
    pub(crate) fn forget_keys(&mut self) {
        self.keys.clear();
    }

    /// Zone of rules that name none.
    pub(crate) fn default_zone(&mut self) -> Option<Zone> {
        self.zone(Place::START, &self.context.default_timezone)
    }

    pub(crate) fn zone(&mut self, place: Place, name: &str) -> Option<Zone> {
        if let Some(zone) = self.zones.iter().find(|zone| &*zone.name == name) {
            return Some(zone.clone());
        }
        match TimeZone::get(name) {
            Ok(tz) => {
                let zone = Zone {
                    index: u16::try_from(self.zones.len()).unwrap_or(u16::MAX),
                    name: name.into(),
                    tz,
                };
                self.zones.push(zone.clone());
                Some(zone)
            }
            Err(_) => self.fault(place, no_zone(name)),
        }
    }

    /// Entries of a mapping, which may have `known` keys and must have `needed` ones.
    pub fn fields<'n>(
        &mut self,
        node: &'n Node,
        known: &[&'static str],
        needed: &[&str],
    ) -> Option<Fields<'n>> {
        let NodeKind::Map(entries) = &node.kind else {
            return self.fault(
                node.place,
                format!(
                    "must be a mapping with {}, is {}",
                    known.join(", "),
                    node.described()
                ),
            );
        };
        let mut fields = Fields::new();
        for (key, place, value) in entries {
            let Some(key) = known.iter().find(|known| *known == key) else {
                let near = nearest(key, known.iter().copied())
                    .map_or(String::new(), |near| format!("did you mean {near}?; "));
                let hint = format!("{near}known are: {}", known.join(", "));
                self.report(
                    *place,
                    InvalidInput::new(format!("there is no key {key:?}"), hint),
                );
                continue;
            };
            self.keys
                .insert((value.place.line, value.place.column), (*key).to_owned());
            fields.insert(*key, value);
        }
        for key in needed {
            self.needed(
                node,
                &fields,
                key,
                &format!("needed are: {}", needed.join(", ")),
            );
        }
        Some(fields)
    }

    /// Value of a key that must be there; `why` follows where it is not.
    pub(crate) fn needed<'n>(
        &mut self,
        node: &Node,
        fields: &Fields<'n>,
        key: &str,
        why: &str,
    ) -> Option<&'n Node> {
        let found = fields.get(key).copied();
        if found.is_none() {
            self.report(
                node.place,
                InvalidInput::new(format!("{key} is missing"), why),
            );
        }
        found
    }

    /// Items of a list; none where there is no node.
    pub fn list<'n>(&mut self, node: Option<&'n Node>) -> Vec<&'n Node> {
        match node.map(|node| (node, &node.kind)) {
            None | Some((_, NodeKind::Null)) => Vec::new(),
            Some((list, NodeKind::List(items))) => {
                if let Some(key) = self
                    .keys
                    .get(&(list.place.line, list.place.column))
                    .cloned()
                {
                    let named = items.iter().enumerate().map(|(at, item)| {
                        ((item.place.line, item.place.column), format!("{key}[{at}]"))
                    });
                    self.keys.extend(named);
                }
                items.iter().collect()
            }
            Some((node, _)) => {
                self.fault::<()>(
                    node.place,
                    format!("must be a list, is {}", node.described()),
                );
                Vec::new()
            }
        }
    }

    /// Text of a node that is a name.
    pub fn name(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if text.trim().is_empty()
            || text.len() > MAX_NAME_BYTES
            || text.chars().any(char::is_control)
        {
            return self.fault(
                node.place,
                format!(
                    "name must be 1 to {MAX_NAME_BYTES} bytes without control characters, is {}",
                    node.shown()
                ),
            );
        }
        Some(text)
    }

    /// Text of a node.
    pub fn text(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            NodeKind::Text(text) => Some(text.clone()),
            NodeKind::Bool(_) | NodeKind::Int(_) | NodeKind::Number(_) => self.fault(
                node.place,
                format!("must be text, is {}: put it in quotes", node.described()),
            ),
            _ => self.fault(node.place, format!("must be text, is {}", node.described())),
        }
    }

    /// Truth of a node.
    pub fn flag(&mut self, node: &Node) -> Option<bool> {
        match node.kind {
            NodeKind::Bool(flag) => Some(flag),
            _ => self.fault(
                node.place,
                format!("must be true or false, is {}", node.described()),
            ),
        }
    }

    /// Whole number of a node, within a range.
    pub fn integer(&mut self, node: &Node, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        match node.kind {
            NodeKind::Int(number) if range.contains(&number) => Some(number),
            _ => self.fault(
                node.place,
                format!(
                    "must be a whole number from {} to {}, is {}",
                    range.start(),
                    range.end(),
                    node.shown()
                ),
            ),
        }
    }
}

/// Entries of a mapping, by their keys.
pub type Fields<'n> = BTreeMap<&'static str, &'n Node>;
