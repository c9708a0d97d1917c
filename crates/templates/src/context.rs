//! What templates may read.

use std::borrow::Cow;
use std::sync::OnceLock;

use acteon_core::json::{items, members};
use minijinja::Value;

use crate::value::{from_json, quoted};
use crate::whole::Step;

/// What templates may read: JSON values by their names. Putting one in costs nothing; it is read when a template asks for it.
#[derive(Debug, Default)]
pub struct Context<'a> {
    roots: Vec<Root<'a>>,
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

    /// Puts in a text.
    #[must_use]
    pub fn with_text(self, name: &'a str, text: &str) -> Self {
        self.with(name, quoted(text))
    }

    /// Value of a name; `None` where there is none, or where its JSON nests deeper than any that is accepted.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        let root = self.root(name)?;
        root.value.get_or_init(|| from_json(&root.json)).clone()
    }

    /// JSON at the end of a path, as it is written.
    pub(crate) fn written(&self, root: &str, steps: &[Step]) -> Option<&str> {
        let mut json = &*self.root(root)?.json;
        for step in steps {
            json = match step {
                Step::Member(name) => {
                    let members = members(json)?;
                    let last = members
                        .iter()
                        .rev()
                        .find(|member| member.name() == **name)?;
                    last.value
                }
                Step::Item(at) => items(json)?.get(*at)?,
            };
        }
        Some(json.trim())
    }

    fn root(&self, name: &str) -> Option<&Root<'a>> {
        self.roots.iter().find(|root| root.name == name)
    }
}
