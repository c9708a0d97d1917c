//! What templates may read.

use std::borrow::Cow;
use std::sync::OnceLock;

use acteon_core::json::{items, members};
use minijinja::Value;
use minijinja::value::ValueKind;

use crate::value::{from_json, quoted};
use crate::whole::Step;

/// What templates may read: JSON values by their names. Putting one in costs nothing; it is read when a template asks for it.
#[derive(Debug, Default)]
pub struct Context<'a> {
    roots: Vec<Root<'a>>,
    /// Object whose members are read where no root has a name.
    members: Option<Root<'a>>,
}

#[derive(Debug)]
struct Root<'a> {
    name: &'a str,
    json: Cow<'a, str>,
    value: OnceLock<Option<Value>>,
}

impl<'a> Context<'a> {
    /// One that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts in a value, which must be JSON, in place of the one that had the name.
    #[must_use]
    pub fn with(mut self, name: &'a str, json: impl Into<Cow<'a, str>>) -> Self {
        self.roots.retain(|root| root.name != name);
        self.roots.push(Root {
            name,
            json: json.into(),
            value: OnceLock::new(),
        });
        self
    }

    /// Lets templates read the members of an object by their names alone, where no other value has the name. `json` must be JSON; what is no object has none.
    #[must_use]
    pub fn with_members_of(mut self, json: impl Into<Cow<'a, str>>) -> Self {
        self.members = Some(Root {
            name: "",
            json: json.into(),
            value: OnceLock::new(),
        });
        self
    }

    /// Puts in a text.
    #[must_use]
    pub fn with_text(self, name: &'a str, text: &str) -> Self {
        self.with(name, quoted(text))
    }

    /// Value of a name; `None` where there is none, or where its JSON nests deeper than any that is accepted.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        if let Some(root) = self.root(name) {
            return root.value();
        }
        let value = self.members.as_ref()?.value()?;
        (value.kind() == ValueKind::Map)
            .then(|| value.get_attr(name).ok())?
            .filter(|value| !value.is_undefined())
    }

    /// JSON at the end of a path, as it is written.
    pub(crate) fn written(&self, root: &str, steps: &[Step]) -> Option<&str> {
        let mut json = match self.root(root) {
            Some(root) => &*root.json,
            None => member(&self.members.as_ref()?.json, root)?,
        };
        for step in steps {
            json = match step {
                Step::Member(name) => member(json, name)?,
                Step::Item(at) => items(json)?.get(*at)?,
            };
        }
        Some(json.trim())
    }

    /// Length of the JSON in which a path of this root is looked for.
    pub(crate) fn bytes(&self, root: &str) -> usize {
        let found = self.root(root).or(self.members.as_ref());
        found.map_or(0, |root| root.json.len())
    }

    fn root(&self, name: &str) -> Option<&Root<'a>> {
        self.roots.iter().find(|root| root.name == name)
    }
}

impl Root<'_> {
    fn value(&self) -> Option<Value> {
        self.value.get_or_init(|| from_json(&self.json)).clone()
    }
}

/// Member of an object, by its name; of several the last, as everybody reads JSON.
fn member<'j>(json: &'j str, name: &str) -> Option<&'j str> {
    let members = members(json)?;
    let last = members.iter().rev().find(|member| member.name() == *name)?;
    Some(last.value)
}
