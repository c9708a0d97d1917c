//! Sections of a file, and reading one.

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
    /// Settings of a section that is not there.
    none: Settings,
}

impl Sections {
    /// Settings of a section; none where it is not there.
    pub fn get(&self, name: &str) -> &Settings {
        self.by_name.get(name).unwrap_or(&self.none)
    }

    pub(super) fn insert(&mut self, name: &'static str, settings: Settings) {
        self.by_name.insert(name, settings);
    }

    /// Gives a key the value that it has in `other`, or none.
    pub fn set_as_in(&mut self, other: &Self, section: &'static str, key: &'static str) {
        self.by_name
            .entry(section)
            .or_default()
            .set_as_in(other.get(section), key);
    }
}

/// Reader of a section: each wrong value is noted at its key, and reading goes on.
pub struct SectionReader<'s> {
    settings: &'s Settings,
    problems: Vec<Problem>,
}

impl<'s> SectionReader<'s> {
    /// Reader of these settings.
    pub fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            problems: Vec::new(),
        }
    }

    /// The settings that are read.
    pub fn settings(&self) -> &'s Settings {
        self.settings
    }

    /// Notes what is wrong with the value of a key.
    pub fn wrong(&mut self, key: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::new(key, message));
    }

    /// What was found; a problem is noted.
    pub fn take<T>(&mut self, found: Result<T, Problem>) -> Option<T> {
        found.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// What was found; all problems are noted.
    pub fn take_all<T>(&mut self, found: Result<T, Vec<Problem>>) -> Option<T> {
        found
            .map_err(|problems| self.problems.extend(problems))
            .ok()
    }

    /// A whole number within a range, or its default.
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

    /// What a word stands for; the first where there is none.
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

    /// Refuses those of `keys` that were given although they have no effect without `needed`, such as `auth.enabled = true`.
    pub fn without_effect(&mut self, keys: &[&'static str], needed: &str) {
        for key in keys.iter().filter(|key| self.settings.has(key)) {
            self.wrong(
                key,
                format!("has no effect without {needed}; set that, or remove this"),
            );
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// All that is wrong, in the order in which it was found.
    pub fn finish(self) -> Vec<Problem> {
        self.problems
    }
}
