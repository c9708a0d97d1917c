//! Sets of matchers, found by the values that they need: what costs a decision is what can match it, not how many there are.
//!
//! A set that needs a label or field to have one of a few values is filed under those; the others are looked at each time. The maps are
//! persistent: a changed index shares all that did not change with the one before, which others may still be reading.

use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use crate::facts::Facts;
use crate::matcher::Matcher;
use crate::path::{Path, Root};

/// Matchers' items by their ids.
type Sets<T> = RedBlackTreeMapSync<Arc<str>, T>;
type ByValue<T> = HashTrieMapSync<Box<str>, Sets<T>>;

/// Index of items that each have a set of matchers. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct MatcherIndex<T> {
    labels: HashTrieMapSync<Box<str>, ByValue<T>>,
    fields: RedBlackTreeMapSync<Path, ByValue<T>>,
    rest: Sets<T>,
    /// Number of items with a pattern that must be searched for.
    searching: usize,
}

impl<T> Default for MatcherIndex<T> {
    fn default() -> Self {
        Self {
            labels: HashTrieMapSync::default(),
            fields: RedBlackTreeMapSync::default(),
            rest: Sets::default(),
            searching: 0,
        }
    }
}

impl<T: Clone> MatcherIndex<T> {
    /// Files an item under its matchers. One that is filed under this id must be removed first.
    pub fn insert(&mut self, id: &Arc<str>, matchers: &[Matcher], item: &T) {
        self.searching += usize::from(matchers.iter().any(Matcher::is_searched));
        let filed = |matcher: &&Matcher| {
            let found = matcher.values()?.iter().map(|value| {
                self.by_value(&matcher.path)
                    .and_then(|found| found.get(value))
            });
            Some(found.flatten().map(Sets::size).sum::<usize>())
        };
        // Where the fewest others are.
        let needed = matchers
            .iter()
            .filter(|matcher| is_filed(matcher))
            .min_by_key(filed);
        let Some((matcher, values)) = needed.and_then(|matcher| Some((matcher, matcher.values()?)))
        else {
            self.rest.insert_mut(Arc::clone(id), item.clone());
            return;
        };
        self.change(&matcher.path, |by_value| {
            for value in values {
                if !by_value.contains_key(value) {
                    by_value.insert_mut(value.clone(), Sets::default());
                }
                if let Some(sets) = by_value.get_mut(value) {
                    sets.insert_mut(Arc::clone(id), item.clone());
                }
            }
        });
    }

    /// Takes an item out that was filed, wherever among its matchers' values it was.
    pub fn remove(&mut self, id: &str, matchers: &[Matcher]) {
        self.searching -=
            usize::from(matchers.iter().any(Matcher::is_searched)).min(self.searching);
        self.rest.remove_mut(id);
        for matcher in matchers.iter().filter(|matcher| is_filed(matcher)) {
            self.change(&matcher.path, |by_value| {
                for value in matcher.values().unwrap_or_default() {
                    if by_value
                        .get_mut(value)
                        .is_some_and(|sets| sets.remove_mut(id) && sets.is_empty())
                    {
                        by_value.remove_mut(value);
                    }
                }
            });
        }
    }

    /// Number of items with a pattern that must be searched for.
    pub const fn searching(&self) -> usize {
        self.searching
    }

    /// Number of items that no value leads to.
    pub fn unfiled(&self) -> usize {
        self.rest.size()
    }

    /// Whether no item is filed.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty() && self.rest.is_empty()
    }

    /// Item with the lowest id that `holds`, among those that can match.
    pub fn first<'i>(
        &'i self,
        facts: &Facts<'_>,
        holds: impl Fn(&T) -> bool,
    ) -> Option<(&'i str, &'i T)> {
        let labels: &BTreeMap<String, String> = &facts.action().metadata;
        let by_label = labels
            .iter()
            .filter_map(|(name, value)| self.labels.get(name.as_str())?.get(value.as_str()));
        let by_field = self
            .fields
            .iter()
            .filter_map(|(path, by_value)| by_value.get(&*facts.text(path)?));
        let first = |sets: &'i Sets<T>| {
            sets.iter()
                .find(|(_, item)| holds(item))
                .map(|(id, item)| (&**id, item))
        };
        by_label
            .chain(by_field)
            .chain([&self.rest])
            .filter_map(first)
            .min_by_key(|(id, _)| *id)
    }

    fn by_value(&self, path: &Path) -> Option<&ByValue<T>> {
        match label(path) {
            Some(name) => self.labels.get(name),
            None => self.fields.get(path),
        }
    }

    /// Changes what is filed under a path, in place where no other index shares it.
    fn change(&mut self, path: &Path, change: impl FnOnce(&mut ByValue<T>)) {
        let mut nothing = ByValue::default();
        let known = self.by_value(path).is_some();
        let by_value = match label(path) {
            _ if !known => &mut nothing,
            Some(name) => self.labels.get_mut(name).unwrap_or(&mut nothing),
            None => self.fields.get_mut(path).unwrap_or(&mut nothing),
        };
        change(by_value);
        match (label(path), known, by_value.is_empty()) {
            (Some(name), true, true) => drop(self.labels.remove_mut(name)),
            (None, true, true) => drop(self.fields.remove_mut(path)),
            (Some(name), false, false) => self.labels.insert_mut(name.into(), nothing),
            (None, false, false) => self.fields.insert_mut(path.clone(), nothing),
            (_, true, false) | (_, false, true) => {}
        }
    }
}

fn label(path: &Path) -> Option<&str> {
    if path.root == Root::Metadata {
        path.keys.first().map(|name| &**name)
    } else {
        None
    }
}

/// Whether a matcher's field is the same whenever it is asked: the calendar and the clock are no
/// fields to look items up by.
fn is_filed(matcher: &Matcher) -> bool {
    matcher.values().is_some() && crate::index::is_indexed(&matcher.path)
}

/// Whether some value leads to a set of these matchers.
pub fn is_filed_by_some(matchers: &[Matcher]) -> bool {
    matchers.iter().any(is_filed)
}
