//! Sections of a file, and the reader of one section's settings.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::settings::{Key, Problem, Settings};

/// Section of a file, as in `[server]`.
#[derive(Clone, Copy)]
pub struct Section {
    /// Name of the section.
    pub name: &'static str,
    /// Keys that may stand in it.
    pub keys: &'static [Key],
}

/// Settings of the sections of a file, by name.
#[derive(Default)]
pub struct Sections {
    by_name: HashMap<&'static str, Settings>,
    /// Settings of sections that are not in the file: no values.
    none: Settings,
}

impl Sections {
    /// Settings of a section; without values where the file has no such section.
    pub fn get(&self, name: &str) -> &Settings {
        self.by_name.get(name).unwrap_or(&self.none)
    }

    pub(super) fn insert(&mut self, name: &'static str, settings: Settings) {
        self.by_name.insert(name, settings);
    }

    /// Sets a key of a section to its value in `other`, or removes it where `other` has none.
    pub fn set_as_in(&mut self, other: &Self, section: &'static str, key: &'static str) {
        self.by_name
            .entry(section)
            .or_default()
            .set_as_in(other.get(section), key);
    }
}

/// Reader of a section's settings. It collects problems by key, and goes on.
pub struct SectionReader<'s> {
    settings: &'s Settings,
    problems: Vec<Problem>,
}

impl<'s> SectionReader<'s> {
    /// Starts to read settings.
    pub fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            problems: Vec::new(),
        }
    }

    /// Settings that are read.
    pub fn settings(&self) -> &'s Settings {
        self.settings
    }

    /// Reports a problem with the value of a key.
    pub fn wrong(&mut self, key: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::new(key, message));
    }

    /// Value of a result; `None`, and a report, for its problem.
    pub fn take<T>(&mut self, found: Result<T, Problem>) -> Option<T> {
        found.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// Value of a result; `None`, and a report of each, for its problems.
    pub fn take_all<T>(&mut self, found: Result<T, Vec<Problem>>) -> Option<T> {
        found
            .map_err(|problems| self.problems.extend(problems))
            .ok()
    }

    /// Whole number of a key, or `default` when it is missing. One outside the range is reported, and returned all the same.
    pub fn integer(&mut self, key: &'static str, default: i64, range: RangeInclusive<i64>) -> i64 {
        let value = self.settings.integer(key).unwrap_or(default);
        if !range.contains(&value) {
            self.wrong(
                key,
                format!(
                    "must be from {} to {}, is {value}",
                    range.start(),
                    range.end()
                ),
            );
        }
        value
    }

    /// Meaning of a key's word, by a list of words; the first one's when the key is missing. `None`, and a report, for other words.
    pub fn word<T: Copy, const N: usize>(
        &mut self,
        key: &'static str,
        words: [(&str, T); N],
    ) -> Option<T> {
        const { assert!(N > 0) };
        let Some(given) = self.settings.text(key) else {
            return Some(words[0].1);
        };
        let found = words.iter().find(|(word, _)| *word == given);
        if found.is_none() {
            let mut known = format!("{:?}", words[0].0);
            for (place, (word, _)) in words.iter().enumerate().skip(1) {
                let between = if place + 1 == N { " or" } else { "," };
                known = format!("{known}{between} {word:?}");
            }
            self.wrong(key, format!("must be {known}, is {given:?}"));
        }
        found.map(|(_, meant)| *meant)
    }

    /// Reports those of `keys` that stand in the file although they have no effect without `needed`, such as `auth.enabled = true`.
    pub fn without_effect(&mut self, keys: &[&'static str], needed: &str) {
        for key in keys.iter().filter(|key| self.settings.has(key)) {
            self.wrong(
                key,
                format!("has no effect without {needed}; set that, or remove this"),
            );
        }
    }

    /// Whether there are no problems so far.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Problems in the order in which they were reported.
    pub fn finish(self) -> Vec<Problem> {
        self.problems
    }
}
