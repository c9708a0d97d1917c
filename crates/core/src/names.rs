//! Ids and names are types, checked where they enter.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::MAX_NAME_BYTES;

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The text is empty, or only blanks.
    #[error("must not be empty")]
    Empty,
    /// The text is over [`MAX_NAME_BYTES`].
    #[error("is {0} bytes long, at most {MAX_NAME_BYTES} are allowed")]
    TooLong(usize),
    /// The text holds a control character.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// The text holds a character that nobody sees, or one that turns the direction of what follows.
    #[error(
        "must not contain invisible characters, and has U+{0:04X}: what looks like another name would not be it"
    )]
    Invisible(u32),
    /// The text holds a blank that is not the plain one, and looks like it.
    #[error(
        "must not contain a blank other than the plain one, and has U+{0:04X}: what looks like another name would not be it"
    )]
    OtherBlank(u32),
    /// The text begins or ends with a blank of any kind.
    #[error("must not begin or end with a blank: what looks like another name would not be it")]
    BlankEnd,
    /// The text begins or ends with a dot, or has two in a row: a tenant's parts are between its dots.
    #[error(
        "must not begin or end with a dot or have two in a row: dots separate a tenant's parts, as in acme.us"
    )]
    EmptyPart,
    /// The text is `.` or `..`, which clients take out of a path before they send it.
    #[error("must not be {0:?}: no path can hold it")]
    Dots(&'static str),
}

fn check(text: &str) -> Result<(), InvalidName> {
    if text.trim().is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(InvalidName::TooLong(text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidName::ControlCharacter);
    }
    Ok(())
}

/// Refuses what a name may be in the store, but not in a new request: older versions took more, and
/// what they stored is still found.
fn check_new(text: &str) -> Result<(), InvalidName> {
    if let Some(dots) = [".", ".."].into_iter().find(|dots| *dots == text) {
        return Err(InvalidName::Dots(dots));
    }
    check_visible(text)
}

/// Refuses a text that cannot be told by eye from another one: with a blank at an end, or letters that nobody sees.
pub fn check_visible(text: &str) -> Result<(), InvalidName> {
    check_ends(text)?;
    let mut unusual = text.chars().filter(|letter| !letter.is_ascii());
    let refused = unusual.find_map(|letter| {
        if is_invisible(letter) {
            Some(InvalidName::Invisible(letter.into()))
        } else if letter.is_whitespace() && letter != WIDE_BLANK {
            Some(InvalidName::OtherBlank(letter.into()))
        } else {
            None
        }
    });
    refused.map_or(Ok(()), Err)
}

/// The blank of Chinese and Japanese texts, which is as wide as their letters and so not taken for the plain one.
const WIDE_BLANK: char = '\u{3000}';

/// Refuses the name of a label that no condition could be written for, or that looks like another.
pub fn check_label_name(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidName::ControlCharacter);
    }
    check_visible(text)
}

/// Refuses what a tenant may be in the store, but not in a new request.
fn check_new_tenant(text: &str) -> Result<(), InvalidName> {
    check_new(text)?;
    if text.split('.').any(str::is_empty) {
        Err(InvalidName::EmptyPart)
    } else {
        Ok(())
    }
}

/// Refuses a text with a blank at an end, which nobody sees. For names that are no type of their own, such as those of labels.
pub fn check_ends(text: &str) -> Result<(), InvalidName> {
    if text.trim() == text {
        Ok(())
    } else {
        Err(InvalidName::BlankEnd)
    }
}

/// Whether a character has no width, or only says in which direction or script others are written (Unicode's `Default_Ignorable_Code_Point`, and
/// the separators of lines and paragraphs), or is a letter that is a blank.
pub(crate) const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check_new:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Checks that `text` can be such a name.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                check(text)?;
                Ok(Self(text.into()))
            }

            /// Checks that `text` can be a new name, and not one that is looked for: it must also
            /// be told from others by eye.
            pub fn parse_new(text: &str) -> Result<Self, InvalidName> {
                let new = Self::parse(text)?;
                $check_new(text)?;
                Ok(new)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A namespace: the first half of an action's scope, such as `incidents`.
    Namespace,
    check_new
);
name!(
    /// A tenant, hierarchical by dots, such as `acme.us`.
    Tenant,
    check_new_tenant
);
name!(
    /// The configured name of a provider, such as `wechat-ops`.
    ProviderName,
    check_new
);
name!(
    /// What kind of action it is, in the caller's words, such as `notify`.
    ActionType,
    check_new
);
name!(
    /// The id of an action, unique within its namespace and tenant. Chosen by the caller, or a fresh UUID.
    ActionId,
    check_new
);

impl ActionId {
    pub(crate) fn trusted(text: String) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_be_a_name() {
        assert_eq!(Tenant::parse(" "), Err(InvalidName::Empty));
        assert_eq!(Tenant::parse("a\nb"), Err(InvalidName::ControlCharacter));
        assert_eq!(
            Tenant::parse(&"x".repeat(129)),
            Err(InvalidName::TooLong(129))
        );
        assert_eq!(Tenant::parse_new(".."), Err(InvalidName::Dots("..")));
        assert_eq!(
            Tenant::parse_new("acme\u{200b}"),
            Err(InvalidName::Invisible(0x200b))
        );
        assert_eq!(
            Tenant::parse_new("\u{202e}emca"),
            Err(InvalidName::Invisible(0x202e))
        );
        for blank in ['\u{a0}', '\u{2009}', '\u{205f}'] {
            assert_eq!(
                Tenant::parse_new(&format!("ac{blank}me")),
                Err(InvalidName::OtherBlank(blank.into()))
            );
        }
        assert_eq!(
            Tenant::parse_new("\u{2800}"),
            Err(InvalidName::Invisible(0x2800))
        );
        for name in [" acme", "acme ", "acme\u{a0}", "\u{3000}acme"] {
            assert_eq!(
                Tenant::parse_new(name),
                Err(InvalidName::BlankEnd),
                "{name:?}"
            );
        }
        for name in ["acme.", ".acme", "acme..us", "..."] {
            assert_eq!(
                Tenant::parse_new(name),
                Err(InvalidName::EmptyPart),
                "{name}"
            );
            assert!(ActionId::parse_new(name).is_ok(), "{name}");
        }
        assert!(
            Tenant::parse("acme\u{200b}").is_ok() && Tenant::parse("acme.").is_ok(),
            "what was stored is found"
        );
        for name in ["acme.us", "告警 1%", "告警\u{3000}一", "a b", "über", "पेज"] {
            assert!(Tenant::parse_new(name).is_ok(), "{name}");
        }
        assert_eq!(
            Tenant::parse("acme.us").map(|name| name.to_string()),
            Ok("acme.us".to_owned())
        );
    }
}
