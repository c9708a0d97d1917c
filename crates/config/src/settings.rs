//! Settings of a section: its keys and their values.
//!
//! Each section, and each type of provider, lists its [`Key`]s. A file is read against those lists, so that unknown keys, wrong types and missing keys
//! are found in the same way for all. The owner of a section gets its [`Settings`], and reports [`Problem`]s that only it can find, by key.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

/// Key of a section.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Full dotted name within the section, such as `wechat.corp_id`.
    pub name: &'static str,
    /// Kind of its value.
    pub kind: Kind,
    /// Whether the section must have it.
    pub required: bool,
    /// Help text with its purpose and default, for messages and `--help`.
    pub help: &'static str,
    /// Time when a changed value takes effect.
    pub takes: Takes,
    /// Whether its texts may be blank. Other blank texts are refused: most come from a variable that is empty.
    pub may_be_blank: bool,
}

/// Time when a changed value of a provider's key takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// At the next reload.
    OnReload,
    /// At the next reload; but at the next start where it is a time-out that is longer than the lease in force allows.
    WithinLease,
    /// At the next start. Other changes in the section do not wait for it.
    AtStart,
    /// At the next start, together with all changes in the section, since the other values belong to it, as a secret to its app.
    WithSection,
}

impl Key {
    /// Key that may be left out. Changes take effect at a reload, and its texts must not be blank.
    pub const fn optional(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            help,
            takes: Takes::OnReload,
            may_be_blank: false,
        }
    }

    /// Key that the section must have, and else as [`Self::optional`].
    pub const fn required(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self {
            name,
            kind,
            required: true,
            help,
            takes: Takes::OnReload,
            may_be_blank: false,
        }
    }

    /// Permits blank texts.
    #[must_use]
    pub const fn or_blank(mut self) -> Self {
        self.may_be_blank = true;
        self
    }

    /// Sets the time when changes take effect.
    #[must_use]
    pub const fn taking(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }
}

/// Kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Text that is a secret: plain, or an `ENC[...]` envelope.
    Secret,
    Integer,
    /// Whole or decimal number.
    Number,
    /// `true` or `false`.
    Flag,
    Integers,
    /// Table of secrets, each plain or an `ENC[...]` envelope.
    SecretTable,
    Texts,
    TextTable,
    IntegerTable,
}

impl Kind {
    /// Description for messages: "must be a whole number".
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::Secret => "text in quotes, plain or an ENC[...] envelope",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Integers => "a list of whole numbers",
            Self::SecretTable | Self::TextTable => "a table of texts",
            Self::Texts => "a list of texts",
            Self::IntegerTable => "a table of whole numbers",
        }
    }
}

/// Value of one of the [`Kind`]s. Has no `Debug`: it may be a secret.
#[derive(Clone)]
pub enum Setting {
    Text(String),
    /// Secret in plain text.
    Secret(SecretString),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Integers(Vec<i64>),
    /// Secrets of a [`Kind::SecretTable`] in plain text.
    Table(BTreeMap<String, SecretString>),
    Texts(Vec<String>),
    TextTable(BTreeMap<String, String>),
    IntegerTable(BTreeMap<String, i64>),
}

impl Setting {
    /// Whether two values are equal. Its time depends on the values, so it must not compare a secret with what a caller sent.
    fn is(&self, other: &Self) -> bool {
        let secret =
            |one: &SecretString, other: &SecretString| one.expose_secret() == other.expose_secret();
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Secret(one), Self::Secret(other)) => secret(one, other),
            (Self::Integer(one), Self::Integer(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one.to_bits() == other.to_bits(),
            (Self::Flag(one), Self::Flag(other)) => one == other,
            (Self::Integers(one), Self::Integers(other)) => one == other,
            (Self::Table(one), Self::Table(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|((name, one), (other_name, other))| {
                            name == other_name && secret(one, other)
                        })
            }
            (Self::Texts(one), Self::Texts(other)) => one == other,
            (Self::TextTable(one), Self::TextTable(other)) => one == other,
            (Self::IntegerTable(one), Self::IntegerTable(other)) => one == other,
            (
                Self::Text(_)
                | Self::Secret(_)
                | Self::Integer(_)
                | Self::Number(_)
                | Self::Flag(_)
                | Self::Integers(_)
                | Self::Table(_)
                | Self::Texts(_)
                | Self::TextTable(_)
                | Self::IntegerTable(_),
                _,
            ) => false,
        }
    }
}

/// Values of a section by the full names of their keys, each of its key's kind. A value that cannot be used is missing, and was reported.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Setting>,
    /// Keys whose values in the file cannot be used.
    unusable: BTreeSet<&'static str>,
}

impl Settings {
    /// Sets the value of a key.
    pub fn set(&mut self, key: &'static str, value: Setting) {
        self.values.insert(key, value);
    }

    /// Notes that a key stands in the file with a value that cannot be used.
    pub(crate) fn set_unusable(&mut self, key: &'static str) {
        self.unusable.insert(key);
    }

    /// Whether a key stands in the file, with a usable value or not.
    pub fn is_given(&self, key: &str) -> bool {
        self.has(key) || self.unusable.contains(key)
    }

    /// Keys whose values differ from those in `before`, by name.
    pub fn changed_from(&self, before: &Self) -> Vec<&'static str> {
        let names: BTreeSet<&'static str> = self
            .values
            .keys()
            .chain(before.values.keys())
            .copied()
            .collect();
        let same = |name: &&str| match (self.values.get(name), before.values.get(name)) {
            (Some(value), Some(before)) => value.is(before),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        names.into_iter().filter(|name| !same(name)).collect()
    }

    /// Sets a key to its value in `other`, or removes it where `other` has none.
    pub fn set_as_in(&mut self, other: &Self, key: &'static str) {
        match other.values.get(key) {
            Some(value) => self.values.insert(key, value.clone()),
            None => self.values.remove(key),
        };
    }

    /// Whether a key has a usable value.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Text of a key; `None` when it is missing or blank.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(Setting::Text(text)) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// Secret of a key; `None` when it is missing or blank.
    pub fn secret(&self, key: &str) -> Option<&SecretString> {
        match self.values.get(key) {
            Some(Setting::Secret(secret)) if !secret.expose_secret().trim().is_empty() => {
                Some(secret)
            }
            _ => None,
        }
    }

    /// Whole number of a key; `None` when it is missing.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.values.get(key) {
            Some(Setting::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// Number of a key, whole or decimal; `None` when it is missing.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.values.get(key) {
            Some(Setting::Number(number)) => Some(*number),
            Some(Setting::Integer(number)) => Some(*number as f64),
            _ => None,
        }
    }

    /// Flag of a key; `false` when it is missing.
    pub fn flag(&self, key: &str) -> bool {
        self.flag_or(key, false)
    }

    /// Flag of a key, or `default` when it is missing.
    pub fn flag_or(&self, key: &str, default: bool) -> bool {
        match self.values.get(key) {
            Some(Setting::Flag(flag)) => *flag,
            _ => default,
        }
    }

    /// List of whole numbers of a key; `None` when it is missing.
    pub fn integers(&self, key: &str) -> Option<&[i64]> {
        match self.values.get(key) {
            Some(Setting::Integers(list)) => Some(list),
            _ => None,
        }
    }

    /// List of texts of a key; empty when it is missing.
    pub fn texts(&self, key: &str) -> &[String] {
        match self.values.get(key) {
            Some(Setting::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// Table of texts of a key; empty when it is missing.
    pub fn text_table(&self, key: &str) -> BTreeMap<String, String> {
        match self.values.get(key) {
            Some(Setting::TextTable(table)) => table.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// Table of whole numbers of a key; empty when it is missing.
    pub fn integer_table(&self, key: &str) -> BTreeMap<String, i64> {
        match self.values.get(key) {
            Some(Setting::IntegerTable(table)) => table.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// Table of secrets of a key; `None` when it is missing.
    pub fn table(&self, key: &str) -> Option<&BTreeMap<String, SecretString>> {
        match self.values.get(key) {
            Some(Setting::Table(table)) => Some(table),
            _ => None,
        }
    }
}

/// Problem with the value of a key, found by the owner of its section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the key, as in [`Key::name`].
    pub key: &'static str,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Problem {
    /// Problem of a key.
    pub fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self {
            key,
            message: message.into(),
        }
    }
}
