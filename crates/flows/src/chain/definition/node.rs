//! Values of a definition as they are read, with their places.

use std::ops::RangeInclusive;

use acteon_core::json::{head, items, members, text, whole_part};
use acteon_core::similar::nearest;

use super::problem::Problems;

/// Bytes of what was found that a problem shows.
const SHOWN_BYTES: usize = 40;

/// Value of a definition, and the path to it.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) json: &'a str,
    pub(super) path: String,
}

/// Object of a definition, whose keys are known.
#[derive(Debug)]
pub(super) struct Object<'a> {
    members: Vec<(String, &'a str)>,
    path: String,
}

impl<'a> Node<'a> {
    /// Object with these keys and no others.
    pub(super) fn object(&self, keys: &[&str], problems: &mut Problems) -> Option<Object<'a>> {
        let Some(members) = members(self.json) else {
            self.expected("an object", problems);
            return None;
        };
        let mut object = Object {
            members: Vec::with_capacity(members.len()),
            path: self.path.clone(),
        };
        for member in members {
            let name = member.name().into_owned();
            let path = object.path_to(&name);
            if object.members.iter().any(|(known, _)| *known == name) {
                problems.add(&path, "stands there twice; expected one of a name");
            } else if keys.contains(&name.as_str()) {
                object.members.push((name, member.value));
            } else {
                problems.add(&path, unknown_key(&name, keys));
            }
        }
        Some(object)
    }

    /// Items of a list.
    pub(super) fn list(&self, problems: &mut Problems) -> Option<Vec<Self>> {
        let Some(items) = items(self.json) else {
            self.expected("a list", problems);
            return None;
        };
        let node = |(index, json)| Self {
            json,
            path: format!("{}[{index}]", self.path),
        };
        Some(items.into_iter().enumerate().map(node).collect())
    }

    pub(super) fn text(&self, problems: &mut Problems) -> Option<String> {
        let found = text(self.json);
        if found.is_none() {
            self.expected("a text", problems);
        }
        Some(found?.into_owned())
    }

    pub(super) fn yes_or_no(&self, problems: &mut Problems) -> Option<bool> {
        match self.json {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.expected("true or false", problems);
                None
            }
        }
    }

    /// Integer within a range.
    pub(super) fn whole(
        &self,
        range: &RangeInclusive<u64>,
        problems: &mut Problems,
    ) -> Option<u64> {
        let number = Some(self.json).filter(|json| json.starts_with(is_of_number));
        let whole = number.and_then(whole_part).and_then(|(whole, is_whole)| {
            let whole = u64::try_from(whole).ok()?;
            (is_whole && range.contains(&whole)).then_some(whole)
        });
        if whole.is_none() {
            let expected = format!("an integer from {} to {}", range.start(), range.end());
            self.expected(&expected, problems);
        }
        whole
    }

    /// One of the words of a closed set.
    pub(super) fn word<T: Copy>(
        &self,
        words: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let found = text(self.json);
        let known = words
            .iter()
            .find(|(word, _)| found.as_deref() == Some(*word));
        if known.is_none() {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let meant = found.and_then(|found| nearest(&found, names.iter().copied()));
            let hint = meant.map_or(String::new(), |meant| format!("; did you mean {meant}?"));
            let expected = format!("{}{hint}", names.join(", "));
            self.expected(&expected, problems);
        }
        known.map(|(_, value)| *value)
    }

    /// Name of a type, checked by it.
    pub(super) fn name<T, E: std::fmt::Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
        problems: &mut Problems,
    ) -> Option<T> {
        let name = self.text(problems)?;
        match parse(&name) {
            Ok(name) => Some(name),
            Err(error) => {
                problems.add(&self.path, format!("{error}; found {}", self.shown()));
                None
            }
        }
    }

    /// Tells that something else was expected.
    pub(super) fn expected(&self, expected: &str, problems: &mut Problems) {
        problems.add(
            &self.path,
            format!("found {}, expected {expected}", self.shown()),
        );
    }

    fn shown(&self) -> String {
        match self.json.as_bytes().first() {
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "a list".to_owned(),
            _ if self.json.len() > SHOWN_BYTES => format!("{}...", head(self.json, SHOWN_BYTES)),
            _ => self.json.to_owned(),
        }
    }
}

impl<'a> Object<'a> {
    /// Value of a key; what is null is absent.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        self.written(key).filter(|node| node.json != "null")
    }

    /// Value of a key, null too.
    pub(super) fn written(&self, key: &str) -> Option<Node<'a>> {
        let (_, json) = self.members.iter().find(|(name, _)| name == key)?;
        Some(Node {
            json,
            path: self.path_to(key),
        })
    }

    /// Value of a key that must be there.
    pub(super) fn need(&self, key: &str, what: &str, problems: &mut Problems) -> Option<Node<'a>> {
        let found = self.get(key);
        if found.is_none() {
            problems.add(&self.path_to(key), format!("is not there, expected {what}"));
        }
        found
    }

    /// Value of a key; null, an empty text and an empty object are absent. Clients write those where a step is of another kind.
    pub(super) fn filled(&self, key: &str) -> Option<Node<'a>> {
        self.get(key).filter(|node| {
            let is_empty_object = members(node.json).is_some_and(|members| members.is_empty());
            node.json != "\"\"" && !is_empty_object
        })
    }

    pub(super) fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

fn unknown_key(name: &str, keys: &[&str]) -> String {
    match nearest(name, keys.iter().copied()) {
        Some(meant) => format!("is no known key; did you mean {meant}?"),
        None => format!("is no known key; expected {}", keys.join(", ")),
    }
}

fn is_of_number(letter: char) -> bool {
    letter.is_ascii_digit() || letter == '-'
}
