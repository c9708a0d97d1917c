//! Settings of a section: which keys it knows, and their values.
//!
//! Each section, and each type of provider, lists its [`Key`]s. A file is walked against those lists, so that unknown keys, wrong types and
//! missing keys are found the same way for all, and [`Settings`] are handed over. What only their reader can judge it reports as
//! [`Problem`]s, by key; the walker knows the lines.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

/// A key that may stand in a section.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Full dotted name within the section, such as `wechat.corp_id`.
    pub name: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// Whether the section is incomplete without it.
    pub required: bool,
    /// What it is for, with its default: for `--help` and the book.
    pub help: &'static str,
    /// When a changed value takes effect.
    pub takes: Takes,
    /// Whether a text of its value may be blank. All others are refused: most come of a variable that is empty.
    pub may_be_blank: bool,
}

/// When a changed value of a provider's key takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// When the configuration is read anew.
    OnReload,
    /// When the configuration is read anew, unless the lease in force lets no send take so many seconds: then at the next start.
    WithinLease,
    /// At the next start; what else was changed in the section does not wait for it.
    AtStart,
    /// At the next start, and with it the whole section: it says whose the other values are.
    WithSection,
}

impl Key {
    /// A key that may be left out.
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

    /// A key that must be there.
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

    /// The same key, whose texts may be blank.
    #[must_use]
    pub const fn or_blank(mut self) -> Self {
        self.may_be_blank = true;
        self
    }

    /// The same key, whose changes take effect otherwise.
    #[must_use]
    pub const fn taking(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Text that is a secret: plain, or an `ENC[...]` envelope.
    Secret,
    /// A whole number.
    Integer,
    /// A whole or decimal number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list of whole numbers.
    Integers,
    /// A table of texts, each of which may be an envelope.
    SecretTable,
    /// A list of texts.
    Texts,
    /// A table of texts.
    TextTable,
    /// A table of whole numbers.
    IntegerTable,
}

impl Kind {
    /// For messages: "expected ...".
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

/// A value of the right kind. No `Debug`: it may be a secret.
#[derive(Clone)]
pub enum Setting {
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Secret`], decrypted.
    Secret(SecretString),
    /// Of [`Kind::Integer`].
    Integer(i64),
    /// Of [`Kind::Number`].
    Number(f64),
    /// Of [`Kind::Flag`].
    Flag(bool),
    /// Of [`Kind::Integers`].
    Integers(Vec<i64>),
    /// Of [`Kind::SecretTable`], decrypted.
    Table(BTreeMap<String, SecretString>),
    /// Of [`Kind::Texts`].
    Texts(Vec<String>),
    /// Of [`Kind::TextTable`].
    TextTable(BTreeMap<String, String>),
    /// Of [`Kind::IntegerTable`].
    IntegerTable(BTreeMap<String, i64>),
}

impl Setting {
    /// Whether it is the same as another. Not for secrets that somebody guesses: it takes longer, the more is the same.
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

/// The values of one section, by full key name. Required keys are there and kinds are right, or there would be none.
#[derive(Clone, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Setting>,
    /// Keys that stand in the file with a value that cannot be used.
    unusable: BTreeSet<&'static str>,
}

impl Settings {
    /// Sets `key`.
    pub fn set(&mut self, key: &'static str, value: Setting) {
        self.values.insert(key, value);
    }

    /// Says that `key` was given, and with a value that cannot be used.
    pub(crate) fn set_unusable(&mut self, key: &'static str) {
        self.unusable.insert(key);
    }

    /// Whether `key` stands in the file, be its value usable or not.
    pub fn is_given(&self, key: &str) -> bool {
        self.has(key) || self.unusable.contains(key)
    }

    /// The keys whose values are not the same, by name.
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

    /// Gives `key` the value that it has in `other`, or none.
    pub fn set_as_in(&mut self, other: &Self, key: &'static str) {
        match other.values.get(key) {
            Some(value) => self.values.insert(key, value.clone()),
            None => self.values.remove(key),
        };
    }

    /// Whether `key` was given.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The text of `key`; `None` when absent or blank.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(Setting::Text(text)) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// The secret of `key`; `None` when absent or blank.
    pub fn secret(&self, key: &str) -> Option<&SecretString> {
        match self.values.get(key) {
            Some(Setting::Secret(secret)) if !secret.expose_secret().trim().is_empty() => {
                Some(secret)
            }
            _ => None,
        }
    }

    /// The whole number of `key`.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.values.get(key) {
            Some(Setting::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// The number of `key`.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.values.get(key) {
            Some(Setting::Number(number)) => Some(*number),
            Some(Setting::Integer(number)) => Some(*number as f64),
            _ => None,
        }
    }

    /// The flag of `key`; false when absent.
    pub fn flag(&self, key: &str) -> bool {
        self.flag_or(key, false)
    }

    /// The flag of `key`, or `default` when absent.
    pub fn flag_or(&self, key: &str, default: bool) -> bool {
        match self.values.get(key) {
            Some(Setting::Flag(flag)) => *flag,
            _ => default,
        }
    }

    /// The list of `key`.
    pub fn integers(&self, key: &str) -> Option<&[i64]> {
        match self.values.get(key) {
            Some(Setting::Integers(list)) => Some(list),
            _ => None,
        }
    }

    /// The texts of `key`; none when absent.
    pub fn texts(&self, key: &str) -> &[String] {
        match self.values.get(key) {
            Some(Setting::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// The table of texts of `key`; empty when absent.
    pub fn text_table(&self, key: &str) -> BTreeMap<String, String> {
        match self.values.get(key) {
            Some(Setting::TextTable(table)) => table.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// The table of numbers of `key`; empty when absent.
    pub fn integer_table(&self, key: &str) -> BTreeMap<String, i64> {
        match self.values.get(key) {
            Some(Setting::IntegerTable(table)) => table.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// The table of `key`.
    pub fn table(&self, key: &str) -> Option<&BTreeMap<String, SecretString>> {
        match self.values.get(key) {
            Some(Setting::Table(table)) => Some(table),
            _ => None,
        }
    }
}

/// Something wrong with the value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as in [`Key::name`].
    pub key: &'static str,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Problem {
    /// A problem of `key`.
    pub fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self {
            key,
            message: message.into(),
        }
    }
}
