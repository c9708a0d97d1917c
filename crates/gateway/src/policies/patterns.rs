//! Compiled patterns, shared by the silences that have them.

use acteon_rules::Matcher;
use rpds::HashTrieMapSync;

/// Patterns of silences: equal ones are compiled once, and counted once.
#[derive(Clone, Default)]
pub(super) struct Patterns {
    by_text: HashTrieMapSync<Box<str>, (Matcher, usize)>,
    bytes: usize,
}

impl Patterns {
    pub(super) fn find(&self, text: &str) -> Option<Matcher> {
        self.by_text.get(text).map(|(matcher, _)| matcher.clone())
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn add(&mut self, matcher: &Matcher) {
        let Some((text, bytes)) = matcher.pattern() else {
            return;
        };
        let users = self.by_text.get(text).map_or(0, |(_, users)| *users);
        self.by_text
            .insert_mut(text.into(), (matcher.clone(), users + 1));
        self.bytes += if users == 0 { bytes } else { 0 };
    }

    pub(super) fn remove(&mut self, matcher: &Matcher) {
        let Some((text, bytes)) = matcher.pattern() else {
            return;
        };
        match self.by_text.get(text).map_or(0, |(_, users)| *users) {
            0 => {}
            1 => {
                self.by_text.remove_mut(text);
                self.bytes -= bytes;
            }
            users => self
                .by_text
                .insert_mut(text.into(), (matcher.clone(), users - 1)),
        }
    }
}
