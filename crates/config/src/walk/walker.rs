//! Walker: takes sections and blocks out of a file, and knows the places of all values.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::section::{Section, SectionReader, Sections};
use super::value::setting;
use crate::diagnostic::{ConfigError, Diagnostic, InvalidInput, MAX_LISTED, Place};
use crate::expand::Lookup;
use crate::settings::{Key, Problem, Settings};
use acteon_core::similar::nearest;

type Span = Range<usize>;

/// Walker through the text of a file, with the problems found so far.
pub struct Walker<'a> {
    file: &'a str,
    text: &'a str,
    root: DeTable<'a>,
    lookup: &'a dyn Lookup,
    /// Offsets at which the text's lines end.
    newlines: Vec<usize>,
    diagnostics: Vec<Diagnostic>,
    /// Number of problems beyond those that are listed.
    more: usize,
    /// Places of values, by section and key.
    spans: HashMap<(String, &'static str), Span>,
}

/// Block of a file, headed such as `[[providers]]`.
pub struct Block<'a> {
    table: DeTable<'a>,
    span: Span,
}

impl<'a> Block<'a> {
    /// Text of a key as it is written, references included; `None` when it is missing or no text.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.value_of(key)?.get_ref().as_str()
    }

    /// Copy of the block with only these keys.
    #[must_use]
    pub fn only(&self, keys: &[&str]) -> Self {
        let kept = DeTable::iter(&self.table)
            .filter(|(name, _)| keys.contains(&name.get_ref().as_ref()))
            .map(|(name, value)| (name.clone(), value.clone()));
        Self {
            table: kept.collect(),
            span: self.span.clone(),
        }
    }

    fn value_of(&self, key: &str) -> Option<&Spanned<DeValue<'a>>> {
        let mut entries = DeTable::iter(&self.table);
        entries
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }
}

impl<'a> Walker<'a> {
    /// Starts a walk through `text`. `file` is its name in messages. Errors of syntax are reported like all others, and the rest is still read.
    pub fn new(file: &'a str, text: &'a str, lookup: &'a dyn Lookup) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut walker = Self {
            file,
            text,
            root: root.into_inner(),
            lookup,
            newlines: text.match_indices('\n').map(|(at, _)| at).collect(),
            diagnostics: Vec::new(),
            more: 0,
            spans: HashMap::new(),
        };
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            walker.push(&span, "syntax".into(), InvalidInput::of(error.message()));
        }
        walker
    }

    /// Reads the known sections of the file. Blocks named in `blocks` are left for [`Self::blocks`]; all other keys are reported.
    pub fn sections(&mut self, known: &[Section], blocks: &[&str]) -> Sections {
        let mut sections = Sections::default();
        for (name, value) in std::mem::take(&mut self.root) {
            if blocks.contains(&name.get_ref().as_ref()) {
                self.root.insert(name, value);
                continue;
            }
            let section = known.iter().find(|known| known.name == name.get_ref());
            match (section, value.get_ref()) {
                (Some(section), DeValue::Table(table)) => {
                    let settings =
                        self.settings(section.name, table, &name.span(), &[section.keys]);
                    sections.insert(section.name, settings);
                }
                (Some(section), _) => {
                    let message = format!("must be a section, written as [{}]", section.name);
                    self.push(
                        &value.span(),
                        section.name.into(),
                        InvalidInput::of(message),
                    );
                }
                (None, _) => self.refuse_section(&name.span(), name.get_ref(), known, blocks),
            }
        }
        sections
    }

    fn refuse_section(&mut self, span: &Span, name: &str, known: &[Section], blocks: &[&str]) {
        let known: Vec<String> = known
            .iter()
            .map(|section| section.name.to_owned())
            .chain(blocks.iter().map(|block| format!("[{block}]")))
            .collect();
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean [{near}]?"),
            None => format!("known are: [{}]", known.join("], [")),
        };
        let invalid = InvalidInput::new("there is no such section", hint);
        self.push(span, name.to_owned(), invalid);
    }

    /// Takes the blocks headed `[[name]]` out of the file.
    pub fn blocks(&mut self, name: &str) -> Vec<Block<'a>> {
        let mut root = std::mem::take(&mut self.root);
        let blocks = self.take_blocks(&mut root, name);
        self.root = root;
        blocks
    }

    /// Takes the blocks headed `[[...name]]` out of another block.
    pub fn blocks_of(&mut self, block: &mut Block<'a>, name: &str) -> Vec<Block<'a>> {
        self.take_blocks(&mut block.table, name)
    }

    fn take_blocks(&mut self, table: &mut DeTable<'a>, name: &str) -> Vec<Block<'a>> {
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
            let message = format!("must be a list of blocks, each headed [[{name}]]");
            self.push(&span, name.to_owned(), InvalidInput::of(message));
            return Vec::new();
        };
        let mut blocks = Vec::new();
        for item in array {
            let span = item.span();
            if let DeValue::Table(table) = item.into_inner() {
                blocks.push(Block { table, span });
            } else {
                let message = format!("must be a block, headed [[{name}]]");
                self.push(&span, name.to_owned(), InvalidInput::of(message));
            }
        }
        blocks
    }

    /// Reports all that is left of the file as unknown; `known` lists what may stand there, for the hint.
    pub fn refuse_rest(&mut self, known: &str) {
        for (name, _) in std::mem::take(&mut self.root) {
            let invalid =
                InvalidInput::new("there is no such section", format!("known are: {known}"));
            self.push(&name.span(), name.get_ref().to_string(), invalid);
        }
    }

    /// Reads the values of a block by lists of keys. `section` is its name in messages, and later in [`Self::note`].
    pub fn read(&mut self, section: &str, block: &Block<'a>, keys: &[&'static [Key]]) -> Settings {
        self.settings(section, &block.table, &block.span, keys)
    }

    fn settings(
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
            if !settings.is_given(key.name) {
                let invalid = InvalidInput::new(
                    format!("{} is missing", key.name),
                    format!("{}: {}", key.name, key.help),
                );
                self.push(header, section.to_owned(), invalid);
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
                    self.spans
                        .insert((section.to_owned(), key.name), value.span());
                    match setting(key, value, self.lookup) {
                        Ok(setting) => settings.set(key.name, setting),
                        Err(invalid) => {
                            settings.set_unusable(key.name);
                            self.push(&value.span(), format!("{section}: {}", key.name), invalid);
                        }
                    }
                }
                (None, DeValue::Table(inner)) if leads_on => {
                    self.read_table(section, &format!("{full}."), inner, keys, settings);
                }
                (None, _) => {
                    let invalid = InvalidInput::new("there is no such key", similar(&full, keys));
                    self.push(&name.span(), format!("{section}: {full}"), invalid);
                }
            }
        }
    }

    /// Lets `read` check a section's settings, and reports its problems at their places.
    pub fn check<T>(
        &mut self,
        section: &str,
        settings: &Settings,
        read: impl FnOnce(&mut SectionReader<'_>) -> T,
    ) -> T {
        let mut reader = SectionReader::new(settings);
        let found = read(&mut reader);
        self.note(section, reader.finish());
        found
    }

    /// Reports problems with values of a section at their places.
    pub fn note(&mut self, section: &str, problems: impl IntoIterator<Item = Problem>) {
        for Problem { key, message } in problems {
            let span = self.spans.get(&(section.to_owned(), key)).cloned();
            self.push(
                &span.unwrap_or(0..0),
                format!("{section}: {key}"),
                InvalidInput::of(message),
            );
        }
    }

    /// Reports a problem at a block.
    pub fn note_block(&mut self, section: &str, block: &Block<'_>, invalid: InvalidInput) {
        self.push(&block.span, section.to_owned(), invalid);
    }

    /// Reports a problem at a key of a block that was not read yet; at the block where it has no such key.
    pub fn note_unread(
        &mut self,
        section: &str,
        block: &Block<'_>,
        key: &str,
        invalid: InvalidInput,
    ) {
        let span = block
            .value_of(key)
            .map_or_else(|| block.span.clone(), Spanned::span);
        self.push(&span, format!("{section}: {key}"), invalid);
    }

    /// Reports a problem of the whole file, at its beginning.
    pub fn note_file(&mut self, subject: &str, invalid: InvalidInput) {
        self.push(&(0..0), subject.to_owned(), invalid);
    }

    /// Place of a key's value; `None` when it is not in the file, or was not read yet.
    pub fn place_of(&self, section: &str, key: &'static str) -> Option<Place> {
        self.spans
            .get(&(section.to_owned(), key))
            .map(|span| Place::of(self.text, span.start))
    }

    /// Number of the line in which a block begins, from 1.
    pub fn line_of(&self, block: &Block<'_>) -> usize {
        let start = block.span.start;
        self.newlines.partition_point(|newline| *newline < start) + 1
    }

    fn push(&mut self, span: &Span, subject: String, InvalidInput { message, hint }: InvalidInput) {
        // Each place takes a walk through the text before it, so that a file of many errors would take long.
        if self.diagnostics.len() == MAX_LISTED {
            self.more += 1;
            return;
        }
        self.diagnostics.push(Diagnostic {
            file: self.file.to_owned(),
            place: Place::of(self.text, span.start),
            subject,
            message,
            hint,
        });
    }

    /// Ends the walk. Errors with all problems, if there are any.
    pub fn finish(mut self) -> Result<(), ConfigError> {
        if self.diagnostics.is_empty() {
            return Ok(());
        }
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.place);
        Err(ConfigError::Wrong {
            file: self.file.to_owned(),
            diagnostics: self.diagnostics,
            more: self.more,
        })
    }
}

/// Hint for an unknown key: the one that was probably meant, or all that there are.
fn similar(name: &str, keys: &[&'static Key]) -> String {
    if let Some(key) = nearest(name, keys.iter().map(|key| key.name)) {
        return format!("did you mean {key}?");
    }
    let known: Vec<&str> = keys.iter().map(|key| key.name).collect();
    format!("known are: {}", known.join(", "))
}
