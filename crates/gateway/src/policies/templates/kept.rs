//! Templates and profiles in memory, compiled when they are first used.

use std::sync::{Arc, OnceLock};

use acteon_core::json::members;
use acteon_store::Document;
use acteon_templates::{Context, Escaping, Problem, RenderError, Texts};
use rpds::RedBlackTreeMapSync;
use serde::de::DeserializeOwned;

use super::document::{FieldSource, Profile, Template, key};
use crate::policies::document::parsed;

/// Field of a payload that says what type its message is of.
const MSGTYPE: &str = "msgtype";

/// Field of a payload, by its name: its text, or why there is none.
pub(super) type Field<'a> = (&'a str, Result<String, RenderError>);

/// Templates and profiles of all namespaces and tenants.
#[derive(Clone, Default)]
pub(crate) struct Templates {
    pub(super) templates: Kept<Template>,
    pub(super) profiles: Kept<Compiled>,
}

/// Documents of one kind, by their ids and by their keys.
pub(super) struct Kept<T> {
    by_id: RedBlackTreeMapSync<Arc<str>, Arc<Entry<T>>>,
    by_key: RedBlackTreeMapSync<Arc<str>, Arc<Entry<T>>>,
    bytes: usize,
}

pub(super) struct Entry<T> {
    id: Arc<str>,
    key: Arc<str>,
    bytes: usize,
    pub(super) value: T,
}

/// Profile, with what it is rendered by once somebody asked for it.
pub(super) struct Compiled {
    pub(super) profile: Profile,
    texts: OnceLock<Result<Texts, Vec<Problem>>>,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self {
            by_id: self.by_id.clone(),
            by_key: self.by_key.clone(),
            bytes: self.bytes,
        }
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            by_id: RedBlackTreeMapSync::default(),
            by_key: RedBlackTreeMapSync::default(),
            bytes: 0,
        }
    }
}

impl<T> Kept<T> {
    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.by_id.get(id).map(|entry| &entry.value)
    }

    pub(super) fn of_key(&self, key: &str) -> Option<&T> {
        self.by_key.get(key).map(|entry| &entry.value)
    }

    /// All, in the order of their namespaces, tenants and names.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.by_key.values().map(|entry| &entry.value)
    }

    /// Those of a namespace and tenant.
    pub(super) fn of(&self, namespace: &str, tenant: &str) -> impl Iterator<Item = &T> {
        let prefix = key(namespace, tenant, "");
        let from: Arc<str> = prefix.as_str().into();
        self.by_key
            .range(from..)
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, entry)| &entry.value)
    }

    fn put(&mut self, entry: Entry<T>) {
        self.remove(&entry.id.clone());
        let entry = Arc::new(entry);
        self.bytes += entry.bytes;
        self.by_id
            .insert_mut(Arc::clone(&entry.id), Arc::clone(&entry));
        self.by_key.insert_mut(Arc::clone(&entry.key), entry);
    }

    fn remove(&mut self, id: &str) -> Option<Arc<Entry<T>>> {
        let entry = Arc::clone(self.by_id.get(id)?);
        self.bytes -= entry.bytes;
        self.by_id.remove_mut(id);
        self.by_key.remove_mut(&entry.key);
        Some(entry)
    }

    fn sizes(&self) -> (usize, usize) {
        (self.by_id.size(), self.bytes)
    }
}

impl Kept<Template> {
    /// Puts a template in the place of the one of its id.
    pub(super) fn replace(&mut self, template: Template) {
        let bytes = template.content.len();
        self.put(Entry {
            id: template.id.as_str().into(),
            key: template.key().into(),
            bytes,
            value: template,
        });
    }
}

impl Templates {
    pub(crate) fn put_template(&mut self, document: &Document) {
        self.remove_template(&document.id);
        let key = Template::key;
        let Some(entry) = entry(document, |template| template, key) else {
            return;
        };
        let Template {
            namespace,
            tenant,
            name,
            ..
        } = &entry.value;
        self.forget_compiled(namespace, tenant, name);
        self.templates.put(entry);
    }

    pub(crate) fn remove_template(&mut self, id: &str) {
        if let Some(entry) = self.templates.remove(id) {
            let template = &entry.value;
            self.forget_compiled(&template.namespace, &template.tenant, &template.name);
        }
    }

    pub(crate) fn put_profile(&mut self, document: &Document) {
        self.profiles.remove(&document.id);
        let made = entry(document, Compiled::new, |compiled| compiled.profile.key());
        if let Some(entry) = made {
            self.profiles.put(entry);
        }
    }

    pub(crate) fn remove_profile(&mut self, id: &str) {
        self.profiles.remove(id);
    }

    /// Numbers and bytes of the templates, and of the profiles.
    pub(crate) fn sizes(&self) -> [(usize, usize); 2] {
        [self.templates.sizes(), self.profiles.sizes()]
    }

    /// Profile of a namespace and tenant by its name.
    pub(super) fn profile(&self, namespace: &str, tenant: &str, name: &str) -> Option<&Compiled> {
        self.profiles.of_key(&key(namespace, tenant, name))
    }

    /// Has profiles that use a template compiled anew.
    fn forget_compiled(&mut self, namespace: &str, tenant: &str, name: &str) {
        let uses = |compiled: &&Compiled| compiled.profile.references().any(|used| used == name);
        let ids: Vec<String> = self
            .profiles
            .of(namespace, tenant)
            .filter(uses)
            .map(|compiled| compiled.profile.id.clone())
            .collect();
        for id in ids {
            if let Some(entry) = self.profiles.remove(&id) {
                self.profiles.put(Entry {
                    id: Arc::clone(&entry.id),
                    key: Arc::clone(&entry.key),
                    bytes: entry.bytes,
                    value: Compiled::new(entry.value.profile.clone()),
                });
            }
        }
    }
}

impl Compiled {
    pub(super) const fn new(profile: Profile) -> Self {
        Self {
            profile,
            texts: OnceLock::new(),
        }
    }

    /// Compiled sources, with the templates that it refers to.
    pub(super) fn texts(&self, templates: &Templates) -> Result<&Texts, &[Problem]> {
        let compile = || compile(&self.profile, templates);
        self.texts
            .get_or_init(compile)
            .as_ref()
            .map_err(Vec::as_slice)
    }

    /// Whether its sources read a member of a payload.
    pub(super) fn reads(&self, templates: &Templates, member: &str) -> bool {
        let Ok(texts) = self.texts(templates) else {
            return false;
        };
        texts.variables().iter().any(|path| {
            let mut parts = path.split('.');
            match parts.next() {
                // All of it, or one member by way of it.
                Some("payload") => parts.next().is_none_or(|part| part == member),
                root => root == Some(member),
            }
        })
    }

    /// Fields, by their names, each rendered for a payload, or why it is not, and the escaping that they have: the given one, unless the profile renders the type of
    /// the message too. An error is of all of them.
    pub(super) fn render(
        &self,
        templates: &Templates,
        payload: &str,
        escaped: EscapedFor,
    ) -> Result<(Vec<Field<'_>>, Escaping), RenderError> {
        let texts = self.texts(templates).map_err(|problems| {
            let first = problems.first();
            RenderError {
                path: first.map_or(String::new(), |problem| problem.path.clone()),
                line: first.and_then(|problem| problem.line),
                message: first.map_or(String::new(), |problem| problem.message.clone()),
            }
        })?;
        let context = Context::new()
            .with("payload", payload)
            .with_members_of(payload);
        let escaping = match escaped {
            EscapedFor::Route(escaping) => {
                return Ok((texts.render_each(&context, escaping), escaping));
            }
            EscapedFor::Named(escaping) => escaping,
        };
        let fields = texts.render_each(&context, escaping);
        let is_type = |(name, _): &&Field<'_>| *name == MSGTYPE && self.profile.escaping.is_none();
        let rendered = fields.iter().find(is_type);
        let msgtype = rendered.and_then(|(_, text)| text.as_deref().ok());
        match msgtype.and_then(stated).map(Escaping::of_wechat) {
            Some(other) if other != escaping => Ok((texts.render_each(&context, other), other)),
            _ => Ok((fields, escaping)),
        }
    }

    /// Its fields, where none of them can be rendered.
    pub(super) fn unrendered(&self, error: &RenderError) -> Vec<Field<'_>> {
        let names = self.profile.fields.keys();
        names
            .map(|name| (name.as_str(), Err(error.clone())))
            .collect()
    }

    /// Escaping of the profile, or by the type of the message: as the profile writes it, the payload has it, or the provider takes it to be.
    pub(super) fn escaping(&self, payload: &str, of_provider: Option<&str>) -> Escaping {
        let written = match self.profile.fields.get(MSGTYPE) {
            Some(FieldSource::Inline(source)) if !source.contains('{') => stated(source),
            _ => None,
        };
        match written {
            Some(written) => self.own().unwrap_or_else(|| Escaping::of_wechat(written)),
            None => self.escaping_of(payload, of_provider),
        }
    }

    /// Escaping of the profile, or by the type of a message that was rendered.
    pub(super) fn escaping_of(&self, payload: &str, of_provider: Option<&str>) -> Escaping {
        self.own().unwrap_or_else(|| by_type(payload, of_provider))
    }

    fn own(&self) -> Option<Escaping> {
        let named = self.profile.escaping.as_deref();
        named.and_then(Escaping::from_name)
    }
}

/// What the texts of a profile are escaped for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EscapedFor {
    /// The provider that the action names; where the profile renders the type of the message, for that.
    Named(Escaping),
    /// The message of a route as it goes, whatever type the profile renders: a rule has the last word.
    Route(Escaping),
}

/// Escaping by the type of a message: as its payload has it, or the provider takes it to be.
pub(super) fn by_type(payload: &str, of_provider: Option<&str>) -> Escaping {
    let members = members(payload).unwrap_or_default();
    let last = members.iter().rev().find(|member| member.name() == MSGTYPE);
    let sent = last.and_then(|member| acteon_core::json::text(member.value));
    sent.as_deref()
        .and_then(stated)
        .or(of_provider)
        .map_or(Escaping::None, Escaping::of_wechat)
}

/// Type of a message as it is stated. Blank is what is not there, and blanks around a word count for nothing, as for the provider.
fn stated(msgtype: &str) -> Option<&str> {
    Some(msgtype.trim()).filter(|stated| !stated.is_empty())
}

/// Compiles what a profile is rendered from.
fn compile(profile: &Profile, templates: &Templates) -> Result<Texts, Vec<Problem>> {
    let mut sources = Vec::with_capacity(profile.fields.len());
    let mut missing = Vec::new();
    for (field, source) in &profile.fields {
        match source {
            FieldSource::Inline(source) => sources.push((field.as_str(), source.as_str())),
            FieldSource::Reference { name } => {
                let key = key(&profile.namespace, &profile.tenant, name);
                match templates.templates.of_key(&key) {
                    Some(template) => sources.push((field.as_str(), template.content.as_str())),
                    None => missing.push(Problem {
                        path: field.clone(),
                        line: None,
                        message: format!(
                            "refers to the template {name:?}, which this namespace and tenant do not have"
                        ),
                    }),
                }
            }
        }
    }
    match Texts::compile(sources) {
        Ok(texts) if missing.is_empty() => Ok(texts),
        Ok(_) => Err(missing),
        Err(problems) => {
            missing.extend(problems);
            Err(missing)
        }
    }
}

fn entry<D: DeserializeOwned, T>(
    document: &Document,
    make: impl FnOnce(D) -> T,
    key: impl FnOnce(&T) -> String,
) -> Option<Entry<T>> {
    let value = make(parsed::<D>(document)?);
    Some(Entry {
        id: document.id.as_str().into(),
        key: key(&value).into(),
        bytes: document.body.len(),
        value,
    })
}
