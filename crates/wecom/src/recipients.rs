//! Whom a message goes to.

use serde::{Deserialize, Serialize};

/// Most members, departments and tags of one message.
const LIMITS: [(&str, usize); 3] = [("touser", 1000), ("toparty", 100), ("totag", 100)];

/// Longest id, in bytes. A userid has at most 64; ids of departments and tags are numbers.
const MAX_ID_BYTES: usize = 64;

/// What people separate ids with, and no id holds.
const OTHER_SEPARATORS: [char; 9] = [',', ';', '，', '；', '、', '｜', '￨', '│', '¦'];

/// Every member that the app may write to.
const EVERYBODY: &str = "@all";

/// Three selectors, each a `|`-separated list; the server takes their union. An empty one is left out of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// Members' userids, or `@all`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub touser: String,
    /// Department ids.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub toparty: String,
    /// Tag ids.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub totag: String,
}

/// Why recipients cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientsError {
    /// All three selectors are empty.
    #[error(
        "no recipient: set touser, toparty or totag in the payload, or a default in the provider's configuration"
    )]
    Nobody,
    /// A selector lists too many.
    #[error("{field} lists {count} ids, at most {limit} are allowed; send it as several actions")]
    TooMany {
        /// The selector.
        field: &'static str,
        /// How many it lists.
        count: usize,
        /// How many it may list.
        limit: usize,
    },
    /// A selector's ids are separated by something else.
    #[error(
        "{field} has ids with {separator:?} between them: separate them with |, such as \"zhangsan|lisi\""
    )]
    Separator {
        /// The selector.
        field: &'static str,
        /// What is between them.
        separator: char,
    },
    /// A selector has the word for everybody as WeChat Work does not read it.
    #[error(
        "{field} has {written:?}: to send to everybody, write \"@all\" in touser, in small letters"
    )]
    Everybody {
        /// The selector.
        field: &'static str,
        /// What is written.
        written: String,
    },
    /// A selector lists an id that is longer than any can be.
    #[error(
        "{field} lists an id of {bytes} bytes, at most {MAX_ID_BYTES} are allowed; ids are separated with |"
    )]
    TooLong {
        /// The selector.
        field: &'static str,
        /// How long the id is.
        bytes: usize,
    },
}

impl RecipientsError {
    /// The selector that cannot be used.
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::TooMany { field, .. }
            | Self::Separator { field, .. }
            | Self::TooLong { field, .. }
            | Self::Everybody { field, .. } => Some(field),
        }
    }
}

impl Recipients {
    /// Each selector from `given`, or from `defaults` where it is not given. An empty text is given: it suppresses the default.
    pub fn resolve(given: [Option<&str>; 3], defaults: &Self) -> Result<Self, RecipientsError> {
        let [touser, toparty, totag] = given;
        let resolved = Self {
            touser: normalize(touser.unwrap_or(&defaults.touser)),
            toparty: normalize(toparty.unwrap_or(&defaults.toparty)),
            totag: normalize(totag.unwrap_or(&defaults.totag)),
        };
        let fields = [&resolved.touser, &resolved.toparty, &resolved.totag];
        if fields.iter().all(|field| field.is_empty()) {
            return Err(RecipientsError::Nobody);
        }
        for (ids, (field, limit)) in fields.into_iter().zip(LIMITS) {
            let count = ids.split('|').count();
            if count > limit {
                return Err(RecipientsError::TooMany {
                    field,
                    count,
                    limit,
                });
            }
            if let Some(separator) = ids
                .chars()
                .find(|letter| OTHER_SEPARATORS.contains(letter) || letter.is_whitespace())
            {
                return Err(RecipientsError::Separator { field, separator });
            }
            if let Some(written) = ids
                .split('|')
                .find(|id| is_meant_for_everybody(id) && (*id != EVERYBODY || field != LIMITS[0].0))
            {
                return Err(RecipientsError::Everybody {
                    field,
                    written: written.to_owned(),
                });
            }
            if let Some(bytes) = ids
                .split('|')
                .map(str::len)
                .find(|bytes| *bytes > MAX_ID_BYTES)
            {
                return Err(RecipientsError::TooLong { field, bytes });
            }
        }
        Ok(resolved)
    }

    /// Whether the message goes to everybody, in which case the server ignores departments and tags.
    pub fn is_everybody(&self) -> bool {
        self.touser.split('|').any(|id| id == EVERYBODY)
    }

    /// The members who are named, as the server compares them: in lower case.
    pub fn members(&self) -> Vec<String> {
        if self.is_everybody() {
            return Vec::new();
        }
        let mut members: Vec<String> = self
            .touser
            .split('|')
            .filter(|id| !id.is_empty())
            .map(str::to_lowercase)
            .collect();
        members.sort_unstable();
        members.dedup();
        members
    }
}

/// Whether an id is the word for everybody, in whichever letters: no member, department or tag is called so.
fn is_meant_for_everybody(id: &str) -> bool {
    id.strip_prefix(['@', '＠', '﹫']).is_some_and(|rest| {
        // The full-width letters lie as far from the narrow ones as their capitals do.
        let narrow = |letter: char| {
            char::from_u32(u32::from(letter).wrapping_sub(0xfee0)).filter(char::is_ascii_alphabetic)
        };
        rest.chars()
            .map(|letter| narrow(letter).unwrap_or(letter).to_ascii_lowercase())
            .eq("all".chars())
    })
}

fn normalize(ids: &str) -> String {
    ids.split('|')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .collect::<Vec<_>>()
        .join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Recipients {
        Recipients {
            touser: "@all".into(),
            toparty: "12|15".into(),
            totag: String::new(),
        }
    }

    #[test]
    fn each_field_comes_from_the_payload_or_the_default() {
        let resolved = Recipients::resolve([Some(" u1 | u2 |"), None, Some("oncall")], &defaults())
            .expect("recipients");
        assert_eq!(
            resolved,
            Recipients {
                touser: "u1|u2".into(),
                toparty: "12|15".into(),
                totag: "oncall".into()
            }
        );
        assert_eq!(resolved.members(), ["u1", "u2"]);
    }

    #[test]
    fn an_empty_text_suppresses_a_default() {
        let resolved =
            Recipients::resolve([Some(""), None, None], &defaults()).expect("recipients");
        assert_eq!(
            (resolved.touser.as_str(), resolved.toparty.as_str()),
            ("", "12|15")
        );
        assert_eq!(
            Recipients::resolve([Some(""), Some(" | "), None], &defaults()),
            Err(RecipientsError::Nobody)
        );
    }

    #[test]
    fn too_many_are_refused() {
        let many = vec!["u"; 1001].join("|");
        let error = Recipients::resolve([Some(&many), None, None], &defaults());
        assert_eq!(
            error,
            Err(RecipientsError::TooMany {
                field: "touser",
                count: 1001,
                limit: 1000
            })
        );
    }

    #[test]
    fn other_separators_are_refused_with_the_right_one() {
        for (ids, separator) in [
            ("zhangsan,lisi", ','),
            ("zhangsan; lisi", ';'),
            ("zhangsan，lisi", '，'),
            ("zhangsan｜lisi", '｜'),
            ("zhangsan lisi", ' '),
        ] {
            let error = Recipients::resolve([Some(ids), None, None], &defaults());
            assert_eq!(
                error,
                Err(RecipientsError::Separator {
                    field: "touser",
                    separator
                })
            );
        }
    }

    #[test]
    fn everybody_is_written_one_way_and_in_one_place() {
        for (given, field) in [
            ([Some("@ALL"), None, None], "touser"),
            ([Some("u1|＠all"), None, None], "touser"),
            ([Some("@ａｌｌ"), None, None], "touser"),
            ([None, Some("@all"), None], "toparty"),
            ([None, None, Some("@All")], "totag"),
        ] {
            let error = Recipients::resolve(given, &Recipients::default());
            assert!(
                matches!(error, Err(RecipientsError::Everybody { field: found, .. }) if found == field),
                "{given:?}: {error:?}"
            );
        }
        assert!(Recipients::resolve([Some("@all"), None, None], &Recipients::default()).is_ok());
        assert!(
            Recipients::resolve([Some("all|@alls"), None, None], &Recipients::default()).is_ok()
        );
    }

    #[test]
    fn one_that_is_longer_than_any_userid_is_refused() {
        let long = format!("zhang|{}", "u".repeat(65));
        let error = Recipients::resolve([Some(&long), None, None], &defaults());
        assert_eq!(
            error,
            Err(RecipientsError::TooLong {
                field: "touser",
                bytes: 65
            })
        );
        assert!(
            Recipients::resolve([Some(&long[..long.len() - 1]), None, None], &defaults()).is_ok()
        );
    }
}
