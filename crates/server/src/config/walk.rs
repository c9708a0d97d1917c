//! Walking the file with its spans. Nothing stops at the first problem.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use acteon_config::{Key, Kind, Setting, Settings};
use acteon_crypto::ExposeSecret as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Env;
use super::expand::{self, Fault};
use super::problems::{ConfigError, MAX_TOLD, Place, Trouble};
use super::schema::{MAY_BE_BLANK, SECTIONS};
use crate::similar::nearest;

type Span = Range<usize>;

pub(super) struct Walker<'a> {
    text: &'a str,
    root: DeTable<'a>,
    env: &'a Env<'a>,
    troubles: Vec<Trouble>,
    /// Problems beyond those that are told.
    more: usize,
    /// Where each key's value stands, by section and key.
    spans: HashMap<(String, String), Span>,
}

/// The settings of the plain sections, by name.
pub(super) struct Sections(HashMap<&'static str, Settings>, Settings);

impl Sections {
    pub(super) fn get(&self, name: &str) -> &Settings {
        self.0.get(name).unwrap_or(&self.1)
    }

    /// Gives a key the value that it has in `other`, or none.
    pub(super) fn set_as_in(&mut self, other: &Self, section: &'static str, key: &'static str) {
        self.0
            .entry(section)
            .or_default()
            .set_as_in(other.get(section), key);
    }
}

/// One `[[name]]` block.
pub(super) struct Block<'a> {
    pub(super) table: DeTable<'a>,
    pub(super) span: Span,
}

impl<'a> Walker<'a> {
    pub(super) fn new(text: &'a str, env: &'a Env<'a>) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut walker = Self {
            text,
            root: root.into_inner(),
            env,
            troubles: Vec::new(),
            more: 0,
            spans: HashMap::new(),
        };
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            walker.push(&span, "syntax".into(), error.message().to_owned(), None);
        }
        walker
    }

    /// Reads the sections beside `[[providers]]`.
    pub(super) fn sections(&mut self) -> Sections {
        let mut sections = HashMap::new();
        for (name, value) in std::mem::take(&mut self.root) {
            if name.get_ref() == "providers" {
                self.root.insert(name, value);
                continue;
            }
            let known = SECTIONS
                .iter()
                .find(|section| section.name == name.get_ref());
            match (known, value.get_ref()) {
                (Some(section), DeValue::Table(table)) => {
                    let settings = self.read(section.name, table, &name.span(), &[section.keys]);
                    sections.insert(section.name, settings);
                }
                (Some(section), _) => {
                    let message = format!("must be a section, written as [{}]", section.name);
                    self.push(&value.span(), section.name.into(), message, None);
                }
                (None, _) => {
                    let known: Vec<&str> = SECTIONS
                        .iter()
                        .map(|section| section.name)
                        .chain(["[providers]"])
                        .collect();
                    let hint = match nearest(name.get_ref(), known.iter().copied()) {
                        Some(near) => format!("did you mean [{near}]?"),
                        None => format!("known are: [{}]", known.join("], [")),
                    };
                    self.push(
                        &name.span(),
                        name.get_ref().to_string(),
                        "there is no such section".into(),
                        Some(hint),
                    );
                }
            }
        }
        Sections(sections, Settings::default())
    }

    /// Takes the `[[name]]` blocks of the file.
    pub(super) fn blocks(&mut self, name: &str) -> Vec<Block<'a>> {
        let mut root = std::mem::take(&mut self.root);
        let blocks = self.blocks_of(&mut root, name);
        self.root = root;
        blocks
    }

    /// Refuses what is left of the file.
    pub(super) fn refuse_rest(&mut self, known: &str) {
        for (name, _) in std::mem::take(&mut self.root) {
            self.push(
                &name.span(),
                name.get_ref().to_string(),
                "there is no such section".into(),
                Some(format!("known are: {known}")),
            );
        }
    }

    /// Takes the blocks of a name out of a table.
    pub(super) fn blocks_of(&mut self, table: &mut DeTable<'a>, name: &str) -> Vec<Block<'a>> {
        let mut value = None;
        for (key, found) in std::mem::take(table) {
            if key.get_ref() == name {
                value = Some(found);
            } else {
                table.insert(key, found);
            }
        }
        let Some(value) = value else {
            return Vec::new();
        };
        let span = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            self.push(
                &span,
                name.to_owned(),
                format!("must be a list of blocks, each headed [[{name}]]"),
                None,
            );
            return Vec::new();
        };
        let mut blocks = Vec::new();
        for item in array {
            let span = item.span();
            match item.into_inner() {
                DeValue::Table(table) => blocks.push(Block { table, span }),
                _ => self.push(
                    &span,
                    name.to_owned(),
                    format!("must be a block, headed [[{name}]]"),
                    None,
                ),
            }
        }
        blocks
    }

    /// Reads a section's values against its keys.
    pub(super) fn read(
        &mut self,
        section: &str,
        table: &DeTable<'a>,
        header: &Span,
        keys: &[&'static [Key]],
    ) -> Settings {
        let keys: Vec<&'static Key> = keys.iter().copied().flatten().collect();
        let mut settings = Settings::default();
        self.read_table(section, "", table, &keys, &mut settings);
        for key in keys.iter().filter(|key| key.required) {
            if !self
                .spans
                .contains_key(&(section.to_owned(), key.name.to_owned()))
            {
                let hint = format!("{}: {}", key.name, key.help);
                self.push(
                    header,
                    section.to_owned(),
                    format!("{} is missing", key.name),
                    Some(hint),
                );
            }
        }
        settings
    }

    fn read_table(
        &mut self,
        section: &str,
        prefix: &str,
        table: &DeTable<'a>,
        keys: &[&'static Key],
        settings: &mut Settings,
    ) {
        for (name, value) in table {
            let full = format!("{prefix}{}", name.get_ref());
            let known = keys.iter().find(|key| key.name == full);
            let leads_on = keys.iter().any(|key| {
                key.name
                    .strip_prefix(&full)
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            match (known, value.get_ref()) {
                (Some(key), _) => {
                    self.spans.insert((section.to_owned(), full), value.span());
                    // A block's section has its place behind it.
                    let section_name = section.split('[').next().unwrap_or(section);
                    let may_be_blank = MAY_BE_BLANK.contains(&(section_name, key.name));
                    let setting = self.setting(key.kind, value).and_then(|setting| {
                        if !may_be_blank && is_blank(&setting) {
                            Err(blank(key, value))
                        } else {
                            Ok(setting)
                        }
                    });
                    match setting {
                        Ok(setting) => settings.set(key.name, setting),
                        Err(Fault { message, hint }) => self.push(
                            &value.span(),
                            format!("{section}: {}", key.name),
                            message,
                            hint,
                        ),
                    }
                }
                (None, DeValue::Table(inner)) if leads_on => {
                    self.read_table(section, &format!("{full}."), inner, keys, settings);
                }
                (None, _) => {
                    let hint = similar(&full, keys);
                    self.push(
                        &name.span(),
                        format!("{section}: {full}"),
                        "there is no such key".into(),
                        Some(hint),
                    );
                }
            }
        }
    }

    fn setting(&self, kind: Kind, value: &Spanned<DeValue<'a>>) -> Result<Setting, Fault> {
        let wrong = || Fault {
            message: format!(
                "must be {}, is {}",
                kind.expected(),
                described(value.get_ref())
            ),
            hint: None,
        };
        match (kind, value.get_ref()) {
            (Kind::Text, DeValue::String(text)) => self.plain(text).map(Setting::Text),
            (Kind::Secret, DeValue::String(text)) => {
                expand::secret(self.expanded(text)?, &self.env.keys).map(Setting::Secret)
            }
            (Kind::Integer, DeValue::Integer(_)) => integer(value.get_ref())
                .map(Setting::Integer)
                .ok_or_else(wrong),
            (Kind::Number, DeValue::Integer(_)) => integer(value.get_ref())
                .map(|number| Setting::Number(number as f64))
                .ok_or_else(wrong),
            (Kind::Number, DeValue::Float(number)) => number
                .as_str()
                .replace('_', "")
                .parse()
                .map(Setting::Number)
                .map_err(|_| wrong()),
            (Kind::Flag, DeValue::Boolean(flag)) => Ok(Setting::Flag(*flag)),
            (Kind::Integers, DeValue::Array(items)) => items
                .iter()
                .map(|item| integer(item.get_ref()).ok_or_else(wrong))
                .collect::<Result<_, _>>()
                .map(Setting::Integers),
            (Kind::SecretTable, DeValue::Table(table)) => self.secret_table(table, &wrong),
            (Kind::Texts, DeValue::Array(items)) => {
                let text = |item: &Spanned<DeValue<'a>>| {
                    item.get_ref()
                        .as_str()
                        .ok_or_else(wrong)
                        .and_then(|text| self.plain(text))
                };
                items
                    .iter()
                    .map(text)
                    .collect::<Result<_, _>>()
                    .map(Setting::Texts)
            }
            (Kind::TextTable, DeValue::Table(table)) => {
                let entry = |(name, value): (&Spanned<Cow<'a, str>>, &Spanned<DeValue<'a>>)| {
                    let text = value.get_ref().as_str().ok_or_else(wrong)?;
                    Ok((name.get_ref().to_string(), self.plain(text)?))
                };
                table
                    .iter()
                    .map(entry)
                    .collect::<Result<_, _>>()
                    .map(Setting::TextTable)
            }
            (Kind::IntegerTable, DeValue::Table(table)) => {
                let entry = |(name, value): (&Spanned<Cow<'a, str>>, &Spanned<DeValue<'a>>)| {
                    Ok((
                        name.get_ref().to_string(),
                        integer(value.get_ref()).ok_or_else(wrong)?,
                    ))
                };
                table
                    .iter()
                    .map(entry)
                    .collect::<Result<_, _>>()
                    .map(Setting::IntegerTable)
            }
            _ => Err(wrong()),
        }
    }

    fn secret_table(
        &self,
        table: &DeTable<'a>,
        wrong: &dyn Fn() -> Fault,
    ) -> Result<Setting, Fault> {
        let mut values = BTreeMap::new();
        for (name, value) in table {
            let DeValue::String(text) = value.get_ref() else {
                return Err(wrong());
            };
            values.insert(
                name.get_ref().to_string(),
                expand::secret(self.expanded(text)?, &self.env.keys)?,
            );
        }
        Ok(Setting::Table(values))
    }

    /// A text that is no secret.
    fn plain(&self, text: &str) -> Result<String, Fault> {
        let text = self.expanded(text)?;
        if acteon_crypto::Envelope::is_claimed_by(&text) {
            let message = "this key takes no encrypted value".to_owned();
            return Err(Fault {
                message,
                hint: Some("write it in plain text".into()),
            });
        }
        Ok(text)
    }

    fn expanded(&self, text: &str) -> Result<String, Fault> {
        expand::expand(text, self.env.variable)
    }

    /// A whole number within a range, or its default.
    pub(super) fn ranged(
        &mut self,
        settings: &Settings,
        section: &str,
        key: &str,
        default: i64,
        range: std::ops::RangeInclusive<i64>,
    ) -> i64 {
        let value = settings.integer(key).unwrap_or(default);
        if !range.contains(&value) {
            self.trouble(
                section,
                key,
                &format!(
                    "must be from {} to {}, is {value}",
                    range.start(),
                    range.end()
                ),
            );
        }
        value
    }

    /// Refuses those of `keys` that were given although they have no effect without `needed`.
    pub(super) fn without_effect(
        &mut self,
        settings: &Settings,
        section: &str,
        keys: &[&str],
        needed: &str,
    ) {
        for key in keys.iter().filter(|key| settings.has(key)) {
            self.trouble(
                section,
                key,
                &format!("has no effect without {section}.{needed}; set that, or remove this"),
            );
        }
    }

    /// Whether a key stands in the file, even with a value that cannot be used.
    pub(super) fn is_given(&self, section: &str, key: &str) -> bool {
        self.spans
            .contains_key(&(section.to_owned(), key.to_owned()))
    }

    /// Where the value of a key stands.
    pub(super) fn place_of(&self, section: &str, key: &str) -> Option<Place> {
        self.spans
            .get(&(section.to_owned(), key.to_owned()))
            .map(|span| place(self.text, span.start))
    }

    /// Notes what is wrong with the value of a key.
    pub(super) fn trouble(&mut self, section: &str, key: &str, message: &str) {
        let span = self
            .spans
            .get(&(section.to_owned(), key.to_owned()))
            .cloned()
            .unwrap_or(0..0);
        self.push(&span, format!("{section}: {key}"), message.to_owned(), None);
    }

    pub(super) fn push(
        &mut self,
        span: &Span,
        subject: String,
        message: String,
        hint: Option<String>,
    ) {
        // To find a line takes a walk through the text.
        if self.troubles.len() == MAX_TOLD {
            self.more += 1;
            return;
        }
        let place = place(self.text, span.start);
        self.troubles.push(Trouble {
            place,
            subject,
            message,
            hint,
        });
    }

    pub(super) fn finish(mut self, file: &str) -> Result<(), ConfigError> {
        if self.troubles.is_empty() {
            return Ok(());
        }
        self.troubles.sort_by_key(|trouble| trouble.place);
        Err(ConfigError::Wrong {
            file: file.to_owned(),
            troubles: self.troubles,
            more: self.more,
        })
    }
}

/// Whether a text of the value is blank. Such a text would be taken for a key that was left out, and most are of a variable that is empty.
fn is_blank(setting: &Setting) -> bool {
    let is_blank = |text: &str| text.trim().is_empty();
    match setting {
        Setting::Text(text) => is_blank(text),
        Setting::Secret(secret) => is_blank(secret.expose_secret()),
        Setting::Texts(texts) => texts.iter().any(|text| is_blank(text)),
        Setting::TextTable(texts) => texts.values().any(|text| is_blank(text)),
        Setting::Table(secrets) => secrets
            .values()
            .any(|secret| is_blank(secret.expose_secret())),
        Setting::Integer(_)
        | Setting::Number(_)
        | Setting::Flag(_)
        | Setting::Integers(_)
        | Setting::IntegerTable(_) => false,
    }
}

/// The fault of a blank value.
fn blank(key: &Key, value: &Spanned<DeValue<'_>>) -> Fault {
    let (message, rest) = match value.get_ref() {
        DeValue::Array(_) => (
            "a text of the list must not be blank",
            "leave that text out",
        ),
        DeValue::Table(_) => (
            "a text of the table must not be blank",
            "leave that text out",
        ),
        _ if key.required => ("must not be blank", "write the value itself"),
        _ => ("must not be blank", "leave the key out"),
    };
    Fault {
        message: message.to_owned(),
        hint: Some(format!(
            "set the variable or file that it comes from, or {rest}"
        )),
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn place(text: &str, offset: usize) -> Place {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// The key that was probably meant, or all that there are.
fn similar(name: &str, keys: &[&'static Key]) -> String {
    match nearest(name, keys.iter().map(|key| key.name)) {
        Some(key) => format!("did you mean {key}?"),
        None => format!(
            "known are: {}",
            keys.iter()
                .map(|key| key.name)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}
