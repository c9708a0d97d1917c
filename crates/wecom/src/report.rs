//! What is wrong with a content, and where.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::ops::RangeInclusive;

use crate::link::{self, LinkFault, MAX_URL};
use crate::overflow::Overflow;
use crate::unit::Unit;
use crate::visible::is_blank;

/// Most violations that an error's text names.
const NAMED: usize = 20;

/// Reason why a content, or an update of a card, cannot be sent: all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentError {
    /// Violations in the order of the content's fields; there is at least one.
    pub violations: Vec<Violation>,
}

/// Violation of a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} {fault}")]
pub struct Violation {
    /// Path of the field, such as `template_card.button_list[2].key`.
    pub path: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The field is needed, and is missing, empty or holds only characters that are not seen.
    #[error("is missing or empty")]
    Missing,
    /// One of two fields is needed, and both are missing.
    #[error("is missing, and so is {0}: one of the two is needed")]
    MissingBoth(&'static str),
    /// The field is not of this kind of content, or not of what it is used for.
    #[error("is not allowed {0}; leave it out")]
    NotHere(&'static str),
    /// The text is too long.
    #[error("is {size} {unit} long, at most {limit} {}; shorten it", if *.shown { "are shown" } else { "are allowed" })]
    TooLong {
        /// Size of the text.
        size: usize,
        /// Unit of size and limit: `bytes` or `characters`.
        unit: &'static str,
        /// Largest size.
        limit: usize,
        /// Whether the service takes a longer text, of which clients do not show the rest.
        shown: bool,
    },
    /// The text is too short.
    #[error("is {size} characters long, at least {least} are needed")]
    TooShort {
        /// Number of its characters.
        size: usize,
        /// Fewest characters.
        least: usize,
    },
    /// The list has too many entries.
    #[error("has {count} entries, at most {limit} are allowed")]
    TooMany {
        /// Number of entries.
        count: usize,
        /// Most entries.
        limit: usize,
    },
    /// The value is another entry's as well.
    #[error("is another's as well: it must be unique in its list")]
    Repeated,
    /// The value is the id of none of the options.
    #[error("is the id of none of the options")]
    NoOption,
    /// The text has a character that it cannot have.
    #[error("has the character {0:?}: letters, digits and _-@ are allowed")]
    Character(char),
    /// The number is outside its range.
    #[error("must be a number from 1.3 to 2.25")]
    AspectRatio,
    /// The link cannot be opened.
    #[error("cannot be opened: {0}")]
    Link(LinkFault),
    /// The value is of another kind than its field.
    #[error("must be {expected}, is {found}")]
    Kind {
        /// Kind that the field has, such as `text`.
        expected: &'static str,
        /// Kind that the value has, such as `a number`.
        found: &'static str,
    },
    /// The value is none of those that its field can have, or is missing.
    #[error("must be {}", alternatives(.0))]
    NotOneOf(Vec<&'static str>),
    /// The field is of other kinds of cards than this one.
    #[error("is no field of a {0} card; leave it out, or choose another card_type")]
    NotOf(&'static str),
    /// There is no such field, and this one is most likely meant.
    #[error("is no field there: did you mean {0:?}?")]
    Slip(&'static str),
    /// The object is not as its type says.
    #[error("cannot be read")]
    Unreadable,
    /// The message is confidential, and its type cannot be.
    #[error("is on, and news cannot be confidential: say \"safe\": false, or send mpnews")]
    Confidential,
    /// The message goes to everybody, and its type cannot.
    #[error(
        "is @all, and a miniprogram_notice goes to members, departments and tags that are named"
    )]
    Everybody,
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, violation) in self.violations.iter().take(NAMED).enumerate() {
            let before = if place == 0 { "" } else { "; " };
            write!(f, "{before}{violation}")?;
        }
        match self.violations.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for ContentError {}

/// Values that a field can have, as a sentence lists them.
fn alternatives(values: &[&str]) -> String {
    match values {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}

/// Place in a content. Its path is only written where something is wrong.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    name: &'static str,
    index: Option<usize>,
}

impl<'a> Place<'a> {
    pub(crate) const fn root(name: &'static str) -> Self {
        Self {
            parent: None,
            name,
            index: None,
        }
    }

    pub(crate) const fn field(&'a self, name: &'static str) -> Self {
        Self {
            parent: Some(self),
            name,
            index: None,
        }
    }

    pub(crate) const fn entry(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    pub(crate) fn path(&self) -> String {
        let mut path = self.parent.map(Self::path).unwrap_or_default();
        if !path.is_empty() && !self.name.is_empty() {
            path.push('.');
        }
        path.push_str(self.name);
        if let Some(index) = self.index {
            // Writing to a String cannot fail.
            write!(path, "[{index}]").ok();
        }
        path
    }
}

/// Violations and warnings that were found so far.
pub(crate) struct Report {
    overflow: Overflow,
    violations: Vec<Violation>,
    warnings: Vec<String>,
}

impl Report {
    pub(crate) const fn new(overflow: Overflow) -> Self {
        Self {
            overflow,
            violations: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Warnings where nothing is wrong.
    pub(crate) fn result(self) -> Result<Vec<String>, ContentError> {
        if self.violations.is_empty() {
            Ok(self.warnings)
        } else {
            Err(ContentError {
                violations: self.violations,
            })
        }
    }

    pub(crate) fn wrong(&mut self, at: Place<'_>, fault: Fault) {
        self.violations.push(Violation {
            path: at.path(),
            fault,
        });
    }

    /// Says what the service takes, although it does not do what it says.
    fn advise(&mut self, at: Place<'_>, fault: Fault) {
        match self.overflow {
            Overflow::Reject => self.wrong(at, fault),
            Overflow::Truncate => {
                let path = at.path();
                self.warnings.push(Violation { path, fault }.to_string());
            }
        }
    }

    /// Checks a text that must be there.
    pub(crate) fn needed(&mut self, at: Place<'_>, text: &str) -> bool {
        let is_there = !is_blank(text);
        if !is_there {
            self.wrong(at, Fault::Missing);
        }
        is_there
    }

    /// Checks a text of which clients show `most` characters.
    pub(crate) fn shown(&mut self, at: Place<'_>, text: &str, most: usize) {
        let size = Unit::Characters.size(text);
        if size > most {
            self.advise(
                at,
                Fault::TooLong {
                    size,
                    unit: Unit::Characters.as_str(),
                    limit: most,
                    shown: true,
                },
            );
        }
    }

    /// Checks a text that must be there, of which clients show `most` characters.
    pub(crate) fn title(&mut self, at: Place<'_>, text: &str, most: usize) {
        if self.needed(at, text) {
            self.shown(at, text, most);
        }
    }

    /// Checks a key or an id, which must be there and has `most` bytes at most.
    pub(crate) fn key(&mut self, at: Place<'_>, text: &str, most: usize) {
        if self.needed(at, text) && text.len() > most {
            self.wrong(
                at,
                Fault::TooLong {
                    size: text.len(),
                    unit: Unit::Bytes.as_str(),
                    limit: most,
                    shown: false,
                },
            );
        }
    }

    /// Checks a text that has `most` bytes at most, and may be empty.
    pub(crate) fn bytes(&mut self, at: Place<'_>, text: &str, most: usize) {
        if !text.is_empty() {
            self.key(at, text, most);
        }
    }

    /// Checks a text that is cut where it has more than `most` bytes, unless it is to be refused.
    pub(crate) fn cuttable(&mut self, at: Place<'_>, text: &str, most: usize) {
        if self.overflow == Overflow::Reject && text.len() > most {
            self.key(at, text, most);
        }
    }

    /// Checks the number of a text's characters.
    pub(crate) fn characters(&mut self, at: Place<'_>, text: &str, allowed: RangeInclusive<usize>) {
        let size = Unit::Characters.size(text);
        let (least, limit) = allowed.into_inner();
        if size < least {
            self.wrong(at, Fault::TooShort { size, least });
        } else if size > limit {
            let unit = Unit::Characters.as_str();
            let shown = false;
            self.wrong(
                at,
                Fault::TooLong {
                    size,
                    unit,
                    limit,
                    shown,
                },
            );
        }
    }

    /// Checks an address that must be there.
    pub(crate) fn link(&mut self, at: Place<'_>, url: &str) {
        let fault = match link::check(url) {
            Ok(()) => return,
            Err(LinkFault::Empty) => Fault::Missing,
            Err(LinkFault::TooLong(size)) => Fault::TooLong {
                size,
                unit: Unit::Bytes.as_str(),
                limit: MAX_URL,
                shown: false,
            },
            Err(other) => Fault::Link(other),
        };
        self.wrong(at, fault);
    }

    /// Checks the length of a list that may be empty.
    pub(crate) fn at_most<T>(&mut self, at: Place<'_>, list: &[T], limit: usize) {
        if list.len() > limit {
            let count = list.len();
            self.wrong(at, Fault::TooMany { count, limit });
        }
    }

    /// Checks the length of a list that must have an entry.
    pub(crate) fn some<T>(&mut self, at: Place<'_>, list: &[T], limit: usize) {
        if list.is_empty() {
            self.wrong(at, Fault::Missing);
        }
        self.at_most(at, list, limit);
    }

    /// Checks that the field `name` of each entry is another one; empty ones are not looked at.
    pub(crate) fn unique<'a>(
        &mut self,
        at: Place<'_>,
        name: &'static str,
        values: impl Iterator<Item = &'a str>,
    ) {
        let mut seen = HashSet::new();
        for (index, value) in values.enumerate() {
            if !value.is_empty() && !seen.insert(value) {
                self.wrong(at.entry(index).field(name), Fault::Repeated);
            }
        }
    }

    /// Checks that an option is there which is to be chosen at first. The service takes another id, and chooses the first.
    pub(crate) fn chosen<'a>(
        &mut self,
        at: Place<'_>,
        id: &str,
        mut ids: impl Iterator<Item = &'a str>,
    ) {
        if !id.is_empty() && !ids.any(|other| other == id) {
            self.advise(at, Fault::NoOption);
        }
    }
}
